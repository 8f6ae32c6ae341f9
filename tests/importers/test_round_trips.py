"""Any conversation, written as a service exports it, is read back word for word."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from chat_exports import (
    SIGNAL_STAMPS,
    signal_backup,
    signal_markdown,
    signal_old_quote,
    signal_quote,
    signal_record,
    signal_text,
    slack_ts,
    slack_workspace,
    telegram_json,
    telegram_pages,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.signal.signalbackup_tools import message_start
from chatmimic.records import Message
from chatmimic.text import clean

START = 1_600_000_000_000
# What services themselves take away: space around a text, lone surrogates, other line ends.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\u2028\u2029\ufffc")
CODE = ["\\x1B", "\\\\x41", "a\x1b[0mb", "<b>&amp;</b>", "]]>", "<@U1>", "1 < 2 && 3", "a\n\n> b"]
TEXTS = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=60),
    st.sampled_from(CODE),
    st.text(alphabet="ab <>&;\\x1B\n\t\"'{}[]", min_size=1, max_size=40),
).map(str.strip)
NAMES = st.text(
    st.characters(categories=["L", "N", "P"], exclude_characters="\ufffc"), min_size=1, max_size=12
)
LIKE_A_HEAD = re.compile(r"^\[\d{4}-", re.M)  # chat.md cannot tell these from its own


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Up to eight messages of up to three people, whose times go forward."""
    people = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    texts = draw(st.lists(TEXTS.filter(clean), min_size=1, max_size=8))
    at, messages = START, []
    for number, text in enumerate(texts, 1):
        at += draw(st.integers(1, 3 * 86_400)) * 1000
        who = draw(st.integers(0, len(people) - 1))
        answered = draw(st.integers(0, number - 1))  # 0: none
        reply = str(answered) if answered else ""
        one = Message(people[who], text, at, sender_key=str(who + 1), message_id=str(number))
        messages.append(replace(one, reply_to=reply))
    return messages


def read(path: Path) -> list[Message]:
    return list(read_exports(path, ImportOptions(tz="UTC"), ImportReport()))


Parts = list[tuple[str, str, int | None, str, str, str]]


def parts(messages: Sequence[Message], ids: bool = True) -> Parts:
    return [
        (
            m.sender,
            clean(m.text),
            m.sent_at,
            m.kind.value if clean(m.text).strip() else "other",  # nothing is left of it: empty
            m.message_id if ids else "",
            m.reply_to if ids and clean(m.text).strip() else "",
        )
        for m in messages
    ]


def with_ids(messages: list[Message], name: Callable[[Message], str]) -> list[Message]:
    """The same with a service's own ids."""
    ids = {m.message_id: name(m) for m in messages} | {"": ""}
    return [replace(m, message_id=ids[m.message_id], reply_to=ids[m.reply_to]) for m in messages]


QUICK = settings(deadline=None, max_examples=60)


@given(conversations(), NAMES)
@QUICK
def test_telegram_json(messages: list[Message], name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = read(telegram_json(Path(folder, "result.json"), name, messages))
    assert parts(found) == parts(messages)
    assert {(m.thread, m.thread_title) for m in found} == {("7", name)}
    assert [m.sender_key for m in found] == [f"user{m.sender_key}" for m in messages]


@given(conversations(), NAMES, st.integers(1, 4))
@QUICK
def test_telegram_pages(messages: list[Message], name: str, each: int) -> None:
    # Control characters cannot be written in HTML.
    messages = [replace(m, text=clean(m.text).strip() or "-") for m in messages]
    with tempfile.TemporaryDirectory() as folder:
        found = read(telegram_pages(Path(folder, "ChatExport"), name, messages, each))
    assert parts(found) == parts(messages)
    assert {m.thread for m in found} == {name}


@given(conversations())
@QUICK
def test_slack(messages: list[Message]) -> None:
    messages = with_ids(messages, lambda m: slack_ts(m.sent_at, int(m.message_id)))
    with tempfile.TemporaryDirectory() as folder:
        found = read(slack_workspace(Path(folder, "x"), "general", messages))
    assert parts(found) == parts(messages)
    assert {(m.thread, m.thread_title) for m in found} == {("C1", "general")}


@given(conversations())
@QUICK
def test_signal_backup(messages: list[Message]) -> None:
    messages = with_ids(messages, lambda m: f"{m.sent_at}/{m.sender_key}")
    with tempfile.TemporaryDirectory() as folder:
        found = read(signal_backup(Path(folder, "main.jsonl"), messages))
    assert parts(found) == parts(messages)


def plain(messages: list[Message]) -> list[Message]:
    """Those that Markdown can hold: a name without a colon, a text unlike its own marks."""
    messages = [replace(m, text=clean(m.text).strip()) for m in messages]
    return [
        m
        for m in messages
        if m.text
        and ":" not in m.sender
        and m.sender != "No-Sender"
        and not LIKE_A_HEAD.search(m.text)
        and "\n(" not in m.text
    ]


@pytest.mark.parametrize("files", [("chat.md",), ("data.json",), ("chat.md", "data.json")])
@given(messages=conversations())
@QUICK
def test_signal_folders(files: tuple[str, ...], messages: list[Message]) -> None:
    messages = plain(messages)
    if not messages:
        return
    write = {"chat.md": signal_markdown, "data.json": signal_record}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Grace").mkdir()
        for name in files:
            text = "".join(map(write[name], messages))
            Path(folder, "Grace", name).write_text(text, encoding="utf-8", newline="")
        found = read(Path(folder))
    assert parts(found, ids=False) == parts(messages, ids=False)
    assert {m.thread for m in found} == {"Grace"}


@pytest.mark.parametrize("quote", [signal_quote, signal_old_quote])
@pytest.mark.parametrize("stamp", SIGNAL_STAMPS)
@given(messages=conversations(), quoted=TEXTS.filter(bool))
@QUICK
def test_signal_answers(
    stamp: str, quote: Callable[[str], str], messages: list[Message], quoted: str
) -> None:
    messages = [m for m in plain(messages) if not m.text.startswith(">")]
    quoted = clean(quoted)
    if not messages or LIKE_A_HEAD.search(quoted) or "\n>\n" in f"\n{quoted}\n":
        return
    with tempfile.TemporaryDirectory() as folder:
        text = "".join(signal_markdown(m, stamp, quote(quoted)) for m in messages)
        Path(folder, "chat.md").write_text(text, encoding="utf-8", newline="")
        found = read(Path(folder))
    assert [(m.sender, m.text.strip()) for m in found] == [(m.sender, m.text) for m in messages]


@given(messages=conversations(), end=st.sampled_from(["\n", "\r\n"]))
@QUICK
def test_signal_text(messages: list[Message], end: str) -> None:
    messages = [replace(m, text=clean(m.text).strip("\n")) for m in messages]
    messages = [
        m for m in messages if m.text.strip() and not any(map(message_start, m.text.split("\n")))
    ]
    if not messages:
        return
    with tempfile.TemporaryDirectory() as folder:
        text = "".join(map(signal_text, messages)).replace("\n", end)
        Path(folder, "Grace (_id1).txt").write_text(text, encoding="utf-8", newline="")
        found = read(Path(folder))
    assert parts(found, ids=False) == parts(messages, ids=False)
    assert {m.thread_title for m in found} == {"Grace"}
