"""Corpora by name and weight, and what is said of a name or weight that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatmimic.archive import Archive
from chatmimic.corpora import Corpus, known_corpora, open_corpora
from chatmimic.errors import TrainingError
from chatmimic.home import Home
from chatmimic.records import Message


@pytest.fixture
def place(home: Path) -> Home:
    """A home with the corpora `ubuntu` and `topical-chat`, and a folder that is none."""
    made = Home(home).make()
    for name in ("ubuntu", "topical-chat"):
        with Archive.open(made.corpus(name)) as archive:
            archive.add([Message("Ada", "hi", 1)])
    (made.corpora / "no-archive").mkdir()
    return made


def test_a_home_without_corpora_knows_none(home: Path) -> None:
    assert known_corpora(Home(home)) == []


def test_known_are_those_with_an_archive(place: Home) -> None:
    assert known_corpora(place) == ["topical-chat", "ubuntu"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], []),
        (["ubuntu"], [("ubuntu", 1.0)]),
        (["ubuntu=0.5", "topical-chat=2"], [("ubuntu", 0.5), ("topical-chat", 2.0)]),
        (["topical-chat", "ubuntu=1e-3"], [("topical-chat", 1.0), ("ubuntu", 0.001)]),
        (["ubuntu="], [("ubuntu", 1.0)]),
        ([" ubuntu = 2.5 "], [("ubuntu", 2.5)]),
        (["Ubuntu", "Topical Chat"], [("ubuntu", 1.0), ("topical-chat", 1.0)]),
    ],
)
def test_corpora_as_people_name_them(
    place: Home, asked: list[str], expected: list[tuple[str, float]]
) -> None:
    found = open_corpora(place, asked)
    assert [(c.name, c.weight) for c in found] == expected
    assert all(c == Corpus(c.name, place.corpus(c.name), c.weight) for c in found)
    assert all(c.path.is_file() for c in found)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "1e999", "two", "1,5", "=1"])
def test_a_weight_that_is_none(place: Home, weight: str) -> None:
    with pytest.raises(TrainingError, match="a number above 0") as told:
        open_corpora(place, [f"ubuntu={weight}"])
    assert f"ubuntu={weight}" in told.value.what
    assert "ubuntu=0.5" in told.value.hint


@pytest.mark.parametrize(
    "name", ["debian", "no-archive", "", "..", "../../etc", "ubuntu/../ubuntu"]
)
def test_a_name_that_is_none_names_those_there_are(place: Home, name: str) -> None:
    with pytest.raises(TrainingError, match="no corpus called") as told:
        open_corpora(place, [name])
    assert "There are: topical-chat, ubuntu." in told.value.hint
    assert "import --corpus" in told.value.hint


def test_where_there_is_none_at_all_the_way_to_one_is_told(home: Path) -> None:
    with pytest.raises(TrainingError, match='called "ubuntu"') as told:
        open_corpora(Home(home), ["ubuntu"])
    assert told.value.hint == "`chatmimic import --corpus ubuntu PATH` makes one from chat exports."


@pytest.mark.parametrize("asked", [["ubuntu", "ubuntu"], ["ubuntu=2", "Ubuntu"]])
def test_each_is_named_once(place: Home, asked: list[str]) -> None:
    with pytest.raises(TrainingError, match="names ubuntu twice") as told:
        open_corpora(place, asked)
    assert "--corpus ubuntu=2" in told.value.hint
