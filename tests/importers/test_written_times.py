"""Times written for people, in the languages that services write."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.importers import Context, ImportOptions, ImportReport
from chatmimic.importers.parsing.dates.localized_times import WrittenTimes, parse_localized
from chatmimic.importers.parsing.dates.months import month_named, rows
from chatmimic.importers.sources import Source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oct 19, 2019, 2:37 PM", "2019-10-19 14:37:00"),
        ("Oct 19, 2019 at 2:37\u202fPM", "2019-10-19 14:37:00"),
        ("19 Oct 2019, 14:37", "2019-10-19 14:37:00"),
        ("Oct 19, 2019, 12:07:05 AM", "2019-10-19 00:07:05"),
        ("Jan 08, 2026 4:41 am", "2026-01-08 04:41:00"),
        ("ene. 15, 2024 10:30 am", "2024-01-15 10:30:00"),
        ("Friday, October 4, 2013 at 10:05pm PDT", "2013-10-05 05:05:00 UTC"),
        ("Friday, 4 October 2013 at 22:05 UTC+02:00", "2013-10-04 20:05:00 UTC"),
        ("vendredi 4 octobre 2013, 22:05 UTC+02", "2013-10-04 20:05:00 UTC"),
        ("Freitag, 4. Oktober 2013 um 22:05 MESZ", "2013-10-04 20:05:00 UTC"),
        ("4. oktober 2013 kl. 22:05 UTC-07", "2013-10-05 05:05:00 UTC"),
        ("Saturday, July 9, 2022 at 2:03:54\u202fPM UTC", "2022-07-09 14:03:54 UTC"),
        ("sábado, 9 de julio de 2022, 2:03:54 p.\u00a0m. UTC", "2022-07-09 14:03:54 UTC"),
        ("sábado, 9 de julho de 2022 às 14:03", "2022-07-09 14:03:00"),
        ("sabato 9 luglio 2022 alle ore 14:03:54 UTC", "2022-07-09 14:03:54 UTC"),
        ("sobota, 9 lipca 2022 14:03:54 UTC", "2022-07-09 14:03:54 UTC"),
        ("2022. július 9., szombat 14:03:54 UTC", "2022-07-09 14:03:54 UTC"),
        ("lauantai 9. heinäkuuta 2022 klo 14.03.54 UTC", "2022-07-09 14:03:54 UTC"),
        ("lørdag den 9. juli 2022 kl. 14.03", "2022-07-09 14:03:00"),
        ("9 Temmuz 2022 Cumartesi 14:03", "2022-07-09 14:03:00"),
        ("суббота, 9 июля 2022 г., 14:03:54 UTC", "2022-07-09 14:03:54 UTC"),
        ("9 tháng 7, 2022 lúc 14:03", "2022-07-09 14:03:00"),
        ("2022年7月9日土曜日 14:03:54 UTC", "2022-07-09 14:03:54 UTC"),
        ("2024년 1월 1일 오후 3:45", "2024-01-01 15:45:00"),
        ("2024年1月1日 下午3:45", "2024-01-01 15:45:00"),
        ("mar. 5 mar. 2019, 14:37", "2019-03-05 14:37:00"),
        ("mar. 9 mai 2022 à 14h03", "2022-05-09 14:03:00"),
        ("19.10.2019, 14.37", "2019-10-19 14:37:00"),
        ("19/10/2019, 2:37 PM", "2019-10-19 14:37:00"),
        ("2019-10-19 14:37", "2019-10-19 14:37:00"),
        ("الجمعة، ٤ أكتوبر ٢٠١٣ ١٠:٠٥ م", "2013-10-04 22:05:00"),
        ("Feb 30, 2019 1:00 PM", "-"),
        ("Oct 19, 2019 1:00 PM UTC+99:00", "-"),
        ("Oct 19, 2019 25:61", "-"),
        ("hello at 12:30", "-"),
        ("Oct 19, 2019", "-"),
        ("May 5 10:30", "-"),
        ("12:30", "-"),
        ("", "-"),
        ("9" * 200, "-"),
        ("Oct 19, 2019, 2:37 PM and so on " + "x" * 100, "-"),
    ],
)
def test_a_time_is_read(text: str, expected: str) -> None:
    report = ImportReport()
    at = times(report).of(text)
    zoned = "--tz" not in " ".join(report.notes)
    shown = "-"
    if at is not None:
        moment = datetime.fromisoformat("1970-01-01T00:00:00+00:00").timestamp() + at / 1000
        shown = f"{datetime.utcfromtimestamp(moment)}" + (" UTC" if zoned else "")
    assert shown == expected
    assert report.repairs["impossible time"] == (expected == "-")


def times(report: ImportReport, order: str = "dmy", tz: str | None = None) -> WrittenTimes:
    return WrittenTimes(Context(Source(Path(), []), ImportOptions(tz=tz), report), order)


def test_the_order_of_three_numbers_is_the_file_s() -> None:
    assert times(ImportReport(), "dmy").of("3/4/2019 10:00") != times(ImportReport(), "mdy").of(
        "3/4/2019 10:00"
    )
    written = parse_localized("3/4/2019 10:00")
    assert written is not None
    assert (written.numbers, written.date) == (("3", "4", "2019"), "3/4/2019")


def test_a_zone_of_two_meanings_is_said_and_can_be_overruled() -> None:
    report, text = ImportReport(), "Oct 4, 2013 at 10:05pm CST"
    assert times(report).of(text) == 1380945900000
    assert report.notes == [
        '"CST" names more than one time zone and was read as UTC-6:00; '
        "to read such times as local, give a zone such as --tz Europe/Berlin."
    ]
    report = ImportReport()
    assert times(report, tz="Asia/Shanghai").of(text) == 1380895500000
    assert report.notes == []


def test_no_form_of_a_month_stands_for_two() -> None:
    meanings: dict[str, set[int]] = defaultdict(set)
    for row in rows():
        months = row.split()
        assert len(months) == 12, row
        for number, forms in enumerate(months, 1):
            for form in forms.split("/"):
                meanings[form.casefold()].add(number)
    assert {form: some for form, some in meanings.items() if len(some) > 1} == {}
    assert month_named("Sept.") == 9
    assert month_named("monday") is None


@given(
    st.sampled_from(rows()),
    st.datetimes(datetime(2000, 1, 1), datetime(2024, 1, 1)),
    st.integers(0, 5),
    st.sampled_from(
        ["{d} {m} {y}, {h}", "{m} {d}, {y} {h}", "{y}. {m} {d}., {h}", "{d}. {m} {y} {h}"]
    ),
)
@settings(deadline=None, max_examples=200)
def test_every_month_of_every_language_is_read(
    row: str, at: datetime, form: int, shape: str
) -> None:
    forms = row.split()[at.month - 1].split("/")
    month = forms[form % len(forms)].capitalize()
    text = shape.format(d=at.day, m=month, y=at.year, h=f"{at:%H:%M:%S}")
    written = parse_localized(text)
    assert written is not None
    assert written.day == (at.year, at.month, at.day)
    assert written.clock == (at.hour, at.minute, at.second)
