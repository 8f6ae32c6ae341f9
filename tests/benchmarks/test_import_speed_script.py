"""The benchmark of importing: what it makes up, and that it ends with its figures."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports

SCRIPT = "import_speed"


def read(path: Path) -> tuple[list[tuple[str, str]], ImportReport]:
    report = ImportReport()
    found = list(read_exports(path, ImportOptions(), report))
    return [(m.sender, m.text) for m in found if m.kind.has_words], report


def test_what_is_made_up_is_read_as_it_was_said(script: ModuleType, tmp_path: Path):
    thread, lines = tmp_path / "message_1.json", tmp_path / "lines.jsonl"
    count = script.write_messenger(thread, 50_000, script.talk(0))
    said = [(who, text) for _, who, text in itertools.islice(script.talk(0), count)]
    assert sorted(read(thread)[0]) == sorted(said)
    assert 50_000 <= thread.stat().st_size < 52_000
    rows = script.write_lines(lines, 20_000, script.talk(0))
    assert read(lines)[0] == [
        (who, text) for _, who, text in itertools.islice(script.talk(0), rows)
    ]
    log, chat = tmp_path / "2019-01-31-#x.log", tmp_path / "chat.txt"
    written = script.write_log(log, 20_000, script.talk(0))
    assert read(log)[0] == written
    written = script.write_whatsapp(chat, 20_000, script.talk(0))
    assert read(chat)[0] == written


def test_the_year_in_files_is_the_year_in_one(script: ModuleType, tmp_path: Path):
    folder, one = tmp_path / "year", tmp_path / "#all.log"
    script.write_year(folder, one, 400, script.talk(0))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 400
    assert sum(path.stat().st_size for path in files) == one.stat().st_size
    several, of_files = read(folder)
    single, of_one = read(one)
    assert sorted(several) == sorted(single)
    assert len(single) == 400 * 20
    assert of_files.notes == of_one.notes


def test_ways_are_measured_by_turns(script: ModuleType):
    order: list[str] = []
    best = script.by_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert order == ["a", "b", "a", "b"]
    assert set(best) == {"a", "b"}


def test_the_plain_loop_finds_what_the_importer_repairs(script: ModuleType, tmp_path: Path):
    thread = tmp_path / "message_1.json"
    script.write_messenger(thread, 20_000, script.talk(0))
    loop = script.orjson_loop(thread, json.loads)
    records = list(script.repaired_records(thread))
    assert [(r.sender, r.timestamp, r.text) for r in records] == [row[:3] for row in loop]
    given = [[(one.emoji, one.sender) for one in r.reactions] for r in records]
    assert given == [row[3] for row in loop]


def test_the_script_ends_with_its_figures(
    figures: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "orjson", json)  # the one thing the project does not need
    small = ["--megabytes", 1, "--rounds", 1, "--memory", 1, "--files", 365]
    told = figures(*small, "--work", tmp_path)
    result = told.result
    assert result["machine"]["cores"] >= 1
    assert set(result["peak_mb"]) == {"1"}
    assert all(10 < peak < 2_000 for peak in result["peak_mb"].values())
    for ratio in ("messenger_vs_orjson_loop", "irc_vs_re_match", "small_files_ratio"):
        assert result[ratio] > 0.01
    assert result["archive_messages_per_s"] > 100
    assert result["peers"] == {}
    assert sum(line.startswith("archive (load") for line in told.lines) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_installed_is_named(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "orjson", None)
    with pytest.raises(SystemExit, match="Run: pip install orjson"):
        script.orjson_loads(None)
    asked = script.parse(["--peers", sys.executable, "--work", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"(?s)irclog2html cannot be run by .*No module named"):
        script.Run(asked, tmp_path)._peer("irclog2html", tmp_path / "a.log")
