"""Which number of a date is the day, as the dates of a whole file show it."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.importers import ImportReport
from chatmimic.importers.parsing.dates.date_order import DateSurvey, date_of, resolved_orders

PATTERNS = {"dmy": "{d}/{m}/{y}", "mdy": "{m}/{d}/{y}", "ymd": "{y}/{m}/{d}"}


def survey(
    *dates: str, label: str = "a.txt", look: str = "", twelve_hour: bool = False
) -> DateSurvey:
    made = DateSurvey(label)
    for written in dates:
        first, second, third = re.findall(r"\d+", written)
        made.add((first, second, third), written, look, twelve_hour=twelve_hour)
    return made


@pytest.mark.parametrize(
    ("dates", "twelve_hour", "order", "doubt"),
    [
        (["30/1/24"], False, "dmy", ""),
        (["13/1/24"], False, "dmy", "ymd"),
        (["1/13/24"], False, "mdy", ""),
        (["2/1/24", "1/13/24"], False, "mdy", ""),
        (["2024/1/2"], False, "dmy", ""),  # shows its order itself
        (["24-1-5"], False, "ymd", ""),  # in 2005 there was no such service
        (["24-1-15"], False, "dmy", "ymd"),
        (["24/1/15"], False, "dmy", "ymd"),
        (["24/9/1"], False, "ymd", ""),
        (["24. 1. 15", "24. 1. 16", "24. 1. 17", "24. 2. 21"], False, "ymd", ""),
        (["5/5/24"], False, "dmy", ""),  # the same in either
        (["1/2/24"], False, "dmy", "mdy"),
        (["1/2/24"], True, "mdy", "dmy"),  # as in the United States
        (["01/02/24"], True, "dmy", "mdy"),
        (["1.2.24"], True, "dmy", "mdy"),
        (["1/2/24", "2/2/24", "3/2/24", "4/2/24"], False, "dmy", ""),
        (["1/2/24", "1/3/24", "1/4/24", "1/5/24"], False, "mdy", ""),
        (["1/2/24", "1/3/24"], False, "mdy", "dmy"),  # too few to be sure of
        (["1/2/24", "1/2/24", "1/3/24", "1/3/24"], False, "mdy", "dmy"),
        (["31/31/24"], False, "dmy", ""),  # no date at all
        (["1/2/2003"], False, "dmy", ""),
    ],
)
def test_order(dates: list[str], twelve_hour: bool, order: str, doubt: str) -> None:
    assert survey(*dates, twelve_hour=twelve_hour).order() == (order, doubt)


def test_a_half_of_the_day_before_the_time_stands_behind_a_year() -> None:
    made = DateSurvey("a")
    made.add(("24", "8", "21"), "24/8/21", twelve_hour=True, period_first=True)
    assert made.order() == ("ymd", "dmy")


def test_files_of_one_device_decide_together() -> None:
    report = ImportReport()
    assert resolved_orders([survey("13/1/24"), survey("1/2/24")], None, report) == ["dmy", "dmy"]
    assert report.notes == []


def test_the_weekday_decides() -> None:
    made = DateSurvey("a")
    made.add(("9", "4", "2020"), "9/4/2020", weekday=4)  # 4 September 2020 was a Friday
    assert made.order() == ("mdy", "")


@given(
    start=st.dates(date(2012, 1, 1), date(2023, 1, 1)),
    gaps=st.lists(st.integers(1, 5), min_size=120, max_size=120),
    order=st.sampled_from(["dmy", "mdy", "ymd"]),
    short=st.booleans(),
)
def test_a_long_chat_shows_its_order(start: date, gaps: list[int], order: str, short: bool) -> None:
    made, day = DateSurvey("a"), start
    for gap in gaps:
        day += timedelta(days=gap)
        year = day.year % 100 if short else day.year
        written = PATTERNS[order].format(d=day.day, m=day.month, y=year)
        numbers = tuple(written.split("/"))
        made.add(numbers, written)  # type: ignore[arg-type]
    found, doubt = made.order()
    assert not doubt
    assert date_of(numbers, found) == day  # type: ignore[arg-type]


def test_files_of_one_device_lend_each_other_their_order() -> None:
    report = ImportReport()
    open_, other = survey("1/2/24", look="x"), survey("3/4/24", look="y", label="b.txt")
    shows = survey("1/13/24", look="x")
    assert resolved_orders([open_, shows, other], None, report) == ["mdy", "mdy", "dmy"]
    assert report.notes == [
        'Dates like "3/4/24" were read day first, because the order is ambiguous in b.txt; '
        "use --date-order mdy to read them month first."
    ]


def test_what_proves_nothing_or_contradicts_itself_is_not_lent() -> None:
    report = ImportReport()
    assert (
        resolved_orders([survey("1/2/24", twelve_hour=True), survey("5/5/24")], None, report)[0]
        == "mdy"
    )
    files = [survey("1/2/24"), survey("13/2/24"), survey("2/13/24")]
    assert resolved_orders(files, None, report) == ["dmy", "dmy", "mdy"]
    assert len(report.notes) == 3


def test_the_option_decides_where_the_dates_do_not_gainsay_it() -> None:
    report = ImportReport()
    files = [survey("1/2/24"), survey("13/2/24", "14/2/24", "15/2/24"), survey("2024/2/1")]
    assert resolved_orders(files, "mdy", report) == ["mdy", "dmy", "mdy"]
    assert date_of(("2024", "2", "1"), "mdy") == date(2024, 2, 1)
    assert resolved_orders([survey("1/2/2024")], "ymd", report) == ["dmy"]
    assert len(report.notes) == 1  # of the last: the year stands where it cannot stand first


def test_many_open_files_are_one_note() -> None:
    report = ImportReport()
    resolved_orders([survey("1/2/24", label=f"{n}.txt") for n in range(9)], None, report)
    assert len(report.notes) == 1
    assert "0.txt, 1.txt, 2.txt and 6 more" in report.notes[0]


@pytest.mark.parametrize(
    ("numbers", "order", "day"),
    [
        (("1", "2", "24"), "dmy", date(2024, 2, 1)),
        (("1", "2", "24"), "mdy", date(2024, 1, 2)),
        (("24", "1", "2"), "ymd", date(2024, 1, 2)),
        (("2024", "1", "2"), "dmy", date(2024, 1, 2)),
        (("1", "2", "2024"), "ymd", None),
        (("30", "2", "24"), "dmy", None),
        (("٣١", "١٢", "٢٠٢٣"), "dmy", date(2023, 12, 31)),
        (("1", "1", "0"), "dmy", date(2000, 1, 1)),
        (("9", "7", "2569"), "dmy", date(2026, 7, 9)),  # Thailand
        (("9", "7", "69"), "dmy", date(2026, 7, 9)),
        (("29", "2", "2567"), "dmy", date(2024, 2, 29)),
        (("29", "2", "2566"), "dmy", None),
        (("115", "7", "9"), "dmy", date(2026, 7, 9)),  # Taiwan
        (("1405", "4", "18"), "dmy", date(2026, 7, 9)),  # Iran
        (("18", "4", "1405"), "dmy", date(2026, 7, 9)),
        (("۰۵", "۴", "۱۸"), "ymd", date(2026, 7, 9)),
        (("99", "12", "30"), "ymd", date(2021, 3, 20)),
        (("1403", "12", "30"), "ymd", date(2025, 3, 20)),
        (("1404", "12", "30"), "ymd", None),
        (("1404", "7", "31"), "ymd", None),
        (("1395", "1", "1"), "ymd", date(2016, 3, 20)),
        (("0", "0", "0"), "dmy", None),
        (("0000", "1", "1"), "dmy", date(2000, 1, 1)),
    ],
)
def test_dates(numbers: tuple[str, str, str], order: str, day: date | None) -> None:
    assert date_of(numbers, order) == day
