"""Long tables look like short ones, and are printed line by line."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from chatmimic.cli.display import columns
from chatmimic.cli.display.columns import Column, print_columns

COLUMNS = [
    Column("No.", right=True),
    Column("Name", folds=True),
    Column("First", least=10),
    Column("Services", folds=True),
    Column("Activity", least=4),
]
ROWS = [
    ["1", "Ada Lovelace", "2019-01-01", "irc, discord", "▁ █ "],
    ["23", "Zoë 王小明", "–", "irc", "    "],
    ["456", "x" * 60, "2020-01-01", "irc", "█"],
]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_long_table_looks_like_a_short_one(monkeypatch, capsys, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_columns(COLUMNS, ROWS)
    drawn = capsys.readouterr().out
    monkeypatch.setattr(columns, "SHORT", 0)
    print_columns(COLUMNS, ROWS)
    lines = capsys.readouterr().out

    def words(text: str) -> list[str]:
        return sorted(re.findall(r"[^\W_]+", "".join(text.split())))

    assert words(lines) == words(drawn) or "".join(sorted(lines.split())) == "".join(
        sorted(drawn.split())
    )
    assert max(map(cell_len, lines.splitlines())) <= width
    if width >= 120:
        assert [x.rstrip() for x in lines.splitlines()] == [x.rstrip() for x in drawn.splitlines()]


def test_hostile_names_are_shown_on_one_line_each(monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(columns, "SHORT", 0)
    print_columns([Column("Name", folds=True)], [["a\x1b[2Jb\nc [bold]"], ["\u202eevil"], [""]])
    out = capsys.readouterr().out
    assert "a␛[2Jb c [bold]" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
