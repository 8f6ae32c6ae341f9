"""Reads Element's plain text export: a line for each event, with unmarked continuation lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.date_formats import DATE_FORMATS
from chatmimic.importers.parsing.dates.date_order import date_of
from chatmimic.importers.parsing.dates.dated_lines import (
    EAST_ASIAN_PERIOD,
    SPACES,
    Clock,
    MessageStart,
    Times,
    clock_from,
    first_lines,
    numbered_lines,
    with_continuations,
)
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_LOOKED_AT = 20  # lines
# The date and the time as the user's language has them, always with the day of the week.
_UNITS, _DAY_FIRST, _MONTH_FIRST = DATE_FORMATS[1:4]
_NUMBERS = DATE_FORMATS[0]
_WEEKDAY = r"[^\W\d]{1,12}\.?,?[ ]"
_EASTERN = r"(?:[(（][^()（）]{1,4}[)）]|[日月火水木金土]曜日|[周週].|星期.|.요일)"
_TAIL = (
    rf"(?: ?г)?\.?,?[{SPACES}](?:(?P<before>{EAST_ASIAN_PERIOD})[{SPACES}]?)?"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)[:.](?P<second>\d\d)"
    rf"(?:[{SPACES}](?P<period>[^\W\d]{{1,4}}\.?(?:[{SPACES}][^\W\d]\.?)?))? - "
)
_STAMPS = tuple(
    (re.compile(pattern + _TAIL), shape.numbers)
    for pattern, shape in (
        (rf"(?={_WEEKDAY}[^\W\d]){_MONTH_FIRST.pattern}", _MONTH_FIRST),
        (rf"(?={_WEEKDAY}\d){_DAY_FIRST.pattern}", _DAY_FIRST),
        (rf"{_WEEKDAY}{_NUMBERS.pattern}", _NUMBERS),
        (rf"{_UNITS.pattern} ?{_EASTERN}", _UNITS),
    )
)
_TITLES = (
    re.compile(r"matrix - (?P<of>.{1,200}) - Chat Export - .{1,60}"),
    re.compile(r"matrix-(?P<of>.{1,200})-export-.{1,60}"),
)
_LONGEST_NAME = 255
_MOST_NAMES = 10_000  # of one room that are remembered
# What Element tells of people may hold ": " in a quoted name; no name holds these words.
_EVENT = re.compile(
    r" (?:joined the room|left the room|invited |changed (?:the|their|his|her) |set (?:the|their) "
    r"|removed |banned |unbanned |made |pinned |unpinned |sent an invitation|upgraded |enabled "
    r"|turned o|placed a |created (?:the|this) |allowed |rejected |accepted |withdrew )"
)
_SENT = re.compile(r"(?P<who>.{1,255}) sent an? (?:image|sticker)\.")
_FILES = (
    " (Media omitted)", " (Media omitted - file size limit exceeded)", " (File Attached)",
    " (Error fetching file)",
)  # fmt: skip
# "<@ada:example.org "what is answered"> ": 32 characters of it at most, and three dots.
_REPLY = re.compile(r'<@[^\s<>"]{1,255}(?: "[^\n]{0,36}?")?> ')


@dataclass(frozen=True, slots=True)
class _Event(MessageStart):
    """The first line of an event, and its kind by its own words."""

    kind: Kind


def is_plain(text: str) -> bool:
    """Whether a file begins like the plain text of a room."""
    rows = first_lines(text, _LOOKED_AT)
    return bool(rows) and stamped(rows[0]) is not None


def stamped(raw: str) -> tuple[date, Clock | None, str] | None:
    """Split date and time from the beginning of a line; None if it has none."""
    for pattern, numbers_of in _STAMPS:
        found = pattern.match(raw)
        numbers = None if found is None else numbers_of(found)
        day = None if numbers is None else date_of(numbers, "dmy")
        if found is not None and day is not None:
            period = found["before"] or found["period"]
            clock = clock_from(found["hour"], found["minute"], found["second"], period)
            return day, clock, raw[found.end() :]
    return None


def read_plain(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of the file."""
    times, names = Times(context), _Names()
    thread = _title_of(member.where)
    with numbered_lines(member, context) as rows:
        read = ((number, _row(raw.removeprefix("\ufeff"), names)) for number, raw in rows)
        for number, begun, text in with_continuations(read, context.report, member.name):
            source = f"{member.name}:{number}"
            if text.startswith("** Unable to decrypt"):
                context.report.leave_out("undecryptable", source)
                continue
            kind, words = _classified(begun, text)
            yield Message(
                begun.sender,
                words,
                times.of(begun),
                kind,
                "matrix",
                thread,
                thread,
                begun.sender,
                source=source,
            )


def _title_of(where: str) -> str:
    """The title of the room, from the name of the file, or of its zip or folder."""
    parts = [PurePosixPath(part).stem for part in PurePosixPath(where).parts]
    for part in parts[:-3:-1]:
        found = next((found for title in _TITLES if (found := title.fullmatch(part))), None)
        if found is not None:
            return found["of"]
    return parts[-1]


class _Names:
    """The senders so far: an action does not show where a name of several words ends."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, name: str) -> None:
        """Add a name."""
        if len(self._known) < _MOST_NAMES:
            self._known.add(name)

    def split(self, text: str) -> tuple[str, str]:
        """Split the actor from the action: the longest known name, or else the first word."""
        for end in range(min(len(text), _LONGEST_NAME), 0, -1):
            if text[:end] in self._known and text[end : end + 1] in ("", " "):
                return text[:end], text[end + 1 :]
        name, _, does = text.partition(" ")
        return name, does


def _row(raw: str, names: _Names) -> _Event | str:
    found = stamped(raw)
    if found is None:
        return raw
    day, clock, rest = found
    kind, sender, text = _happening(rest, names)
    return _Event(day, clock, sender, text, kind)


def _happening(rest: str, names: _Names) -> tuple[Kind, str, str]:
    """The kind, sender and text of a line."""
    if rest.startswith("* "):
        return Kind.ACTION, *names.split(rest[2:])
    name, colon, text = rest.partition(": ")
    if not colon and rest.endswith(":"):
        name, colon = rest[:-1], ": "
    if colon and len(name) <= _LONGEST_NAME and not _EVENT.search(name):
        names.add(name)
        return Kind.TEXT, name, text
    for ending in _FILES:
        rest = rest.removesuffix(ending)
    sent = _SENT.fullmatch(rest)
    return (Kind.SYSTEM, "", rest) if sent is None else (Kind.MEDIA, sent["who"], "")


def _classified(begun: MessageStart, text: str) -> tuple[Kind, str]:
    """The kind and text of an event, once all its lines are known."""
    kind = begun.kind if isinstance(begun, _Event) else Kind.OTHER
    if kind is not Kind.TEXT:
        return kind, text
    if text == "Message deleted" or text.startswith("Message deleted by "):
        return Kind.DELETED, ""
    reply = _REPLY.match(text)
    words = text[reply.end() :] if reply else text
    return (Kind.MEDIA, words) if words.endswith(_FILES) else (Kind.TEXT, words)
