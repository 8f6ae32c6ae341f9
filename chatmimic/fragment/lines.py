"""The lines of a fragment as a pattern, by which a conversation goes on in the same shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from chatmimic.records import Kind, Message
from chatmimic.writing.plain import moment
from chatmimic.writing.shapes import SHAPES

_SAMPLES = 8  # of the last messages, which all must have the pattern
_CLOCK = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})(?P<sign>[:.])(?P<minute>\d\d)(?:(?P=sign)(?P<second>\d\d))?(?!\d)"
    r"(?:(?P<gap>\s?)(?P<period>[AaPp])(?P<dots>\.?[Mm]\.?))?"
)
_DATE = re.compile(
    r"(?<!\d)(?P<a>\d{1,4})(?P<sign>[-/.])(?P<b>\d{1,2})(?P=sign)(?P<c>\d{4}|\d{1,2})(?!\d)"
)
_ORDERS = ("dmy", "mdy", "ymd")


@dataclass(frozen=True)
class Lines:
    """How a line is put together: what stands before the name, and between name and text."""

    before: str
    between: str
    order: str  # of day, month and year
    service: str

    def written(self, message: Message) -> str:
        """A message as lines, each ended by a newline."""
        shape = SHAPES.get(self.service)
        held = shape.holds([message]) if shape else [message]
        return "".join(self._line(one) for one in held)

    def marked(self, mark: str, at: int | None) -> str:
        """A line of nobody's with the mark of what is generated."""
        before = self._stamped(self.before, at).rstrip("<")
        if self.between.endswith("\n") or self.service not in ("irc", "whatsapp"):
            return f"# {mark}\n"
        return f"{before}{'-!- ' if self.service == 'irc' else ''}{mark}\n"

    def _line(self, message: Message) -> str:
        before = self._stamped(self.before, message.sent_at)
        between = self._stamped(self.between, message.sent_at)
        if message.kind is Kind.ACTION and before.endswith("<"):
            return f"{before[:-1]}* {message.sender} {message.text}\n"
        action = "/me " if message.kind is Kind.ACTION else ""
        return f"{before}{message.sender}{between}{action}{message.text}\n"

    def _stamped(self, part: str, at: int | None) -> str:
        return part if at is None else stamped(part, moment(at), self.order)


def lines_like(messages: Sequence[Message], rows: Sequence[str]) -> Lines | None:
    """The pattern of the last messages' lines; None if they have none, or several."""
    samples = [m for m in messages if m.kind is Kind.TEXT][-_SAMPLES:]
    cut = [_cut(message, rows) for message in samples]
    parts = [part for part in cut if part is not None]
    if not parts or len(parts) < len(samples):
        return None
    before, between = parts[-1]
    for order in _ORDERS:
        pattern = Lines(before, between, order, samples[-1].service)
        if all(_fits(pattern, m, part) for m, part in zip(samples, parts, strict=True)):
            return pattern
    return None


def _fits(pattern: Lines, message: Message, part: tuple[str, str]) -> bool:
    """Whether the pattern gives what stands before the name and after it."""
    whole = pattern.before, pattern.between
    if message.sent_at is None:
        return whole == part
    at = moment(message.sent_at)
    return tuple(stamped(one, at, pattern.order) for one in whole) == part


def _cut(message: Message, rows: Sequence[str]) -> tuple[str, str] | None:
    """What stands before the name and between it and the text, in the line of a message."""
    place = line_of(message)
    if place is None or not message.sender or place >= len(rows):
        return None
    row, first = rows[place], message.text.split("\n")[0].strip()
    start = row.find(message.sender)
    end = start + len(message.sender)
    words = row.find(first, end)
    if start < 0 or not first:
        return None
    if words >= 0:
        return row[:start], row[end:words]
    below = rows[place + 1].strip() if place + 1 < len(rows) else ""
    return (row[:start], f"{row[end:]}\n") if below.startswith(first) else None


def line_of(message: Message) -> int | None:
    """The index of the line where a message begins, as its importer says."""
    number = message.source.rpartition(":")[2]
    return int(number) - 1 if number.isdecimal() and int(number) else None


def stamped(part: str, at: datetime, order: str) -> str:
    """A piece of a line with another time where it has a date and a time of day."""
    part = _DATE.sub(lambda found: _date(found, at, order), part, count=1)
    return _CLOCK.sub(lambda found: _clock(found, at), part, count=1)


def _date(found: re.Match[str], at: datetime, order: str) -> str:
    values = {"y": at.year, "m": at.month, "d": at.day}
    numbers = [
        _number(values[one] % 100 if one == "y" and len(like) < 3 else values[one], like)
        for one, like in zip(order, (found["a"], found["b"], found["c"]), strict=True)
    ]
    return found["sign"].join(numbers)


def _clock(found: re.Match[str], at: datetime) -> str:
    hour = at.hour if found["period"] is None else (at.hour + 11) % 12 + 1
    parts = [_number(hour, found["hour"]), f"{at.minute:02}"]
    parts += [f"{at.second:02}"] if found["second"] else []
    clock = found["sign"].join(parts)
    if found["period"] is None:
        return clock
    period = "p" if at.hour >= 12 else "a"
    period = period.upper() if found["period"].isupper() else period
    return f"{clock}{found['gap']}{period}{found['dots']}"


def _number(value: int, like: str) -> str:
    """A number, padded as its example is where that shows."""
    return f"{value:02}" if like.startswith("0") or len(like) > 1 else f"{value}"


def clocks(messages: Sequence[Message], rows: Sequence[str]) -> Iterator[int | None]:
    """Milliseconds since midnight of each message's line, before its sender; None without any."""
    for message in messages:
        place = line_of(message)
        row = rows[place] if place is not None and place < len(rows) else ""
        yield _since_midnight(_CLOCK.search(row.partition(message.sender)[0]))


def _since_midnight(found: re.Match[str] | None) -> int | None:
    if found is None:
        return None
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    if found["period"]:
        hour = hour % 12 + 12 * (found["period"] in "pP")
    return ((hour % 24 * 60 + minute) * 60 + second) * 1000
