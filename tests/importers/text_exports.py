"""Writes conversations as text files of chat services, for tests that read them back."""

from __future__ import annotations

import csv
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


def line(said: Sequence[Said]) -> str:
    """A chat history, with a line above each day."""
    rows = ["[LINE] Chat history with Ada", "Saved on: 2024/01/01 10:00"]
    day = None
    for at, name, text in said:
        if at.date() != day:
            day = at.date()
            rows += ["", f"{day:%Y/%m/%d(%a)}"]
        quoted = '"' + text.replace('"', '""') + '"' if "\n" in text else text
        rows.append(f"{at:%H:%M}\t{name}\t{quoted}")
    return "\n".join([*rows, ""])


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
