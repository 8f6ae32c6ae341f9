"""Rows out of CSV and TSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chatmimic.errors import DamagedExport
from chatmimic.importers.parsing.decoding import MAX_LINE, lines
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import ByteStream

_DELIMITERS = "\t,;|"
_SAMPLE = 50  # lines that show what separates columns


@dataclass(frozen=True)
class Shape:
    """How a separated table is written, as its first lines show."""

    delimiter: str
    quoted: bool
    header: list[str]
    sample: list[list[str]]  # the first rows, the header included


def shape_of(text: str) -> Shape | None:
    """What separates the columns of a text; None when nothing does so evenly."""
    whole = text.split("\n")
    first = [line.removesuffix("\r") for line in whole[: _SAMPLE + 1] if line.strip()]
    if len(whole) > 1 and len(whole) <= _SAMPLE and not text.endswith("\n"):
        first = first[:-1] or first  # the last line may be cut by the head's border
    first = [line.removeprefix("\ufeff") for line in first]
    best: Shape | None = None
    for delimiter in _DELIMITERS:
        if not first or delimiter not in first[0]:
            continue
        quoted = delimiter != "\t" or _looks_quoted(first)
        rows = _parsed(first, delimiter, quoted)
        shape = Shape(delimiter, quoted, rows[0] if rows else [], rows)
        if best is None or len(shape.header) > len(best.header):
            best = shape
    return best


def _parsed(some: Sequence[str], delimiter: str, quoted: bool) -> list[list[str]]:
    try:
        return [
            row
            for row in csv.reader([f"{s}\n" for s in some], **_dialect(delimiter, quoted))
            if row
        ]
    except csv.Error:
        return []


def _dialect(delimiter: str, quoted: bool) -> dict[str, Any]:
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    return {"delimiter": delimiter, "quoting": quoting, "quotechar": '"'}


def _looks_quoted(some: Sequence[str]) -> bool:
    """Whether the quotes of a tab-separated file are its writer's and not its people's.

    A writer that quotes does so for a reason (a quote inside, doubled) and never leaves a quote
    inside an unquoted cell; or it quotes everything, the header first.
    """
    cells = [cell for line in some for cell in line.split("\t") if '"' in cell]
    wrapped = [cell for cell in cells if len(cell) > 1 and cell[0] == cell[-1] == '"']
    if not cells or len(wrapped) < len(cells):
        return False
    header = some[0].split("\t")
    if all(cell in wrapped for cell in header):
        return True
    return all('""' in c[1:-1] and '"' not in c[1:-1].replace('""', "") for c in wrapped)


def separated_rows(
    stream: ByteStream, label: str, shape: Shape, report: ImportReport
) -> Iterator[tuple[int, list[str]]]:
    """The rows of a separated table with their line numbers, the header first."""
    text = (f"{line}\n" for line in lines(stream, label, report))
    reader = csv.reader(text, **_dialect(shape.delimiter, shape.quoted))
    with _long_fields():
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise DamagedExport(
                    f"{label}: line {reader.line_num} is not a row of a table ({error}).",
                    "Check the quotes there.",
                ) from error
            if row:
                yield reader.line_num, row


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let a cell be as long as a line may be; the limit is csv's own and for the whole process."""
    before = csv.field_size_limit(MAX_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)
