"""One talk written out in every format, and whether each reads back as the same talk."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

import account_exports
import chat_exports
import discord_exports
import google_exports
import irc_exports
import meta_exports
import text_exports

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Kind, Message
from chatmimic.text import clean

_COLOURS = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|[\x02\x0f\x11\x16\x1d\x1e\x1f]")
SECOND, MINUTE = 1000, 60_000

Talk = Sequence[Message]  # of one thread, in the order of time; events are Kind.SYSTEM
Told = tuple[int, str, str]  # when to the format's resolution, who, what


@dataclass(frozen=True)
class Format:
    """A way to write a talk, and what of it the format can hold."""

    title: str  # of the importer, as the summary shows it
    write: Callable[[Path, Talk], Path]  # into an empty folder; gives what is to be imported
    step: int = SECOND  # milliseconds between two times that it tells apart
    lines: bool = False  # a message is a line: others are several
    order: str | None = None  # of day and month, where the dates do not show it

    def holds(self, talk: Talk) -> list[Told]:
        """What must come back."""
        return [self._told(one) for m in talk if m.kind.has_words for one in self._split(m)]

    def back(self, folder: Path, talk: Talk) -> tuple[list[Told], ImportReport]:
        """What does come back, in the order of time."""
        report = ImportReport()
        options = ImportOptions(tz="UTC", date_order=self.order)
        found = list(read_exports(self.write(folder, talk), options, report))
        found.sort(key=lambda message: message.sent_at or 0)
        return [self._told(message) for message in found if message.kind.has_words], report

    def _split(self, message: Message) -> Iterator[Message]:
        text = clean(uncoloured(message.text))
        for one in text.split("\n") if self.lines else [text]:
            if one.strip():
                yield replace(message, text=one)

    def _told(self, message: Message) -> Told:
        return (message.sent_at or 0) // self.step * self.step, message.sender, message.text


def first_difference(expected: Sequence[Told], found: Sequence[Told]) -> str:
    """Where the two part, in words; "" when they are equal."""
    for number, (one, other) in enumerate(zip_longest(expected, found)):
        if one != other:
            return f"message {number}: written {one!r}, read {other!r}"
    return ""


def uncoloured(text: str) -> str:
    """Text without the codes of IRC: other services never see them."""
    return _COLOURS.sub("", text)


def numbered(talk: Talk) -> list[Message]:
    """The same with ids: of the people in order of appearance, of the messages by number.

    A message that has an id keeps it.
    """
    keys: dict[str, str] = {}
    return [
        replace(
            m,
            sender_key=keys.setdefault(m.sender, str(len(keys) + 1)),
            message_id=m.message_id or str(n),
        )
        for n, m in enumerate(talk, 1)
    ]


# --- how each service gets what it writes ---


def spoken(talk: Talk) -> list[Message]:
    """What is said, without the codes and events that only IRC has."""
    said = (replace(m, text=uncoloured(m.text)) for m in talk if m.kind.has_words)
    return numbered([m for m in said if m.text.strip()])


def as_said(talk: Talk) -> list[text_exports.Said]:
    """The same as text files have it: in local time, which is UTC here."""
    return [(_moment(m), m.sender, m.text) for m in spoken(talk)]


def _moment(message: Message) -> datetime:
    return datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC).replace(tzinfo=None)


def _to_file(name: str, written: Callable[[Talk], str]) -> Callable[[Path, Talk], Path]:
    def write(folder: Path, talk: Talk) -> Path:
        path = folder / name
        path.write_text(written(talk), encoding="utf-8", newline="")
        return path

    return write


def _irc(client: str, name: str = "#c.log") -> Format:
    def written(talk: Talk) -> str:
        said = [
            (_moment(m), m.sender, line, None if m.kind is Kind.SYSTEM else m.kind is Kind.ACTION)
            for m in talk
            for line in m.text.split("\n")
            if line.strip()
        ]
        return "".join(f"{row}\n" for row in irc_exports.CLIENTS[client](said))

    step = MINUTE if client in ("irssi", "irclogs.ubuntu.com") else SECOND
    return Format("IRC log", _to_file(name, written), step, lines=True)


def _discord(name: str, written: Callable[[Talk], str], step: int, order: str = "") -> Format:
    file = f"{discord_exports.NAMED}{name}"
    write = _to_file(file, lambda talk: written(_with_snowflakes(talk)))
    return Format("Discord", write, step, order=order or None)


def _with_snowflakes(talk: Talk) -> list[Message]:
    return [
        replace(m, message_id=discord_exports.snowflake(m.sent_at, int(m.message_id) & 0xFFF))
        for m in spoken(talk)
    ]


def _whatsapp(stamp: str, step: int, order: str) -> Format:
    written = _to_file(
        "WhatsApp Chat with Ada.txt", lambda talk: text_exports.whatsapp(as_said(talk), stamp)
    )
    return Format("WhatsApp", written, step, order=order)


def _kakaotalk(device: Callable[[Sequence[text_exports.Said]], list[str]]) -> Format:
    def written(talk: Talk) -> str:
        return text_exports.kakaotalk(as_said(talk), device)

    return Format("KakaoTalk", _to_file("KakaoTalkChats.txt", written), MINUTE)


def _slack(folder: Path, talk: Talk) -> Path:
    said = [
        replace(m, message_id=chat_exports.slack_ts(m.sent_at, int(m.message_id) % 1000))
        for m in spoken(talk)
    ]
    return chat_exports.slack_workspace(folder / "export", "general", said)


def _google_chat(folder: Path, talk: Talk) -> Path:
    said = [replace(m, message_id=f"g/{m.message_id}/{m.message_id}") for m in spoken(talk)]
    google_exports.chat(folder / "Takeout" / "Google Chat" / "Groups" / "Space AAAA", said)
    return folder


def _table(folder: Path, talk: Talk) -> Path:
    path = folder / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["time", "sender", "text"])
        writer.writerows((at.isoformat(), name, text) for at, name, text in as_said(talk))
    return path


FORMATS: dict[str, Format] = {
    "Messenger JSON": Format(
        "Facebook Messenger",
        lambda f, talk: meta_exports.write_json_thread(f / "c_1", "C", spoken(talk)),
        1,
    ),
    "Messenger encrypted": Format(
        "Facebook Messenger",
        lambda f, talk: meta_exports.write_encrypted(f / "C_1.json", spoken(talk)),
        1,
    ),
    "Messenger HTML": Format(
        "Facebook Messenger",
        lambda f, talk: meta_exports.write_thread(f / "inbox" / "c_1", "C", spoken(talk), each=999),
    ),
    "Discord JSON": Format(
        "Discord",
        lambda f, talk: discord_exports.discord_json(f / "x.json", _with_snowflakes(talk)),
        1,
    ),
    "Discord CSV": _discord(".csv", discord_exports.csv_new, 1),
    "Discord old CSV": _discord(".csv", discord_exports.csv_old, MINUTE),
    "Discord TXT": _discord(
        ".txt", lambda talk: discord_exports.plain_text(talk, "%d.%m.%Y %H:%M"), MINUTE, "dmy"
    ),
    "Discord HTML": _discord(".html", discord_exports.html_page, MINUTE),
    "WeeChat": _irc("WeeChat", "irc.libera.#c.weechatlog"),
    "irssi": _irc("irssi"),
    "irclogs.ubuntu.com": _irc("irclogs.ubuntu.com"),
    "WhatsApp Android": _whatsapp("%d/%m/%y, %H:%M - ", MINUTE, "dmy"),
    "WhatsApp iPhone": _whatsapp("[%m/%d/%y, %I:%M:%S\u202f%p] ", SECOND, "mdy"),
    "Telegram JSON": Format(
        "Telegram (Telegram Desktop)",
        lambda f, talk: chat_exports.telegram_json(f / "result.json", "C", spoken(talk)),
    ),
    "Telegram HTML": Format(
        "Telegram (Telegram Desktop)",
        lambda f, talk: chat_exports.telegram_pages(f / "ChatExport", "C", spoken(talk), 1000),
    ),
    "Slack": Format("Slack (workspace export)", _slack, 1),
    "Signal": Format(
        "Signal", lambda f, talk: chat_exports.signal_backup(f / "main.jsonl", spoken(talk)), 1
    ),
    "Signal text": Format(
        "Signal",
        _to_file("C.txt", lambda talk: "".join(map(chat_exports.signal_text, spoken(talk)))),
    ),
    "LINE": Format(
        "LINE",
        _to_file("[LINE] Chat.txt", lambda talk: text_exports.line(as_said(talk))),
        MINUTE,
    ),
    "KakaoTalk Windows": _kakaotalk(text_exports.windows),
    "KakaoTalk Android": _kakaotalk(text_exports.android),
    "KakaoTalk iPhone": _kakaotalk(text_exports.iphone),
    "KakaoTalk Mac": Format(
        "KakaoTalk", _to_file("chat.csv", lambda talk: text_exports.mac(as_said(talk)))
    ),
    "Hangouts": Format(
        "Google (Hangouts, Chat, Voice)",
        lambda f, talk: google_exports.hangouts(f / "Hangouts.json", spoken(talk)),
        1,
    ),
    "Google Chat": Format("Google (Hangouts, Chat, Voice)", _google_chat),
    "iMessage exported": Format(
        "iMessage (imessage-exporter)",
        _to_file("Looms - 7.txt", lambda talk: text_exports.imessage_exporter(as_said(talk))),
    ),
    "iMessage exported HTML": Format(
        "iMessage (imessage-exporter)",
        _to_file("Looms - 7.html", lambda talk: text_exports.imessage_page(as_said(talk))),
    ),
    "Viber": Format(
        "Viber",
        _to_file("Messages - Looms.csv", lambda talk: text_exports.viber(as_said(talk))),
        order="dmy",
    ),
    "Skype": Format(
        "Skype", lambda f, talk: account_exports.skype(f / "messages.json", spoken(talk)), 1
    ),
    "Snapchat": Format(
        "Snapchat",
        lambda f, talk: account_exports.snapchat(f / "chat_history.json", spoken(talk)),
        1,
    ),
    "Snapchat of 2022": Format(
        "Snapchat",
        lambda f, talk: account_exports.snapchat_old(f / "chat_history.json", spoken(talk)),
    ),
    "X": Format(
        "X (Twitter)",
        lambda f, talk: account_exports.twitter(f / "direct-messages-group.js", spoken(talk)),
        1,
    ),
    "WeChat by PyWxDump": Format(
        "WeChat",
        lambda f, talk: account_exports.wechat_page(f / "7@chatroom_0_5000.csv", spoken(talk)),
    ),
    "table": Format("table with named columns", _table, 1),
}
