"""The lines of a fragment as a pattern, by which a conversation goes on in the same shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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
_NO_LINES = {"columns"}  # a table's lines have more in them than these parts
_ORDERS = ("dmy", "mdy", "ymd")


# What stands before a nick on IRC: a bracket, and a sign of rank, which is the nick's own.
_RANK = re.compile(r"<?[~&@%+! ]?$")


@dataclass(frozen=True)
class Lines:
    """How a line is put together: what stands before the name, and between name and text."""

    before: str  # up to the bracket and the sign of rank
    between: str
    order: str  # of day, month and year
    service: str
    ranks: Mapping[str, str]  # bracket and sign of rank before each name; "": of anybody else

    def written(self, message: Message) -> str:
        """A message as lines, each ended by a newline."""
        shape = SHAPES.get(self.service)
        held = shape.holds([message]) if shape else [message]
        return "".join(self._line(one) for one in held)

    def marked(self, mark: str, at: int | None) -> str:
        """A line of nobody's with the mark of what is generated."""
        before = self._stamped(self.before, at)
        if self.between.endswith("\n") or self.service not in ("irc", "whatsapp"):
            return f"# {mark}\n"
        return f"{before}{'-!- ' if self.service == 'irc' else ''}{mark}\n"

    def _line(self, message: Message) -> str:
        before = self._stamped(self.before, message.sent_at)
        between = self._stamped(self.between, message.sent_at)
        rank = self.ranks.get(message.sender, self.ranks[""])
        if message.kind is Kind.ACTION and rank.startswith("<"):
            padding = " " if self.ranks[""] == "< " else ""  # irssi
            return f"{before}{padding}* {message.sender} {message.text}\n"
        action = "/me " if message.kind is Kind.ACTION else ""
        return f"{before}{rank}{message.sender}{between}{action}{message.text}\n"

    def _stamped(self, part: str, at: int | None) -> str:
        return part if at is None else stamped(part, moment(at), self.order)


def lines_like(messages: Sequence[Message], rows: Sequence[str]) -> Lines | None:
    """The pattern of the last messages' lines; None if they have none, or several."""
    samples = [m for m in messages if m.kind is Kind.TEXT][-_SAMPLES:]
    cut = [_cut(message, rows) for message in samples]
    parts = [part for part in cut if part is not None]
    if not parts or len(parts) < len(samples):
        return None
    before, between = _without_rank(parts[-1])
    if samples[-1].service in _NO_LINES:
        return None
    ranks = _ranks({m.sender: part[0] for m, part in zip(samples, parts, strict=True)})
    for order in _ORDERS:
        pattern = Lines(before, between, order, samples[-1].service, ranks)
        if all(_fits(pattern, m, part) for m, part in zip(samples, parts, strict=True)):
            return pattern
    return None


def _fits(pattern: Lines, message: Message, part: tuple[str, str]) -> bool:
    """Whether the pattern gives what stands before the name and after it."""
    whole = pattern.before, pattern.between
    if message.sent_at is not None:
        at = moment(message.sent_at)
        whole = stamped(whole[0], at, pattern.order), stamped(whole[1], at, pattern.order)
    return whole == _without_rank(part)


def _without_rank(part: tuple[str, str]) -> tuple[str, str]:
    return _RANK.sub("", part[0], count=1), part[1]


def _ranks(before: Mapping[str, str]) -> dict[str, str]:
    """The bracket and sign of rank in what stands before each name."""
    found = {name: _rank(written) for name, written in before.items()}
    plain = [rank for rank in found.values() if rank.strip(" <") == ""]
    return {"": max(plain, key=len, default="<" if "<" in "".join(found.values()) else ""), **found}


def _rank(before: str) -> str:
    match = _RANK.search(before)
    return match.group() if match else ""


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
    date = _DATE.search(part)
    if date is None:
        return _clocked(part, at)
    ahead, after = part[: date.start()], part[date.end() :]
    ahead, after = (
        (ahead, _clocked(after, at)) if _CLOCK.search(after) else (_clocked(ahead, at), after)
    )
    return f"{ahead}{_date(date, at, order)}{after}"


def _clocked(part: str, at: datetime) -> str:
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
