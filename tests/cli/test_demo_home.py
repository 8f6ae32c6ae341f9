"""The example mimic of `serve --demo`: made once, of the example chats, apart from the user's."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from chatmimic.archive import Archive
from chatmimic.cli import demo
from chatmimic.errors import TrainingError
from chatmimic.home import Home

EXAMPLES = Path(__file__).parents[2] / "examples" / "exports"


def test_the_chats_are_the_example_exports():
    with zipfile.ZipFile(demo.EXPORTS) as packed:
        there = {one: packed.read(one) for one in packed.namelist()}
    files = [file for file in EXAMPLES.rglob("*") if file.is_file()]
    assert there == {f.relative_to(EXAMPLES).as_posix(): f.read_bytes() for f in files}


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch, tiny_base: Path) -> None:
    brief = ("--steps", "2", "--window", "64", "--batch", "2", "--no-fit-decoding")
    few = ("--newest", "200", "--precision", "fp32")
    monkeypatch.setattr(demo, "TRAINING", ("--base", str(tiny_base), *brief, *few))


@pytest.mark.usefixtures("briefly")
def test_it_is_made_once_and_apart(home: Path, capsys: pytest.CaptureFixture[str]):
    place = demo.demo_home(Home(home))
    assert not Home(home).mimics.exists()
    assert not Home(home).archive.exists()
    with Archive.open(place.archive, create=False) as archive:
        assert "juno!!" not in {one.name for one in archive.people()}
    assert "$ chatmimic train --persona 'Mira Okafor'" in capsys.readouterr().err
    made = (place.mimics / "mira-okafor" / "mimic.json").stat().st_mtime_ns
    assert demo.demo_home(Home(home)) == place
    assert (place.mimics / "mira-okafor" / "mimic.json").stat().st_mtime_ns == made


def test_a_training_that_was_stopped_is_made_again(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(demo, "_chatmimic", lambda place, *words: None)
    monkeypatch.setattr(demo, "_merge", lambda place: None)
    with pytest.raises(TrainingError, match="was stopped"):
        demo.demo_home(Home(home))
