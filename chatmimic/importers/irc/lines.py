"""Parses an IRC line after its timestamp: a message or an event."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from chatmimic.importers.irc.timestamps import MONTHS as MONTHS
from chatmimic.importers.irc.timestamps import Stamp
from chatmimic.records import Kind

# Colour and style codes of mIRC: bold, italic, underline, …; colours carry digits.
CODES = re.compile(
    "\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    "|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
NOT_LOGGED = "-= THIS MESSAGE NOT LOGGED =-"  # what Limnoria writes in the place of the words

_NICK = r"[~&@%+! ]?(?P<nick>[^\s<>]{1,64})"
# Between brackets a name may hold spaces: bridges bring people from services that allow them.
_BETWEEN = r"<(?!--[ \t])[~&@%+! ]?(?P<nick>[^\s<>](?:[^<>]{0,62}[^\s<>])?) ?"
_REST = re.DOTALL

SPOKEN = re.compile(rf"{_BETWEEN}>(?:[ \t](?P<text>.*)|$)", _REST)
# Quassel writes "-*- ada waves".
ACTION = re.compile(rf"(?: ?\*|-\*-)[ \t]+{_NICK}(?: (?P<text>.*)|$)", _REST)
SPACED_ACTION = re.compile(rf" \*[ \t]+{_NICK}(?: (?P<text>.*)|$)", _REST)
NOTICE = re.compile(r"-(?P<nick>[^\s<>:/]{1,64})(?:[:/][#&]\S{0,100})?-[ \t](?P<text>.*)", _REST)
EGGDROP_ACTION = re.compile(rf"Action: {_NICK} (?P<text>.*)", _REST)
_BEFORE_TAB = rf"(?!(?:-->|<--|---|--|=!=| ?\*)(?:\t|$)){_NICK}"
TABBED = re.compile(rf"{_BEFORE_TAB}\t(?P<text>.*)", _REST)
TABBED_ACTION = re.compile(rf" \*\t{_NICK}(?: (?P<text>.*)|$)", _REST)
# dircproxy marks each message with one sign for whether its sender was identified.
FLAGGED = re.compile(r"<(?P<nick>[^\s<>!]{1,64})![^\s<>]{1,300}> [+-]?(?P<text>.*)", _REST)
FLAGGED_ACTION = re.compile(
    r"\[(?P<nick>[^\s\[\]!]{1,64})![^\s\]]{1,300}\] ACTION (?P<text>.*)", _REST
)
_BEFORE_COLON = r"(?P<nick>[^\s<>:*][^\s<>:]{0,63})"
COLON = re.compile(rf"{_BEFORE_COLON}: (?P<text>.*)", _REST)
# The same where the words of events stand beside it: "Quits: ada", "mode/#tea: +o ada".
NICK_COLON = re.compile(
    r"(?!(?:Joins?|Parts?|Quits?|Kicks?|Signoff|Nick|Mode|mode/\S{1,100}|Topic|Notice|Error|ERROR"
    rf"|Server|Channel|Users?): )[~&@%+!]?{_BEFORE_COLON}:(?: (?P<text>.*)|$)",
    _REST,
)
BULLET = re.compile(r"[•●∙] (?P<nick>[^\s<>:]{1,64}):? (?P<text>.*)", _REST)
STARS = re.compile(r"\*\*\*(?P<nick>[^\s<>:*]{1,64}) (?P<text>.*)", _REST)
PIDGIN_EVENT = re.compile(
    r"(?:\S{1,64} (?:\[.{0,300}\] )?(?:entered|left) the room|\S{1,64} (?:is|are) now known as "
    r"|The topic for |mode \(|Topic for |\S{1,64} has (?:set|changed|cleared|signed|gone|left|been"
    r"|become|logged)|\S{1,64} <AUTO-REPLY>: |You |Unable to |You're "
    r"|[^*].{0,63} (?:logged|signed) (?:on|off|in|out))"
)
SERVED = re.compile(
    r"(?P<nick>[^\s:!]{1,64})![^\s:]{1,300} PRIVMSG [^\s:]{1,200} :(?!\x01)(?P<text>.*)", _REST
)
SERVED_ACTION = re.compile(
    r"(?P<nick>[^\s:!]{1,64})![^\s:]{1,300} PRIVMSG [^\s:]{1,200} :\x01ACTION (?P<text>[^\x01]*)",
    _REST,
)
SERVED_EVENT = re.compile(r"[^\s:]{1,300} (?:JOIN|PART|QUIT|KICK|MODE|TOPIC|NICK|NOTICE) ")
KONVERSATION_EVENT = re.compile(r"(?:Join|Part|Quit|Nick|Kick|Mode|Topic|Notice|Info|CTCP)\t")

# What a line is cut into: "<@ada>", "<@ada", "@ada" before a tab, "ada" before a colon.
NICK_IN_BRACKETS, NICK_BETWEEN, NICK_ALONE, NICK_BEFORE_COLON = (
    re.compile(pattern) for pattern in (f"{_BETWEEN}>", _BETWEEN, _BEFORE_TAB, _BEFORE_COLON)
)

_CHANGED = (" now known as ", " changed nick to ")
_WHO = re.compile(r"(?:\S{1,4}[ \t]{1,3})?(?P<old>\S{1,64})(?: is| are)?")
_WHOM = re.compile(r"(?P<new>\S{1,64}?)\.?(?: [\[(]\S{1,300}[\])])?\s{0,9}")


class Line(NamedTuple):
    """A parsed line."""

    kind: Kind
    nick: str = ""
    text: str = ""
    stamp: Stamp | None = None  # None: the line carries none, and happened where it stands
    renamed: tuple[str, str] | None = None  # from, to
    thread: str = ""  # the channel, where the line names it


# A line as it comes of a log: most come by the hundred thousand, and bare tuples are made faster.
Entry = tuple[Kind, str, str, Stamp | None, tuple[str, str] | None, str]
Rules = Sequence[tuple[re.Pattern[str], Kind]]


def happened(rest: str, rules: Rules) -> Line | None:
    """Parse the rest of a line by the first rule that fits; None if none does."""
    for pattern, kind in rules:
        found = pattern.match(rest)
        if found is None:
            continue
        if "nick" not in pattern.groupindex:
            return event(rest)
        text = found["text"] or ""
        return Line(Kind.DELETED if text == NOT_LOGGED else kind, found["nick"], text)
    return None


def event(text: str) -> Line:
    """An event."""
    noted = "known as" in text or " nick" in text or text.startswith("Nick")
    return _made(Line, (_SYSTEM, "", text, None, _renamed(text) if noted else None, ""))


_SYSTEM = Kind.SYSTEM
_made = tuple.__new__  # a third of what Line(…) takes


def _renamed(text: str) -> tuple[str, str] | None:
    if text.startswith("Nick change: "):
        old, arrow, new = text[len("Nick change: ") :].partition(" -> ")
        return (old.strip(), new.strip()) if arrow and old.strip() and new.strip() else None
    for words in _CHANGED:
        before, between, after = text.partition(words)
        if not between:
            continue
        who, whom = _WHO.fullmatch(before), _WHOM.fullmatch(after)
        return (who["old"], whom["new"]) if who and whom else None
    return None
