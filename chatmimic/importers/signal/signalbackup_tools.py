"""Reads text files of signalbackup-tools, made from Signal's backups, one for each chat.

[Sep 02, 2020 22:41:05] <Ada Lovelace> is the kettle on (Bo: 👍)
[Sep 02, 2020 22:42:05] *** <Bo> sent file of type image/jpeg
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import PurePosixPath

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.dated_lines import (
    MessageStart,
    Times,
    clock_from,
    first_lines,
    numbered_lines,
    with_continuations,
)
from chatmimic.importers.parsing.dates.months import month_named
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

_HEAD = re.compile(
    r"\[([^\W\d_]{1,12}\.?) ([0-9]{1,2}), ([0-9]{4}) ([0-9]{1,2}):([0-9]{2}):([0-9]{2})\] "
    r"(?:<(.+?)> |(?=\*{1,3} ))(.*)"
)
_STAMPED = re.compile(r"\[[^\[\]]{12,40}\] ")
_LOOKED_AT = 200  # lines
_SURE = 0.6  # of the lines with a time before them
_FILE = re.compile(r"\*\*\* <(.+?)> sent file(?: (?:of type \S+|\".*\"))?")
_CALL = re.compile(
    r"\*\*\* (?:You called|Missed call|.{1,200} ?called you"
    r"|(?:Missed|Incoming|Outgoing|Declined|Unanswered) (?:\w+ )?call(?: .{1,100})?)"
)
_POLL = "Poll: "
_OPTION = re.compile(r" {20,}\[\d+\] (.*)")
_NUMBERED = re.compile(r" \(_id\d+\)$")
_EMOJI = re.compile(
    "(?:[0-9#*]\ufe0f?\u20e3|[\u200d\ufe0f\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d"
    "\u3297\u3299\U0001f000-\U0001faff\U000e0020-\U000e007f])+"
)
_MOST_BRACKETS = 8  # of names such as "Ada (work)" that are looked into


def is_text(text: str) -> bool:
    """Whether lines begin like those of this program."""
    rows = first_lines(text, _LOOKED_AT)
    stamped = [row for row in rows if _STAMPED.match(row)]
    begun = sum(message_start(row) is not None for row in stamped)
    return message_start(rows[0]) is not None and begun >= _SURE * len(stamped)


def message_start(line: str) -> MessageStart | None:
    """Parse the first line of a message; None for other lines."""
    found = _HEAD.fullmatch(line)
    if found is None:
        return None
    month = month_named(found[1])
    if month is None:
        return None
    day = _day(int(found[3]), month, int(found[2]))
    return MessageStart(day, clock_from(found[4], found[5], found[6]), found[7] or "", found[8])


@lru_cache(maxsize=1024)
def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_text(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of a file."""
    stem = re.sub(r"\.txt$", "", member.base, flags=re.IGNORECASE)
    title = _NUMBERED.sub("", stem) or PurePosixPath(member.where).parent.name
    times = Times(context)
    with numbered_lines(member, context) as rows:
        for number, opening, text in with_continuations(
            _message_starts(rows), context.report, member.name
        ):
            sender, kind, text, reactions = _read(opening.sender, text.rstrip("\n"))
            yield Message(
                sender,
                text,
                times.of(opening),
                kind,
                "signal",
                stem or title,
                title,
                sender,
                reactions=reactions,
                source=f"{member.name}:{number}",
            )


def _message_starts(rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, MessageStart | str]]:
    for number, line in rows:
        yield number, message_start(line) or line


def _read(sender: str, text: str) -> tuple[str, Kind, str, tuple[Reaction, ...]]:
    """The sender, the kind, and the text without what the program appended."""
    if sender and text.startswith(_POLL):
        return sender, Kind.TEXT, _poll(text.removeprefix(_POLL)), ()
    text, reactions = _reactions(text)
    if sender:
        return sender, Kind.TEXT, text, reactions
    file = _FILE.fullmatch(text)
    if file is not None:
        return file[1], Kind.MEDIA, "", reactions
    return "", Kind.CALL if _CALL.fullmatch(text) else Kind.SYSTEM, text.lstrip("* "), ()


def _poll(text: str) -> str:
    """A question and its answers, without the votes below."""
    question, *rows = text.split("\n")
    options = [_OPTION.fullmatch(row) for row in rows]
    if not options or not all(options):
        return f"{_POLL}{text}"
    return "\n".join([question, *(option[1] for option in options if option is not None)])


def _reactions(text: str) -> tuple[str, tuple[Reaction, ...]]:
    """Split the reactions " (Ada: 👍; Bo: ❤)" from the end of a text."""
    end = len(text)
    for _ in range(_MOST_BRACKETS if text.endswith(")") else 0):
        end = text.rfind(" (", 0, end)
        if end < 0:
            break
        named = [one.rpartition(": ") for one in text[end + 2 : -1].split("; ")]
        if all(_is_reaction(name, emoji) for name, _, emoji in named):
            return text[:end], tuple(Reaction(emoji, name) for name, _, emoji in named)
    return text, ()


def _is_reaction(name: str, emoji: str) -> bool:
    balanced = name.count("(") == name.count(")")
    return bool(name) and balanced and "\n" not in name and _EMOJI.fullmatch(emoji) is not None
