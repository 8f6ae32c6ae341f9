"""Which files hold what was said: the archive, and a run until its mimic is made."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest
from training_support import arguments, child, typed

from chatmimic.home import Home

MARK = "zaqwort"  # in every message, and in nothing else


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every place that the program might write to: home, work, temporary files."""
    for folder in ("user", "work", "tmp"):
        (tmp_path / folder).mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(tmp_path / "work")
    lines = (
        f"[2021-03-{1 + n // 90:02} {9 + n % 90 // 10:02}:{n % 10}0:00] "
        f"<{('Ada', 'Bob')[n % 2]}> {MARK} tea in the garden, {n % 40}\n"
        for n in range(360)
    )
    Path("tea.log").write_text("".join(lines), "utf-8")
    return tmp_path


def holding_words(place: Path, home: Path) -> set[str]:
    """The folders or files of the home that hold words of the chat; others by their whole path."""
    marks = [MARK.encode(coding) for coding in ("utf-8", "utf-16-le")]
    found = set()
    for file in place.rglob("*"):
        if not file.is_file() or file.name == "tea.log":
            continue
        if any(mark in file.read_bytes() for mark in marks):
            found.add(file.relative_to(home).parts[0] if home in file.parents else str(file))
    return found


def did(*line: str | Path) -> str:
    status, out, err = typed(*line)
    assert status == 0, err
    return out


def test_after_a_days_work(
    place: Path, home: Path, plain_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    did("import", "tea.log")
    for command in ("people", "threads", "imports", "stats"):
        did(command)
    assert MARK in did("search", MARK)
    did(*arguments(Home(home), plain_base, held_out=0.4))
    did("evaluate", "ada", "--replies", "20")
    for command, answers in (("chat", f"{MARK}\n/quit\n"), ("turing", "q\n")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(answers.encode())))
        did(command, "ada")
    did("mimics")
    assert holding_words(place, home) == {"archive.sqlite"}


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_after_a_kill(place: Path, home: Path, plain_base: Path) -> None:
    did("import", "tea.log")
    line = arguments(Home(home), plain_base, steps=100_000)
    training = child(line, place / "work" / "told")
    try:
        while not list(home.rglob("log.jsonl")) and training.is_alive():
            time.sleep(0.05)
    finally:
        training.kill()
        training.join()
    assert holding_words(place, home) == {"archive.sqlite", "runs"}
