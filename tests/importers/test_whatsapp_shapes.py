"""A chat of WhatsApp's is read back whole, however the phone writes its dates and times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, chain, repeat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from text_exports import (
    CLOCKS,
    ORDERS,
    Said,
    Written,
    era,
    in_units,
    numeric,
    republic,
    twelve_hour,
)

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.parsing.dates.months import rows

NAMES = ["Mira", "Bob", "Tove van Dam", "~ Ingrid", "میرا", "美羅", "+44 7700 900124"]
TEXTS = [
    "kettle on", "", "it is 10:05", "1/2/24", "two\nlines", "\n\n", "no - yes", "[x] ok",
    '"quoted"', "お茶", "so it is\n\n- 2024 -\n", "pm",
]  # fmt: skip
DIGITS = [
    "0123456789",
    "٠١٢٣٤٥٦٧٨٩",
    "۰۱۲۳۴۵۶۷۸۹",
    "०१२३४५६७८९",
    "০১২৩৪৫৬৭৮৯",
    "０１２３４５６７８９",
]
AROUND = [("", " - "), ("", " – "), ("", ": "), ("[", "] "), ("\u200e[", "] "), ("［", "］ ")]
BETWEEN = [" ", ", ", "\u00a0", ",\u202f", "، ", "،\u200f ", " um ", " à ", " klo ", " (목) ", ". "]
MORE_CLOCKS: list[Written] = [
    lambda at: f"{at:%H:%M:%S}",
    lambda at: f"{at:%H.%M}",
    lambda at: f"{at:%H.%M.%S}",
    lambda at: f"{at:%H:%M} Uhr",
    lambda at: f"{at:%H:%M} ч.",
    lambda at: f"{at.hour} h {at:%M}",
    lambda at: f"{at.hour}時{at:%M}分",
    twelve_hour(None, ("\u202fص", "\u202fم")),
    twelve_hour(None, (" a.\u00a0m.", " p.\u00a0m.")),
    twelve_hour(None, (" de.", " du.")),
    twelve_hour(None, (" fm", " em")),
    twelve_hour(None, (" SA", " CH")),
    twelve_hour(None, (" π.μ.", " μ.μ.")),
    twelve_hour(None, (" पूर्वाह्न", " अपराह्न")),
    twelve_hour(None, (" ق.ظ.", " ب.ظ.")),
    twelve_hour(None, (" pre podne", " po podne")),
    twelve_hour(("ÖÖ ", "ÖS ")),
    twelve_hour(("午前 ", "午後 ")),
]


def short(order: str, joint: str, padded: bool, years_ahead: int = 0) -> Written:
    """A date in numbers, with two for the year."""
    whole = numeric(order, joint, padded, years_ahead)
    return lambda at: whole(at).replace(f"{at.year + years_ahead}", f"{at.year + years_ahead}"[2:])


# The Persian years of 2013 to 2023, from the first of their first month on.
_PERSIAN_MONTHS = [
    (year, month, length)
    for year in range(1391, 1403)
    for month, length in enumerate((*[31] * 6, *[30] * 5, 30 if year in (1391, 1395, 1399) else 29))
]
_PERSIAN = {
    date(2012, 3, 20) + timedelta(number): (year, month + 1, day)
    for number, (year, month, day) in enumerate(
        chain.from_iterable(
            zip(repeat(year), repeat(month), range(1, length + 1), strict=False)
            for year, month, length in _PERSIAN_MONTHS
        )
    )
}


def persian(at: datetime) -> str:
    return "/".join(map(str, _PERSIAN[at.date()]))


def persian_day_first(at: datetime) -> str:
    return "-".join(map(str, reversed(_PERSIAN[at.date()])))


def in_words(row: str, shape: str) -> Written:
    """A date with the name of its month, in one language."""
    months = [month.split("/")[-1] for month in row.split()]
    return lambda at: shape.format(d=at.day, m=months[at.month - 1], y=at.year)


DATES = [
    *(
        (made(order, joint, padded), order)
        for made in (numeric, short)
        for order in ORDERS
        for joint in ("/", ".", "-", ". ")
        for padded in (True, False)
    ),
    *((made("dmy", "/", False, 543), "dmy") for made in (numeric, short)),
    (numeric("ymd", "-", True, 543), None),
    (persian, None),
    (persian_day_first, "dmy"),
    (in_units("年", "月", "日"), None),
    (in_units("년", "월", "일", " "), None),
    (era, None),
    (republic, None),
]
WORDED = st.builds(
    in_words,
    st.sampled_from(rows()),
    st.sampled_from(
        ["{d} {m} {y}", "{d}. {m} {y}", "{m} {d}, {y}", "{d} de {m} de {y}", "{d}-{m}-{y}",
         "Thu, {d} {m} {y}", "{y}. {m} {d}."]
    ),
)  # fmt: skip


@st.composite
def conversations(draw: st.DrawFn, most: int) -> list[Said]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=3, unique=True))
    gaps = draw(st.lists(st.integers(0, 4000), min_size=1, max_size=most))
    start = draw(st.datetimes(datetime(2013, 1, 1), datetime(2022, 1, 1)))
    minutes = accumulate(gaps, initial=0)
    start = start.replace(second=0, microsecond=0)
    return [
        (start + timedelta(minutes=at), draw(st.sampled_from(names)), draw(st.sampled_from(TEXTS)))
        for at in minutes
    ]


def written(said: Sequence[Said], date_: Written, clock: Written, signs: tuple[str, ...]) -> str:
    digits, around, between = signs[0], signs[1:3], signs[3]
    table = str.maketrans(DIGITS[0], digits)
    return "".join(
        f"{around[0]}{date_(at).translate(table)}{between}{clock(at).translate(table)}{around[1]}"
        f"{name}: {text}\n"
        for at, name, text in said
    )


def check(text: str, said: Sequence[Said], folder: Path, order: str | None = None) -> list[str]:
    """Every message must come back as it was; what is not sure of its date may be another day."""
    path = folder / "WhatsApp Chat with Ada.txt"
    path.write_bytes(text.encode())
    report = ImportReport()
    options = ImportOptions(tz="UTC", date_order=order, format="whatsapp")
    messages = list(read_exports(path, options, report))
    told = [(name.removeprefix("~ "), words) for _, name, words in said]
    assert [(m.sender, m.text) for m in messages] == told
    assert report.left_out["unparsed"] == 0
    times = [datetime.fromtimestamp((m.sent_at or 0) / 1000, UTC) for m in messages]
    if not any(note.startswith("Dates like") for note in report.notes):
        assert [at.replace(tzinfo=None) for at in times] == [at for at, _, _ in said]
    return report.notes


QUIET = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CLOCK = st.sampled_from([*CLOCKS, *MORE_CLOCKS])
SIGNS = st.tuples(st.sampled_from(DIGITS), st.sampled_from(AROUND), st.sampled_from(BETWEEN)).map(
    lambda drawn: (drawn[0], *drawn[1], drawn[2])
)


@given(said=conversations(12), shape=st.sampled_from(DATES), clock=CLOCK, signs=SIGNS)
@QUIET
def test_any_shape(
    said: list[Said],
    shape: tuple[Written, str | None],
    clock: Written,
    signs: tuple[str, ...],
    tmp_path: Path,
) -> None:
    text = written(said, shape[0], clock, signs)
    assert not any(note.startswith("Dates") for note in check(text, said, tmp_path, shape[1]))
    if shape[1] is not None:
        check(text, said, tmp_path)


@given(said=conversations(4), date_=WORDED, clock=CLOCK, signs=SIGNS)
@QUIET
def test_a_month_in_words(
    said: list[Said], date_: Written, clock: Written, signs: tuple[str, ...], tmp_path: Path
) -> None:
    notes = check(written(said, date_, clock, signs), said, tmp_path)
    assert not any(note.startswith("Dates") for note in notes)


@pytest.mark.parametrize("shape", DATES)
def test_a_long_chat_shows_its_order(shape: tuple[Written, str | None], tmp_path: Path) -> None:
    start = datetime(2021, 12, 20, 9, 5)
    said = [(start + timedelta(days=n * 3, hours=n), "Mira", f"{n}") for n in range(60)]
    for around in AROUND[2:4]:
        text = written(said, shape[0], CLOCKS[0], (DIGITS[0], *around, " "))
        assert not any(note.startswith("Dates") for note in check(text, said, tmp_path))
