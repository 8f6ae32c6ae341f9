"""The benchmark of conversations told apart: its data, the paper's measures, its figures."""

from __future__ import annotations

import json
import math
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = "disentangle"

RAW = """\
[12:00] <ada> hi, how do i mount a stick?
=== bo [n=bo@example.org] has joined #ubuntu
[12:00] <bo> does anybody know a good player?
[12:01] <cleo> ada: what does it say?
[12:02]  * dan waves
[12:02] <dan> bo: try amarok
[12:03] <ada> cleo: nothing at all
"""
# Lines 2 to 6 are annotated; line 0 is context.
GOLD = "1 1 -\n2 2 -\n0 3 -\n4 4 -\n2 5 -\n3 6 -\n"


@pytest.fixture(params=["folder", "tar"])
def corpus(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for part in ("test", "dev"):
        folder = tmp_path / "corpus" / "data" / part
        folder.mkdir(parents=True)
        (folder / "2024-01-02_03.raw.txt").write_text(RAW)
        (folder / "2024-01-02_03.annotation.txt").write_text(GOLD)
    if request.param == "folder":
        return tmp_path / "corpus"
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / "links.tar.xz", "w:xz") as archive:
        archive.add(tmp_path / "corpus", "./")
    return packed


@pytest.fixture
def links(script: ModuleType) -> ModuleType:
    return sys.modules["irc_links"]


def test_a_log_is_read_as_people_spoke_with_its_gold(corpus: Path, links: ModuleType) -> None:
    (log,) = links.read_part(corpus, "test")
    assert [m.sender for m in log.messages] == ["ada", "bo", "cleo", "dan", "dan", "ada"]
    assert log.lines == [0, 2, 3, 4, 5, 6]
    assert log.gold == {1: [1], 2: [2], 3: [0], 4: [4], 5: [2], 6: [3]}
    answered = [0, 1, 0, 3, 1, 2]
    assert links.as_links(log, answered) == log.gold


def test_the_gold_scores_full_marks(corpus: Path, links: ModuleType) -> None:
    logs = links.read_part(corpus, "test")
    found = links.scores(logs, {log.name: log.gold for log in logs})
    assert set(found.values()) == {100.0}


def test_the_measures_of_an_example_by_hand(corpus: Path, links: ModuleType) -> None:
    """All six lines in one conversation, where the gold has four: {1} {2 5} {3 6} {4}."""
    (log,) = links.read_part(corpus, "test")
    chain = {1: [1], 2: [1], 3: [2], 4: [3], 5: [4], 6: [5]}
    found = links.scores([log], {log.name: chain})
    # One link of six is right: 1 answers nobody.
    assert (found["link_p"], found["link_r"], found["link_f"]) == (16.67, 16.67, 16.67)
    assert found["one_to_one"] == 33.33  # the greatest conversation has two of six lines
    assert found["exact_f"] == 0
    # H(gold) = 2 * (1/6) log2 6 + 2 * (2/6) log2 3, over log2 6
    entropy = 2 / 6 * math.log2(6) + 4 / 6 * math.log2(3)
    assert found["vi"] == pytest.approx(100 * (1 - entropy / math.log2(6)), abs=0.01)


def test_whole_conversations_are_counted_from_two_lines_on(corpus: Path, links: ModuleType) -> None:
    (log,) = links.read_part(corpus, "test")
    found = links.scores([log], {log.name: {**log.gold, 6: [6]}})
    assert (found["exact_p"], found["exact_r"], found["exact_f"]) == (100.0, 50.0, 66.67)


def test_lines_that_answer_one_unannotated_line_are_one_conversation(
    corpus: Path, links: ModuleType
) -> None:
    (log,) = links.read_part(corpus, "test")
    found = links.scores([log], {log.name: {**log.gold, 6: [0]}})
    assert found["exact_f"] == 100.0
    assert found["link_f"] < 100.0


def test_the_script_ends_with_its_figures(
    corpus: Path,
    script: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["disentangle.py", "--corpus", str(corpus)])
    script.main()
    printed = capsys.readouterr().out
    result = json.loads(printed.strip().splitlines()[-1])
    assert set(script.SHOWN) <= set(result)
    assert result["messages_per_s"] > 0
    assert result["rule"]["link_f"] > 0
    assert "paper: feed-forward" in printed


def test_a_corpus_without_logs_is_said(tmp_path: Path, links: ModuleType) -> None:
    with pytest.raises(SystemExit, match="holds no"):
        links.read_part(tmp_path, "test")
