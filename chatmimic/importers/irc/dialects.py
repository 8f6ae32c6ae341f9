"""The dialects of clients; each file is read in the one detected for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

from chatmimic.importers.irc import events, timestamps
from chatmimic.importers.irc import lines as shape
from chatmimic.importers.irc.lines import CODES, Line, Rules, happened
from chatmimic.importers.irc.timestamps import Stamp, stamp_of
from chatmimic.records import Kind

_LOOKED_AT = 50  # lines that show the dialect

_SAID = (
    (events.ARROW, Kind.SYSTEM),
    (shape.SPOKEN, Kind.TEXT),
    (events.EVENT, Kind.SYSTEM),
)
_NOTICE = ((shape.NOTICE, Kind.SYSTEM),)  # services and bots speak so
_ACTION = ((shape.ACTION, Kind.ACTION),)
_BARE_EVENT = ((events.BARE_EVENT, Kind.SYSTEM),)
_BULLET = ((shape.BULLET, Kind.ACTION),)  # Textual
# irssi and Ubuntu's logger put one space more before the star of an action: events never have it.
_SPACED = ((shape.SPACED_ACTION, Kind.ACTION),)
# Events have marks of their own, so that a star is always an action …
_ADDRESS = ((events.STARRED_ADDRESS, Kind.SYSTEM),)
_MARKED: Rules = (*_SAID, *_ADDRESS, *_ACTION, *_NOTICE, *_BARE_EVENT, *_BULLET)
# … or they share the star, and only their wording tells.
_UNSTAMPED: Rules = (*_SAID, (events.STARRED_EVENT, Kind.SYSTEM), *_ACTION, *_NOTICE)
_STARRED: Rules = (*_UNSTAMPED, *_BARE_EVENT, *_BULLET)
_ANY: Rules = (*_STARRED, (shape.EGGDROP_ACTION, Kind.ACTION))
_EGGDROP: Rules = (
    (shape.SPOKEN, Kind.TEXT),
    (shape.EGGDROP_ACTION, Kind.ACTION),
    *_BARE_EVENT,
    *_NOTICE,
)
_TABBED: Rules = (
    (events.ARROW, Kind.SYSTEM),
    (shape.TABBED_ACTION, Kind.ACTION),
    (shape.TABBED, Kind.TEXT),
)
_FLAGGED: Rules = (
    (shape.FLAGGED, Kind.TEXT),
    (shape.FLAGGED_ACTION, Kind.ACTION),
    *_ANY,
)
_PIDGIN: Rules = (
    (shape.STARS, Kind.ACTION),
    (shape.COLON, Kind.TEXT),
    (shape.PIDGIN_EVENT, Kind.SYSTEM),
)
_COLONED: Rules = (
    *_SAID,
    (shape.NICK_COLON, Kind.TEXT),
    *_BULLET,
    (events.STARRED_EVENT, Kind.SYSTEM),
    *_ACTION,
    *_NOTICE,
    *_BARE_EVENT,
)
_SERVED: Rules = (
    (shape.SERVED, Kind.TEXT),
    (shape.SERVED_ACTION, Kind.ACTION),
    (shape.SERVED_EVENT, Kind.SYSTEM),
)
_KONVERSATION = ((shape.KONVERSATION_EVENT, Kind.SYSTEM),)


@dataclass(frozen=True, eq=False)
class Dialect:
    """The line format of one client."""

    name: str
    stamp: re.Pattern[str]
    rules: Rules
    # How most messages can be cut up without a pattern: at this sign, into stamp, nick and words;
    # or else at what closes the nick. What is cut off must still be a nick, or there is no cutting.
    split: str = ""
    closing: str = "> "
    nick: re.Pattern[str] | None = shape.NICK_BETWEEN
    # A line that only this client writes; without one a file is not taken for its. None: the
    # stamp says enough, or nothing is known but the stamp.
    mark: re.Pattern[str] | None = None
    goes_on: re.Pattern[str] | None = None  # a line that goes on with the message above
    marked: Rules | None = None  # the rules for a file whose events have marks of their own
    # Of the numbers of its dates, as "dmy"; "" where dates show it themselves.
    order: str = ""

    def line(self, raw: str) -> tuple[Line, int] | None:
        """Parse a line, with the end of its timestamp; None if it is not of this dialect."""
        found = self.stamp.match(raw)
        if found is None:
            return None
        line = happened(raw[found.end() :], self.rules)
        if line is None:
            return None
        return line._replace(stamp=self.read_stamp(found)), found.end()

    def read_stamp(self, found: re.Match[str]) -> Stamp:
        """Parse a timestamp that the pattern matched."""
        return stamp_of(found, self.order)


def _mark(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_WORDS = (" ", "", shape.NICK_IN_BRACKETS)
_CLOCK = r"\[\d\d?:\d\d(?::\d\d)?\]"
# Ubuntu, Limnoria and others mark events, which have no stamp in Ubuntu's logs.
UBUNTU = Dialect(
    "irclogs.ubuntu.com",
    timestamps.NARROW_BRACKETS,
    (*_SPACED, *_STARRED),
    *_WORDS,
    mark=_mark(rf"=== \S|{_CLOCK}  \* \S"),
    marked=_MARKED,
)
ZNC = Dialect(
    "ZNC, energymech, Raku",
    timestamps.BRACKETS,
    _STARRED,
    *_WORDS,
    mark=_mark(rf"{_CLOCK} {{1,8}}\*\*\* (?:(?:Joins|Parts|Quits): |\S+ \S)"),
    marked=_MARKED,
)
EGGDROP = Dialect(
    "Eggdrop",
    timestamps.BRACKETS,
    _EGGDROP,
    *_WORDS,
    mark=_mark(
        rf"{_CLOCK} (?:Action: |Nick change: "
        r"|\S{1,64} \([^\s@]{1,100}@\S{1,200}\) (?:joined [#&]|left |got )"
        r"|[#&]\S{0,100}: mode change |Last message repeated )"
    ),
)
MIRC = Dialect(
    "mIRC",
    timestamps.BRACKETS,
    _STARRED,
    *_WORDS,
    mark=_mark(rf"Session (?:Start|Ident|Close): |(?:\d\d?)?{_CLOCK} \* (?:Joins|Parts|Quits): "),
)
IRSSI = Dialect(
    "irssi",
    timestamps.NARROW,
    (*_SPACED, *_STARRED),
    mark=_mark(r"--- (?:Log|Day) \w+ |\d\d:\d\d(?::\d\d)? -!- "),
    marked=_MARKED,
)
WEECHAT = Dialect(
    "WeeChat",
    timestamps.ISO,
    _TABBED,
    "\t",
    nick=shape.NICK_ALONE,
    mark=_mark(r"[^\t]{16,40}\t[^\t]{1,66}\t"),
)
LIMNORIA = Dialect("Limnoria, The Lounge, Textual, ii", timestamps.ISO, _STARRED, marked=_MARKED,
                   goes_on=re.compile(r"\| "))  # fmt: skip
SUPYBOT = Dialect("supybot", timestamps.DASHED, _STARRED, marked=_MARKED)
HEXCHAT = Dialect("HexChat", timestamps.MONTH, _STARRED, "", ">\t")
EPOCH = Dialect("XChat scrollback, dircproxy", timestamps.EPOCH, (*_FLAGGED, *_STARRED), nick=None)
DIRCPROXY = Dialect("dircproxy", timestamps.DAY_FIRST, _FLAGGED, nick=None)
PIDGIN = Dialect(
    "Pidgin", timestamps.ROUND, _PIDGIN, "", ": ", shape.NICK_BEFORE_COLON, goes_on=re.compile("")
)
KONVERSATION = Dialect("Konversation", timestamps.TWO_BRACKETS, (*_KONVERSATION, *_STARRED), "",
                       ">\t", marked=(*_KONVERSATION, *_MARKED))  # fmt: skip
PSYBNC = Dialect("psyBNC", timestamps.DASHES, _SERVED, nick=None)
COPIED = Dialect(
    "copied from a window", timestamps.HALVED, _PIDGIN, "", ": ", shape.NICK_BEFORE_COLON
)
BRACKETED = Dialect("stamps in brackets", timestamps.BRACKETS, _ANY, *_WORDS, marked=_MARKED)
ROUNDED = Dialect("stamps in round brackets", timestamps.ROUND, _ANY, marked=_MARKED)
CLOCKED = Dialect("stamps without brackets", timestamps.PLAIN, _ANY, marked=_MARKED)
# In the order that is the commonest until all dates of the logs were seen.
DATED, TIMED = (
    Dialect("stamps with dates", stamp, _ANY, nick=None, marked=_MARKED, order="dmy")
    for stamp in (timestamps.DATED, timestamps.TIMED)
)
CTIMED = Dialect("stamps with dates", timestamps.CTIME, _ANY, nick=None, marked=_MARKED)
# Lines of a hundred programs look so; the importer asks for a sign that people talk there.
_COLON_NAME = "nicks before a colon (Textual, LimeChat)"
COLONED = tuple(
    Dialect(_COLON_NAME, stamp, _COLONED, nick=None)
    for stamp in (timestamps.BRACKETS, timestamps.PLAIN, timestamps.ISO)
)
# Without stamps a line says less: `<b> …` may be anything. Only a file full of them is a log.
BARE = Dialect("no stamps", timestamps.NOTHING, _UNSTAMPED, nick=None)

DIALECTS = (
    UBUNTU, ZNC, EGGDROP, MIRC, IRSSI, WEECHAT, LIMNORIA, SUPYBOT, HEXCHAT, EPOCH, DIRCPROXY,
    KONVERSATION, PSYBNC, DATED, TIMED, CTIMED, PIDGIN, ROUNDED, BRACKETED, CLOCKED, COPIED,
    *COLONED,
)  # fmt: skip
# What a line is tried by when it is not of its file's dialect: each stamp once.
OTHERS = (BRACKETED, WEECHAT, LIMNORIA, SUPYBOT, HEXCHAT, EPOCH, DIRCPROXY, KONVERSATION, PSYBNC,
           PIDGIN, ROUNDED, CLOCKED, COPIED)  # fmt: skip


_A_FEW = 8
_STAMPLESS = ("=== ", "--- ", "*** ", "**** ")  # what events and days begin with


def dialect_of(rows: Sequence[str]) -> Dialect | None:
    """The dialect of most of the first lines; None if none fits.

    Events without a stamp, which some write beside stamped messages, count only by themselves.
    """
    plain = [CODES.sub("", row) for row in rows]
    first = [row for row in plain if not row.startswith(_STAMPLESS)][:_LOOKED_AT]
    marking = plain[:_LOOKED_AT] + first
    best, most = None, 0
    for dialect in (*DIALECTS, BARE):
        if dialect.mark is not None and not any(dialect.mark.match(row) for row in marking):
            continue
        read = sum(dialect.line(row) is not None for row in first or plain[:_LOOKED_AT])
        if read > most:
            best, most = dialect, read
    if best is not None and best.marked is not None and _are_marked(best, plain):
        return with_marks(best)
    return best


def _are_marked(dialect: Dialect, rows: Sequence[str]) -> bool:
    """Whether events have their own marks, distinct from the star of actions."""
    marked = starred = 0
    for row in rows:
        stamp = dialect.stamp.match(row)
        if stamp is not None or row.startswith("=== "):  # Ubuntu's events have no stamp
            rest = row[0 if stamp is None else stamp.end() :]
            marked += events.is_marked(rest)
            starred += events.is_starred(rest)
    return marked > 0 and not starred


@cache
def with_order(dialect: Dialect, order: str) -> Dialect:
    """The same dialect with this order of dates."""
    return replace(dialect, order=order)


@cache
def with_marks(dialect: Dialect) -> Dialect:
    """The same dialect where a star always marks an action."""
    return replace(dialect, rules=dialect.marked or dialect.rules)


def is_of(dialect: Dialect, rows: Sequence[str], known: Callable[[str], bool]) -> bool:
    """Whether a dialect fits the first few lines with a timestamp, or is `known` to.

    A cheap look, for the next one of many logs. Where no line has a stamp, nothing is against it.
    """
    stamped = list(islice((row for row in rows if not row.startswith(_STAMPLESS)), _A_FEW))
    return bool(rows) and all(known(row) or _reads(dialect, CODES.sub("", row)) for row in stamped)


def _reads(dialect: Dialect, row: str) -> bool:
    found = dialect.line(row)
    if found is None:
        return False
    # An event that is starred, where this dialect takes a star for an action.
    return found[0].kind is not Kind.ACTION or not events.is_starred(row[found[1] :])
