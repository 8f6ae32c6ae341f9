"""Pastes in a document, in code fences with prose in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from chatmimic.importers.parsing.dates.dated_lines import MAX_MESSAGE

_FENCE = re.compile(r"(`{3,20}|~{3,20})[\w+.#-]{0,20}")
Row = tuple[int, str]
Shown = tuple[int, str | None, bool]


def fence_of(line: str) -> str:
    """The marker of a code fence, without its language; "" for other lines."""
    found = _FENCE.fullmatch(line.strip())
    return found[1] if found else ""


def without_fences(
    rows: Iterable[Row], fence: str, begins: Callable[[str], bool]
) -> Iterator[Shown]:
    """The lines, and whether each is outside of fences; None for a fence itself.

    Behind the one that opens stands the top of a message (`begins`): other fences are of code
    that somebody sent.
    """
    return _Fences(rows, fence, begins).shown()


class _Fences:
    """Walks through the lines; tracks whether it is in a paste, and in code in it."""

    def __init__(self, rows: Iterable[Row], fence: str, begins: Callable[[str], bool]) -> None:
        self._rows = iter(rows)
        self._fence = fence
        self._begins = begins
        self._inside = self._code = False
        self._held: list[Row] = []  # from a fence on that closes the paste, or opens code
        self._size = 0

    def shown(self) -> Iterator[Shown]:
        """Yield all lines."""
        for number, line in self._rows:
            if self._held:
                yield from self._behind_fence(number, line)
            elif self._inside:
                yield from self._within(number, line)
            else:
                yield self._outside(number, line)
        yield from _shown(self._held, False)

    def _outside(self, number: int, line: str) -> Shown:
        if fence_of(line) == self._fence:
            self._inside = True
            return number, None, True
        self._inside = self._begins(line)
        return number, line, not self._inside

    def _within(self, number: int, line: str) -> Iterator[Shown]:
        if fence_of(line) != self._fence:
            self._code = self._code and not self._begins(line)
        elif self._code or line.strip() != self._fence:
            self._code = not self._code  # of a language, or its end
        else:
            self._held = [(number, line)]
            return
        yield number, line, False

    def _behind_fence(self, number: int, line: str) -> Iterator[Shown]:
        if fence_of(line) == self._fence:
            below = self._next_words()
            is_code = bool(below) and not self._begins(below[-1][1])
            yield from self._released(is_code, (number, line))
            yield from ((n, row, False) for n, row in below)
        elif not self._begins(line) and self._size < MAX_MESSAGE:
            self._held.append((number, line))
            self._size += len(line) + 1
        else:  # talk goes on without a fence
            yield from self._released(self._size >= MAX_MESSAGE)
            yield number, line, False

    def _next_words(self) -> list[Row]:
        """The lines up to the next non-blank one."""
        below: list[Row] = []
        for row in self._rows:
            below.append(row)
            if row[1].strip() or len(below) > MAX_MESSAGE:
                break
        return below

    def _released(self, code: bool, *last: Row) -> Iterator[Shown]:
        held, self._held, self._size = [*self._held, *last], [], 0
        return _shown(held, code)


def _shown(held: list[Row], code: bool) -> Iterator[Shown]:
    """The lines between two fences: code, or prose between two pastes."""
    for number, line in held:
        is_fence = not code and bool(fence_of(line))
        yield number, None if is_fence else line, not code
