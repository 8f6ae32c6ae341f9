"""The memory benchmark: what it makes up, what it sees of a process, that it ends with figures."""

from __future__ import annotations

import csv
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = "corpus_memory"
SCRIPTS = Path(__file__).parents[2] / "benchmarks"


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


@pytest.mark.slow
def test_the_script_ends_with_its_figures(tmp_path: Path):
    done = subprocess.run(
        [
            sys.executable,
            str(SCRIPTS / "corpus_memory.py"),
            *("--gigabytes", "0.0003", "--held-out", "0.3", "--steps", "2"),
            *("--work", str(tmp_path / "work")),
        ],
        cwd=SCRIPTS.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    result = json.loads(lines[-1])
    assert result["machine"]["cores"] >= 1
    small, large = result["rows"][:4], result["rows"][4:]
    for rows, text in ((small, 0.03), (large, 0.3)):
        assert [row["stage"] for row in rows] == ["import", "tokenizer", "shards", "steps"]
        for row in rows:
            assert row["text_mb"] == pytest.approx(text, rel=0.5)
            assert 5 < row["peak_anonymous_mb"] <= row["peak_resident_mb"] < 20_000
            assert row["seconds"] > 0
    assert large[2]["tokens"] > 3 * small[2]["tokens"]
    assert list(result["growth"]) == ["import", "tokenizer", "shards", "steps"]
    assert lines[-2].startswith("Ten times the text, anonymous memory times: import ")
    assert list((tmp_path / "work").iterdir()) == []
