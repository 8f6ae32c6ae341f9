"""Writes talk as clients of IRC log it, for tests that read it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

# When, who, what, and whether as an action; None: it is no talk but what befell them.
Said = tuple[datetime, str, str, bool | None]
Log = Callable[[Sequence[Said]], list[str]]  # the lines of a log


def starred(
    stamp: str, spoken: str = "<{}> {}", action: str = "* {} {}", event: str = "*** {} {}"
) -> Log:
    """Logs with a stamp, and then the nick and the words, an action, or an event."""

    def log(talk: Sequence[Said]) -> list[str]:
        shapes = {False: spoken, True: action, None: event}
        return [
            at.strftime(stamp) + shapes[acted].format(nick, text) for at, nick, text, acted in talk
        ]

    return log


def with_days(date_separator: str, first: str, log: Log) -> Log:
    """The same with a line above each day, if any; `first` stands at the top."""

    def logged(talk: Sequence[Said]) -> list[str]:
        rows, day = [talk[0][0].strftime(first)], talk[0][0].date()
        for said, row in zip(talk, log(talk), strict=True):
            if date_separator and said[0].date() != day:
                day = said[0].date()
                rows.append(said[0].strftime(date_separator))
            rows.append(row)
        return rows

    return logged


def with_joins(join: str, log: Log) -> Log:
    """The same after a line that says that somebody joined: it shows how events are marked."""
    return with_days("", join, log)


JOINED = "*** Joins: x (x@example.org)"
CLIENTS: dict[str, Log] = {
    "irclogs.ubuntu.com": with_days(
        "--- Day changed %a %b %d %Y",
        "--- Log opened %a %b %d %H:%M:%S %Y\n=== x [~x@example.org] has joined #c",
        starred("[%H:%M] ", action=" * {} {}", event="=== {} {}"),
    ),
    "irssi": with_days(
        "--- Day changed %a %b %d %Y",
        "--- Log opened %a %b %d %H:%M:%S %Y",
        starred("%H:%M ", "<@{}> {}", " * {} {}", "-!- {} {}"),
    ),
    "irssi with spaces": with_days(
        "--- Day changed %a %b %d %Y",
        "--- Log opened %a %b %d %H:%M:%S %Y",
        starred("%H:%M:%S ", "< {}> {}", " * {} {}"),
    ),
    "WeeChat": starred("%Y-%m-%d %H:%M:%S\t", "{}\t{}", " *\t{} {}", "--\t{} {}"),
    "WeeChat 4": starred("%Y-%m-%dT%H:%M:%S.123456Z\t", "@{}\t{}", " *\t{} {}"),
    "Limnoria": with_joins("%Y-%m-%dT%H:%M:%S  " + JOINED, starred("%Y-%m-%dT%H:%M:%S  ")),
    "supybot": with_joins("[%d-%b-%Y %H:%M:%S]  " + JOINED, starred("[%d-%b-%Y %H:%M:%S]  ")),
    "The Lounge": with_joins(
        "[%Y-%m-%dT%H:%M:%S.000Z] " + JOINED, starred("[%Y-%m-%dT%H:%M:%S.000Z] ", "<+{}> {}")
    ),
    "Textual": with_joins(
        "[%Y-%m-%dT%H:%M:%S+0000] " + JOINED, starred("[%Y-%m-%dT%H:%M:%S+0000] ")
    ),
    "ii": with_joins("%Y-%m-%d %H:%M " + JOINED, starred("%Y-%m-%d %H:%M ")),
    "Konversation": with_joins(
        "[%a %b %d %Y] [%H:%M:%S] Join\tx (x@example.org) has joined this channel.",
        starred("[%a %b %d %Y] [%H:%M:%S] ", "<{}>\t{}", "*\t{} {}"),
    ),
    "psyBNC": starred(
        "%Y-%m-%d-%H-%M-%S:#c::",
        "{}!a@b PRIVMSG #c :{}",
        "{}!a@b PRIVMSG #c :\x01ACTION {}\x01",
    ),
    "ZNC": with_days(
        "--- Day changed %a %b %d %Y",
        "--- Log opened %a %b %d %H:%M:%S %Y\n[%H:%M:%S] " + JOINED,
        starred("[%H:%M:%S] "),
    ),
    "Eggdrop": with_days(
        "--- %a %b %d %Y",
        "--- %a %b %d %Y\n[%H:%M] x (x@example.org) joined #c.",
        starred("[%H:%M] ", action="Action: {} {}"),
    ),
    "Pidgin": starred("(%Y-%m-%d %H:%M:%S) ", "{}: {}", "***{} {}"),
}
