"""Writes conversations as Google Takeout has them, for tests that read them back."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatmimic.records import Message


def hangouts_event(message: Message, segments: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A message, each of its lines a segment of its own unless `segments` are given."""
    lines = message.text.split("\n")
    each = [{"type": "TEXT", "text": line} for line in lines]
    broken = [piece for one in each for piece in ({"type": "LINE_BREAK", "text": "\n"}, one)][1:]
    ids = {"gaia_id": message.sender_key, "chat_id": message.sender_key}
    return {
        "conversation_id": {"id": "UgxA"},
        "sender_id": ids,
        "timestamp": str((message.sent_at or 0) * 1000),
        "chat_message": {"message_content": {"segment": list(segments) or broken}},
        "event_id": message.message_id,
        "event_type": "REGULAR_CHAT_MESSAGE",
    }


def hangouts_people(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Everybody who speaks."""
    names = {m.sender_key: m.sender for m in messages}
    return [
        {"id": {"gaia_id": key, "chat_id": key}, "fallback_name": name}
        for key, name in names.items()
    ]


def hangouts(path: Path, messages: Sequence[Message], old: bool = False) -> Path:
    """`Hangouts.json` of one conversation, as it was before 2018 or after."""
    people = hangouts_people(messages)
    about = {"id": {"id": "UgxA"}, "type": "GROUP", "participant_data": people, "name": "Engines"}
    events = [hangouts_event(m) for m in messages]
    inner: dict[str, Any] = {"conversation_id": {"id": "UgxA"}, "conversation": about}
    if old:
        state = {"conversation_id": {"id": "UgxA"}, "conversation_state": inner | {"event": events}}
        whole: dict[str, Any] = {"continuation_end_timestamp": "0", "conversation_state": [state]}
    else:
        whole = {"conversations": [{"conversation": inner, "events": events}]}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def chat_time(at: int | None) -> str:
    """ "Saturday, July 9, 2022 at 2:03:54 PM UTC", with the space that Google writes."""
    moment = datetime.fromtimestamp((at or 0) / 1000, UTC)
    clock = f"{moment:%I:%M:%S}".lstrip("0")
    return f"{moment:%A, %B} {moment.day}, {moment.year} at {clock}\u202f{moment:%p} UTC"


def chat_record(message: Message) -> dict[str, Any]:
    """A message of Google Chat."""
    creator = {"name": message.sender, "email": message.sender_key, "user_type": "Human"}
    record = {"creator": creator, "created_date": chat_time(message.sent_at), "text": message.text}
    record |= {"topic_id": message.message_id.split("/")[-2], "message_id": message.message_id}
    if message.reply_to:
        record["quoted_message_metadata"] = {"message_id": message.reply_to, "text": "x"}
    return record


def chat(folder: Path, messages: Sequence[Message], name: str = "Engines") -> Path:
    """A group's folder with its messages and its members."""
    folder.mkdir(parents=True)
    records = [chat_record(m) for m in messages]
    people = {m.sender_key: m.sender for m in messages}
    members = [{"name": n, "email": key, "user_type": "Human"} for key, n in people.items()]
    about = {"name": name, "members": members} if name else {"members": members}
    (folder / "messages.json").write_text(json.dumps({"messages": records}, ensure_ascii=False))
    (folder / "group_info.json").write_text(json.dumps(about))
    return folder


def voice_message(message: Message, beside: str = "") -> str:
    """A text of Google Voice; the owner's are signed otherwise."""
    moment = datetime.fromtimestamp((message.sent_at or 0) / 1000, UTC)
    name = html.escape(message.sender)
    own = message.sender == "Me"
    shown = f'<abbr class="fn" title="">{name}</abbr>' if own else f'<span class="fn">{name}</span>'
    text = html.escape(message.text).replace("\n", "<br>")
    return (
        f'<div class="message"><abbr class="dt" title="{moment.isoformat()}">'
        f"{moment:%b %d, %Y}</abbr>:\n"
        f'<cite class="sender vcard"><a class="tel" href="tel:{message.sender_key}">{shown}</a>'
        f"</cite>:\n<q>{text}</q>\n{beside}</div> "
    )


def voice_page(title: str, messages: Sequence[str], members: Sequence[tuple[str, str]] = ()) -> str:
    """A page around its texts."""
    cites = ", ".join(
        f'<cite class="sender vcard"><a class="tel" href="tel:{number}"><span class="fn">'
        f"{html.escape(name)}</span></a></cite>"
        for number, name in members
    )
    group = f'<div class="participants">Group conversation with:\n{cites}</div>' if members else ""
    return (
        '<?xml version="1.0" ?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml"><head>\n<title>{html.escape(title)}</title>\n'
        '<style type="text/css">body{margin:0}</style></head><body>'
        f'<div class="hChatLog hfeed">{group}\n{"".join(messages)}</div></body></html>'
    )


def voice_call(what: str, name: str, number: str, at: str) -> str:
    """A page of one call."""
    return (
        '<?xml version="1.0" ?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head>\n'
        f'<title>{what}\n{name}</title></head><body><div class="haudio"><span class="album">'
        f'Call Log for\n</span>\n<span class="fn">{what}\n{name}</span>\n<div class="contributor '
        f'vcard">{what}\n<a class="tel" href="tel:{number}"><span class="fn">{name}</span></a>'
        f'</div>\n<abbr class="published" title="{at}">a day</abbr>\n<br />\n'
        '<abbr class="duration" title="PT1M23S">(00:01:23)</abbr></div></body></html>'
    )
