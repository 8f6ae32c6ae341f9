"""Tables of any length: a short one as Rich draws it, a long one line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chatmimic.cli.common import console
from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.table import Table

SHORT = 500  # rows; Rich takes a millisecond for each
_LEAST = 8  # terminal columns of text that is folded


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, whether numbers are right-aligned, and text is folded."""

    heading: str
    right: bool = False
    folds: bool = False
    least: int = 0  # terminal columns


def print_columns(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table. Rows may be longer than `columns`: the rest is left out."""
    if len(rows) <= SHORT:
        console().print(_table(columns, rows))
        return
    for line in _lines(columns, rows, console().width):
        print(line, file=sys.stdout)


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for one in columns:
        table.add_column(
            one.heading,
            justify="right" if one.right else "left",
            overflow="fold" if one.folds else "ellipsis",
            no_wrap=not one.folds and not one.right,
            min_width=one.least or None,
        )
    for row in rows:
        table.add_row(*map(shown, row[: len(columns)]))
    return table


def _lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """The same as lines, as wide as Rich would make them."""
    safe = [[_safe(cell) for cell in row[: len(columns)]] for row in rows]
    wide = [
        max(one.least, _cells(one.heading), *(_cells(row[n]) for row in safe))
        for n, one in enumerate(columns)
    ]
    _fit(columns, wide, width)
    gap = "  "
    yield ""
    yield _line([one.heading for one in columns], columns, wide, gap)
    yield " " + "─" * (sum(wide) + len(gap) * (len(wide) - 1)) + " "
    for row in safe:
        yield from _folded(row, columns, wide, gap)
    yield ""


def _fit(columns: Sequence[Column], wide: list[int], width: int) -> None:
    """Take from the widest columns of text what the terminal lacks."""
    folding = [n for n, one in enumerate(columns) if one.folds]
    excess = sum(wide) + 2 * (len(wide) - 1) + 2 - width
    while excess > 0 and folding:
        widest = max(folding, key=wide.__getitem__)
        others = [wide[n] for n in folding if wide[n] < wide[widest]]
        least = max(_LEAST, max(others, default=_LEAST))
        taken = min(excess, wide[widest] - least) or 1
        if wide[widest] <= _LEAST:
            return
        wide[widest] -= taken
        excess -= taken


def _folded(
    row: Sequence[str], columns: Sequence[Column], wide: Sequence[int], gap: str
) -> Iterator[str]:
    from rich.cells import chop_cells

    if all(_cells(cell) <= w for cell, w in zip(row, wide, strict=True)):
        yield _line(row, columns, wide, gap)
        return
    parts = [chop_cells(cell, w) or [""] for cell, w in zip(row, wide, strict=True)]
    for n in range(max(map(len, parts))):
        yield _line([next(islice(part, n, None), "") for part in parts], columns, wide, gap)


def _line(cells: Sequence[str], columns: Sequence[Column], wide: Sequence[int], gap: str) -> str:
    padded = (
        " " * (w - _cells(cell)) + cell if one.right else cell + " " * (w - _cells(cell))
        for cell, one, w in zip(cells, columns, wide, strict=True)
    )
    return f" {gap.join(padded)}".rstrip()


def _safe(cell: str) -> str:
    """A cell that is harmless to a terminal, on one line."""
    return cell if cell.isprintable() and cell.isascii() else visible(cell).replace("\n", " ")


def _cells(text: str) -> int:
    """The terminal columns that a text takes."""
    from rich.cells import cell_len

    return len(text) if text.isascii() else cell_len(text)
