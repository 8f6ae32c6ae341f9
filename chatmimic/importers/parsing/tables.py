"""Reads CSV and TSV files."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chatmimic.errors import DamagedExport
from chatmimic.importers.parsing.suspicious_lines import count_header
from chatmimic.importers.parsing.text_lines import MAX_LINE, lines
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import ByteStream

_DELIMITERS = "\t,;|"
_MOST_READ_AGAIN = 64 << 20  # characters of one file
_DIGITS_OF_A_TIME = 6  # at least
_DIGIT = re.compile(r"\d")
_SAMPLE = 50  # lines that show what separates columns
_LONGEST_END = 20  # lines of a last message that a file may end in; more are rows


@dataclass(frozen=True)
class Shape:
    """The dialect of a CSV or TSV file, detected from its first lines."""

    delimiter: str
    quoted: bool
    header: list[str]
    sample: list[list[str]]  # the first rows, the header included


def shape_of(text: str) -> Shape | None:
    """Detect the dialect of a text; None if it is no table."""
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
    """Whether quotation marks in a tab-separated file are those of its writer.

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
    """The rows of a table with their line numbers, the header first."""
    rows = _Rows(lines(stream, label, report), label, shape, report)
    with _long_fields():
        while True:
            try:
                row = rows.next()
            except StopIteration:
                return
            except csv.Error as error:
                raise DamagedExport(
                    f"{label}: line {rows.number} is not a row of a table ({error}).",
                    "Check the quotes there.",
                ) from error
            if row:
                yield rows.number, row


class _Rows:
    """Rows, where a quotation mark in a message does not swallow the following rows."""

    def __init__(self, text: Iterator[str], label: str, shape: Shape, report: ImportReport) -> None:
        self._label = label
        self.number = 0  # of the last line that was read
        self._text = text
        self._dialect = _dialect(shape.delimiter, shape.quoted)
        self._unquoted = _dialect(shape.delimiter, quoted=False)
        self._report = report
        self._width = 0  # cells of the header
        self._held: list[str] = []  # the lines of the row at hand
        self._back: deque[str] = deque()  # lines that are read again
        self._spent = 0
        self._ended = False
        self._reader = csv.reader(self._fed(), **self._dialect)

    def next(self) -> list[str]:
        """The next row. Raises StopIteration and csv.Error."""
        held = self._held
        try:
            row = next(self._reader)
        finally:
            self.number += len(held)
        is_open = self._ended and self._is_unclosed(held)
        if len(held) > 1 and (self._is_misread(held) or (is_open and len(held) > _LONGEST_END)):
            self._spent += sum(map(len, held))
            self.number -= len(held) - 1
            self._back.extendleft(reversed(held[1:]))
            self._ended = False
            self._reader = csv.reader(self._fed(), **self._dialect)
            row = self._alone(held[0])
            self._report.repairs["stray quotation marks"] += 1
        elif is_open:
            self._report.note(
                f"{self._label} ends inside a quotation that begins in line "
                f"{self.number - len(held) + 1:,}: its last message may be cut short."
            )
        elif len(held) > 1:
            self._count_rows(held, row)
        held.clear()
        self._width = self._width or len(row)
        return row

    def _fed(self) -> Iterator[str]:
        while True:
            while self._back:
                self._held.append(self._back.popleft())
                yield self._held[-1]
            for raw in self._text:
                line = f"{raw}\n"
                self._held.append(line)
                yield line
                if self._back:
                    break
            else:
                self._ended = True
                return

    def _is_unclosed(self, held: Sequence[str]) -> bool:
        """Whether a quotation is still open at the end of these lines."""
        if self._dialect["quoting"] != csv.QUOTE_MINIMAL or '"' not in "".join(held):
            return False
        try:
            list(csv.reader(held, strict=True, **self._dialect))
        except csv.Error as error:
            return "unexpected end" in str(error)
        return False

    def _is_misread(self, held: Sequence[str]) -> bool:
        """Whether an unclosed quotation contains lines that are rows."""
        if self._width < 2 or self._spent > _MOST_READ_AGAIN:
            return False
        try:
            list(csv.reader(held, strict=True, **self._dialect))
        except csv.Error:
            return any(len(self._alone(line)) == self._width for line in held[1:])
        return False

    def _count_rows(self, held: Sequence[str], row: Sequence[str]) -> None:
        """Count the lines of a quoted cell that look like rows."""
        look = _look(row[0]) if row else ""
        for at, line in enumerate(held[1:], self.number - len(held) + 2):
            cells = self._alone(line) if look.count("0") >= _DIGITS_OF_A_TIME else []
            if cells and len(cells) == self._width and _look(cells[0]) == look:
                count_header(f"{self._label}:{at}", self._report)

    def _alone(self, line: str) -> list[str]:
        """The cells of a single line, whose last cell may begin with a quotation mark."""
        cells = next(csv.reader([line], **self._dialect), [])
        is_open = bool(cells) and cells[-1].endswith("\n")
        if len(cells) != self._width:
            plain = next(csv.reader([line], **self._unquoted), [])
            if len(plain) == self._width:
                return plain
        return [*cells[:-1], f'"{cells[-1][:-1]}'] if is_open else cells


def _look(cell: str) -> str:
    return _DIGIT.sub("0", cell.strip('"'))


@contextmanager
def _long_fields() -> Iterator[None]:
    """Raise csv's limit for the length of a cell, which is global to the process."""
    before = csv.field_size_limit(MAX_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)
