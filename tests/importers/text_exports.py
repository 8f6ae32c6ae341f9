"""Writes conversations as text files of chat services, for tests that read them back."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Sequence
from datetime import datetime

Said = tuple[datetime, str, str]  # when, who, what

# --- WhatsApp ---

STAMPS = [
    ("%d/%m/%y, %H:%M - ", "dmy", 60),
    ("%m/%d/%y, %I:%M\u202f%p - ", "mdy", 60),
    ("%d.%m.%Y klo %H.%M - ", "dmy", 60),
    ("[%d.%m.%y, %H:%M:%S] ", "dmy", 1),
    ("[%m/%d/%y, %I:%M:%S\u202f%p] ", "mdy", 1),
    ("%Y/%m/%d %H:%M - ", "ymd", 60),
]


def whatsapp(said: Sequence[Said], stamp: str) -> str:
    """A chat exported by a phone that writes such stamps."""
    return "".join(f"{at.strftime(stamp)}{name}: {text}\n" for at, name, text in said)


# --- LINE ---


Written = Callable[[datetime], str]


def line(
    said: Sequence[Said],
    date_separator: Written = lambda at: f"{at:%Y/%m/%d(%a)}",
    clock: Written = lambda at: f"{at:%H:%M}",
    head: Sequence[str] = ("[LINE] Chat history with Ada", "Saved on: 2024/01/01 10:00"),
) -> str:
    """A chat history, with a line above each day."""
    rows = list(head)
    day = None
    for at, name, text in said:
        if at.date() != day:
            day = at.date()
            rows += ["", date_separator(at)]
        quoted = '"' + text.replace('"', '""') + '"' if "\n" in text else text
        rows.append(f"{clock(at)}\t{name}\t{quoted}")
    return "\n".join([*rows, ""])


# --- dates and times as telephones write them ---

ORDERS = {"ymd": ("y", "m", "d"), "dmy": ("d", "m", "y"), "mdy": ("m", "d", "y")}
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


def numeric(order: str, joint: str, padded: bool, years_ahead: int = 0) -> Written:
    """A date in numbers; Thai years are 543 ahead."""

    def written(at: datetime) -> str:
        width = 2 if padded else 1
        parts = {"y": f"{at.year + years_ahead}", "m": f"{at.month:0{width}}"}
        parts["d"] = f"{at.day:0{width}}"
        return joint.join(parts[part] for part in ORDERS[order])

    return written


def in_units(year: str, month: str, day: str, space: str = "") -> Written:
    """A date as it is written in Korean, Japanese and Chinese."""
    return lambda at: f"{at.year}{year}{space}{at.month}{month}{space}{at.day}{day}"


def era(at: datetime) -> str:
    """A date after the eras of Japan."""
    year = f"R{at.year - 2018}" if at.year > 2019 else f"H{at.year - 1988}"
    return f"{year}/{at:%m/%d}"


def republic(at: datetime) -> str:
    """A date after the calendar of Taiwan."""
    return f"{at.year - 1911}/{at.month}/{at.day}"


def month_first(at: datetime) -> str:
    """A date as Americans write it."""
    return f"{_MONTHS.split()[at.month - 1]} {at.day}, {at.year}"


def day_first(at: datetime) -> str:
    """A date as others write it in English."""
    return f"{at.day} {_MONTHS.split()[at.month - 1]} {at.year}"


def twelve_hour(before: tuple[str, str] | None, after: tuple[str, str] = ("", "")) -> Written:
    """A clock of twelve hours, with the word for the half of the day before it or after it."""

    def written(at: datetime) -> str:
        late = at.hour >= 12
        return f"{before[late] if before else ''}{(at.hour + 11) % 12 + 1}:{at:%M}{after[late]}"

    return written


CLOCKS: list[Written] = [
    lambda at: f"{at:%H:%M}",
    lambda at: f"{at.hour}:{at:%M}",
    twelve_hour(None, ("AM", "PM")),
    twelve_hour(None, (" AM", " PM")),
    twelve_hour(None, ("\u202fa.m.", "\u202fp.m.")),
    twelve_hour(("오전 ", "오후 ")),
    twelve_hour(("午前", "午後")),
    twelve_hour(("上午", "下午")),
    twelve_hour(("AM ", "PM ")),
]

# --- KakaoTalk ---


def half(at: datetime) -> str:
    return f"{'오전' if at.hour < 12 else '오후'} {(at.hour + 11) % 12 + 1}:{at:%M}"


def windows(said: Sequence[Said]) -> list[str]:
    rows, day = [], None
    for at, name, text in said:
        if at.date() != day:
            day = at.date()
            rows.append(
                f"--------------- {day.year}년 {day.month}월 {day.day}일 목요일 ---------------"
            )
        rows.append(f"[{name}] [{half(at)}] {text}")
    return rows


def android(said: Sequence[Said]) -> list[str]:
    rows, day = [], None
    for at, name, text in said:
        stamp = f"{at.year}년 {at.month}월 {at.day}일 {half(at)}"
        if at.date() != day:
            day = at.date()
            rows += ["", stamp]
        rows.append(f"{stamp}, {name} : {text}")
    return rows


def iphone(said: Sequence[Said]) -> list[str]:
    return [
        f"{at:%b} {at.day}, {at.year}, {at:%I:%M %p}, {name} : {text}" for at, name, text in said
    ]


def iphone_below_days(said: Sequence[Said]) -> list[str]:
    """As some iPhones write it: the time alone, and the day above."""
    rows, day = [], None
    for at, name, text in said:
        if at.date() != day:
            day = at.date()
            weekday = "월화수목금토일"[day.weekday()]
            rows += ["", f"{day.year}년 {day.month}월 {day.day}일 {weekday}요일"]
        rows.append(f"{half(at)}, {name} : {text}")
    return rows


def stamped(day: Written, clock: Written, between: str = " ") -> Callable[..., list[str]]:
    """A telephone that writes such stamps."""

    def rows(said: Sequence[Said]) -> list[str]:
        return [f"{day(at)}{between}{clock(at)}, {name} : {text}" for at, name, text in said]

    return rows


def framed(day: Written, clock: Written) -> Callable[..., list[str]]:
    """A computer with Windows that writes such days and times."""

    def rows(said: Sequence[Said]) -> list[str]:
        found, last = [], None
        for at, name, text in said:
            if at.date() != last:
                last = at.date()
                found.append(f"{'-' * 15} {day(at)} {'-' * 15}")
            found.append(f"[{name}] [{clock(at)}] {text}")
        return found

    return rows


def kakaotalk(said: Sequence[Said], device: Callable[[Sequence[Said]], list[str]]) -> str:
    """A text file of one of the devices."""
    return "\n".join(["Ada 님과 카카오톡 대화", "저장한 날짜 : 2024", *device(said), ""])


def mac(said: Sequence[Said]) -> str:
    """The CSV of the Mac."""
    out = io.StringIO()
    out.write("Date,User,Message\n")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows((f"{at:%Y-%m-%d %H:%M:%S}", name, text) for at, name, text in said)
    return out.getvalue()


# --- Viber ---


def viber(
    said: Sequence[Said],
    date: str = "%d/%m/%Y",
    clock: str = "%H:%M:%S",
    joint: str = ",",
    quoted: bool = False,
) -> str:
    """An exported chat. Texts are quoted by no rule, or all of them."""
    rows = []
    for at, name, text in said:
        if quoted:
            text = '"' + text.replace('"', '""') + '"'
        rows.append(joint.join([at.strftime(date), at.strftime(clock), name, "+15550100", text]))
    return "\n".join([*rows, ""])


# --- imessage-exporter ---


def imessage_exporter(
    said: Sequence[Said], stamp: str = "{0:%b %d, %Y} {1:>2}:{0:%M:%S %p}"
) -> str:
    """A chat of a group, with a gap behind every message."""
    return "".join(
        f"{stamp.format(at, (at.hour + 11) % 12 + 1)}\n{name}\n{text}\n\n"
        for at, name, text in said
    )


def imessage_page(said: Sequence[Said]) -> str:
    """The same as a page, with an id for each message."""
    blocks = [
        f"""
<div class="message">
    <div class="received">
        <p>
            <span class="timestamp">
                <a href="sms://open?message-guid=GUID-{number}">{at:%b %d, %Y %I:%M:%S %p}</a>
            </span>
            <span class="sender">{html.escape(name)}</span>
        </p>
        <hr>
<div class="message_part">
    <span class="bubble">{html.escape(text)}</span>
    </div>
    </div>
</div>
"""
        for number, (at, name, text) in enumerate(said)
    ]
    return f'<!DOCTYPE html>\n<html>\n<meta charset="UTF-8">\n{"".join(blocks)}</html>\n'
