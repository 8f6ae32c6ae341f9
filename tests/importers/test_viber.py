"""Viber: rows in every way of writing dates, cells and clocks; kinds; any conversation back."""

from __future__ import annotations

from datetime import datetime
from itertools import product
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_text_round_trips import QUIET, conversations, later_lines, read_back
from text_exports import Said, viber

from chatmimic.errors import ExportError
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.viber.rows import read_row
from chatmimic.importers.viber.system_messages import kind_of
from chatmimic.records import Kind, Message


def read(folder: Path, text: str, name: str = "x.csv") -> tuple[list[Message], ImportReport]:
    (folder / name).write_text(text, encoding="utf-8")
    report = ImportReport()
    options = ImportOptions(tz="UTC", date_order="dmy")
    return list(read_exports(folder / name, options, report)), report


@pytest.mark.parametrize(
    ("raw", "name", "number", "text"),
    [
        ("05/01/2024,15:04:05,Bo,+15550100,hi", "Bo", "+15550100", "hi"),
        ("05/01/2024,15:04:05,Bo,+15550100,a, b, c", "Bo", "+15550100", "a, b, c"),
        ("05/01/2024,15:04:05,Bo,+15550100,", "Bo", "+15550100", ""),
        ("05/01/2024,15:04:05,Doe, Ada,+15550100,hi", "Doe, Ada", "+15550100", "hi"),
        ("05/01/2024,15:04:05,Bo,,hi, 12345678, you", "Bo", "", "hi, 12345678, you"),
        ("05/01/2024,15:04:05,Bo,hidden,hi", "Bo", "hidden", "hi"),
        ("05/01/2024, 15:04, Bo, +1 555 01-00, hi", "Bo", "+1 555 01-00", " hi"),
        ("5.1.24;9.05;Bo;+15550100;hi; you", "Bo", "+15550100", "hi; you"),
        ("2024-01-05\t9:05 PM\tBo\t+15550100\thi", "Bo", "+15550100", "hi"),
        ('="05/01/2024"\t="15:04:05"\t="Bo"\t="+15550100"\t"hi"', "Bo", "+15550100", '"hi"'),
        ('"05/01/2024","15:04:05","Bo","+15550100","hi"', "Bo", "+15550100", '"hi"'),
    ],
)
def test_cells(raw: str, name: str, number: str, text: str) -> None:
    row = read_row(raw)
    assert row is not None
    assert (row.name, row.number, row.text) == (name, number, text)


@pytest.mark.parametrize(
    "raw",
    [
        "", "hi", "05/01/2024", "05/01/2024,15:04:05,Bo", "05/01/2024,25:04:05,Bo,+1,hi",
        "05/01/2024,15:04 maybe,Bo,+15550100,hi", "5,1,2024,15:04,Bo,+15550100,hi",
        "date,time,name,number,text",
    ],
)  # fmt: skip
def test_what_is_no_row(raw: str) -> None:
    assert read_row(raw) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Photo message", Kind.MEDIA), ("Voice message (0:12)", Kind.MEDIA),
        ("Sticker", Kind.MEDIA), ("Фотоповідомлення", Kind.MEDIA), ("Autocollant", Kind.MEDIA),
        ("Missed call", Kind.CALL), ("Пропущений виклик", Kind.CALL),
        ("This message was deleted", Kind.DELETED), ("Bo joined the group", Kind.TEXT),
        ("a photo message from her", Kind.TEXT), ("sticker", Kind.TEXT), ("Call", Kind.TEXT),
    ],
)  # fmt: skip
def test_kinds(text: str, kind: Kind) -> None:
    assert kind_of(text) is kind


def test_a_number_of_several_people_is_nobodys_key(tmp_path: Path) -> None:
    rows = "".join(
        f"05/01/2024,15:04:0{n},{name},+15550100,hi {n}\n"
        for n, name in enumerate(("Bo", "Di", "Me"))
    )
    messages, _ = read(tmp_path, rows)
    assert [(m.sender, m.sender_key) for m in messages] == [
        ("Bo", "Bo"),
        ("Di", "Di"),
        ("Me", "Me"),
    ]


@pytest.mark.parametrize(
    ("file", "thread"),
    [
        ("Messages - Ada Lovelace.csv", "Ada Lovelace"), ("Messages - Ada (2).csv", "Ada"),
        ("Сообщения - Ада.csv", "Ада"), ("Looms.csv", "Looms"),
    ],
)  # fmt: skip
def test_the_chat_is_named_by_the_file(file: str, thread: str, tmp_path: Path) -> None:
    messages, _ = read(tmp_path, "05/01/2024,15:04:05,Bo,+15550100,hi\n", file)
    assert [m.thread for m in messages] == [thread]


@pytest.mark.parametrize(
    ("rows", "known"),
    [
        ("05/01/2024,15:04:05,Bo,,hi\n05/01/2024,15:05:05,Di,,hello\n", True),
        (
            "05/01/2024,15:04:05,Bo,+15550100,hi\n05/01/2024,15:05:05,Di,hidden,hello\n"
            "05/01/2024,15:06:05,Di,,hello\n",
            True,
        ),
        ("05/01/2024,15:04:05,Bo,hi,how are you\n05/01/2024,15:05:05,Di,well,and you?\n", False),
    ],
)
def test_a_file_is_vibers_by_its_column_of_numbers(rows: str, known: bool, tmp_path: Path) -> None:
    if known:
        assert read(tmp_path, rows)[1].format == "Viber"
    else:
        with pytest.raises(ExportError):
            read(tmp_path, rows)


def test_lines_above_the_first_row_make_it_no_file_of_vibers(tmp_path: Path) -> None:
    head = "date,time,sender,phone,text\n"
    messages, report = read(tmp_path, f"{head}2024-01-05,15:04:05,Bo,+15550100,hi\n")
    assert report.format == "table with named columns"
    assert [m.text for m in messages] == ["hi"]


ORDERS = ["dmy", "mdy", "ymd"]
DAY_PERIODS = [("", ""), (" AM", " PM"), (" a.m.", " p.m."), ("上午", "下午"), ("오전 ", "오후 ")]


def dated(at: datetime, order: str, sign: str, padded: bool, long: bool) -> str:
    """A date in this order, as one of the ways to write it."""
    day, month = (f"{n:02}" if padded else str(n) for n in (at.day, at.month))
    parts = {"d": day, "m": month, "y": str(at.year) if long else f"{at.year % 100:02}"}
    return sign.join(parts[letter] for letter in order)


def clocked(at: datetime, halves: tuple[str, str], padded: bool, seconds: bool) -> str:
    """A time of day in 24 hours, or with a word for its half before it or after it."""
    half = halves[at.hour >= 12]
    hour = (at.hour + 11) % 12 + 1 if half else at.hour
    text = f"{hour:02}" if padded else str(hour)
    text += f":{at:%M:%S}" if seconds else f":{at:%M}"
    return f"{half}{text}" if half and half[0] != " " else f"{text}{half}"


@given(
    said=conversations(), sign=st.sampled_from("/.-"), order=st.sampled_from(["dmy", "mdy", "ymd"]),
    padded=st.booleans(), long=st.booleans(), halves=st.sampled_from(DAY_PERIODS),
    joint=st.sampled_from(",;\t"), quoted=st.booleans(), end=st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
@QUIET
def test_any_conversation_with_any_shape_of_dates(
    said: list[Said], sign: str, order: str, padded: bool, long: bool, halves: tuple[str, str],
    joint: str, quoted: bool, end: str, tmp_path: Path,
) -> None:  # fmt: skip
    names = {name for _, name, _ in said}
    assume(not any(joint in name or '"' in name or name != name.strip() for name in names))
    assume(not any(name.lstrip("=") != name for name in names))
    assume(not any(read_row(row) for row in later_lines(said)))
    if not quoted:  # a mark at the head of a text would look like a cell's own
        said = [(at, name, text.lstrip('"')) for at, name, text in said]
    rows = []
    for at, name, text in said:
        cell = '"' + text.replace('"', '""') + '"' if quoted else text
        cells = dated(at, order, sign, padded, long), clocked(at, halves, padded, True)
        rows.append(joint.join([*cells, name, "+15550100", cell]))
    whole = "\n".join([*rows, ""]).replace("\n", end)
    assert read_back(tmp_path / "Messages - Ada.csv", whole, "Viber", order) == said


@pytest.mark.parametrize(
    ("order", "sign", "padded", "long"), [*product(ORDERS, "/.-", [True, False], [True, False])]
)
def test_a_month_of_days_in_every_shape(
    order: str, sign: str, padded: bool, long: bool, tmp_path: Path
) -> None:
    days = [datetime(2024, 3, day, 9, 5) for day in range(1, 32)]
    rows = "".join(f"{dated(at, order, sign, padded, long)},9:05,Bo,+15550100,hi\n" for at in days)
    assert [at for at, _, _ in read_back(tmp_path / "x.csv", rows, "Viber")] == days


def test_the_writer_of_the_tests_is_read(tmp_path: Path) -> None:
    said = [(datetime(2024, 1, 25, 15, 4, 5), "Bo", "a, b\nc")]
    assert read_back(tmp_path / "x.csv", viber(said), "Viber") == said
