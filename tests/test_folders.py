"""Folders named after somebody: readable in any script, never a path, one for each identity."""

import json
import os
import re
import threading
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.folders import (
    RECORD,
    Label,
    called,
    claim,
    folder_name,
    label_of,
    own,
    write_label,
)

any_name = st.text(st.characters()) | st.text("abcABC -._/\\éßİς0\u200d\ufe0f👩🚀", max_size=90)


def person(name: str) -> Label:
    return Label(name, name)


@pytest.fixture
def places(tmp_path):
    """Where runs are and where mimics are."""
    return tmp_path / "runs", tmp_path / "mimics"


def put(folder: Path, **facts) -> None:
    """A mimic in name only."""
    folder.mkdir(parents=True)
    (folder / "mimic.json").write_text(json.dumps(facts))


# -- names ---------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(any_name)
def test_any_name_makes_a_folder_name_that_is_no_path(name):
    folder = folder_name(name)
    assert Path(folder).name == folder
    assert not re.search(r'[\x00-\x1f<>:"/\\|?*\s.\'$`;&!~]', folder)
    assert 0 < len(folder.encode()) <= 122
    assert folder[0] not in ".-"
    assert folder[-1] not in ".-"
    assert unicodedata.is_normalized("NFC", folder)
    assert folder == folder.lower()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Ada", "ada"),
        ("Ada Lovelace", "ada-lovelace"),
        ("ada-lovelace", "ada-lovelace"),
        ("ada_l", "ada-l"),
        ("x" * 64, "x" * 64),
        ("x" * 300, "x" * 64),
        ("Émilie", "émilie"),
        ("E\u0301milie", "émilie"),
        ("Мира", "мира"),
        ("名前", "名前"),
        ("나라 이", "나라-이"),
        ("ندا", "ندا"),
        ("दीपा", "दीपा"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("Ada 🌷", "ada-🌷"),
        ("\u200d\u200f \u200d", "persona"),
        ("...", "persona"),
        ("", "persona"),
        ("\ud800", "persona"),
        ("../../x", "x"),
        ("/etc/passwd", "etc-passwd"),
        ("C:\\x", "c-x"),
        ("Ada. ", "ada"),
        ("con", "con-1"),
        ("NUL", "nul-1"),
        ("COM1", "com1-1"),
        ("com¹", "com¹-1"),
        ("a\x00b", "a-b"),
        ("\u202eada", "ada"),
        ("$HOME `rm`", "home-rm"),
    ],
)
def test_a_name_is_readable_as_a_folder(name, folder):
    assert folder_name(name) == folder


def test_a_name_is_not_cut_within_a_letter():
    name = "e\u0323\u0302" * 100  # a letter of three signs that is one in NFC: ệ
    assert folder_name(name) == "\u1ec7" * 40
    name = "x\u0323" * 100  # one that is always two
    assert unicodedata.combining(folder_name(name)[-1])


# -- whose a folder is ---------------------------------------------------------------------------


ALIKE = ["Ann-Marie", "Ann Marie", "ann marie", "ann_marie", "ANN MARIE", "Ann  Marie!"]


def test_names_that_look_alike_have_a_folder_each(places):
    folders = [claim(places, person(name)) for name in ALIKE]
    assert folders == ["ann-marie", *(f"ann-marie-{n}" for n in range(2, 7))]
    assert [claim(places, person(name)) for name in ALIKE] == folders
    assert [label_of(places[0] / folder) for folder in folders] == list(map(person, ALIKE))


@settings(deadline=None, max_examples=50)
@given(st.lists(any_name.filter(bool), min_size=2, max_size=4, unique=True))
def test_two_people_never_share_a_folder(tmp_path_factory, names):
    places = [tmp_path_factory.mktemp("home") / "runs"]
    names = [name.encode("utf-8", "replace").decode() for name in names]
    folders = {name: claim(places, person(name)) for name in dict.fromkeys(names)}
    assert len(set(folders.values())) == len(folders)
    for name, folder in folders.items():
        assert own(places, person(name)) == folder


def test_a_folder_of_one_place_is_taken_in_the_other(places):
    put(places[1] / "ann-marie", persona="Ann Marie", people=["Ann Marie"], called="Ann Marie")
    assert claim(places, person("Ann-Marie")) == "ann-marie-2"
    assert claim(places, person("Ann Marie")) == "ann-marie"


def test_a_hole_is_filled_by_a_new_one_only(places):
    for name in ALIKE[:3]:
        claim(places, person(name))
    (places[0] / "ann-marie" / RECORD).unlink()
    (places[0] / "ann-marie").rmdir()
    assert claim(places, person("ann marie")) == "ann-marie-3"
    assert claim(places, person("Ann-Maríe")) == "ann-maríe"
    assert claim(places, person("Ann/Marie")) == "ann-marie"


def test_a_folder_that_says_nothing_is_nobodys(places):
    (places[0] / "ada").mkdir(parents=True)
    (places[0] / "ada" / "log.jsonl").write_text("")
    assert claim(places, person("Ada")) == "ada-2"
    put(places[1] / "bob")
    (places[1] / "bob" / "mimic.json").write_text("{")
    assert claim(places, person("Bob")) == "bob-2"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Ada Lovelace", "ada-lovelace"),
        ("Émilie", "emilie-8c4d4cbf"),
        ("Мира", "persona-de987a5f"),
        ("名前", "persona-7ec26292"),
    ],
)
def test_a_folder_of_an_older_chatmimic_is_found(places, name, folder):
    put(places[1] / folder, name=folder, persona=name, people=[name, "Bob"])
    assert own(places, person(name)) == folder
    assert own(places, person(name + "!")) is None
    assert own(places, Label(name, "Bob")) is None


def test_everybodys_folder_is_not_that_of_a_person_called_so(places):
    put(places[1] / "everybody", persona="Ada", people=["Ada", "Bob"], everybody=True)
    assert claim(places, Label("everybody")) == "everybody"
    assert claim(places, Label("everybody", "everybody")) == "everybody-2"


def test_a_name_that_was_given_may_be_that_of_the_folder(places):
    assert claim(places, Label("Ada!", "Ada")) == "ada"
    assert claim(places, Label("ada", "Ada")) == "ada"
    assert claim(places, Label("ADA!", "Ada")) == "ada"
    assert claim(places, Label("Ada", "Ada")) == "ada-2"
    assert claim(places, Label("ada", "Bob")) == "ada-3"


def test_a_file_system_that_does_not_tell_case_apart(places):
    (places[1] / "Ann").mkdir(parents=True)
    (places[1] / "E\u0301milie").mkdir()
    assert claim(places, person("Ann")) == "ann-2"
    assert claim(places, person("Émilie")) == "émilie-2"


def test_two_at_once_get_two_folders(places):
    together = threading.Barrier(6)
    found = {}

    def take(name):
        together.wait()
        found[name] = claim(places, person(name))

    threads = [threading.Thread(target=take, args=(name,)) for name in ALIKE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found.values())) == len(ALIKE)
    for name, folder in found.items():
        assert label_of(places[0] / folder) == person(name)
    assert not [p for p in places[0].iterdir() if p.name.startswith(".")]


def test_a_name_that_somebody_takes_first_is_not_taken_again(places, monkeypatch):
    real, done = os.rename, []

    def late(source, target):
        if not done:  # somebody was quicker
            done.append(target)
            target.mkdir()
            write_label(target, person("Ann-Marie"))
        real(source, target)

    monkeypatch.setattr(os, "rename", late)
    assert claim(places, person("Ann Marie")) == "ann-marie-2"
    assert label_of(places[0] / "ann-marie") == person("Ann-Marie")


def test_a_disk_that_cannot_be_written_is_told_and_nothing_is_left(places, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        claim(places, person("Ada"))
    assert list(places[0].iterdir()) == []


# -- which is meant ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ann-marie", ["ann-marie"]),
        ("Ann Marie", ["ann-marie-2"]),
        ("ANN MARIE", ["ann-marie-2", "ann-marie-3"]),
        ("ann-marie-3", ["ann-marie-3"]),
        ("EMILIE", ["émilie"]),
        ("Emilie", ["émilie"]),
        ("E\u0301milie", ["émilie"]),
        ("annmarie", []),
        ("../ann-marie", []),
        ("x" * 5000, []),
        ("", []),
    ],
)
def test_which_folder_is_meant(places, typed, meant):
    for name in (*ALIKE[:3], "Émilie"):
        claim(places, person(name))
    assert called(places[0], typed, [p.name for p in places[0].iterdir()]) == meant


@pytest.mark.parametrize(
    "content", ["", "[]", "null", '{"persona": 3}', '{"people": 3}', "[" * 9999]
)
def test_a_record_that_cannot_be_read_says_nothing(tmp_path, content):
    (tmp_path / "mimic.json").write_text(content)
    assert label_of(tmp_path) is None
