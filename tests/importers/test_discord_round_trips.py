"""Any conversation, written as Discord's exporters write it, is read back word for word."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from discord_dates import Manner, manners, units, worded
from discord_exports import (
    ID,
    NAMED,
    csv_new,
    csv_old,
    discord_json,
    html_page,
    pasted_text,
    plain_text,
    snowflake,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.discord.authors import account
from chatmimic.importers.discord.timestamps import Stamp, stamp_of
from chatmimic.records import Message
from chatmimic.text import clean

QUICK = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MANY = settings(QUICK, max_examples=60)
START = 1_600_000_020_000
SIGNS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff")
PIECES = st.sampled_from(
    ["\n", "\n\n", '"', '""', ";", ",", "{Embed}", "[1/2/2024 3:04 PM] ", "Ada", "=" * 62, "<b>",
     "&amp;", "||", "**", "> ", "`", "<!--", "-->", "\u2028", "(edited)", "<@1", "]]>", "👋"]
)  # fmt: skip
TEXTS = (
    st.lists(PIECES | st.text(SIGNS, max_size=8), min_size=1, max_size=8)
    .map("".join)
    .filter(lambda text: not re.search("<(?:[@#/]|a?:|t:)", text))  # these are written out
)
NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12).filter(
    lambda name: account(name) == name and name != "Deleted User"
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Up to six messages of up to three people, minutes apart."""
    people = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    sent_at, messages = START, [Message("", "")]
    for number, text in enumerate(draw(st.lists(TEXTS, min_size=1, max_size=6)), 1):
        sent_at += draw(st.integers(0, 3 * 1440)) * 60_000
        who = draw(st.integers(0, len(people) - 1))
        reply = messages[draw(st.integers(0, number - 1))].message_id
        id_ = snowflake(sent_at, number)
        one = Message(people[who], text, sent_at, sender_key=str(who + 1), message_id=id_)
        messages.append(replace(one, reply_to=reply))
    return messages[1:]


def read(path: Path, **options: str) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(tz="UTC", **options), report)), report  # type: ignore[arg-type]


def compared(
    messages: Sequence[Message], ids: bool, keys: bool, bare: Callable[[str], str]
) -> list[tuple[str, str, int | None, str, str, str]]:
    return [
        (
            m.sender,
            bare(clean(m.text)),
            m.sent_at,
            m.sender_key if keys else "",
            m.message_id if ids else "",
            m.reply_to if ids and bare(clean(m.text)).strip() else "",
        )
        for m in messages
    ]


@given(conversations())
@QUICK
def test_json(tmp_path: Path, messages: list[Message]) -> None:
    found, report = read(discord_json(tmp_path / "x.json", messages))
    assert compared(found, True, True, str) == compared(messages, True, True, str)
    assert {m.thread for m in found} == {ID}
    assert report.left_out["unparsed"] == 0


@pytest.mark.parametrize("write", [csv_new, csv_old])
@given(messages=conversations())
@QUICK
def test_csv(
    write: Callable[[Sequence[Message]], str], messages: list[Message], tmp_path: Path
) -> None:
    path = tmp_path / f"{NAMED}.csv"
    path.write_text(write(messages), encoding="utf-8", newline="")
    found, report = read(path)
    assert compared(found, False, True, str) == compared(messages, False, True, str)
    assert {m.thread for m in found} == {ID}
    assert report.left_out["unparsed"] == 0


def like_the_exporter(text: str) -> bool:
    """Whether a text holds what cannot be told from the exporter's own lines."""
    return any(
        line.startswith("{") or line.startswith("[") or line == "=" * 62
        for line in text.split("\n")
    )


STAMPS = [
    ("%d-%b-%y %I:%M %p", "dmy"),
    ("%m/%d/%Y %I:%M %p", "mdy"),
    ("%d.%m.%Y %H:%M", "dmy"),
    ("%Y-%m-%d %H:%M", "ymd"),
    ("%A, %B %d, %Y %I:%M %p", "dmy"),
]


@pytest.mark.parametrize(("stamp", "order"), STAMPS)
@given(messages=conversations(), end=st.sampled_from(["\n", "\r\n"]))
@QUICK
def test_text(stamp: str, order: str, messages: list[Message], end: str, tmp_path: Path) -> None:
    assume(not any(like_the_exporter(m.text) for m in messages))
    path = tmp_path / f"{NAMED}.txt"
    whole = plain_text(messages, stamp).replace("\n", end)
    path.write_text(whole, encoding="utf-8", newline="")
    found, report = read(path, date_order=order)

    def bare(text: str) -> str:
        return text.strip("\n")

    assert compared(found, False, False, bare) == compared(messages, False, False, bare)
    assert report.notes == []


@given(conversations())
@QUICK
def test_html(tmp_path: Path, messages: list[Message]) -> None:
    # Control characters cannot be written in HTML.
    messages = [replace(m, text=clean(m.text).strip()) for m in messages]
    path = tmp_path / f"{NAMED}.html"
    path.write_text(html_page(messages), encoding="utf-8", newline="")
    found, report = read(path)
    assert compared(found, True, True, str.strip) == compared(messages, True, True, str.strip)
    assert report.notes == []


@given(st.datetimes(datetime(2015, 1, 1), datetime(2026, 1, 1)), st.sampled_from(STAMPS))
@QUICK
def test_stamps(at: datetime, how: tuple[str, str]) -> None:
    stamp, order = how
    found = stamp_of(f"{at:{stamp}}")
    moment = found.moment(order) if isinstance(found, Stamp) else found
    assert moment == at.replace(second=0, microsecond=0)


MANNERS = manners() | manners() | worded() | units()
WORDS = st.lists(
    st.sampled_from(["cogs", "the wheel turns", "so it does 5", "и так", "三つ", "https://x.org"]),
    min_size=1,
    max_size=4,
)


@st.composite
def simple_talk(draw: st.DrawFn) -> list[Message]:
    """Some messages of two people, hours apart, of lines that look like nothing else."""
    sent_at = START + draw(st.integers(0, 1500)) * 86_400_000
    messages = []
    for lines in draw(st.lists(WORDS, min_size=2, max_size=5)):
        sent_at += draw(st.integers(0, 3 * 1440)) * 60_000
        who = draw(st.sampled_from(["Mira Ek", "bo#1815"]))
        messages.append(Message(who, "\n".join(lines), sent_at))
    return messages


def talk_of(messages: Sequence[Message]) -> list[tuple[str, str, int | None]]:
    return [(account(m.sender), m.text, m.sent_at) for m in messages]


@given(messages=simple_talk(), manner=MANNERS)
@MANY
def test_text_with_a_date_of_any_manner(
    messages: list[Message], manner: Manner, tmp_path: Path
) -> None:
    path = tmp_path / f"{NAMED}.txt"
    path.write_text(plain_text(messages, manner.shown), encoding="utf-8")
    found, report = read(path, date_order=manner.order)
    assert talk_of(found) == talk_of(messages)
    assert report.notes == []
    assert report.left_out == {}


@given(messages=simple_talk(), manner=MANNERS)
@MANY
def test_a_paste_with_a_date_of_any_manner(
    messages: list[Message], manner: Manner, tmp_path: Path
) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(pasted_text(messages, manner.shown), encoding="utf-8")
    found, report = read(path, date_order=manner.order, format="discord")
    assert [(account(s), t, at) for s, t, at in talk_of(found)] == talk_of(messages)
    assert report.notes == []
    assert report.left_out == {}
