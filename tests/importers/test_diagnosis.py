"""What the report of an import shows besides its counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.diagnosis import (
    ENOUGH_DAYS,
    LONG_SILENCE,
    MOST_SILENCES,
    silences,
    understood,
)
from chatmimic.records import Kind, Message

DAILY = range(ENOUGH_DAYS)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], []),
        ([5], []),
        (DAILY, []),
        ([*DAILY, 100], [(19, 100)]),
        ([*DAILY, 19 + LONG_SILENCE], [(19, 19 + LONG_SILENCE)]),
        ([*DAILY, 18 + LONG_SILENCE], []),
        ([0, 1000], []),  # two days of talk: their silence says nothing
        (
            [*DAILY, 100, 200, 400, 700],  # the three longest, in order of time
            [(100, 200), (200, 400), (400, 700)],
        ),
    ],
)
def test_silences(days: list[int], expected: list[tuple[int, int]]) -> None:
    assert [(s.last_day, s.next_day) for s in silences(days)] == expected


@given(st.sets(st.integers(0, 5000)))
def test_a_silence_lies_between_neighbouring_days(days: set[int]) -> None:
    found = silences(days)
    assert len(found) <= MOST_SILENCES
    for silence in found:
        assert {silence.last_day, silence.next_day} <= days
        assert not any(silence.last_day < day < silence.next_day for day in days)


def test_understood() -> None:
    report = ImportReport()
    assert understood(report) == 1
    for kind in (Kind.TEXT, Kind.SYSTEM, Kind.OTHER, Kind.MEDIA):
        report.count(Message("Ada", "x", kind=kind), kind)
    assert understood(report) == 0.75


def test_the_first_place_of_each_reason_is_kept() -> None:
    report = ImportReport()
    report.leave_out("duplicate", "a:3")
    report.leave_out("duplicate", "a:9", times=4)
    report.count(Message("", "Ada left", kind=Kind.SYSTEM, source="b:1"), Kind.SYSTEM)
    assert report.left_out == {"duplicate": 5, "system": 1}
    assert report.examples == {"duplicate": "a:3", "system": "b:1"}
    assert report.records == 6


def test_days_and_bots_are_counted_of_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "2024-05-01.log"
    path.write_text(
        "[10:00:00] <ada> hi\n[10:00:01] <ubottu> fact\n[10:00:02] *** Joins: bo (b@c)\n"
    )
    report = ImportReport()
    list(read_exports(path, ImportOptions(), report))
    assert (report.kept, report.by_bots, report.left_out["system"]) == (2, 1, 1)
    assert report.days == {19844: 2}
