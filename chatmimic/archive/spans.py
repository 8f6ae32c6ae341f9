"""Spans of row ids, both ends in: joined, and taken from each other, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Span = tuple[int, int]


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in order of their beginnings, those that touch or overlap as one."""
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
    """What is in `spans` and not in `others`; both as `joined` gives them."""
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
    """Ids in ascending order as spans."""
    return joined((one, one) for one in ids)
