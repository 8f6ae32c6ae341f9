"""Pastes that somebody put into a document: fences of code around them, prose between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from chatmimic.importers.parsing.dated_lines import ENOUGH

_FENCE = re.compile(r"(`{3,20}|~{3,20})[\w+.#-]{0,20}")
Row = tuple[int, str]


def fence_of(line: str) -> str:
    """The sign of a fence's line, without its language; "" for another line."""
    found = _FENCE.fullmatch(line.strip())
    return found[1] if found else ""


def without_fences(
    rows: Iterable[Row], fence: str, begins: Callable[[str], bool]
) -> Iterator[tuple[int, str | None, bool]]:
    """The lines within fences, and with True those outside of them; None for a fence's own.

    Behind the one that opens stands the top of a message (`begins`): other fences are of code
    that somebody sent.
    """
    inside = code = False
    held: list[Row] = []
    size = 0
    lines = iter(rows)
    for number, line in lines:
        is_fence = fence_of(line) == fence
        if inside and not held and is_fence and (code or line.strip() != fence):
            code = not code  # of a language, or its end
            yield number, line, False
        elif inside and not held and is_fence:
            held = [(number, line)]  # it closes the paste, or opens code
        elif held and is_fence:
            below: list[Row] = []
            for row in lines:
                below.append(row)
                if row[1].strip() or len(below) > ENOUGH:
                    break
            is_code = bool(below) and not begins(below[-1][1])
            yield from _shown([*held, (number, line)], is_code)
            yield from ((n, row, False) for n, row in below)
            held, size = [], 0
        elif held and not begins(line) and size < ENOUGH:
            held.append((number, line))
            size += len(line) + 1
        elif held:  # talk goes on without a fence
            yield from _shown(held, size >= ENOUGH)
            held, size = [], 0
            yield number, line, False
        elif not inside and is_fence:
            inside = True
            yield number, None, True
        else:
            top = begins(line)
            yield number, line, not inside and not top
            inside, code = inside or top, code and not top
    yield from _shown(held, False)


def _shown(held: list[Row], code: bool) -> Iterator[tuple[int, str | None, bool]]:
    """Lines from one fence to another: somebody's code, or prose between two pastes."""
    for number, line in held:
        is_fence = not code and bool(fence_of(line))
        yield number, None if is_fence else line, not code
