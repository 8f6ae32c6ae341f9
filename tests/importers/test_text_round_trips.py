"""Any conversation, written as a service exports it, is read back word for word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from text_exports import (
    CLOCKS,
    STAMPS,
    Said,
    Written,
    android,
    day_first,
    era,
    framed,
    in_units,
    iphone,
    iphone_below_days,
    kakaotalk,
    line,
    mac,
    month_first,
    numeric,
    republic,
    stamped,
    whatsapp,
    windows,
)

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.kakaotalk.lines import read_line
from chatmimic.importers.kakaotalk.system_messages import is_event
from chatmimic.importers.parsing.dates.date_separators import WEEKDAY_ROWS
from chatmimic.importers.whatsapp.system_notices import open_quote
from chatmimic.importers.whatsapp.timestamps import stamped as whatsapp_stamp

QUIET = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
# Everything but controls, which are taken out wherever a text comes from, and WhatsApp's own mark.
SIGNS = st.characters(
    exclude_categories=["Cs", "Cc"], include_characters="\t", exclude_characters="\u200e"
)
PIECES = st.sampled_from(
    ["\n", "\n\n", '"', '""', ": ", " : ", "[", "] [", " - ", "<", ">", "[2:37 PM] ", "10:05",
     "\u2028", "1/2/24", ", ", "null", "☎", "~", "*", "@", "\u202f", "年", "오후 ", ","]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(SIGNS, max_size=8), max_size=8).map("".join)
NAMES = (
    st.lists(st.sampled_from(["[", "]", "(", ":", '"', "<", " ", "3", "é"]) | SIGNS, max_size=8)
    .map("".join)
    .map(lambda name: " ".join(name.split()))
)


def named(name: str) -> bool:
    """Whether a name has a sign to it that is no mark of direction, and parts from a text."""
    bare = name.strip("\u061c\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff~ ")
    return bool(bare) and bare == name and not any(b in name for b in (": ", " :", "] ["))


@st.composite
def conversations(draw: st.DrawFn, second: int = 60) -> list[Said]:
    names = draw(st.lists(NAMES.filter(named), min_size=1, max_size=3, unique=True))
    at = draw(st.datetimes(datetime(2013, 1, 1), datetime(2023, 1, 1)))
    at = at.replace(microsecond=0, second=at.second if second == 1 else 0)
    said: list[Said] = []
    for _ in range(draw(st.integers(1, 6))):
        said.append((at, draw(st.sampled_from(names)), draw(TEXTS)))
        at += timedelta(seconds=second * draw(st.integers(0, 3 * 86_400 // second)))
    return said


def read_back(path: Path, text: str, format_: str, order: str | None = None) -> list[Said]:
    path.write_bytes(text.encode())
    report = ImportReport()
    options = ImportOptions(tz="UTC", date_order=order)
    messages = list(read_exports(path, options, report))
    assert report.format == format_
    assert report.left_out["unparsed"] == 0
    return [
        (
            datetime.fromtimestamp((m.sent_at or 0) / 1000, UTC).replace(tzinfo=None),
            m.sender,
            m.text,
        )
        for m in messages
    ]


def later_lines(said: Sequence[Said]) -> list[str]:
    return [row for _, _, text in said for row in text.split("\n")[1:]]


# --- WhatsApp ---


def colon_in_the_name(said: Sequence[Said]) -> bool:
    """Whether somebody always begins alike up to a colon, so that it looks like their name."""
    starts: dict[str, list[str]] = defaultdict(list)
    for _, name, text in said:
        starts[name].append(text.split("\n")[0].partition(": ")[0])
    return any(len(some) > 2 and len(set(some)) == 1 for some in starts.values())


@pytest.mark.parametrize(("stamp", "order", "second"), STAMPS)
@given(data=st.data())
@QUIET
def test_whatsapp(stamp: str, order: str, second: int, data: st.DataObject, tmp_path: Path) -> None:
    said = data.draw(conversations(second))
    assume(not any(whatsapp_stamp(row) for row in later_lines(said)))
    assume(not colon_in_the_name(said))
    assume(not any(open_quote(name, text) for _, name, text in said))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    # Within a message a phone writes the same ends of lines.
    text = whatsapp(said, stamp).replace("\n", end)
    assert read_back(tmp_path / "chat.txt", text, "WhatsApp", order) == said


# --- LINE ---


@given(
    said=conversations(), end=st.sampled_from(["\n", "\r\n"]), mark=st.sampled_from(["", "\ufeff"])
)
@QUIET
def test_line(said: list[Said], end: str, mark: str, tmp_path: Path) -> None:
    assume(not any(":" in row[:8] and "\t" in row for row in later_lines(said)))
    whole = mark + line(said).replace("\n", end)
    assert read_back(tmp_path / "chat.txt", whole, "LINE") == said


DATES = [
    *(
        (numeric(order, joint, padded), order)
        for order in ("ymd", "dmy", "mdy")
        for joint in "/.-"
        for padded in (True, False)
    ),
    (numeric("ymd", ". ", False), "ymd"),
    (numeric("dmy", "/", True, years_ahead=543), "dmy"),
    (numeric("ymd", "/", False, years_ahead=543), "ymd"),
    (in_units("年", "月", "日"), "ymd"),
    (in_units("년", "월", "일", " "), "ymd"),
    (era, "ymd"),
    (republic, "ymd"),
    (month_first, "ymd"),
    (day_first, "ymd"),
]
BESIDE = ["{0}({1})", "{0}（{1}）", "{0} ({1})", "{0} {1}", "{1}, {0}", "{1}. {0}"]


@st.composite
def day_lines(draw: st.DrawFn) -> tuple[Written, str | None]:
    """How a telephone writes its days, and the order of their numbers."""
    date, order = draw(st.sampled_from(DATES))
    days = draw(st.sampled_from(WEEKDAY_ROWS)).split()
    names = [draw(st.sampled_from(day.split("/"))).replace("_", " ") for day in days]
    beside = draw(st.sampled_from(BESIDE))
    if not names[0].isascii() and draw(st.booleans()):
        beside = "{0}{1}"
    return lambda at: beside.format(date(at), names[at.weekday()].title()), order


@given(said=conversations(), day=day_lines(), clock=st.sampled_from(CLOCKS), titled=st.booleans())
@QUIET
def test_line_of_every_telephone(
    said: list[Said], day: tuple[Written, str], clock: Written, titled: bool, tmp_path: Path
) -> None:
    assume(not any(":" in row[:12] and "\t" in row for row in later_lines(said)))
    head = ["[LINE] Chat history with Ada", "Saved on: 2024/01/01 10:00"] if titled else []
    whole = line(said, day[0], clock, head)
    assert read_back(tmp_path / "chat.txt", whole, "LINE", day[1]) == said


# --- KakaoTalk ---


@pytest.mark.parametrize("device", [windows, android, iphone, iphone_below_days])
@given(said=conversations(), end=st.sampled_from(["\n", "\r\n"]))
@QUIET
def test_kakaotalk(
    device: Callable[[Sequence[Said]], list[str]], said: list[Said], end: str, tmp_path: Path
) -> None:
    read_back_kakaotalk(said, device, end, tmp_path)


def read_back_kakaotalk(
    said: list[Said],
    device: Callable[[Sequence[Said]], list[str]],
    end: str,
    folder: Path,
    order: str | None = None,
) -> None:
    names = {name for _, name, _ in said}
    later = later_lines(said)
    assume(not any(read_line(row, clocks=True) or is_event(row, names) for row in later))
    # What a message has of empty lines at its end cannot be told from those above a new day.
    said = [(at, name, text.rstrip("\n")) for at, name, text in said]
    whole = kakaotalk(said, device).replace("\n", end)
    assert read_back(folder / "chat.txt", whole, "KakaoTalk", order) == said


UNITS = [(in_units("년", "월", "일", " "), None), (in_units("年", "月", "日"), None)]
WRITTEN_MONTHS = [(month_first, None), (day_first, None)]
STAMPED_DATES = [*UNITS, *WRITTEN_MONTHS, *DATES[:19]]  # of those in numbers, all but eras


@given(
    said=conversations(),
    date=st.sampled_from(STAMPED_DATES),
    clock=st.sampled_from(CLOCKS),
    between=st.sampled_from([" ", ", ", " at "]),
)
@QUIET
def test_kakaotalk_of_every_telephone(
    said: list[Said],
    date: tuple[Written, str | None],
    clock: Written,
    between: str,
    tmp_path: Path,
) -> None:
    read_back_kakaotalk(said, stamped(date[0], clock, between), "\n", tmp_path, date[1])


@given(
    said=conversations(),
    date=st.sampled_from([*UNITS, *WRITTEN_MONTHS]),
    weekday=st.sampled_from(["{} 목요일", "Thursday, {}", "{}木曜日", "{}"]),
    clock=st.sampled_from(CLOCKS),
)
@QUIET
def test_kakaotalk_of_every_windows(
    said: list[Said], date: tuple[Written, None], weekday: str, clock: Written, tmp_path: Path
) -> None:
    device = framed(lambda at: weekday.format(date[0](at)), clock)
    read_back_kakaotalk(said, device, "\n", tmp_path)


@given(said=conversations(second=1))
@QUIET
def test_kakaotalk_of_the_mac(said: list[Said], tmp_path: Path) -> None:
    assert read_back(tmp_path / "chat.csv", mac(said), "KakaoTalk") == said
