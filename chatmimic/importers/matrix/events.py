"""The kind and the text of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatmimic.importers.parsing.json_values import as_dict
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.records import Kind

Event = Mapping[str, Any]

_WORDS = {"m.text": Kind.TEXT, "m.notice": Kind.TEXT, "m.emote": Kind.ACTION}
_FILES = {"m.image", "m.file", "m.video", "m.audio"}
_PLACES = {"m.location", "org.matrix.msc3488.location"}
_EVENTS = {"m.key.verification.request", "m.server_notice"}
_MEDIA = {
    "m.sticker", "m.poll.start", "org.matrix.msc3381.poll.start", "m.beacon",
    "org.matrix.msc3672.beacon", "m.location",
}  # fmt: skip
_QUIET = {"m.room.redaction", "m.poll.response", "org.matrix.msc3381.poll.response", "m.poll.end",
          "org.matrix.msc3381.poll.end"}  # fmt: skip


def content_of(event: Event) -> Event:
    """The content; empty if there is none."""
    return as_dict(event.get("content"))


def relates_to(event: Event) -> Event:
    """The relation of an event to another one."""
    return as_dict(content_of(event).get("m.relates_to"))


def is_edit(event: Event) -> bool:
    """Whether an event is an edit of an earlier one."""
    return relates_to(event).get("rel_type") == "m.replace"


def is_undecryptable(event: Event) -> bool:
    """Whether the key to an event was missing in the export."""
    if event.get("type") == "m.room.encrypted":
        return bool(content_of(event))  # empty: it was deleted
    return content_of(event).get("msgtype") == "m.bad.encrypted"


def answered(event: Event) -> str:
    """The event that an event replies to: the quoted one, or the root of its thread."""
    about = relates_to(event)
    quoted = text_of(as_dict(about.get("m.in_reply_to")).get("event_id"))
    if about.get("rel_type") == "m.thread" and about.get("is_falling_back") is not False:
        return text_of(about.get("event_id")) or quoted
    return quoted


def kind_and_text(event: Event, content: Event) -> tuple[Kind, str]:
    """The kind and text of an event with this content: its own or that of its last edit."""
    type_ = text_of(event.get("type"))
    if type_ == "m.room.message" or (type_ == "m.room.encrypted" and not content):
        return _message(event, content)
    if type_ in _MEDIA:
        return Kind.MEDIA if content else Kind.DELETED, ""
    if ".call" in type_:
        return Kind.CALL, ""
    known = "state_key" in event or type_ in _QUIET
    return Kind.SYSTEM if known else Kind.OTHER, text_of(content.get("body"))


def _message(event: Event, content: Event) -> tuple[Kind, str]:
    type_, body = text_of(content.get("msgtype")), text_of(content.get("body"))
    if not content.keys() - {"m.relates_to"}:
        return Kind.DELETED, ""
    if type_ in _WORDS:
        return _WORDS[type_], without_quote(body) if answered(event) else body
    if type_ in _FILES:
        caption = "filename" in content and body != content["filename"]
        return Kind.TEXT if caption and body.strip() else Kind.MEDIA, body if caption else ""
    if type_ in _PLACES:
        return Kind.MEDIA, ""
    return Kind.SYSTEM if type_ in _EVENTS else Kind.OTHER, body


def without_quote(body: str) -> str:
    """A reply without the quoted text, which older clients put before it as `> ` lines."""
    if not body.startswith(("> <", "> * <")):
        return body
    at = 0
    while body.startswith(">", at):
        end = body.find("\n", at)
        if end < 0:
            return ""
        at = end + 1
    return body[at:].removeprefix("\n")
