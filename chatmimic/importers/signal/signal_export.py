"""Reads the files of the program signal-export: `chat.md` and JSON lines for each chat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso
from chatmimic.importers.parsing.json_stream.lines import json_rows
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.parsing.suspicious_lines import count_if_header
from chatmimic.importers.parsing.text_lines import lines
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

# Old files have a comma and no seconds; with both it is another program's.
_HEAD = re.compile(
    r"\[(\d{4}-\d\d-\d\d)(?:,? (\d\d:\d\d)| (\d\d:\d\d:\d\d))\] (.*?): ?(.*)", re.ASCII
)
_LOOKED_AT = 200  # lines
_SURE = 0.6  # of the messages are laid out as this program does it
# Stands after the two spaces that end a text, after reactions or after another one.
_ATTACHED = re.compile(
    r"(?:(?<=  )|(?<=-\))|(?<=\)\)))!?\[(?:(?!\]\()[^\n]){0,300}\]\(\.{1,2}/[^\s()]*\)  \Z"
)
_LONGEST, _MOST = 1000, 100  # characters of an attachment, attachments of a message
_STICKER = re.compile(r"\n\(\( (.*) \)\)\Z")
_REACTED = re.compile(r"\n\(- (.+) -\)\Z")
_CALL = re.compile(
    r"(?:Incoming|Outgoing|Missed)(?: (?:voice|video|group|direct))? call(?: \(.*\))?"
)
_DELETED = "(This message was deleted)"
_ENDS = ("  ", " -)", " ))", _DELETED)
_NOBODY = "No-Sender"


def is_markdown(text: str) -> bool:
    """Whether lines are messages of `chat.md`, by how they end."""
    rows = [row.removesuffix("\r") for row in text.lstrip("\ufeff").split("\n")[:_LOOKED_AT]]
    starts = [number for number, row in enumerate(rows) if _HEAD.fullmatch(row)]
    if not starts or "".join(rows[: starts[0]]).strip():
        return False
    ends = [*starts[1:], len(rows)]
    messages = [rows[start:end] for start, end in zip(starts, ends, strict=True)]
    # The last one may be cut where the head ends.
    ended = [_is_ended(rows) or not rows[-1] for rows in messages[:-1]] or [_is_ended(messages[0])]
    return sum(ended) >= _SURE * len(ended)


def _is_ended(message: list[str]) -> bool:
    """Whether the text ends in two spaces, or in what may follow them."""
    return [row for row in message if row][-1].endswith(_ENDS)


def read_markdown(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of a `chat.md`."""
    chat = _Chat(member, context)
    begun: re.Match[str] | None = None
    body: list[str] = []
    first = 0
    with context.open(member) as stream:
        for number, line in enumerate(lines(stream, member.label, context.report), 1):
            found = _HEAD.fullmatch(line)
            if found is None and begun is not None:
                count_if_header(line, member.name, number, context.report)
                body.append(line)
                continue
            if begun is not None:
                yield chat.from_markdown(begun, body, first)
            begun, body, first = found, [found[5]] if found else [], number
            if found is None and line.strip():
                yield chat.unknown(line, number)
    if begun is not None:
        yield chat.from_markdown(begun, body, first)


def read_records(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of a `data.json` or `data.jsonl`. Raises DamagedExport."""
    chat = _Chat(member, context)
    with context.open(member) as stream:
        for number, item in json_rows(stream, member.label, False, context):
            yield chat.from_record(as_dict(item), number)


class _Chat:
    """The files of a chat, which is named by its folder."""

    def __init__(self, member: Member, context: Context) -> None:
        folder = PurePosixPath(member.name).parent.name or PurePosixPath(member.where).parent.name
        self._thread = folder or member.base
        self._file = member.name
        self._clock = LocalClock(context.options.tz, context.report)

    def from_markdown(self, found: re.Match[str], body: list[str], number: int) -> Message:
        """Make a message from its first line and the following ones."""
        day, minutes, seconds, sender, _ = found.groups()
        text, attached, reactions = _taken_apart(_without_quote(body))
        kind = _kind(text, attached)
        if text == _DELETED:
            kind, text = Kind.DELETED, ""
        date = f"{day}T{minutes or seconds}"
        return self._message(sender, text, date, kind, reactions, number)

    def from_record(self, record: Mapping[str, Any], number: int) -> Message:
        """Make a message from its object; without a text it is Kind.OTHER."""
        text = text_of(record.get("body")).removesuffix("  ")
        attached = bool(record.get("attachments") or record.get("sticker"))
        kind = _kind(text, attached)
        if record.get("deleted") is True:
            kind = Kind.DELETED
        elif not isinstance(record.get("body"), str):
            kind = Kind.OTHER
        elif isinstance(record.get("call"), bool):  # newer files say so
            kind = Kind.CALL if record["call"] else _kind_of_words(text, attached)
        date, sender = text_of(record.get("date")), text_of(record.get("sender"))
        reactions = tuple(_reactions(record.get("reactions")))
        return self._message(sender, text, date, kind, reactions, number)

    def unknown(self, line: str, number: int) -> Message:
        """A line that belongs to no message."""
        source = f"{self._file}:{number}"
        return Message(
            "", line, None, Kind.OTHER, "signal", self._thread, self._thread, source=source
        )

    def _message(
        self,
        sender: str,
        text: str,
        date: str,
        kind: Kind,
        reactions: tuple[Reaction, ...],
        number: int,
    ) -> Message:
        sender = "" if sender == _NOBODY else sender
        return Message(
            sender,
            text,
            self._clock.utc(parse_iso(date)),
            kind,
            "signal",
            self._thread,
            self._thread,
            sender,
            reactions=reactions,
            source=f"{self._file}:{number}",
        )


def _without_quote(body: list[str]) -> list[str]:
    """The lines without the quoted message before the person's own text."""
    if len(body) < 3 or body[0].strip() or not body[2].startswith("> "):
        return body
    if body[1].rstrip() == ">":  # until 2021; only the first line of the words is marked there
        own = next((n for n in range(3, len(body)) if body[n].rstrip() == ">"), None)
    elif body[1].strip():
        own = None
    else:
        own = next((n for n in range(2, len(body)) if not body[n].startswith(">")), len(body))
    return body if own is None else body[own + 1 :]


def _taken_apart(body: list[str]) -> tuple[str, bool, tuple[Reaction, ...]]:
    """Split text, whether there are attachments, and reactions."""
    whole = "\n".join(body).rstrip("\n")
    text = whole
    for _ in range(_MOST):
        found = _ATTACHED.search(text, max(0, len(text) - _LONGEST))
        if found is None:
            break
        text = text[: found.start()]
    text = _STICKER.sub("", text)
    attached = text != whole
    reacted = _REACTED.search(text)
    if reacted is not None:
        text = text[: reacted.start()]
    return text.removesuffix("  "), attached, tuple(_named(reacted[1]) if reacted else ())


def _named(written: str) -> Iterator[Reaction]:
    """Parse "Ada: 👍, Bob: ❤"."""
    for one in written.split(", "):
        name, _, emoji = one.rpartition(": ")
        if name:
            yield Reaction(emoji, name)


def _reactions(given: Any) -> Iterator[Reaction]:
    """Read reactions: pairs of name and emoji, or objects."""
    for one in as_list(given):
        if isinstance(one, list) and len(one) == 2:
            yield Reaction(text_of(one[1]), text_of(one[0]))
        elif isinstance(one, dict):
            yield Reaction(text_of(one.get("emoji")), text_of(one.get("name")))


def _kind(text: str, attached: bool) -> Kind:
    return Kind.CALL if _CALL.fullmatch(text) else _kind_of_words(text, attached)


def _kind_of_words(text: str, attached: bool) -> Kind:
    return Kind.MEDIA if attached and not text.strip() else Kind.TEXT
