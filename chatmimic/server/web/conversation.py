"""A conversation as the page sends it: who answers, who asks, what was said, how replies are drawn.

The page holds it and sends it whole with each request, so that the server remembers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chatmimic.chat.session import Entry, Session
from chatmimic.errors import SettingsError
from chatmimic.generation import as_message, as_text
from chatmimic.generation.decoding import decoding_of
from chatmimic.server.api_error import ApiError, invalid
from chatmimic.server.service import Service
from chatmimic.server.voices import Opened

_MOST_IN_ROOM = 8
_LONGEST_NAME = 64
_SETTINGS = ("temperature", "top_p", "end_bias", "max_tokens")


@dataclass(frozen=True)
class Conversation:
    """A chat, the mimics in memory that speak in it by their names, and the name of its file.

    `name` is "" if it is not kept yet; `keeps` says whether it is to be.
    """

    session: Session
    opened: Mapping[str, Opened]
    name: str = ""
    keeps: bool = False

    def opened_for(self, speaker: str) -> Opened:
        """The mimic that speaks for a person."""
        return self.opened[self.session.voice_for(speaker).mimic]


async def conversation_of(
    service: Service, body: Mapping[str, Any], *, private: bool
) -> Conversation:
    """Read a conversation and open its mimics. Raises ApiError."""
    room = _room(body.get("room"))
    opened: dict[str, Opened] = {}
    voices = {}
    for person, name in room.items():
        model, here = await service.open(name)
        if person not in model.mimic.people:
            raise invalid("A mimic speaks only for people it knows.", "room")
        opened[here.voice.mimic] = here
        voices[person] = here.voice
    first = next(iter(room))
    try:
        decoding = decoding_of(opened[voices[first].mimic].mimic, **_settings(body))
    except SettingsError as error:
        raise invalid(error.what, "settings") from error
    session = Session(voices[first], decoding, first, text_in(body, "you", _LONGEST_NAME))
    for person in list(room)[1:]:
        session.join(person, voices[person])
    session.load(entries_in(body))
    keeps = private and body.get("keep") is True
    return Conversation(session, opened, text_in(body, "name", 200), keeps)


def _room(given: object) -> dict[str, str]:
    """Who answers, each with the name of their mimic."""
    pairs = given if isinstance(given, list) else []
    room = {}
    for one in pairs:
        if not isinstance(one, dict):
            raise invalid("room is a list of objects with a person and a mimic.", "room")
        room[text_in(one, "person", _LONGEST_NAME)] = text_in(one, "mimic", 200)
    if not 1 <= len(room) <= _MOST_IN_ROOM or not all(room) or not all(room.values()):
        raise invalid(f"From 1 to {_MOST_IN_ROOM} people answer.", "room")
    return room


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    given = body.get("settings")
    found = given if isinstance(given, dict) else {}
    for name in found:
        if name not in _SETTINGS or type(found[name]) not in (int, float):
            raise invalid(f"settings are numbers: {', '.join(_SETTINGS)}.", "settings")
    return {name: float(v) if name != "max_tokens" else int(v) for name, v in found.items()}


def entries_in(body: Mapping[str, Any]) -> list[Entry]:
    """The messages of a request. Raises ApiError."""
    given = body.get("entries")
    if not isinstance(given, list):
        raise invalid("entries must be a list.", "entries")
    return [_entry(one) for one in given]


def _entry(one: object) -> Entry:
    if not isinstance(one, dict):
        raise invalid("Each of entries is an object.", "entries")
    at = one.get("sent_at")
    known = type(at) is int and 0 <= at < 1 << 47
    sender = text_in(one, "sender", _LONGEST_NAME) or "?"
    message = as_message(sender, text_in(one, "text"), at if known else None)
    return Entry(message, mine=one.get("mine") is True, stopped=one.get("stopped") is True)


def entry_json(entry: Entry) -> dict[str, Any]:
    """A message as the page has it; an action begins with `/me `."""
    message = entry.message
    return {
        "sender": message.sender,
        "text": as_text(message),
        "mine": entry.mine,
        "stopped": entry.stopped,
        "sent_at": message.sent_at,
    }


def text_in(body: Mapping[str, Any], name: str, longest: int | None = None) -> str:
    """A text of a request; "" where there is none. Raises ApiError."""
    found = body.get(name, "")
    if not isinstance(found, str):
        raise ApiError(422, f"{name} must be text.", param=name, code="invalid_value")
    return found if longest is None else found[:longest]
