"""Parses the headings, times and separators of chats pasted from Discord's client."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from chatmimic.importers.discord.timestamps import stamp_of
from chatmimic.importers.parsing.dates.date_order import Numbers
from chatmimic.importers.parsing.dates.dated_lines import (
    DAY_PERIODS,
    Clock,
    clock_from,
    normalized_period,
)

_LONGEST = 140  # characters of a line with a name and a time
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:\s?(?P<period>[AaPp])\.?[Mm]\.?)?"
_WEEKDAY = r"(?:Last )?(?P<weekday>[A-Z][a-z]{2,5}day)"
_NAMED_DAY = rf"(?:(?P<word>Today|Yesterday)|{_WEEKDAY}) at {_TIME}"
_GLUED_DATE = r"(?<!\d)\d\d/\d\d/\d{4}(?!\d)"
_DATE = r"(?P<a>\d{1,4})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{2,4})"
# Before a time without a dash of its own: as the client wrote until 2020.
_OLD_DATE = re.compile(r"\d\d([/.-])\d\d\1\d{4}|\d{4}([/.-])\d\d\2\d\d")
# How messages begin in other formats: "[name] [2:37 PM]", "12/31/23, 9:15 PM - name".
_HEADED = re.compile(
    r"(?:\[[^\[\]]{1,80}\] ?)?\[[^\[\]]{0,30}\d{1,2}[:.]\d\d[^\[\]]{0,12}\]"
    r"|\[?\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}|\d{1,2}:\d\d|[-=]{5}"
)
_BRACKETS = re.compile(r"[\s()\[\]{}<>|=_-]*")
_LOOKS = tuple(map(re.compile, (_NAMED_DAY, rf"{_DATE}(?:,?\s{_TIME})?", _TIME)))
# "今日 10:21", "Heute um 10:21 Uhr", "hier à 10:21"
_WHEN_FREE = re.compile(rf"(?P<free>[^\d—]{{1,24}}?)\s?{_TIME}(?: Uhr| h)?")
_GLUED = re.compile(rf"(?<=[^\s/])(?:{_NAMED_DAY}|{_GLUED_DATE})$")
_BRACKET = re.compile(rf"\[{_TIME}\](?: |(?=\w)|$)(?P<rest>.*)")
_SPEAKER = re.compile(r"(?P<bot>BOT)?(?P<name>[^:<*][^:]{0,63}): (?P<text>.+)")
_SEPARATOR = re.compile(r"(?P<month>[A-Z][a-z]{2,8}) (?P<day>\d{1,2}), (?P<year>20\d\d)")
_DAY_BEFORE = {  # in the client's other languages
    "yesterday", "gestern", "hier", "ayer", "ieri", "ontem", "gisteren", "igår", "i går", "eilen",
    "wczoraj", "včera", "вчера", "вчора", "dün", "昨日", "昨天", "어제", "hôm qua", "tegnap",
}  # fmt: skip
_GLUED_PERIODS = tuple(
    period for period in DAY_PERIODS if period >= "\u3000"
)  # no space stands before them
_TAGS = {"APP", "BOT", "OP"}
_BOTS = {"APP", "BOT"}


@dataclass(frozen=True, slots=True)
class DisplayedTime:
    """A time as the client shows it, with one of several kinds of date."""

    written: str
    clock: Clock | None = None
    ago: int | None = None  # days before the day of the paste
    weekday: int | None = None  # the last one before it; 0 is Monday
    numbers: Numbers | None = None
    look: str = ""  # what stands between the numbers
    plain: bool = False  # a time of day and nothing else
    free: bool = False  # in words that are not known here

    @property
    def is_certain(self) -> bool:
        """Whether only Discord's client writes this."""
        return not self.plain and not self.free


@dataclass(frozen=True, slots=True)
class Heading:
    """The line above a message. Without a name it continues the message before."""

    name: str
    when: DisplayedTime
    is_bot: bool = False


def heading(line: str, free: bool) -> Heading | None:
    """Parse a name with a time at the end; `free`: the time may be in any language."""
    if len(line) > _LONGEST:
        return None
    name, dash, rest = line.rpartition("— ")
    if dash and (not name or name.endswith(" ")):
        when = _when(rest.strip(), free)
        return None if when is None else _named(name, when)
    name, dash, rest = line.rpartition(" - ")
    if dash and name.strip():
        when = _when(rest.strip(), free=False)
        dated = when is not None and when.numbers is not None
        if (
            when is not None
            and when.is_certain
            and (not dated or _OLD_DATE.fullmatch(rest.strip()))
        ):
            return _named(name, when)
    glued = _GLUED.search(line)
    if glued is None or "://" in line:
        return None
    when = _when(glued.group(), free=False)
    return None if when is None else _named(line[: glued.start()], when)


def _named(name: str, when: DisplayedTime) -> Heading | None:
    name = name.strip()
    if name.startswith(("> ", ">> ", ">>> ")):  # of a quoted message
        return None
    if name and (_HEADED.match(name) or _BRACKETS.fullmatch(name)):
        return None
    is_bot = name.endswith("BOT") and name != "BOT"
    bare = name.removesuffix("BOT").strip() if is_bot else name
    if bare.endswith(" APP"):
        return Heading(bare[:-4].strip(), when, True)
    return Heading(bare, when, is_bot)


def _when(text: str, free: bool) -> DisplayedTime | None:
    """Parse a time in any format; None if invalid, e.g. 25:99."""
    found = next((f for look in _LOOKS if (f := look.fullmatch(text))), None)
    if found is None and free:
        found = _WHEN_FREE.fullmatch(text)
    if found is None:
        return _dated(text)
    parts = found.groupdict()
    clock = _clock(found) if parts["hour"] else None
    if clock is None and parts["hour"]:
        return None
    dated = _dated(text) if "free" in parts else None  # "2024년 …", "22. März 2026 …"
    if dated is not None:
        return dated
    if "a" in parts:
        return DisplayedTime(
            text, clock, numbers=(found["a"], found["b"], found["c"]), look=found["sep"]
        )
    if "free" in parts:
        before = any(parts["free"].casefold().startswith(word) for word in _DAY_BEFORE)
        return DisplayedTime(text, clock, ago=int(before), free=True)
    if "word" not in parts:
        return DisplayedTime(text, clock, ago=0, plain=True)
    if parts["word"]:
        return DisplayedTime(text, clock, ago=int(parts["word"] == "Yesterday"))
    weekday = parts["weekday"].casefold()
    return DisplayedTime(text, clock, weekday=_DAYS.index(weekday)) if weekday in _DAYS else None


def _dated(text: str) -> DisplayedTime | None:
    """Parse a date with a time, in any language."""
    stamp = stamp_of(text)
    if isinstance(stamp, datetime):
        numbers = f"{stamp.year:04}", f"{stamp.month:02}", f"{stamp.day:02}"
        clock = stamp.hour, stamp.minute, stamp.second
        return None if stamp.tzinfo else DisplayedTime(text, clock, numbers=numbers)
    if stamp is None:
        return None
    return DisplayedTime(text, stamp.clock, numbers=stamp.numbers, look=stamp.look)


def _clock(found: re.Match[str]) -> Clock | None:
    period = (
        f"{found['period']}m" if found["period"] else _period_before(found.groupdict().get("free"))
    )
    return clock_from(found["hour"], found["minute"], period=period)


def _period_before(words: str | None) -> str | None:
    """The day period at the end of words before a time: "昨天下午", "오후"."""
    word = normalized_period((words or "").rpartition(" ")[2])
    if word in DAY_PERIODS:
        return word
    return next((period for period in _GLUED_PERIODS if word.endswith(period)), None)


def bracketed(line: str) -> tuple[DisplayedTime, str] | None:
    """Parse a time in brackets at the beginning of a line; returns it and the rest."""
    found = _BRACKET.fullmatch(line)
    if found is None:
        return None
    return DisplayedTime(line[: line.index("]") + 1], _clock(found)), found["rest"] or ""


def spoken(rest: str) -> tuple[str, bool, str] | None:
    """Name, whether it is a bot, and text of a message in compact display."""
    found = _SPEAKER.fullmatch(rest)
    return None if found is None else (found["name"].strip(), bool(found["bot"]), found["text"])


def separator(line: str) -> date | None:
    """The day of a date separator: "July 25, 2018"."""
    found = _SEPARATOR.fullmatch(line.strip())
    if found is None or found["month"].casefold() not in _MONTHS:
        return None
    month = _MONTHS.index(found["month"].casefold()) + 1
    try:
        return date(int(found["year"]), month, int(found["day"]))
    except ValueError:
        return None


def is_tag(line: str) -> bool:
    """Whether a line between a name and its time is a server tag or a badge."""
    line = line.strip()
    framed = line.startswith("[") and line.endswith("]") and len(line) <= 10
    return framed or line in _TAGS or line.casefold().startswith("role icon")


def is_bot_tag(line: str) -> bool:
    """Whether such a line marks a bot."""
    return line.strip() in _BOTS


# --- texts whose line ends were lost ---

_WITHIN = re.compile(
    rf"(?<=[^\s/])(?P<bot>BOT)?(?P<when>{_NAMED_DAY}|(?<!\d)\d\d/\d\d/\d{{4}}(?!\d))"
)
ENOUGH_MARKS = 3  # of one line, that show that it was several


def marks_within(line: str) -> list[tuple[int, int, bool, DisplayedTime]]:
    """Find the headings within a line: end of name, whether a bot, time, begin of text."""
    found = []
    for mark in _WITHIN.finditer(line):
        when = _when(mark["when"], free=False)
        if when is not None:
            found.append((mark.start(), mark.end(), bool(mark["bot"]), when))
    return found
