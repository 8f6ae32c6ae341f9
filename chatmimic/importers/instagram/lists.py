"""Reads Instagram's `messages.json` of 2018 to 2020: a list of conversations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.messenger.service import INSTAGRAM
from chatmimic.importers.messenger.system_sentences import kind_of_sentence
from chatmimic.importers.parsing.dates.chronological import threads_oldest_first
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso
from chatmimic.importers.parsing.dedup import OverlapFilter
from chatmimic.importers.parsing.json_stream.nested import NestedJson
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.parsing.mojibake import repaired
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

_LIST = re.compile(r'\s*\[\s*\{\s*"(?:participants|conversation)"\s*:\s*\[')
_RECORD = re.compile(r'(?<!\\)"(?:sender|created_at)"\s*:')
# What stands in a record where nothing was written.
_MEDIA = (
    "media", "media_url", "media_owner", "media_share_url", "media_share_caption", "story_share",
    "story_share_type", "voice_media", "animated_media_images", "profile_share_username",
    "profile_share_name", "link", "mentioned_username",
)  # fmt: skip
_ACTIONS = ("action", "likes_action", "is_random", "user_reaction")
_CALLS = ("video_call_action", "video_call_title")


def is_list(text: str) -> bool:
    """Whether a file begins like a list of conversations."""
    return bool(_LIST.match(text.lstrip("\ufeff")) and _RECORD.search(text))


class _Lists(NestedJson):
    """Streams the messages of all conversations of a file that is one array."""

    def _top(self) -> Iterator[Any]:
        if self._peek() != "[":
            raise self._broken("does not begin with [")
        yield from self._within("conversation", "[")
        if self._peek():
            raise self._broken("goes on after its end")


def read_lists(members: Sequence[Member], context: Context) -> Iterator[Message]:
    """Yield all messages of these files; duplicates are counted."""
    overlap = OverlapFilter(context.report)
    for member in members:
        messages = threads_oldest_first(_read(member, context))
        yield from messages if len(members) == 1 else overlap.new_of(messages)


def _read(member: Member, context: Context) -> Iterator[Message]:
    allow = context.options.allow_truncated
    with context.open(member) as stream:
        items = _Lists(stream, member.label, "conversation", (), context.report, allow)
        talk: _Conversation | None = None
        for item in items:
            if talk is None or talk.beside is not items.beside:
                talk = _Conversation(items.beside, member, context)
            yield talk.message(as_dict(item), items.record)


class _Conversation:
    """A conversation: its participants, and how its messages are read."""

    def __init__(self, beside: Mapping[str, Any], member: Member, context: Context) -> None:
        self.beside = beside
        names = [repaired(text_of(name)) for name in as_list(beside.get("participants"))]
        self._thread = ", ".join(names) or member.base
        self._file = member.name
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)

    def message(self, record: Mapping[str, Any], number: int) -> Message:
        """Convert a record; without a sender or a time it is Kind.OTHER."""
        sender, text = self._mended(record.get("sender")), self._mended(record.get("text"))
        text = text or self._mended(record.get("heart"))
        return Message(
            sender,
            text,
            self._clock.utc(parse_iso(text_of(record.get("created_at")))),
            _kind(record, text),
            INSTAGRAM,
            self._thread,
            self._thread,
            sender,
            reactions=tuple(_likes(record.get("likes"))),
            source=f"{self._file}:{number}",
        )

    def _mended(self, value: Any) -> str:
        text = text_of(value)
        mended = repaired(text)
        self._report.repairs.update(["mojibake"] if mended != text else [])
        return mended


def _kind(record: Mapping[str, Any], text: str) -> Kind:
    if "sender" not in record or "created_at" not in record:
        return Kind.OTHER
    if any(name in record for name in _CALLS):
        return Kind.CALL
    if any(name in record for name in _ACTIONS):
        return Kind.SYSTEM
    if text:
        return kind_of_sentence(text, text_of(record["sender"])) or Kind.TEXT
    return Kind.MEDIA if any(name in record for name in _MEDIA) else Kind.TEXT


def _likes(given: Any) -> Iterator[Reaction]:
    for like in as_list(given):
        name = text_of(as_dict(like).get("username"))
        if name:
            yield Reaction("❤", repaired(name))
