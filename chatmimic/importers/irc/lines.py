"""One line of an IRC log, whichever client wrote it: its stamp, and what happened."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chatmimic.records import Kind

# Colour and style codes of mIRC: bold, italic, underline, …; colours carry digits.
_CODES = re.compile(
    "\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    "|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)

_DAY = r"(?P<day>\d{4}-\d\d-\d\d)"
_CLOCK = r"(?P<clock>\d{1,2}:\d\d(?::\d\d)?)(?:[.,]\d+)?"
_STAMPS = (
    re.compile(rf"\[{_CLOCK}\] ?"),  # irclogs.ubuntu.com, ZNC, mIRC, Eggdrop
    re.compile(
        rf"\[?{_DAY}[T ]{_CLOCK}(?P<zone>Z|[+-]\d\d:?\d\d)?\]?(?:\t|  ?)"
    ),  # WeeChat, Limnoria
    re.compile(rf"(?P<month>[A-Z][a-z][a-z]) (?P<monthday>[ \d]\d) {_CLOCK} ?"),  # HexChat
    re.compile(rf"{_CLOCK}(?: |$)"),  # irssi
)
_NICK = r"[~&@%+! ]?(?P<nick>[^\s<>]{1,64})"
# Between brackets a name may hold spaces: bridges bring people from services that allow them.
_SPOKEN = re.compile(
    r"<[~&@%+! ]?(?P<nick>[^\s<>](?:[^<>]{0,62}[^\s<>])?) ?>(?:[ \t](?P<text>.*)|$)", re.DOTALL
)
_ACTION = re.compile(rf" ?\*[ \t]+{_NICK}(?: (?P<text>.*)|$)", re.DOTALL)
_EGGDROP_ACTION = re.compile(rf"Action: {_NICK} (?P<text>.*)", re.DOTALL)
_NOTICE = re.compile(r"-(?P<nick>[^\s<>:/]{1,64})(?:[:/][#&]\S*)?-[ \t](?P<text>.*)", re.DOTALL)
_WEECHAT = re.compile(rf"{_NICK}\t(?P<text>.*)", re.DOTALL)
_WEECHAT_ACTION = re.compile(rf" \*\t{_NICK}(?: (?P<text>.*)|$)", re.DOTALL)
_WEECHAT_EVENT = re.compile(r"(?:-->|<--|--|=!=)\t(?P<text>.*)", re.DOTALL)
_EVENT = re.compile(r"(?:-!-|\*\*\*|===|---|-->|<--|!!!)[ \t](?P<text>.*)", re.DOTALL)
# What HexChat and mIRC write after the same star as an action.
_STARRED_EVENT = re.compile(
    # "has left" is an event with an address or a channel, and what somebody did without.
    r"(?:(?:Joins|Parts|Quits): |\S+ (?:(?:\(\S+@\S+\)|\[\S+@\S+\]) has (?:joined|left|quit)\b"
    r"|has (?:joined|left) [#&]|has quit(?: [\[(]|\s*$)|sets mode:? "
    r"|is now known as |gives (?:voice|channel|operator)|removes (?:voice|channel)"
    r"|was kicked|has kicked |has changed the topic|changes topic to |sets the channel )"
    r"|(?:Now talking (?:in|on)|Topic (?:for|is|set)|Disconnected|Loaded log|You (?:are|have) )\b)"
)
_BARE_EVENT = re.compile(  # Eggdrop writes events without any mark
    r"\S+ (?:\(\S+@\S+\) )?(?:joined #|left (?:#|irc)|got (?:netsplit|lost))|Nick change: "
    r"|#\S+: mode change|\S+ kicked from #|Topic changed on #|Last message repeated "
)
_RENAME = re.compile(r"(?P<old>\S+) (?:is|are) now known as (?P<new>\S+?)\.?$")
_RENAME_EGGDROP = re.compile(r"Nick change: (?P<old>\S+) -> (?P<new>\S+)")

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {m: n for n, m in enumerate(_NAMES, 1)}
# "--- Day changed Sat Jul 02 2005", "--- Log opened Sat Jul 02 11:21:37 2005",
# "**** BEGIN LOGGING AT …" in any language, "Session Start: …", Eggdrop's "--- Sat Jul  2 2005".
_MARKER = re.compile(
    r"(?:--- |\*{4} |Session (?:Start|Time): )(?:.* )?\w{2,4} (?P<month>[A-Z][a-z][a-z]) "
    r"+(?P<monthday>\d{1,2})(?: (?P<clock>\d\d:\d\d(?::\d\d)?))? (?P<year>\d{4})$"
)
_NO_MESSAGE = re.compile(r"(?:--- Log |--- Day |\*{4} |Session )")


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says."""

    kind: Kind
    nick: str = ""
    text: str = ""
    clock: str = ""  # "HH:MM" or "HH:MM:SS"; "" for a line without a stamp
    day: tuple[int, int, int] | None = None  # year 0: the line names month and day only
    zone: str = ""
    renamed: tuple[str, str] | None = None  # from, to


def parsed(raw: str) -> Line:
    """What a line of a log says. Kind.OTHER is a line of no shape known here."""
    raw = _CODES.sub("", raw)
    marker = _MARKER.match(raw)
    if marker:
        month = MONTHS.get(marker["month"])
        day = (int(marker["year"]), month, int(marker["monthday"])) if month else None
        return Line(Kind.SYSTEM, text=raw, day=day)
    if _NO_MESSAGE.match(raw):
        return Line(Kind.SYSTEM, text=raw)
    for stamp in _STAMPS:
        found = stamp.match(raw)
        if found:
            return _after_stamp(raw[found.end() :], found.groupdict())
    return _event(raw) if _EVENT.match(raw) else Line(Kind.OTHER, text=raw)


def _after_stamp(rest: str, stamp: dict[str, str | None]) -> Line:
    line = _happening(rest)
    return Line(
        line.kind,
        line.nick,
        line.text,
        stamp["clock"] or "",
        _day(stamp),
        stamp.get("zone") or "",
        line.renamed,
    )


def _day(stamp: dict[str, str | None]) -> tuple[int, int, int] | None:
    if day := stamp.get("day"):
        year, month, monthday = day.split("-")
        return int(year), int(month), int(monthday)
    if (name := stamp.get("month")) in MONTHS:
        return 0, MONTHS[str(name)], int(stamp["monthday"] or 0)
    return None


def _happening(rest: str) -> Line:
    """What stands after the stamp."""
    if _EVENT.match(rest) or _WEECHAT_EVENT.match(rest) or _BARE_EVENT.match(rest):
        return _event(rest)
    for pattern, kind in (
        (_SPOKEN, Kind.TEXT),
        (_WEECHAT_ACTION, Kind.ACTION),
        (_ACTION, Kind.ACTION),
        (_EGGDROP_ACTION, Kind.ACTION),
        (_NOTICE, Kind.SYSTEM),  # services and bots speak so
        (_WEECHAT, Kind.TEXT),
    ):
        found = pattern.match(rest)
        if found:
            if kind is Kind.ACTION and _STARRED_EVENT.match(rest.lstrip(" *\t")):
                return _event(rest)
            return Line(kind, found["nick"], found["text"] or "")
    return Line(Kind.OTHER, text=rest)


def _event(text: str) -> Line:
    found = _RENAME.search(text) or _RENAME_EGGDROP.search(text)
    renamed = (found["old"], found["new"]) if found else None
    return Line(Kind.SYSTEM, text=text, renamed=renamed)
