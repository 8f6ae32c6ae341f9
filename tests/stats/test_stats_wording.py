"""Figures as they are said, and months that are put together where there are too many."""

from __future__ import annotations

import pytest

from chatmimic.cli.commands.people import sparkline
from chatmimic.stats.records import Activity
from chatmimic.stats.wording import bars_of, duration, percent


def months(most: int, **counts: int) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
    named = {name[1:].replace("_", "-"): count for name, count in counts.items()}
    bars = bars_of(Activity(named, (0,) * 24, (0,) * 7, 0), most)[0]
    return bars.title, bars.names, bars.counts


def test_months_without_messages_are_shown_too() -> None:
    title, names, counts = months(12, m2019_11=3, m2020_02=6)
    assert (title, names) == ("By month", ("2019-11", "2019-12", "2020-01", "2020-02"))
    assert counts == (3, 0, 0, 6)
    assert sparkline(counts) == "▄  █"


def test_months_are_put_together_where_they_are_too_many() -> None:
    assert months(3, m2019_11=3, m2020_02=6) == ("By quarter", ("2019 Q4", "2020 Q1"), (3, 6))
    assert months(2, m2019_11=3, m2021_02=6)[:2] == ("By 2 years", ("2018", "2020"))
    assert months(12, m0001_01=1, m9999_12=2)[2] == (1, *(0,) * 8, 2)
    assert months(12) == ("By month", (), ())


@pytest.mark.parametrize(
    ("share", "told"),
    [(0, "0 %"), (0.0001, "< 0.1 %"), (0.034, "3.4 %"), (0.0999, "10 %"), (1, "100 %")],
)
def test_shares_are_told_in_percent(share: float, told: str) -> None:
    assert percent(share) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59, "59 s"), (90, "1.5 min"), (7_200, "2 h"), (172_800, "2 d")],
)
def test_times_are_told_in_their_unit(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_what_is_known_by_the_minute_is_told_so() -> None:
    assert duration(0, whole_minutes=True) == "under a minute"
    assert duration(60, whole_minutes=True) == "1 min"
