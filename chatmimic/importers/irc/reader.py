"""Parses the lines of a log, with fast paths for common formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from chatmimic.importers.irc.dialects import BARE, OTHERS, Dialect
from chatmimic.importers.irc.events import ARROW
from chatmimic.importers.irc.lines import CODES, Entry, Line, event
from chatmimic.importers.irc.timestamps import Stamp, remark
from chatmimic.importers.parsing.suspicious_lines import count_if_header
from chatmimic.importers.report import ImportReport
from chatmimic.records import Kind

_REMEMBERED = 65_536  # stamps, and nicks, of a file
_LONGEST_KEY = 80  # characters of a nick with the signs around it
_LONGEST = 128 << 10  # characters of a message of many lines; half of that is kept
_EVENTS = {"===", "***", "-!-"}  # of events without a stamp
_REMARKS = "-*S#C"  # what a client's remarks on its own log begin with


class LineReader:
    """Parses the lines of one file: in its dialect first, then in any other.

    Most lines are a stamp that was seen before, a nick that was seen before, and words: `lines`
    reads these without a pattern. What a stamp or a nick is, the patterns say, once for each.
    """

    def __init__(self, dialect: Dialect | None, *, page: bool = False) -> None:
        self.dialect = dialect
        self.coded = True  # whether colours and styles may stand in the lines
        bare = (BARE,) if page and dialect is not BARE else ()  # pages hold pasted lines
        own = () if dialect is None else (dialect,)
        self._dialects = (*own, *(d for d in OTHERS if d is not dialect), *bare)
        self._split = "" if dialect is None else dialect.split
        self._closing = "" if dialect is None else dialect.closing
        self._width = 0  # of the last stamp
        self._nick = None if dialect is None else dialect.nick
        self._stamps: dict[str, Stamp] = {}
        self._nicks: dict[str, str] = {}  # with the signs around it → the nick

    def lines(self, rows: Iterable[str]) -> Iterator[Entry]:
        """Parse lines to tuples with the fields of `Line`."""
        if self._nick is None:
            return map(self.read, rows)
        return self._by_words(rows) if self._split else self._by_head(rows)

    def _by_words(self, rows: Iterable[str]) -> Iterator[Entry]:
        """Parse lines whose first two words are timestamp and nick."""
        split, known_stamp, known_nick = self._split, self._stamps.get, self._nicks.get
        spoken, system, events = Kind.TEXT, Kind.SYSTEM, _EVENTS
        for raw in rows:
            try:
                first, key, text = raw.split(split, 2)
            except ValueError:
                yield self.read(raw)
                continue
            stamp = known_stamp(first)
            if stamp is not None:
                nick = known_nick(key) or self._seen(key)
                if nick and text and (not self.coded or text.isprintable()):
                    yield spoken, nick, text, stamp, None, ""
                    continue
            elif first in events and not self.coded and " known as " not in raw:
                yield system, "", raw, None, None, ""
                continue
            yield self.read(raw)

    def _by_head(self, rows: Iterable[str]) -> Iterator[Entry]:
        """Parse lines that are a timestamp and a nick up to what closes the nick."""
        closing, known_stamp, known_nick = self._closing, self._stamps.get, self._nicks.get
        spoken, width = Kind.TEXT, self._width
        for raw in rows:
            head, _, text = raw.partition(closing)
            stamp = known_stamp(head[:width])
            if stamp is not None:
                nick = known_nick(head[width:]) or self._seen(head[width:])
                if nick and text and (not self.coded or text.isprintable()):
                    yield spoken, nick, text, stamp, None, ""
                    continue
            yield self.read(raw)
            width = self._width

    def knows(self, raw: str) -> bool:
        """Whether a line begins with a timestamp and a nick that were parsed before."""
        if self._split:
            words = raw.split(self._split, 2)
            return len(words) > 1 and words[0] in self._stamps and words[1] in self._nicks
        head, _, _ = raw.partition(self._closing)
        return head[: self._width] in self._stamps and head[self._width :] in self._nicks

    def read(self, raw: str) -> Line:
        """Parse a line by the patterns; an unknown one is Kind.OTHER."""
        plain = CODES.sub("", raw) if self.coded else raw
        if plain[:3] in _EVENTS and plain[3:4] == " ":
            return event(plain)
        if plain[:1] in _REMARKS and (about := remark(plain)):
            stamp = None if about.day is None else Stamp(day=about.day)
            return Line(Kind.SYSTEM, text=plain, stamp=stamp, thread=about.thread)
        for dialect in self._dialects:
            found = dialect.line(plain)
            if found is not None:
                return self._normalised(dialect, found[0], found[1], raw)
        return event(plain) if ARROW.match(plain) else self._unknown(plain)

    def _normalised(self, dialect: Dialect, line: Line, width: int, raw: str) -> Line:
        """The parsed line; its timestamp is cached if later lines are likely to have it."""
        if dialect is BARE:
            return line._replace(stamp=None)
        if dialect is self.dialect and line.kind is Kind.TEXT and line.stamp is not None:
            end = width - len(self._split)
            stamp, gap = raw[:end], raw[end:width]
            if not CODES.search(raw) and gap == self._split and (not gap or gap not in stamp):
                self._width = width
                if len(self._stamps) > _REMEMBERED:
                    self._stamps.clear()
                self._stamps[stamp] = line.stamp
        return line

    def _seen(self, key: str) -> str:
        """The nick between timestamp and text; "" if there is none."""
        nick = key[1:-1]
        if not (nick.isalnum() and key[0] == "<" and key[-1] == ">" and len(nick) <= 64):
            found = self._nick.fullmatch(key[:_LONGEST_KEY]) if self._nick else None
            if found is None:
                return ""
            nick = found["nick"]
        if len(self._nicks) > _REMEMBERED:
            self._nicks.clear()
        self._nicks[key] = nick
        return nick

    def _unknown(self, plain: str) -> Line:
        """An unknown line, with its time if it has one."""
        for dialect in self._dialects:
            found = dialect.stamp.match(plain)
            if found and found.end():
                return Line(Kind.OTHER, text=plain[found.end() :], stamp=dialect.read_stamp(found))
        return Line(Kind.OTHER, text=plain)


@lru_cache(maxsize=1)
def _any_reader() -> LineReader:
    return LineReader(None)


def parsed(raw: str) -> Line:
    """Parse a line of any client."""
    return _any_reader().read(raw)


def with_continuations(
    lines: Iterable[tuple[int, Entry]], goes_on: re.Pattern[str], report: ImportReport, file: str
) -> Iterator[tuple[int, Entry]]:
    """Yield messages and events with their line numbers and continuation lines."""
    held: tuple[int, Entry] | None = None
    pieces: list[str] = []
    size = 0
    for number, line in lines:
        kind, _, text, stamp, _, _ = line
        more = goes_on.match(text) if kind is Kind.OTHER and stamp is None else None
        if held is not None and more is not None and held[1][0].has_words:
            size += len(text)
            count_if_header(text, file, number, report)
            pieces += [text[more.end() :]] if size < _LONGEST else []
            continue
        if held is not None:
            yield _joined(held, pieces)
        held, pieces, size = (number, line), [line[2]], len(line[2])
    if held is not None:
        yield _joined(held, pieces)


def _joined(held: tuple[int, Entry], pieces: list[str]) -> tuple[int, Entry]:
    number, (kind, nick, text, stamp, renamed, thread) = held
    return (
        held
        if len(pieces) == 1
        else (number, (kind, nick, "\n".join(pieces), stamp, renamed, thread))
    )
