"""The warm-up benchmark: what is learnt and what is tested, and that it ends with its figures."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = "warm_up"
SCRIPTS = Path(__file__).parents[2] / "benchmarks"
SAID = ["hello", "there", "how are you", "fine", "thanks", "see you later", "ok", "lol", "tea?"]
TALKS = ("10", "15")  # o'clock: two conversations a day
OWN = 6  # messages of the persona in each


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `--corpora` wants it."""
    folder = tmp_path_factory.mktemp("corpora")
    days = [f"2018-07-{day:02}.log" for day in range(1, 11)]
    write(folder / "duraspace-irc" / "duraspace-irc.tsv.xz", days, ["tdonohue", "mhwood"])
    parts = [*(f"train/2006-05-0{day}.train-c" for day in range(1, 7)), "dev/2004-11-15"]
    write(folder / "starter" / "ubuntu-irc-disentanglement.tsv.xz", parts, ["jdub", "seb"])
    write(folder / "starter" / "topical-chat.tsv.xz", [f"t_{n}" for n in range(8)], ["a", "b"])
    return folder


def write(file: Path, documents: Sequence[str], people: Sequence[str]) -> None:
    """Two conversations of twelve messages a document; each names its document."""
    rows = [
        f"{document}\t{hour}:{minute:02}\t{people[minute % 2]}\t{SAID[minute % 9]} ({document})\n"
        for document in documents
        for hour in TALKS
        for minute in range(2 * OWN)
    ]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(lzma.compress("".join(rows).encode()))


@pytest.fixture(scope="module")
def channel(script: ModuleType, corpora: Path) -> list[Any]:
    return script.read(corpora / script.DURASPACE)


# -- what is read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held_out", "begins", "own"),
    [(1, ("10", "15"), 6), (6, ("10", "15"), 6), (7, ("10", "10"), 12), (13, ("09", "15"), 18)],
)
def test_what_is_held_out_begins_with_a_conversation(
    script: ModuleType, channel: list[Any], held_out: int, begins: tuple[str, str], own: int
):
    place = script.border(channel, "tdonohue", held_out)
    assert (channel[place].document[8:10], channel[place].time) == (begins[0], f"{begins[1]}:00")
    assert sum(line.speaker == "tdonohue" for line in channel[place:]) == own


def test_the_same_is_held_out_whatever_is_learnt(script: ModuleType, channel: list[Any]):
    place = script.border(channel, "tdonohue", 7)
    for messages in (20, 50):
        lines = script.taken(channel, "tdonohue", messages, place)
        learnt = lines[: place - len(channel)]
        assert lines[len(learnt) :] == channel[place:]
        assert sum(line.speaker == "tdonohue" for line in learnt) == messages
    with pytest.raises(SystemExit, match="108 messages to learn from, not 109"):
        script.taken(channel, "tdonohue", 109, place)
    with pytest.raises(SystemExit, match="too little"):
        script.border(channel, "tdonohue", 121)


def test_whole_documents_are_taken_evenly(script: ModuleType, channel: list[Any]):
    found = script.spread(channel, 80)
    assert list(dict.fromkeys(line.document[8:10] for line in found)) == ["01", "04", "07", "10"]
    assert len(found) == 4 * 24
    assert script.spread(channel, 1000) == channel


# -- the table -------------------------------------------------------------------------------


def test_ways_are_compared_seed_by_seed(script: ModuleType):
    def row(way: str, seed: int, bits: float, phases: int = 0) -> Any:
        return script.Row("starter", 100, way, seed, 4.0, 3.0, bits, 50, 9.5, phases, phases // 2)

    rows = [row("none", 0, 1.5), row("plateau", 0, 1.4, 2), row("none", 1, 1.7)]
    none, plateau = script.table([*rows, row("plateau", 1, 1.8, 1)])
    assert none.split() == ["starter", "100", "none", "3.0000", "1.6000", "50", "9.5"]
    assert "1.6000  +0.0000 (-0.1000 … +0.1000)" in plateau
    assert plateau.endswith("3, of which 1 helped")


# -- trainings -------------------------------------------------------------------------------


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    figures: Callable[..., Any],
    corpora: Path,
    tiny_base: Path,
    tmp_path: Path,
):
    options = ["--corpora", corpora, "--base", tiny_base, "--keep", tmp_path / "kept"]
    small = ["--messages", 50, "--held-out", 7, "--most-read", 50, "--seeds", 1]
    told = figures(*options, *small)
    result, rows = told.result, told.result["rows"]
    assert [(row["messages"], row["way"]) for row in rows] == [(50, way) for way in script.WAYS]
    assert result["machine"]["cores"] >= 1
    of = {row["way"]: row for row in rows}
    assert of["none"]["steps"] == of["mix"]["steps"]
    assert of["none"]["steps"] < of["first"]["steps"] == of["longer"]["steps"]
    assert of["mix"]["loss"] != of["none"]["loss"] != of["first"]["loss"]
    # The same words are tested: a base that has learnt nothing knows them as badly every time.
    assert len({round(row["before"], 2) for row in rows}) == 1
    for row in rows:
        assert row["loss"] < row["before"]
        assert row["seconds"] > 0
    assert sum("first" in line for line in told.lines) == 1


def test_a_base_is_made_of_other_talk(figures: Callable[..., Any], corpora: Path, tmp_path: Path):
    options = ["--base", "talk", "--talk-steps", 2, "--talk-size", "1x64", "--way", "none"]
    small = ["--messages", 50, "--held-out", 7, "--most-read", 50, "--seeds", 1]
    figures("--corpora", corpora, "--keep", tmp_path, *options, *small)
    made = json.loads((tmp_path / "talk" / "bases" / "talk" / "base.json").read_text("utf-8"))
    assert [corpus["name"] for corpus in made["corpora"]] == ["talk"]
