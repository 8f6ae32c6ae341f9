"""Writes conversations as Discord's exporters do, for tests that read them back."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatmimic.records import Message

RULE = "=" * 62
GUILD, CHANNEL, ID = "Analytical Society", "gears", "845733281904558090"
NAMED = f"{GUILD} - Machines - {CHANNEL} [{ID}]"


def at(message: Message) -> datetime:
    """When it was sent."""
    return datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC)


def snowflake(sent_at: int | None, number: int = 0) -> str:
    """An id as Discord gives it out at that time."""
    return str((((sent_at or 0) - 1_420_070_400_000) << 22) + number)


AT = 1_714_557_600_000  # 2024-05-01 10:00 UTC


def said(number: int, sender: str, text: str, reply_to: str = "") -> Message:
    """What somebody said in a minute of the talk."""
    sent_at = AT + number * 60_000
    key = {"Ada": "1", "Grace": "2"}[sender]
    id_ = snowflake(sent_at)
    return Message(sender, text, sent_at, sender_key=key, message_id=id_, reply_to=reply_to)


TALK = [
    said(0, "Ada", "hello"),
    said(1, "Grace", "hi", snowflake(AT)),
    said(2, "Grace", "how are you?"),
    said(3, "Ada", "well"),
]
# CSV and text show the account's name, JSON and HTML what people are called.
PLAIN = [replace(m, sender=f"x{m.sender_key}") for m in TALK]


def json_record(message: Message) -> dict[str, Any]:
    """A message of DiscordChatExporter's JSON."""
    author = {"id": message.sender_key, "name": f"x{message.sender_key}", "discriminator": "0000"}
    record = {
        "id": message.message_id,
        "type": "Reply" if message.reply_to else "Default",
        "timestamp": at(message).isoformat(timespec="milliseconds"),
        "content": message.text,
        "author": author | {"nickname": message.sender, "isBot": False},
    }
    if message.reply_to:
        record["reference"] = {"messageId": message.reply_to, "channelId": ID, "guildId": None}
    return record


def discord_json(path: Path, messages: Sequence[Message], **beside: Any) -> Path:
    """DiscordChatExporter's JSON."""
    whole = {
        "guild": {"id": "10", "name": GUILD},
        "channel": {"id": ID, "type": "GuildTextChat", "category": None, "name": CHANNEL},
        "messages": [json_record(message) for message in messages],
        "messageCount": len(messages),
    }
    path.write_text(json.dumps(whole | beside, ensure_ascii=False, indent=2), encoding="utf-8")
    return path


def csv_new(messages: Sequence[Message]) -> str:
    """DiscordChatExporter's CSV since 2019-12."""
    out = io.StringIO()
    out.write("\ufeffAuthorID,Author,Date,Content,Attachments,Reactions\r\n")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for m in messages:
        time = at(m).isoformat(timespec="microseconds").replace("+00:00", "0+00:00")
        writer.writerow([m.sender_key, m.sender, time, m.text, "", ""])
    return out.getvalue()


def csv_old(messages: Sequence[Message]) -> str:
    """DiscordChatExporter's CSV before that."""
    out = io.StringIO()
    out.write("\ufeffAuthorID;Author;Date;Content;Attachments;Reactions;\r\n")
    for m in messages:
        row = io.StringIO()
        cells = [m.sender_key, f"{m.sender}#1815", f"{at(m):%d-%b-%y %I:%M %p}", m.text, "", ""]
        csv.writer(row, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
        out.write(row.getvalue() + ";\r\n")
    return out.getvalue()


def plain_text(
    messages: Sequence[Message], stamp: str | Callable[[datetime], str], count: int | None = None
) -> str:
    """DiscordChatExporter's plain text; `stamp` is how it writes a time."""

    def shown(moment: datetime) -> str:
        return f"{moment:{stamp}}" if isinstance(stamp, str) else stamp(moment)

    top = f"{RULE}\nGuild: {GUILD}\nChannel: Machines / {CHANNEL}\n{RULE}\n\n"
    body = "".join(f"[{shown(at(m))}] {m.sender}\n{m.text}\n\n\n" for m in messages)
    total = len(messages) if count is None else count
    return f"{top}{body}{RULE}\nExported {total:,} message(s)\n{RULE}\n"


def pasted_text(messages: Sequence[Message], shown: Callable[[datetime], str]) -> str:
    """Text copied from the client of today."""
    return "".join(f"{m.sender} \u2014 {shown(at(m))}\n{m.text}\n" for m in messages)


def html_message(message: Message, first: bool) -> str:
    """A message of DiscordChatExporter's page."""
    name, time = html.escape(message.sender), f"{at(message):%A, %d %B %Y %H:%M}"
    reply, head = (
        "",
        f'<div class=chatlog__short-timestamp title="{time}">{at(message):%H:%M}</div>',
    )
    if message.reply_to:
        link = f"scrollToMessage(event, '{message.reply_to}')"
        reply = (
            f'<div class=chatlog__reply><span class=chatlog__reply-link onclick="{link}">'
            "<strong>what</strong> was said</span></div>"
        )
    if first:
        account = f'title="x{message.sender_key}" data-user-id={message.sender_key}'
        author = f"<span class=chatlog__author {account}>"
        shown = f'<span class=chatlog__timestamp title="{time}"><a href=#x>{time}</a></span>'
        head = f"{reply}<div class=chatlog__header>{author}{name}</span> {shown}</div>"
    text = html.escape(message.text)
    return (
        f"<div class=chatlog__message-container data-message-id={message.message_id}>"
        f"<div class=chatlog__message><div class=chatlog__message-primary>{head}"
        f'<div class="chatlog__content chatlog__markdown"><span class=chatlog__markdown-preserve>'
        f"<!--wmm:ignore-->{text}<!--/wmm:ignore--></span></div></div></div></div>"
    )


def html_page(messages: Sequence[Message]) -> str:
    """DiscordChatExporter's page, minified: who goes on has no name, and ends are left out."""
    groups: list[str] = []
    last = ""
    for message in messages:
        first = message.sender_key != last or bool(message.reply_to)
        if first:
            groups.append("")
        groups[-1] += html_message(message, first)
        last = message.sender_key
    body = "".join(f"<div class=chatlog__message-group>{group}</div>" for group in groups)
    return (
        "<!DOCTYPE html><html lang=en><head><title>x</title>"
        "<style>.chatlog__message-group{margin:0}</style></head><body><div class=preamble>"
        f"<div class=preamble__entry>{GUILD}</div><div class=preamble__entry>Machines / {CHANNEL}"
        f"</div></div><div class=chatlog>{body}</div><div class=postamble>"
        f"<div class=postamble__entry>Exported {len(messages):,} message(s)</div></div>"
    )
