"""Dates as they are typed: from when to when each goes, in the zone of whoever types them."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.dates import day_of, span_of

HOUR = 3_600_000
needs_tzset = pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone is the system's")


@pytest.fixture
def zone(monkeypatch):
    """Sets the zone of this machine."""

    def change(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield change
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


def ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2019Z", (2019, 1, 1), (2020, 1, 1)),
        ("2019-05Z", (2019, 5, 1), (2019, 6, 1)),
        ("2019-12 UTC", (2019, 12, 1), (2020, 1, 1)),
        ("2020-02 Z", (2020, 2, 1), (2020, 3, 1)),
        ("2019-05-17Z", (2019, 5, 17), (2019, 5, 18)),
        ("2019-5-7 z", (2019, 5, 7), (2019, 5, 8)),
        ("2019-12-31Z", (2019, 12, 31), (2020, 1, 1)),
        ("2019-05-17 14:30Z", (2019, 5, 17, 14, 30), (2019, 5, 17, 14, 31)),
        ("2019-05-17T14:30:05Z", (2019, 5, 17, 14, 30, 5), (2019, 5, 17, 14, 30, 6)),
        ("2019-05-17 14:30 +02:00", (2019, 5, 17, 12, 30), (2019, 5, 17, 12, 31)),
        ("2019-05-17T14:30-0530", (2019, 5, 17, 20, 0), (2019, 5, 17, 20, 1)),
        ("2019-05-17+02:00", (2019, 5, 16, 22), (2019, 5, 17, 22)),
        ("  2019-05-17   9:05Z ", (2019, 5, 17, 9, 5), (2019, 5, 17, 9, 6)),
    ],
)
def test_a_date_goes_from_its_first_to_its_last_instant(written, start, end):
    assert span_of(written) == (ms(*start), ms(*end))


@needs_tzset
@pytest.mark.parametrize(
    ("name", "written", "start", "hours"),
    [
        ("Europe/Berlin", "2019", (2018, 12, 31, 23), 365 * 24),
        ("Europe/Berlin", "2019-07", (2019, 6, 30, 22), 31 * 24),
        ("Europe/Berlin", "2019-03", (2019, 2, 28, 23), 31 * 24 - 1),  # the clocks went forward
        ("Europe/Berlin", "2019-10-27", (2019, 10, 26, 22), 25),
        ("America/New_York", "2019-05-17 20:00", (2019, 5, 18, 0), 1 / 60),
        ("Asia/Kolkata", "2019-05-17", (2019, 5, 16, 18, 30), 24),
    ],
)
def test_without_an_offset_it_is_the_users_own_zone(name, written, start, hours, zone):
    zone(name)
    first, end = span_of(written)
    assert (first, end - first) == (ms(*start), round(hours * HOUR))


@pytest.mark.parametrize(
    "written",
    [
        *("", "soon", "19", "0000", "9999", "2019-13", "2019-02-30", "2019-05-17 25:00"),
        *("17.05.2019", "05/17/2019", "2019/05/17", "2019-05-17 14", "2019-05-17 14:30 CET"),
        *("2019-05-17 14:61", "٢٠١٩", "2019-", "-2019", "2019-05-17 14:30 +99:00", "1e3"),
    ],
)
def test_what_is_no_date_is_refused_in_a_sentence(written):
    with pytest.raises(ValueError, match=r"is not a date\. Write 2019, 2019-05") as told:
        span_of(written)
    assert str(told.value).startswith(f'"{written}" ')
    assert "\n" not in str(told.value)


@given(st.datetimes(datetime(1972, 1, 1), datetime(2090, 1, 1)))
def test_each_is_within_the_larger_ones(at):
    written = [at.strftime(form) for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m", "%Y")]
    spans = [span_of(f"{one}Z") for one in written]
    exact = ms(*at.replace(microsecond=0).timetuple()[:6])
    assert spans[0] == (exact, exact + 1000)
    for inner, outer in zip(spans, spans[1:], strict=False):
        assert outer[0] <= inner[0] < inner[1] <= outer[1]


@given(st.dates(datetime(1972, 1, 2).date(), datetime(2090, 1, 1).date()))
def test_a_day_is_shown_as_it_is_typed(day):
    first, end = span_of(day.isoformat())
    assert day_of(first) == day_of(end - 1) == day.isoformat()


@needs_tzset
def test_a_day_is_shown_in_the_users_own_zone(zone):
    zone("Pacific/Auckland")
    assert day_of(ms(2019, 5, 17, 20)) == "2019-05-18"
    zone("UTC")
    assert day_of(ms(2019, 5, 17, 20)) == "2019-05-17"
    assert "TZ" in os.environ


def test_times_that_no_clock_shows_are_days_too():
    assert day_of(-86_400_000) in ("1969-12-30", "1969-12-31")
    assert span_of("1901Z")[1] - span_of("1901Z")[0] == timedelta(365) // timedelta(milliseconds=1)
