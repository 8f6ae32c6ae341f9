"""Reads a log line by line, tracking channel, day and time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from io import BytesIO
from itertools import chain, islice
from zlib import crc32

from chatmimic.importers.base import Context
from chatmimic.importers.irc.bridges import Bridge
from chatmimic.importers.irc.dialects import Dialect, dialect_of, is_of, with_order
from chatmimic.importers.irc.lines import CODES, Entry
from chatmimic.importers.irc.nicks import is_bot, plain_nick, without_password
from chatmimic.importers.irc.paths import channel_of, day_of, zone_of
from chatmimic.importers.irc.reader import LineReader, with_continuations
from chatmimic.importers.irc.survey import Surveyed, may_any_matter, may_matter
from chatmimic.importers.irc.timestamps import Day, Stamp, numbers_of
from chatmimic.importers.irc.web_pages import is_page, page_lines
from chatmimic.importers.parsing.dates.date_order import DateSurvey
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso, possible
from chatmimic.importers.parsing.text_lines import lines
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import ByteStream, Member, Stream
from chatmimic.records import Kind, Message

_LOOKED_AT = 200  # lines that show what a file is
_A_FEW = 20
_JITTER = 120  # seconds a line may be stamped before the one above it
_NIGHT = 12 * 3600  # a log named by its day goes on after midnight only when the clock falls so far
_ALIKE = 4096  # messages whose likes are counted; equal ones of one instant stand close together
_SMALL = 64 << 10  # bytes of a log that is kept while all logs are looked through …
_ROOM = 48 << 20  # … and of all that are kept: opening a file costs more than reading a small one
_FIRST_OF_ALL = date(1988, 8, 1)  # IRC began then
# A date at the head of a line whose order it does not show itself.
_MAY_BE_DATED = re.compile(rb"(?m)^[^\n]{0,30}?(?<!\d)\d\d?([-/.])\d\d?\1\d{1,4}(?!\d)")
_FIRST_BYTES = 16 << 10  # of a log, which show that
_CODES = [bytes([code]) for code in (2, 3, 4, 15, 17, 22, 29, 30, 31)]
_NO_DATE = (
    "Some logs have no date, neither inside nor in their path; their messages are kept without a "
    "time. A file name such as #chan-2024-05-01.log gives them one."
)


class _Watched:
    """A stream that records whether it contains colour or style codes."""

    def __init__(self, stream: ByteStream) -> None:
        self.coded = False
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self.coded = self.coded or any(code in data for code in _CODES)
        return data


def _look(stamp: re.Match[str]) -> str:
    """The timestamp format, which is the same in all logs of a client."""
    return f"{stamp['sign']} {len(stamp['one'] or '')} {len(stamp['three'] or '')}"


class Readers:
    """The readers of an import; they are reused for caching.

    `room` is what is left of the memory for logs that will be read again.
    """

    def __init__(self) -> None:
        self.room = _ROOM  # bytes
        self._readers: dict[tuple[Dialect | None, bool], LineReader] = {}
        self._latest: Dialect | None = None

    def dialect(self, rows: Sequence[str], page: bool) -> Dialect | None:
        """The dialect of a log, by its first lines; usually that of the last log."""
        before = self._latest
        if before is not None and is_of(before, rows, self.reader(before, page).knows):
            return before
        found = dialect_of(rows)
        if found is not None and found.mark is not None:  # those without a mark read too much
            self._latest = found
        return found

    def reader(self, dialect: Dialect | None, page: bool) -> LineReader:
        """The reader of a dialect, in text or in pages."""
        key = dialect, page
        if key not in self._readers:
            self._readers[key] = LineReader(dialect, page=page)
        return self._readers[key]


class LogFile:
    """The parsed lines of one log."""

    def __init__(self, member: Member, context: Context, readers: Readers) -> None:
        self.member = member
        self.channel = channel_of(member.where)
        self.number = 0  # of the line that was read last
        self._context = context
        self._readers = readers
        self._dialect: Dialect | None = None
        self._looked = False
        self._held: bytes | None = None  # all of a small log, until it was read for good

    def relevant(self) -> Iterator[Entry]:
        """The messages that may be relayed (first pass, nothing is counted)."""
        self._hold()
        if self._held is None or may_any_matter(self._held):
            yield from self._entries(may_matter)

    def entries(self) -> Iterator[Entry]:
        """The parsed lines (first pass, nothing is counted)."""
        return self._entries(None)

    def dates(self) -> DateSurvey | None:
        """A survey of dates whose order is ambiguous; None for other logs."""
        held = self._held
        if not self._looked and held is not None and _MAY_BE_DATED.search(held, 0, _FIRST_BYTES):
            next(self.entries(), None)
        dialect = self._dialect
        if dialect is None or not dialect.order:
            return None
        survey = DateSurvey(self.member.label, _FIRST_OF_ALL)
        with self._held_or(self._context.ahead) as stream:
            for raw in lines(stream, self.member.label, ImportReport()):
                stamp = dialect.stamp.match(CODES.sub("", raw))
                numbers = None if stamp is None else numbers_of(stamp.groupdict())
                if stamp is not None and numbers is not None:
                    twelve_hour = stamp["period"] is not None
                    survey.add(
                        numbers, stamp.group().strip(), _look(stamp), twelve_hour=twelve_hour
                    )
        return survey

    def settle(self, order: str) -> None:
        """Set the order of dates."""
        if self._dialect is not None:
            self._dialect = with_order(self._dialect, order)

    def numbered(self) -> Iterator[tuple[int, Entry]]:
        """The parsed messages and events with their line numbers."""
        with self._held_or(self._context.open) as stream:
            entries = self._opened(stream, self._context.report)
            if self._dialect is not None:
                self._context.report.variants[self._dialect.name] += 1
            goes_on = None if self._dialect is None else self._dialect.goes_on
            if goes_on is not None:
                numbered = ((self.number, line) for line in entries)
                yield from with_continuations(
                    numbered, goes_on, self._context.report, self.member.name
                )
            else:
                for line in entries:
                    yield self.number, line
        self._let_go()

    def _hold(self) -> None:
        if self.member.size <= min(_SMALL, self._readers.room):
            with self._context.ahead(self.member) as stream:
                data = stream.read(_SMALL + 1)
                if len(data) <= _SMALL and not stream.read(1):
                    self._held = data
                    self._readers.room -= len(data)

    def _let_go(self) -> None:
        if self._held is not None:
            self._context.report.bytes_read += self.member.size
            self._readers.room += len(self._held)
            self._held = None

    def _held_or(self, opened: Callable[[Member], Stream]) -> BytesIO | Stream:
        return opened(self.member) if self._held is None else BytesIO(self._held)

    def _entries(self, wanted: Callable[[str], bool] | None) -> Iterator[Entry]:
        aside = ImportReport()
        with self._held_or(self._context.ahead) as stream:
            yield from self._opened(stream, aside, wanted)

    def _opened(
        self,
        stream: ByteStream,
        report: ImportReport,
        wanted: Callable[[str], bool] | None = None,
    ) -> Iterator[Entry]:
        watched = _Watched(stream)
        rows = enumerate(lines(watched, self.member.label, report), 1)
        first = list(islice(rows, _LOOKED_AT))
        every: Iterable[tuple[int, str]] = chain(first, rows)
        page = is_page("\n".join(raw for _, raw in first[:_A_FEW]))
        if page:
            first, every = list(page_lines(first)), page_lines(every)
        if not self._looked:
            self._looked = True
            self._dialect = self._readers.dialect([raw for _, raw in first if raw.strip()], page)
        reader = self._readers.reader(self._dialect, page)
        return reader.lines(self._raw(every, reader, watched, wanted))

    def _raw(
        self,
        rows: Iterable[tuple[int, str]],
        reader: LineReader,
        watched: _Watched,
        wanted: Callable[[str], bool] | None,
    ) -> Iterator[str]:
        for number, raw in rows:
            if raw and (wanted is None or wanted(raw)) and not raw.isspace():
                self.number = number
                reader.coded = watched.coded
                yield raw


class Log:
    """Converts a log to messages."""

    def __init__(self, file: LogFile, context: Context, surveyed: Surveyed) -> None:
        self._file = file
        self._report = context.report
        self._surveyed = surveyed
        self._thread = file.channel
        self._named = self._thread.startswith("#")
        self._times = _Times(file.member.where, context)
        self._likes = _MessageIds()
        self._people: dict[str, tuple[str, bool, Bridge | None]] = {}

    def messages(self) -> Iterator[Message]:
        """Yield all messages and events, in file order. Raises ExportError."""
        sent_at = self._times.of
        name = self._file.member.name
        for number, (kind, nick, text, stamp, _, thread) in self._file.numbered():
            if thread and not self._named:
                self._thread = thread
            at = sent_at(stamp)
            source = f"{name}:{number}"
            if nick:
                yield self._spoken(kind, nick, text, at, source)
            else:
                yield Message("", text, at, kind, "irc", self._thread, self._thread, source=source)

    def _spoken(self, kind: Kind, nick: str, text: str, at: int | None, source: str) -> Message:
        number = self._likes.number(at, nick, text)
        key, bot, bridge = self._people.get(nick) or self._person(nick)
        if bridge is not None and self._thread in bridge.threads:
            name, text, kind = bridge.relayed(text, kind)
            if kind is Kind.SYSTEM:
                nick = key = ""
            elif name:
                nick = name
                key, bot, _ = self._people.get(nick) or self._person(nick)
            else:
                bot = True
        safe = without_password(text, self._thread)
        if safe != text:
            self._report.repairs["passwords hidden"] += 1
        return Message(
            nick,
            safe,
            at,
            kind,
            "irc",
            self._thread,
            self._thread,
            key,
            number,
            is_bot=bot,
            source=source,
        )

    def _person(self, nick: str) -> tuple[str, bool, Bridge | None]:
        if len(self._people) > 65_536:
            self._people.clear()
        plain = plain_nick(nick)
        bridge = self._surveyed.bridges.get(plain)
        key = self._surveyed.keys.get(plain, plain)
        found = self._people[nick] = key, is_bot(nick), bridge
        return found


class _MessageIds:
    """Makes message ids from time, text and the number among equal messages.

    IRC gives none. Who a nick is may show only in logs that come later, and then the same lines
    come again with another sender: the id says that they are the same.
    """

    def __init__(self) -> None:
        self._now: dict[tuple[int, int], int] = {}
        self._before: dict[tuple[int, int], int] = {}

    def number(self, at: int | None, nick: str, text: str) -> str:
        """The id of the next message; "" without a time."""
        if at is None:
            return ""
        like = at, crc32(f"{nick} {text}".encode("utf-8", "replace"))
        count = self._now.get(like, 0) + self._before.pop(like, 0) + 1
        if len(self._now) >= _ALIKE:
            self._before, self._now = self._now, {}
        self._now[like] = count
        first = f"{at:x}-{like[1]:08x}"
        return first if count == 1 else f"{first}-{count}"


class _Times:
    """Resolves the times of a log, whose timestamps mostly lack the date."""

    def __init__(self, where: str, context: Context) -> None:
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)
        self._day = day_of(where)
        self._zone = zone_of(where)
        self._daily = self._day is not None
        self._seconds: int | None = None  # of the day, of the line before
        self._at: int | None = None
        self._stamp: Stamp | None = None

    def of(self, stamp: Stamp | None) -> int | None:
        """UTC milliseconds; for an event without a timestamp, those of the line before."""
        if stamp is None or (stamp is self._stamp and self._at is not None):
            return self._at
        self._stamp = stamp
        at = self._at_stamp(stamp)
        if at is not None and self._at is not None and at < self._at:
            self._report.repairs["out of order"] += 1
        self._at = at if at is not None or stamp.clock is not None else self._at
        return self._at

    def _at_stamp(self, stamp: Stamp) -> int | None:
        if stamp.at is not None:
            return possible(stamp.at, self._report)
        if stamp.day is not None:
            self._turn_to(stamp.day)
        if stamp.clock is None:
            return None
        hour, minute, second = stamp.clock
        seconds = hour * 3600 + minute * 60 + second
        if stamp.day is None:
            self._pass_midnight(seconds)
        self._seconds = seconds
        if self._day is None:
            self._report.note(_NO_DATE)
            return None
        moment = datetime(self._day.year, self._day.month, self._day.day, *stamp.clock)
        if zone := stamp.zone or self._zone:
            moment = parse_iso(f"{moment.isoformat()}{zone}") or moment
        return self._clock.utc(moment)

    def _turn_to(self, day: Day) -> None:
        """Set the day that a line names; HexChat omits the year."""
        year, month, monthday = day
        if not year:
            if self._day is None:
                return
            year = self._day.year + (month < self._day.month - 6)
        try:
            self._day = date(year, month, monthday)
        except ValueError:
            return  # 31 June: keep the day we have
        self._seconds = None
        self._daily = False

    def _pass_midnight(self, seconds: int) -> None:
        """Detect midnight: the time goes back, but not by jitter or daylight saving time."""
        if self._seconds is None or self._day is None:
            return
        fall = self._seconds - seconds
        if fall <= _JITTER or (self._daily and fall < _NIGHT):
            return
        if fall <= 3600 and self._set_back(seconds):
            return
        if self._day < date.max:
            self._day += timedelta(days=1)

    def _set_back(self, seconds: int) -> bool:
        """Whether this local hour occurs twice on this day."""
        if self._clock.zone is None or self._day is None:
            return False
        from dateutil import tz

        midnight = datetime(self._day.year, self._day.month, self._day.day)
        return tz.datetime_ambiguous(midnight + timedelta(seconds=seconds), self._clock.zone)
