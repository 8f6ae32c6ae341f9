"""Spans of row ids: what a set of ids would give, without the set."""

from hypothesis import given
from hypothesis import strategies as st

from chatmimic.archive.spans import Span, joined, of_ids, without

IDS = st.sets(st.integers(1, 40))


def ids_of(spans: list[Span]) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(IDS)
def test_ids_are_told_in_as_few_spans_as_can_be(ids: set[int]) -> None:
    spans = list(of_ids(sorted(ids)))
    assert ids_of(spans) == ids
    assert all(ended + 1 < began for (_, ended), (began, _) in zip(spans, spans[1:], strict=False))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9))))
def test_joined(pairs: list[tuple[int, int]]) -> None:
    spans = sorted((first, first + more) for first, more in pairs)
    assert list(joined(spans)) == list(of_ids(sorted(ids_of(spans))))


@given(IDS, IDS)
def test_without(some: set[int], others: set[int]) -> None:
    left = list(without(of_ids(sorted(some)), of_ids(sorted(others))))
    assert left == list(of_ids(sorted(some - others)))
