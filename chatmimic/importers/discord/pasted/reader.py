"""Reads chats pasted from Discord's client, in all display modes and languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from chatmimic.importers.base import Context
from chatmimic.importers.discord.channels import pasted_channel
from chatmimic.importers.discord.dedup import Authored
from chatmimic.importers.discord.pasted.client_additions import RecentMessages, clean
from chatmimic.importers.discord.pasted.code_fences import fence_of, without_fences
from chatmimic.importers.discord.pasted.headings import (
    ENOUGH_MARKS,
    DisplayedTime,
    Heading,
    bracketed,
    heading,
    is_bot_tag,
    is_tag,
    marks_within,
    separator,
    spoken,
)
from chatmimic.importers.discord.pasted.single_line import split
from chatmimic.importers.discord.pasted.times import PasteTimes, QuotedTimes
from chatmimic.importers.parsing.dates.date_order import (
    ORDERS,
    DateSurvey,
    Numbers,
    date_of,
    resolved_orders,
)
from chatmimic.importers.parsing.dates.dated_lines import MAX_MESSAGE, numbered_lines
from chatmimic.importers.parsing.dates.times import date_in
from chatmimic.importers.parsing.suspicious_lines import count_if_header
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_LOOKED_AT = 120  # lines
_NEAR_TOP = 8  # lines, of which one should have a name and a time
_LINE_START = 20_000  # characters of a line that show whether it was several
_IN_NAME = "the date in its name"
_UNSEEN = str.maketrans("", "", "\u200b\ufeff")


def is_pasted(text: str) -> bool:
    """Whether the text has names with times as the client shows them, above messages."""
    rows = [row.translate(_UNSEEN).rstrip() for row in text.split("\n", _LOOKED_AT)[:_LOOKED_AT]]
    rows = [row for row in rows if row.strip()]
    if any(len(marks_within(row[:_LINE_START])) >= ENOUGH_MARKS for row in rows[:3]):
        return True
    if _is_compact(rows):
        return True
    found = [(n, heading(row.strip(), free=True)) for n, row in enumerate(rows)]
    heads = [(n, head) for n, head in found if head is not None]
    if not heads or heads[0][0] >= _NEAR_TOP or len(heads) == len(rows):
        return False
    sure = [head for _, head in heads if head.when.is_certain]
    names = [head.name for _, head in heads if head.name]
    return len(sure) > 1 or (len(sure) == 1 and len(rows) < 20) or len(set(names)) < len(names)


def _is_compact(rows: Sequence[str]) -> bool:
    marked = [one for one in map(bracketed, rows) if one is not None]
    spoken_rows = sum(rest != "" and spoken(rest) is not None for _, rest in marked)
    twelve_hour = all(when.written[-2:-1].casefold() == "m" for when, _ in marked)
    return spoken_rows > 1 and twelve_hour and spoken_rows * 2 > len(rows)


@dataclass
class _FileStyle:
    """The conventions of a file, from a first pass over it."""

    dates: DateSurvey
    last: Numbers | None = None  # the last date in numbers
    order: str | None = None  # of dates, where the date in the name shows it
    sure: bool = False  # times are in English
    clocks: set[bool] = field(default_factory=set)  # of sure times: of twelve hours or not
    cozy: bool = False  # names stand on lines of their own
    one_line: bool = False
    steps: int = 0  # back in time
    quoted: set[int] = field(default_factory=set)  # lines of older headers within a message
    fence: str = ""  # that stands around the paste

    def heading(self, line: str) -> Heading | None:
        """Parse a line as a heading."""
        head = heading(line.strip(), free=not self.sure) if line.strip() else None
        if head is not None and head.when.plain and self.clocks == {True}:
            return head if _is_twelve_hour(head.when) else None  # "lunch — 12:30"
        return head


def _is_twelve_hour(when: DisplayedTime) -> bool:
    return when.written[-1:].casefold() == "m"


def read_pasted(member: Member, context: Context) -> Iterator[Authored]:
    """Yield all messages of a file."""
    base, why = _day_of(member)
    style = _scan(member, base, why == _IN_NAME, context)
    given_order = context.options.date_order or style.order
    order = resolved_orders([style.dates], given_order, context.report)[0]
    times = PasteTimes(base, order, context, style.steps)
    reader = _Reader(member, context, style, times)
    with numbered_lines(member, context) as rows:
        yield from reader.one_line(rows) if style.one_line else reader.messages(rows)
    if times.example:
        context.report.note(
            f'Times such as "{times.example}" in {member.label} were counted from {base}, {why}; '
            "to set another day, put it into the file name, e.g. 2024-05-01."
        )
    if times.hourless:
        context.report.note(
            f"{times.hourless:,} messages in {member.label} have a date but no time; they were "
            "dated to the beginning of the day."
        )
    if style.quoted:
        context.report.note(
            f"Headers in {member.label} that are older than those around them were read as "
            f"quotations: {len(style.quoted):,}. If they are not, put each paste into its own "
            "file."
        )


def _day_of(member: Member) -> tuple[date, str]:
    """The day a chat was copied on, and how it is known."""
    named = date_in(Path(member.where).name)
    if named is not None:
        return date(*named), _IN_NAME
    for path in (Path(member.where), *Path(member.where).parents):
        if path.is_file():  # of a packed file, the pack
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return changed.date(), "the day on which it was last changed"
    return datetime.now(UTC).date(), "today"


def _scan(member: Member, base: date, is_named: bool, context: Context) -> _FileStyle:
    style = _FileStyle(DateSurvey(member.label))
    fence = ""
    with numbered_lines(member, context, ahead=True) as rows:
        for _, raw in rows:
            line = raw.translate(_UNSEEN)
            head = heading(line.strip(), free=True)
            if head is not None:
                style.fence = style.fence if style.cozy else fence
                style.cozy = True
                style.sure = style.sure or head.when.is_certain
                if head.when.is_certain and head.when.clock is not None:
                    style.clocks.add(_is_twelve_hour(head.when))
                _learn_date(head.when, style.dates)
                style.last = head.when.numbers or style.last
            elif not style.one_line:
                style.one_line = len(marks_within(raw[:_LINE_START])) >= ENOUGH_MARKS
            if not style.cozy and (found := fence_of(line)):
                fence = "" if fence else found
    style.one_line = style.one_line and not style.cozy
    if is_named:
        _end_on(base, style)
    _find_steps(member, base, style, context)
    return style


def _learn_date(when: DisplayedTime, dates: DateSurvey) -> None:
    if when.numbers is not None:
        dates.add(when.numbers, when.written, when.look, twelve_hour=_is_twelve_hour(when))


def _end_on(base: date, style: _FileStyle) -> None:
    """Use the day of the paste: with 05/12/2018 and 20180512, the month comes first."""
    numbers = (str(base.year), str(base.month), str(base.day))
    style.dates.add(numbers, f"{base.month}/{base.day}/{base.year}", twelve_hour=True)
    if style.last is not None:
        ends = {order: date_of(style.last, order) for order in ORDERS}
        near = [one for one, day in ends.items() if day and 0 <= (base - day).days <= 1]
        sure = len(near) == 1 and style.dates.fits(near[0])
        style.order = near[0] if sure else None


def _find_steps(member: Member, base: date, style: _FileStyle, context: Context) -> None:
    """Find what only all times of a file show together."""
    seen = QuotedTimes(
        PasteTimes(base, "dmy", Context(context.source, context.options, ImportReport()))
    )
    with numbered_lines(member, context, ahead=True) as rows:
        for number, raw in rows:
            line = raw.translate(_UNSEEN)
            day = None if style.one_line else separator(line)
            if day is not None:
                seen.add_separator(day)
            for when, starts in _whens(line, style) if day is None else ():
                seen.add(number, when, starts)
    style.steps, style.quoted = seen.times.steps_seen, seen.found


def _whens(line: str, style: _FileStyle) -> Iterator[tuple[DisplayedTime, bool]]:
    """The times on a line, and whether a name precedes each."""
    if style.one_line:
        yield from ((when, False) for _, _, _, when in marks_within(line))
        return
    head, mark = style.heading(line), bracketed(line.strip())
    if head is not None:
        yield head.when, True
    elif mark is not None:
        yield mark[0], False


class _Reader:
    """Yields the messages of one file, in its order."""

    def __init__(
        self, member: Member, context: Context, style: _FileStyle, times: PasteTimes
    ) -> None:
        self._member = member
        self._report = context.report
        self._style = style
        self._times = times
        self._channel = pasted_channel(member)
        self._quotable = RecentMessages()
        self._open: _Open | None = None
        self._body: list[str] = []
        self._size = 0
        self._above = 0  # number of the first line above all messages

    def messages(self, rows: Iterable[tuple[int, str]]) -> Iterator[Authored]:
        """Yield all messages of a file with line ends."""
        for number, line, outside in self._within(rows):
            begun = None if outside or line is None else self._begun(line, number)
            if begun is not None or (outside and self._open is not None):
                yield from self._ended()
                self._open, self._body, self._size, self._above = begun, [], 0, 0
            if begun is not None and begun.text:
                self._take(begun.text, number)
            elif begun is None and line is not None and not self._is_day(line):
                self._take(line, number)
        yield from self._ended()

    def _within(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str | None, bool]]:
        """The lines, and whether each is outside of the paste; None for fences."""
        plain = ((number, raw.translate(_UNSEEN).rstrip()) for number, raw in rows)
        if not self._style.fence:
            yield from ((number, line, False) for number, line in plain)
            return
        begins = self._begins
        for number, line, outside in without_fences(plain, self._style.fence, begins):
            self._report.repairs["fences around a paste"] += line is None
            yield number, line, outside

    def _begins(self, line: str) -> bool:
        return self._style.heading(line) is not None or separator(line) is not None

    def one_line(self, rows: Iterable[tuple[int, str]]) -> Iterator[Authored]:
        """Yield all messages of a file that lost its line ends."""
        self._report.note(
            f"{self._member.label} has lost its line breaks, so names were guessed from "
            "repetition; check them with `chatmimic people`."
        )
        for number, raw in rows:
            pieces = list(split(raw.translate(_UNSEEN)))
            if not pieces and raw.strip() and not fence_of(raw):
                self._report.leave_out("unparsed", f"{self._member.name}:{number}")
            for piece in pieces:
                begun = _Open(number, piece.name, piece.is_bot, self._times.of(piece.when))
                yield self._made(begun, piece.text, False)

    def _take(self, line: str, number: int) -> None:
        if self._open is None and not self._above and line.strip():
            self._above = number
        if self._open is not None and line is not self._open.text:
            count_if_header(line, self._member.name, number, self._report)
        if self._size < MAX_MESSAGE:
            self._body.append(line)
            self._size += len(line) + 1

    def _is_day(self, line: str) -> bool:
        day = separator(line)
        if day is not None:
            self._times.date_separator(day)
        return day is not None

    def _begun(self, line: str, number: int) -> _Open | None:
        """The message that a line begins, if any."""
        head = self._style.heading(line)
        if head is not None:
            return self._headed(head, number)
        mark = bracketed(line.strip()) if line.startswith("[") else None
        if mark is None:
            return None
        when, rest = mark
        spoken_rows = None if self._style.cozy else spoken(rest)
        at = None if spoken_rows is None and self._open is None else self._at(when, number)
        if spoken_rows is not None:
            name, is_bot, text = spoken_rows
            return _Open(number, name, is_bot, at, text=text)
        if self._open is None:
            return None
        before = self._open
        return _Open(number, before.name, before.is_bot, at, before.event, text=rest)

    def _at(self, when: DisplayedTime, number: int) -> int | None:
        return self._times.of(when, number in self._style.quoted)

    def _headed(self, head: Heading, number: int) -> _Open:
        name, is_bot, event, above = head.name, head.is_bot, "", ""
        if not name and self._body and self._body[-1][:1] in (" ", "!", "."):
            event = " ".join(" ".join(self._popped(3 if self._body[-1] == "!" else 2)).split())
        while not event and (not name or is_tag(name)) and self._body:
            is_bot = is_bot or is_bot_tag(name)
            above = name or above
            name = self._popped(1)[0].strip()
        if self._body and self._quotable.is_preview(self._body[-1].strip()):
            self._popped(1)
            self._report.repairs["quoted previews"] += 1
        return _Open(number, name or above, is_bot, self._at(head.when, number), event)

    def _popped(self, count: int) -> list[str]:
        lines = self._body[-count:]
        del self._body[-count:]
        return lines

    def _ended(self) -> Iterator[Authored]:
        """End the current message; lines above the first belong to none."""
        begun = self._open
        if begun is not None:
            found = clean(self._body, self._report)
            yield self._made(begun, found.text, found.media)
        elif any(line.strip() for line in self._body):
            self._report.leave_out("unparsed", f"{self._member.name}:{self._above}")

    def _made(self, begun: _Open, text: str, media: bool) -> Authored:
        kind = Kind.MEDIA if media and not text.strip() else Kind.TEXT
        if begun.event:
            kind = Kind.CALL if "a call" in begun.event else Kind.SYSTEM
            text = "\n".join(part for part in (begun.event, text) if part)
        elif kind is Kind.TEXT:
            self._quotable.add(begun.name, text)
        message = Message(
            begun.name,
            text,
            begun.at,
            kind,
            "discord",
            self._channel.key,
            self._channel.title,
            begun.name,
            is_bot=begun.is_bot,
            source=f"{self._member.name}:{begun.number}",
        )
        return message, begun.name


@dataclass(frozen=True, slots=True)
class _Open:
    """A message that is being read."""

    number: int
    name: str
    is_bot: bool
    at: int | None
    event: str = ""  # what Discord itself says
    text: str = ""  # what stands on the line with the time
