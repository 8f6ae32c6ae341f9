"""Times: read when they say what they mean, left out when they do not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.errors import ExportError
from chatmimic.importers.parsing.dates.times import (
    IMPOSSIBLE,
    LocalClock,
    as_milliseconds,
    date_in,
    parse_free,
    parse_iso,
    reader_for,
    unit_of,
    without_date,
)
from chatmimic.importers.report import ImportReport


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01T10:00:00Z", utc(2024, 5, 1, 10)),
        ("2024-05-01 10:00", utc(2024, 5, 1, 10)),
        ("2024-05-01T12:00:00.1234567+02:00", utc(2024, 5, 1, 10) + 123),
        ("2018-07-19 23:09:04 UTC", utc(2018, 7, 19, 23, 9, 4)),
        ("2018-07-19 23:09:04+0000", utc(2018, 7, 19, 23, 9, 4)),
        ("2024-02-30T10:00:00Z", None),
        ("2024-05-01T25:00:00Z", None),
        ("2024-05-01T10:00:00+99:99", None),
        ("2024-05-01", None),
        ("20240501T100000", None),
    ],
)
def test_iso(text: str, expected: int | None) -> None:
    moment = parse_iso(text)
    assert (None if moment is None else LocalClock(None, ImportReport()).utc(moment)) == expected


@pytest.mark.parametrize(
    "vague",
    ["1", "10/10", "Tuesday", "12:00", "May 2019", "May 5", "12:00 BRST", "2019-05-05 12:00 XYZT",
     "9" * 60, "yesterday at 10:05", "", "[" * 70, "5 May 2019 12:00 +99:99",
     f"5 May 2019 10:{'9' * 40}"],
)  # fmt: skip
def test_a_date_that_needs_today_or_a_guess_is_refused(vague: str) -> None:
    assert parse_free(vague) is None


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("5 May 2019 10:05pm", False, datetime(2019, 5, 5, 22, 5)),
        ("Oct 19, 2019 at 2:37\u202fPM", False, datetime(2019, 10, 19, 14, 37)),
        ("03/04/2019 09:00", True, datetime(2019, 4, 3, 9)),
        ("03/04/2019 09:00", False, datetime(2019, 3, 4, 9)),
    ],
)
def test_dates_written_for_people(text: str, day_first: bool, expected: datetime) -> None:
    assert parse_free(text, day_first) == expected


def test_zones_in_dates_written_for_people() -> None:
    moment = parse_free("Friday, October 4, 2013 at 10:05pm PDT")
    assert moment is not None
    assert moment.astimezone(UTC) == datetime(2013, 10, 5, 5, 5, tzinfo=UTC)


@given(st.text(st.characters(), max_size=60))
@settings(deadline=None, max_examples=200)
def test_no_text_raises(text: str) -> None:
    parse_iso(text)
    parse_free(text)
    date_in(text)
    without_date(text)


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([1556668800, 1700000000], "s"),
        ([1556668800000], "ms"),
        ([1556668800000000], "µs"),
        ([0, 0, 1556668800000], "ms"),
    ],
)
def test_one_unit_for_a_whole_file(values: list[int], unit: str) -> None:
    assert unit_of(values) == unit


@pytest.mark.parametrize(
    "value", [0, -1, 2**31, 253402300800000, 2**80, float("inf"), float("nan"), None, True, "x", []]
)
def test_impossible_times_are_none_and_counted(value: object) -> None:
    report = ImportReport()
    assert as_milliseconds(value, report) is None
    assert report.repairs[IMPOSSIBLE] == 1


def test_tomorrow_is_possible_and_next_week_is_not() -> None:
    now = int(time.time() * 1000)
    assert as_milliseconds(now + 86_400_000, ImportReport()) is not None
    assert as_milliseconds(now + 7 * 86_400_000, ImportReport()) is None


def test_the_repeated_hour_is_told_by_the_step_back() -> None:
    clock = LocalClock("Europe/Berlin", ImportReport())
    local = [(1, 50), (2, 10), (2, 50), (2, 10), (2, 40), (3, 5)]  # clocks went back at 3:00
    times = [clock.utc(datetime(2023, 10, 29, hour, minute)) for hour, minute in local]
    assert times == [
        utc(2023, 10, 28, 23, 50), utc(2023, 10, 29, 0, 10), utc(2023, 10, 29, 0, 50),
        utc(2023, 10, 29, 1, 10), utc(2023, 10, 29, 1, 40), utc(2023, 10, 29, 2, 5),
    ]  # fmt: skip


def test_the_hour_that_never_was_is_moved_forward_and_counted() -> None:
    report = ImportReport()
    clock = LocalClock("Europe/Berlin", report)
    assert clock.utc(datetime(2024, 3, 31, 2, 30)) == utc(2024, 3, 31, 1, 30)
    assert report.repairs["hour that never was"] == 1


class Asking(LocalClock):
    """A clock that asks the zone about every moment, and remembers no hour."""

    def _offset(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"],
)
@given(
    st.integers(1990, 2029),
    st.lists(st.sampled_from([-3600, -60, 10, 600, 3599, 3600, 40_000, 86_400]), max_size=60),
    st.integers(0, 365 * 24 * 60),
)
@settings(deadline=None, max_examples=60)
def test_hours_that_are_remembered_change_no_time(
    zone: str, year: int, steps: list[int], minute: int
) -> None:
    clocks = [kind(zone, ImportReport()) for kind in (LocalClock, Asking)]
    moment = datetime(year, 1, 1) + timedelta(minutes=minute)
    # A day each, so that some runs meet the nights in which clocks are set.
    for step in (0, *steps, *[3600] * 24):
        moment += timedelta(seconds=step)
        first, second = (clock.utc(moment) for clock in clocks)
        assert first == second


def test_without_a_zone_utc_is_assumed_and_said() -> None:
    report = ImportReport()
    assert LocalClock(None, report).utc(datetime(2024, 5, 1, 10)) == utc(2024, 5, 1, 10)
    assert any("--tz" in note for note in report.notes)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "\0"])
def test_an_unknown_zone_is_one_sentence(name: str) -> None:
    if name:
        with pytest.raises(ExportError, match="time zone"):
            LocalClock(name, ImportReport())


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["31/12/2019 22:05"], utc(2019, 12, 31, 22, 5)),
        (["01/02/2020 09:00", "13/02/2020 09:00"], utc(2020, 2, 1, 9)),
        (["01/02/2020 09:00", "01/13/2020 09:00"], utc(2020, 1, 2, 9)),
        (["01.02.2020 09:00"], utc(2020, 2, 1, 9)),
        (["1556668800", "oops"], None),
        (["1556668800.5"], 1556668800500),
    ],
)
def test_a_column_of_times_is_read_one_way(values: list[str], first: int | None) -> None:
    report = ImportReport()
    read = reader_for(values, LocalClock(None, report), report)
    assert read(values[0]) == (first if first is not None else 1556668800000)
    assert read("") is None


def test_the_order_of_a_date_is_asked_for_only_where_none_shows() -> None:
    report = ImportReport()
    clock = LocalClock(None, report)
    assert reader_for(["01/02/2020 09:00"], clock, report, "dmy")("01/02/2020 09:00") == utc(
        2020, 2, 1, 9
    )
    assert reader_for(["01/13/2020 09:00"], clock, report, "dmy")("01/13/2020 09:00") == utc(
        2020, 1, 13, 9
    )
    assert not any("--date-order" in note for note in report.notes)
    reader_for(["01/02/2020 09:00"], clock, report)
    assert any("--date-order dmy" in note for note in report.notes)


@pytest.mark.parametrize(
    ("path", "day", "rest"),
    [
        ("2004/07/05/#ubuntu.txt", (2004, 7, 5), "#ubuntu.txt"),
        ("#chan-20240501.log", (2024, 5, 1), "#chan.log"),
        ("2009-06-30.log", (2009, 6, 30), "log"),
        ("room 12345678", None, "room 12345678"),
        ("2024-02-31", None, ""),
    ],
)
def test_dates_in_names(path: str, day: tuple[int, int, int] | None, rest: str) -> None:
    assert date_in(path) == day
    assert without_date(path) == rest
