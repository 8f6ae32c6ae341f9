"""The round-trip benchmark: what it reads, that it ends with its figures and sees a difference."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = "round_trips"
TABLE = (
    "2024-05-01.log\t9:59\tada\thello\n2024-05-01.log\t10:00\tgrace\thi: there\n"
    "2024-05-01.log\t10:00\tada\t<grace> hi\n2024-04-30.log\t23:00\tgrace\tearlier\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "talk.tsv").write_text(TABLE, encoding="utf-8")
    return tmp_path


def test_the_talk_is_in_order_and_has_seconds(script: ModuleType, table: Path):
    talk = script.talk_in(table)
    assert [m.text for m in talk] == ["earlier", "hello", "hi: there", "<grace> hi"]
    assert [(m.sent_at or 0) // 1000 % 60 for m in talk] == [0, 0, 0, 1]
    assert talk == script.talk_in(table / "talk.tsv")


def test_a_difference_is_seen_and_its_place(
    script: ModuleType, table: Path, capsys: pytest.CaptureFixture[str]
):
    talk, right = script.talk_in(table), script.FORMATS["irssi"]

    def write(folder: Path, talk: list) -> Path:
        return right.write(folder, [replace(m, text=m.text.replace("hi:", "hi")) for m in talk])

    row = script.classified(replace(right, write=write), talk, 5)
    assert (row["messages"], row["equal"], row["different"]) == (4, 3, 1)
    assert row["first"].startswith("message 2: written (")
    assert "hi: there" in capsys.readouterr().out
    swapped = replace(
        right, write=lambda folder, talk: right.write(folder, [*talk[:2], *talk[:1:-1]])
    )
    assert script.classified(swapped, talk, 0)["different"] == 2


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(sys, "argv", ["round_trips.py", "--corpus", str(table)])
    script.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["messages"] == 4
    assert result["formats"].keys() == script.FORMATS.keys()
    rows = result["formats"].values()
    assert all(row["equal"] == 4 and not row["different"] and row["recognised"] for row in rows)
