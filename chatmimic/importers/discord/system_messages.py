"""System messages as DiscordChatExporter words them."""

from __future__ import annotations

import re

from chatmimic.records import Kind

_CALL = re.compile(r"started a call(?: that lasted [\d.,]{1,20} minutes)?\.?", re.IGNORECASE)
_SYSTEM = re.compile(
    r"pinned a message(?: to this channel)?\.|joined the server\.|started a thread\."
    r"|added a recipient\.|removed a recipient\.|left the group\.|changed the channel icon\."
    r"|changed the channel name(?:: .{1,200}|\.)"
    r"|(?:added .{1,100} to|removed .{1,100} from) the group\.",
    re.IGNORECASE,
)
_LONGEST = 300  # characters


def kind_of_sentence(text: str, media: bool) -> Kind:
    """The kind of a text in records without a type: text, system message or media."""
    if not text.strip():
        return Kind.MEDIA if media else Kind.TEXT
    if len(text) > _LONGEST or media:
        return Kind.TEXT
    if _CALL.fullmatch(text):
        return Kind.CALL
    return Kind.SYSTEM if _SYSTEM.fullmatch(text) else Kind.TEXT
