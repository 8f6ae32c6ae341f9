"""Unions and differences of spans of row ids, both ends inclusive, one span at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Span = tuple[int, int]


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Sorted spans with those that touch or overlap merged into one."""
    held: Span | None = None
    for first, last in spans:
        if held is None:
            held = first, last
        elif first <= held[1] + 1:
            held = held[0], max(held[1], last)
        else:
            yield held
            held = first, last
    if held is not None:
        yield held


def without(spans: Iterable[Span], others: Iterable[Span]) -> Iterator[Span]:
    """The part of `spans` that is not in `others`; both as `joined` yields them."""
    rest = iter(others)
    other = next(rest, None)
    for first, last in spans:
        while other is not None and other[1] < first:
            other = next(rest, None)
        while other is not None and other[0] <= last:
            if first < other[0]:
                yield first, other[0] - 1
            first = other[1] + 1
            if other[1] > last:  # it may reach into the next span too
                break
            other = next(rest, None)
        if first <= last:
            yield first, last


def of_ids(ids: Iterable[int]) -> Iterator[Span]:
    """Turn ascending ids into spans."""
    return joined((one, one) for one in ids)
