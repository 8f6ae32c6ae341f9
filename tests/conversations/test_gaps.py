"""The gap: read off a thread's silences, parsed, shown."""

import random
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.conversations import DEFAULT_GAP_MS, choose_gap, parse_gap, show_gap
from chatmimic.conversations.gaps import LONGEST_GAP_MS, SHORTEST_GAP_MS

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def times(
    within: float, between: float, talks: int = 60, seed: int = 0, step: int = 1
) -> list[int]:
    """Talks of about 20 messages: `within` and `between` are the middle silences, in ms."""
    chance, at, found = random.Random(seed), 0.0, []
    for _ in range(talks):
        for _ in range(chance.randrange(5, 35)):
            at += within * chance.lognormvariate(0, 0.8)
            found.append(int(at) // step * step)
        at += between * chance.lognormvariate(0, 0.6)
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("within", "between", "shortest", "longest"),
    [
        (20 * SECOND, 10 * HOUR, 20 * MINUTE, 3 * HOUR),
        (5 * SECOND, 40 * MINUTE, 10 * MINUTE, 15 * MINUTE),
        (10 * MINUTE, 3 * DAY, 2 * HOUR, 12 * HOUR),
        (20 * SECOND, 30 * DAY, 30 * MINUTE, 2 * HOUR),
    ],
    ids=["daily", "busy", "slow", "monthly"],
)
def test_the_gap_lies_between_talking_and_silence(
    within: int, between: int, shortest: int, longest: int, seed: int
) -> None:
    assert shortest <= choose_gap(times(within, between, seed=seed)) <= longest


def test_of_a_flat_valley_the_part_near_an_hour() -> None:
    """A few silences less at five hours than elsewhere are chance, no reason to wait so long."""
    silences = [20 * SECOND] * 3_000 + [DAY] * 400
    for bin_ in range(12, 39):  # from half a minute to 18 hours, as many in each
        silences += [round(SECOND * 10 ** ((bin_ + 0.5) / 8))] * (22 if bin_ == 34 else 25)
    assert 45 * MINUTE <= choose_gap(list(accumulate(silences))) <= 90 * MINUTE


def test_stamps_of_whole_minutes_make_no_difference() -> None:
    """IRC logs know the minute only: many silences are 0, 60 and 120 seconds."""
    assert 20 * MINUTE <= choose_gap(times(20 * SECOND, 10 * HOUR, step=MINUTE)) <= 3 * HOUR


@pytest.mark.parametrize(
    "stamps",
    [
        [],
        [5],
        [n * DAY for n in range(25)],
        [n * SECOND for n in range(500)],
        [7] * 500,
        [n * 2 * HOUR for n in range(500)],
        [int(random.Random(4).expovariate(1 / MINUTE)) * n for n in range(900)],
    ],
    ids=["none", "one", "few", "ceaseless", "one instant", "steady", "one hill"],
)
def test_without_two_hills_it_is_an_hour(stamps: list[int]) -> None:
    assert choose_gap(stamps) == DEFAULT_GAP_MS == HOUR


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 10**10), min_size=31, max_size=200).map(sorted))
def test_it_is_always_sensible_and_round(stamps: list[int]) -> None:
    gap = choose_gap(stamps)
    assert SHORTEST_GAP_MS <= gap <= LONGEST_GAP_MS
    assert gap % (5 * MINUTE) == 0


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("1h", HOUR),
        ("30m", 30 * MINUTE),
        ("90s", 90 * SECOND),
        ("2d", 2 * DAY),
        ("1w", 7 * DAY),
        ("1h30m", 90 * MINUTE),
        ("1.5h", 90 * MINUTE),
        (" 1 H 30 M ", 90 * MINUTE),
    ],
)
def test_a_gap_as_people_write_it(text: str, gap: int) -> None:
    assert parse_gap(text) == gap


@pytest.mark.parametrize(
    "text",
    ["", "1", "h", "-1h", "1 hour", "0m", "1h-2m", "1y", "nan", "9" * 30 + "d", "9" * 400 + "d"],
)
def test_what_is_no_gap_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"(Write|Give a duration like) .*30m"):
        parse_gap(text)


@pytest.mark.parametrize(("text", "says"), [("0m", "no time"), ("9" * 30 + "d", "too long")])
def test_a_gap_that_cannot_be_is_called_what_it_is(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_gap(text)


@given(st.integers(1, 10**7).map(lambda seconds: seconds * SECOND))
def test_shown_as_it_is_read(gap: int) -> None:
    assert parse_gap(show_gap(gap)) == gap


@pytest.mark.parametrize(("gap", "text"), [(90 * MINUTE, "1h30m"), (2 * DAY, "2d"), (0, "0s")])
def test_shown_short(gap: int, text: str) -> None:
    assert show_gap(gap) == text
