"""Writes conversations as services export them, for tests that read them back."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatmimic.records import Message

_ESCAPE = re.compile(r"\\(u00[01][0-9a-f]|.)")


def _invalid(found: re.Match[str]) -> str:
    """An escape of JSON as Telegram writes it: `\\x1B` for control characters."""
    code = {"b": 8, "f": 12}.get(found[1]) or (int(found[1][1:], 16) if len(found[1]) > 1 else 0)
    return f"\\x{code:02X}" if code else found.group()


def telegram_record(message: Message) -> dict[str, Any]:
    """A message as Telegram Desktop writes it in JSON, its text in pieces of every kind."""
    half = len(message.text) // 2
    pieces = [message.text[:half], {"type": "bold", "text": message.text[half:]}]
    seconds = (message.sent_at or 0) // 1000
    record: dict[str, Any] = {"id": int(message.message_id), "type": "message"}
    record |= {"date": "2000-01-01T00:00:00", "date_unixtime": str(seconds)}
    record |= {"from": message.sender, "from_id": f"user{message.sender_key}"}
    if message.reply_to:
        record["reply_to_message_id"] = int(message.reply_to)
    return record | {"text": pieces if half % 2 else message.text, "text_entities": []}


def telegram_json(path: Path, name: str, messages: Sequence[Message], **beside: Any) -> Path:
    """`result.json` of one chat; control characters become `\\x1B`, as Telegram writes them."""
    records = [telegram_record(message) for message in messages]
    whole = {"name": name, "type": "private_group", "id": 7, **beside, "messages": records}
    text = _ESCAPE.sub(_invalid, json.dumps(whole, ensure_ascii=False, indent=1))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def escaped(text: str) -> str:
    """Text as Telegram writes it into a page."""
    text = html.escape(text).replace("&#x27;", "&apos;").replace("\n", "<br>")
    return "".join(f"&#x{ord(c):02X};" if ord(c) < 32 else c for c in text)


def telegram_block(message: Message, joined: bool) -> str:
    """One message of a page."""
    at = datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC)
    name = (
        "" if joined else f'\n   <div class="from_name">\n{escaped(message.sender)} \n   </div>\n'
    )
    reply = ""
    if message.reply_to:
        link = f'<a href="#go_to_message{message.reply_to}">this message</a>'
        reply = f'\n   <div class="reply_to details">\nIn reply to {link}\n   </div>\n'
    return f"""
 <div class="message default clearfix{" joined" * joined}" id="message{message.message_id}">

  <div class="body">

   <div class="pull_right date details" title="{at:%d.%m.%Y %H:%M:%S} UTC+00:00">
{at:%H:%M}
   </div>
{name * (not joined)}{reply}
   <div class="text">
{escaped(message.text)}
   </div>

  </div>

 </div>
"""


def telegram_page(title: str, blocks: Sequence[str]) -> str:
    """A page around its messages."""
    return (
        '<!DOCTYPE html><html>\n <head>\n  <meta charset="utf-8"/>\n<title>Exported Data</title>\n'
        '  <script src="js/script.js" type="text/javascript">\n\n  </script>\n </head>\n'
        ' <body>\n  <div class="page_header">\n   <div class="text bold">\n'
        f"{escaped(title)}\n   </div>\n  </div>\n{''.join(blocks)}\n </body>\n\n</html>\n"
    )


def telegram_pages(folder: Path, title: str, messages: Sequence[Message], each: int = 3) -> Path:
    """`messages.html`, `messages2.html`, … of so many messages each."""
    folder.mkdir(parents=True, exist_ok=True)
    before = [Message("", ""), *messages]
    blocks = [
        telegram_block(message, message.sender == last.sender)
        for last, message in zip(before, messages, strict=False)
    ]
    for number, start in enumerate(range(0, len(blocks), each), 1):
        page = telegram_page(title, blocks[start : start + each])
        name = f"messages{number if number > 1 else ''}.html"
        (folder / name).write_text(page, encoding="utf-8")
    return folder


def slack_text(text: str) -> str:
    """Text as Slack writes it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slack_ts(sent_at: int | None, number: int) -> str:
    """A time that no other message of the channel has."""
    return f"{(sent_at or 0) // 1000}.{(sent_at or 0) % 1000:03}{number:03}"


def slack_workspace(root: Path, channel: str, messages: Sequence[Message]) -> Path:
    """`users.json`, `channels.json` and a file for each day."""
    people = {m.sender_key: m.sender for m in messages}
    users = [
        {"id": f"U{key}", "name": "x", "profile": {"display_name": name}}
        for key, name in people.items()
    ]
    days: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        at = datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC)
        record = {"type": "message", "user": f"U{message.sender_key}", "ts": message.message_id}
        if message.reply_to:
            record["thread_ts"] = message.reply_to
        days.setdefault(f"{at:%Y-%m-%d}", []).append(record | {"text": slack_text(message.text)})
    (root / channel).mkdir(parents=True)
    (root / "users.json").write_text(json.dumps(users))
    (root / "channels.json").write_text(json.dumps([{"id": "C1", "name": channel}]))
    for day, records in days.items():
        (root / channel / f"{day}.json").write_text(json.dumps(records))
    return root


SIGNAL_STAMPS = ["%Y-%m-%d, %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]  # of three times


def signal_markdown(message: Message, stamp: str = SIGNAL_STAMPS[-1], quote: str = "") -> str:
    """A message of `chat.md`; what it answers is between it and its sender's name."""
    at = datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC)
    return f"[{at.strftime(stamp)}] {message.sender}: {quote}{message.text}  \n\n"


def signal_quote(words: str) -> str:
    """What is answered, as `chat.md` has it."""
    return "\n\n> " + words.rstrip("\n").replace("\n", "\n> ") + "\n\n"


def signal_old_quote(words: str) -> str:
    """The same until 2021: only the first line is marked."""
    return f"\n>\n> {words}\n>\n"


def signal_text(message: Message) -> str:
    """A message of the text that signalbackup-tools makes."""
    at = datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC)
    return f"[{at:%b %d, %Y %H:%M:%S}] <{message.sender}> {message.text}\n"


def signal_record(message: Message) -> str:
    """A message of `data.json`."""
    at = datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC).replace(tzinfo=None)
    record = {"date": at.isoformat(), "sender": message.sender, "body": f"{message.text}  "}
    more: dict[str, Any] = {"quote": "", "sticker": None, "reactions": [], "attachments": []}
    call = {"deleted": False, "call": False, "missed": False}
    return json.dumps(record | more | call, ensure_ascii=False) + "\n"


def signal_backup(path: Path, messages: Sequence[Message]) -> Path:
    """`main.jsonl` of one chat."""
    people = {m.sender_key: m.sender for m in messages}
    frames: list[dict[str, Any]] = [{"version": "1", "backupTimeMs": "1"}]
    ids = {key: str(number) for number, key in enumerate(people, 2)}
    for key, name in people.items():
        frames.append({"recipient": {"id": ids[key], "contact": {"aci": key}}})
        frames[-1]["recipient"]["contact"]["profileGivenName"] = name
    frames.append({"chat": {"id": "1", "recipientId": "2"}})
    for message in messages:
        standard: dict[str, Any] = {"text": {"body": message.text}}
        if message.reply_to:
            sent, _, key = message.reply_to.partition("/")
            standard["quote"] = {"targetSentTimestamp": sent, "authorId": ids[key]}
        item = {"chatId": "1", "authorId": ids[message.sender_key], "incoming": {}}
        item |= {"dateSent": str(message.sent_at), "standardMessage": standard}
        frames.append({"chatItem": item})
    lines = (json.dumps(frame, ensure_ascii=False) for frame in frames)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
