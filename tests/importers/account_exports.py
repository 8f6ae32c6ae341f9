"""Writes conversations as the exports of whole accounts, for tests that read them back."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatmimic.records import Message


def moment(message: Message) -> datetime:
    return datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC)


def iso(message: Message) -> str:
    """ "2024-01-05T15:04:05.123Z"."""
    return moment(message).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- Skype ---


def skype_record(message: Message) -> dict[str, Any]:
    """A message; what it answers is quoted in it."""
    content = html.escape(message.text, quote=False)
    if message.reply_to:
        head, end = "<legacyquote>[1] Bo: </legacyquote>", "<legacyquote>&lt;&lt; </legacyquote>"
        id_ = f'messageid="{message.reply_to}"'
        content = f'<quote author="bo" timestamp="1" {id_}>{head}old{end}</quote>{content}'
    return {
        "id": message.message_id, "displayName": message.sender,
        "originalarrivaltime": iso(message), "messagetype": "RichText", "version": 1,
        "content": content, "conversationid": "19:x", "from": f"8:{message.sender_key}",
        "properties": None, "amsreferences": None,
    }  # fmt: skip


def skype(path: Path, messages: Sequence[Message], **more: Any) -> Path:
    """`messages.json` of one group, newest first."""
    talk = {
        "id": "19:x", "displayName": "Looms", "version": 1, "properties": {},
        "threadProperties": None, "MessageList": [skype_record(m) for m in reversed(messages)],
    }  # fmt: skip
    whole = {"userId": "8:live:nobody", "exportDate": "2024-02-01T10:00", **more}
    path.write_text(json.dumps(whole | {"conversations": [talk]}, ensure_ascii=False))
    return path


# --- Snapchat ---


def snapchat_record(message: Message) -> dict[str, Any]:
    return {
        "From": message.sender, "Media Type": "TEXT",
        "Created": f"{moment(message):%Y-%m-%d %H:%M:%S} UTC", "Content": message.text,
        "Conversation Title": "Looms", "IsSender": False,
        "Created(microseconds)": message.sent_at, "IsSaved": True, "Media IDs": "",
    }  # fmt: skip


def snapchat(path: Path, messages: Sequence[Message]) -> Path:
    """`chat_history.json` of one group, newest first."""
    chats = {"0f0f": [snapchat_record(m) for m in reversed(messages)], "nobody": []}
    path.write_text(json.dumps(chats, ensure_ascii=False))
    return path


def snapchat_old(path: Path, messages: Sequence[Message]) -> Path:
    """The same of 2022: what was received, by whole seconds and as in HTML."""
    rows = [
        {
            "From": m.sender, "Media Type": "TEXT",
            "Created": f"{moment(m):%Y-%m-%d %H:%M:%S} UTC", "Text": html.escape(m.text),
        }
        for m in reversed(messages)
    ]  # fmt: skip
    path.write_text(
        json.dumps({"Received Saved Chat History": rows, "Sent Saved Chat History": []})
    )
    return path


# --- X ---


def twitter_record(message: Message) -> dict[str, Any]:
    """A message; people are numbers there, which are names here."""
    return {
        "messageCreate": {
            "reactions": [], "urls": [], "text": html.escape(message.text, quote=False),
            "mediaUrls": [], "senderId": message.sender, "id": message.message_id,
            "createdAt": iso(message),
        }
    }  # fmt: skip


def twitter(path: Path, messages: Sequence[Message]) -> Path:
    """`direct-messages-group.js` of one group, newest first."""
    records = [twitter_record(m) for m in reversed(messages)]
    talks = [{"dmConversation": {"conversationId": "700", "messages": records}}]
    name = "window.YTD.direct_messages_group.part0 = "
    path.write_text(name + json.dumps(talks, ensure_ascii=False, indent=2))
    return path


# --- WeChat by PyWxDump ---

COLUMNS = [
    "id",
    "MsgSvrID",
    "type_name",
    "is_sender",
    "talker",
    "room_name",
    "msg",
    "src",
    "CreateTime",
]


def wechat_page(path: Path, messages: Sequence[Message], stamp: str = "%Y-%m-%d %H:%M:%S") -> Path:
    """A page of a chat, in local time, which is UTC here."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for m in messages:
            at = moment(m).strftime(stamp)
            writer.writerow(
                [
                    m.message_id,
                    f"730{m.message_id}",
                    "文本",
                    0,
                    m.sender,
                    "7@chatroom",
                    m.text,
                    "",
                    at,
                ]
            )
    return path
