"""The memory benchmark: what it makes up, what it sees of a process, that it ends with figures."""

from __future__ import annotations

import csv
import itertools
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = "corpus_memory"


def test_words_are_a_few_common_ones_and_many_rare_ones(script: ModuleType):
    texts = list(itertools.islice(script.zipf_texts(0, 20_000), 5_000))
    assert texts == list(itertools.islice(script.zipf_texts(0, 20_000), 5_000))
    words = Counter(word for text in texts for word in text.split())
    assert 3_000 < len(words) <= 20_000
    most = [count for _, count in words.most_common(10)]
    assert sum(most) > sum(words.values()) / 5
    assert sum(count == 1 for count in words.values()) > len(words) / 4


def test_an_export_has_the_size_one_endless_thread_and_many_others(
    script: ModuleType, tmp_path: Path
):
    size = script.write_export(tmp_path / "export.csv", 100_000, script.zipf_texts(0, 999))
    with (tmp_path / "export.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert size == sum(len(row["text"]) for row in rows)
    assert 100_000 <= size < 130_000
    threads = Counter(row["thread"] for row in rows)
    assert threads.pop("endless") == pytest.approx(len(rows) / 4, rel=0.05)
    assert set(threads.values()) == {script.MESSAGES}
    assert {row["time"] == "" for row in rows if row["thread"] == "endless"} == {True}
    assert all(row["time"] for row in rows if row["thread"] != "endless")


def test_messages_can_be_lines_of_files_over_and_over(script: ModuleType, tmp_path: Path):
    (tmp_path / "one").write_text("hello\n\n  there \n")
    (tmp_path / "two").write_text("bye\n")
    lines = script.lines_of([tmp_path / "one", tmp_path / "two"])
    assert list(itertools.islice(lines, 5)) == ["hello", "there", "bye", "hello", "there"]
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(SystemExit, match="empty holds no text"):
        next(script.lines_of([tmp_path / "empty"]))


GROWS = """
import sys, time
def say(words):
    print(words, file=sys.stderr, flush=True)
    time.sleep(0.7)
say("begins here")
held = bytearray(b"x" * 300_000_000)
say("grows: 300 MB")
del held
say("shrinks again")
"""


def test_the_most_memory_of_each_stage_is_seen_from_outside(script: ModuleType):
    marks = {"begins": "small", "grows": "large", "shrinks": "freed"}
    stages = script.watch([sys.executable, "-c", GROWS], "start", marks)
    assert [stage.name for stage in stages] == ["start", "small", "large", "freed"]
    by = {stage.name: stage for stage in stages}
    assert by["large"].anonymous > 300e6 > 100e6 > by["freed"].anonymous > 0
    for stage in stages[1:]:
        assert stage.resident >= stage.anonymous
        assert 0.3 < stage.seconds < 60


def test_a_command_that_fails_is_told_with_its_words(script: ModuleType):
    with pytest.raises(SystemExit, match=r"(?s)ended with status 3:.*no such luck"):
        script.watch(
            [sys.executable, "-c", "import sys; print('no such luck', file=sys.stderr); exit(3)"],
            "start",
            {},
        )


def test_growth_is_the_whole_over_the_tenth(script: ModuleType):
    rows = [
        {"stage": stage, "peak_anonymous_mb": peak}
        for stage, peak in (
            ("import", 50.0),
            ("shards", 200.0),
            ("import", 55.0),
            ("shards", 300.0),
        )
    ]
    assert script.growth(rows) == {"import": 1.1, "shards": 1.5}


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    figures: Callable[..., Any],
    here: Callable[[Sequence[str]], tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    def watch(command: Sequence[str], first: str, marks: Mapping[str, str]) -> list[Any]:
        status, _, told = here(command)  # a real child imports torch for seconds
        assert status == 0, told
        begun = (marks[m] for line in told.splitlines() for m in marks if line.startswith(m))
        return [script.Stage(name, 1.0, 2, 3) for name in dict.fromkeys([first, *begun])]

    monkeypatch.setattr(script, "watch", watch)
    work = tmp_path / "work"
    small = ["--gigabytes", 0.00015, "--held-out", 0.3, "--steps", 1]
    told = figures(*small, "--work", work)
    assert told.result["machine"]["cores"] >= 1
    tenth, whole = told.result["rows"][:4], told.result["rows"][4:]
    for rows, text in ((tenth, 0.015), (whole, 0.15)):
        assert [row["stage"] for row in rows] == ["import", "tokenizer", "shards", "steps"]
        assert all(text <= row["text_mb"] < text + 0.03 for row in rows)  # whole threads
    assert whole[2]["tokens"] > 3 * tenth[2]["tokens"]
    assert told.lines[-1].startswith("Ten times the text, anonymous memory times: ")
    assert list(work.iterdir()) == []
