"""`mimics remove` and `runs`: what is removed is gone whole, and nothing else is."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from training_support import chatter, fill, stop_after, train, typed

from chatmimic.home import Home
from chatmimic.lock import Lock
from chatmimic.mimic import write_manifest
from chatmimic.upkeep.runs import list_runs

ABOUT = {"persona": "Ada", "people": ["Ada"], "form": "short"}


def a_mimic(folder: Path) -> Path:
    folder.mkdir(parents=True)
    write_manifest(folder, ABOUT)
    (folder / "model.safetensors").write_bytes(b"w" * 1000)
    return folder


def a_run(home: Home, name: str, *folders: str, file: str = "log.jsonl") -> Path:
    run = home.runs / name
    for folder in folders:
        (run / folder).mkdir(parents=True)
        (run / folder / "ids.bin").write_bytes(b"t" * 500)
    run.mkdir(parents=True, exist_ok=True)
    (run / "whose.json").write_text('{"called": "Ada", "persona": "Ada"}')
    (run / file).write_text("{}")
    return run


def left(home: Home) -> set[str]:
    return {str(path.relative_to(home.path)) for path in home.path.rglob("*") if path.is_file()}


def removed(*line: str) -> str:
    status, out, err = typed(*line, "--yes")
    assert status == 0, err
    return " ".join(out.split())


@pytest.mark.parametrize("name", ["ada", "Ada_v2", "Мира", "a b"])
@pytest.mark.parametrize("state", ["learnt", "checkpoints"])
def test_a_mimic_goes_with_its_leftovers_and_its_run(home: Path, name: str, state: str) -> None:
    house = Home(home).make()
    for folder in (name, f".partial-{name}", f".old-{name}", f".removed-{name}", "other"):
        a_mimic(house.mimics / folder)
    a_run(house, name, state, file="ready.json")
    a_run(house, "other")
    assert name in typed("mimics")[1]
    said = removed("mimics", "remove", name)
    assert f"Removed the mimic {name} (3." in said
    assert "Its unfinished run was removed, too." in said
    assert left(house) == {
        *(f"mimics/other/{file}" for file in ("mimic.json", "model.safetensors")),
        *(f"runs/other/{file}" for file in ("whose.json", "log.jsonl")),
    }


def test_the_run_is_kept_if_asked_for(home: Path) -> None:
    house = Home(home).make()
    a_mimic(house.mimics / "ada")
    run = a_run(house, "ada", "learnt", file="ready.json")
    removed("mimics", "remove", "ada", "--keep-run")
    assert (run / "learnt" / "ids.bin").is_file()
    assert not (house.mimics / "ada").exists()


def test_of_a_run_that_is_going_on_nothing_is_removed(home: Path) -> None:
    house = Home(home).make()
    a_mimic(house.mimics / "ada")
    run = a_run(house, "ada", "learnt", file="ready.json")
    with Lock(run / "lock", "ada"):
        before = left(house)
        for line in (("mimics", "remove", "ada"), ("runs", "remove", "ada")):
            status, _, err = typed(*line, "--yes")
            assert status == 1
            assert f"is being trained by process {os.getpid()}" in err
            assert "nothing was removed" in err
        assert left(house) == before
    assert "running" not in typed("runs")[1]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_of_a_link_the_link_goes(home: Path, tmp_path: Path) -> None:
    house = Home(home).make()
    house.mimics.mkdir()
    real = a_mimic(tmp_path / "elsewhere")
    (house.mimics / "linked").symlink_to(real)
    (house.mimics / "dangling").symlink_to(tmp_path / "nowhere")
    (house.mimics / "file").write_text("x")
    assert f"the folder {real} is as it was" in removed("mimics", "remove", "linked")
    removed("mimics", "remove", "dangling")
    removed("mimics", "remove", "file")
    assert sorted(file.name for file in real.iterdir()) == ["mimic.json", "model.safetensors"]
    assert list(house.mimics.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", '{"format": 99}', None])
def test_a_damaged_one_is_told_of_and_can_be_removed(home: Path, content: str | None) -> None:
    house = Home(home).make()
    (house.mimics / "broken").mkdir(parents=True)
    (house.mimics / "broken" / "model.safetensors").write_bytes(b"w")
    if content is not None:
        (house.mimics / "broken" / "mimic.json").write_text(content)
    assert "broken (`chatmimic doctor`)" in " ".join(typed("mimics")[2].split())
    assert "Removed the mimic broken" in removed("mimics", "remove", "broken")
    assert left(house) == set()


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_a_base_that_is_a_dangling_link_or_a_file_can_be_removed(home: Path) -> None:
    house = Home(home).make()
    house.bases.mkdir()
    (house.bases / "dangling").symlink_to(home / "nowhere")
    (house.bases / "file").write_text("x")
    for name in ("dangling", "file"):
        assert f"Removed the base {name}" in removed("bases", "remove", name)
    assert list(house.bases.iterdir()) == []


@pytest.mark.parametrize("line", [("mimics", "remove", "ada"), ("runs", "remove", "ada")])
def test_a_training_that_begins_while_it_is_asked_is_not_torn_down(
    home: Path, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...]
) -> None:
    house = Home(home).make()
    a_mimic(house.mimics / "ada")
    run = a_run(house, "ada", "learnt", file="ready.json")
    with ExitStack() as training:
        asked = partial(training.enter_context, Lock(run / "lock", "ada"))
        monkeypatch.setattr("chatmimic.cli.removing.ask_to_remove", lambda *_: asked())
        status, _, err = typed(*line)
        assert (status, "nothing was removed" in err) == (1, True)
    assert (run / "learnt" / "ids.bin").is_file()
    assert (house.mimics / "ada" / "mimic.json").is_file()


@pytest.mark.parametrize("name", ["..", ".", "", "../runs", "/etc", "a\0b", ".old-ada"])
def test_nothing_outside_is_removed(home: Path, name: str) -> None:
    house = Home(home).make()
    a_mimic(house.mimics / "ada")
    a_mimic(house.mimics / ".old-ada")
    a_run(house, "x")
    before = left(house)
    assert typed("mimics", "remove", "--yes", "--", name)[0] in (1, 2)
    assert left(house) == before


def test_runs_are_listed_shown_and_removed(home: Path, plain_base: Path) -> None:
    house = fill(home, chatter())
    train(house, plain_base, callbacks=stop_after(2))
    a_run(house, "done")
    a_run(house, "broken", "held-out")
    shutil.copytree(house.runs / "ada", house.pretrainings / "ada")
    assert [(run.kind, run.name, run.state) for run in list_runs(house)] == [
        ("training", "ada", "unfinished"),
        ("training", "broken", "broken off"),
        ("training", "done", "finished"),
        ("pretraining", "ada", "unfinished"),
    ]
    one = json.loads(typed("runs", "show", "ada", "--kind", "training", "--json")[1])
    assert (one["persona"], one["people"], one["step"]) == ("Ada", ["Ada", "Bob"], 2)
    assert one["holds"] == ["checkpoints", "messages", "token arrays"]
    assert (
        "chatmimic train --name ada --resume" in typed("runs", "show", "ada", "--kind=training")[1]
    )
    status, _, err = typed("runs", "remove", "ada", "--yes")
    assert (status, "--kind" in err) == (1, True)
    removed("runs", "remove", "ada", "--kind", "pretraining")
    removed("runs", "remove", "ada")
    removed("runs", "remove", "broken")
    assert [run.name for run in list_runs(house)] == ["done"]
    assert typed("runs", "show", "nobody")[0] == 1


@pytest.mark.parametrize(("file", "stays"), [("log.jsonl", False), ("ready.json", True)])
def test_a_base_goes_with_what_is_left_of_its_pretraining(
    home: Path, file: str, stays: bool
) -> None:
    house = Home(home).make()
    for name in ("small", ".partial-small", ".old-small"):
        a_mimic(house.bases / name)
    run = house.pretrainings / "small"
    run.mkdir(parents=True)
    (run / file).write_text("{}")
    said = removed("bases", "remove", "small")
    assert ("unfinished; it stays" in said) is stays
    assert left(house) == ({f"pretrainings/small/{file}"} if stays else set())


def test_what_was_trained_on_a_removed_corpus_is_named(home: Path) -> None:
    house = fill(home, chatter())
    shutil.copytree(home, house.corpora / "talk")
    folder = a_mimic(house.mimics / "ada")
    write_manifest(folder, {**ABOUT, "settings": {"corpus": ["talk=2"]}})
    assert "What was trained on it stays: mimic ada." in removed("corpora", "remove", "talk")
