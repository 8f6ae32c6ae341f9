"""IRC logs of clients, bouncers and bots, as text or web pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.columns.roles import roles_by_name
from chatmimic.importers.irc.bridges import Bridges
from chatmimic.importers.irc.dialects import BARE, COLONED, Dialect, dialect_of
from chatmimic.importers.irc.events import is_event_text, is_marked
from chatmimic.importers.irc.lines import Entry
from chatmimic.importers.irc.log import Log, LogFile, Readers
from chatmimic.importers.irc.paths import channel_of
from chatmimic.importers.irc.reader import LineReader
from chatmimic.importers.irc.survey import (
    Renames,
    Surveyed,
    first_pass,
    second_pass,
)
from chatmimic.importers.irc.timestamps import remark
from chatmimic.importers.irc.web_pages import is_page, page_lines
from chatmimic.importers.parsing.dates.date_order import resolved_orders
from chatmimic.importers.parsing.dates.dated_lines import first_lines
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_LOOKED_AT = 300  # lines …
_LOOKED_AT_MOST = 2000  # … and where these say nothing
_SURE = 0.6  # of them have a shape known here; logs hold pasted lines and odd events
_VERY_SURE = 0.9  # of lines without stamps, which may be anything
_LIKELY = 0.5  # of them, beside logs
_A_FEW = 3
_A_LAST_FEW = 30  # lines
# What programs write before a colon, and nobody is called.
_LEVELS = {
    "info", "warn", "warning", "error", "debug", "trace", "fatal", "critical", "notice", "note",
    "kernel", "systemd", "stdout", "stderr", "exception", "todo", "traceback",
}  # fmt: skip


class Irc(Importer):
    """Reads logs; the path names the channel and, if there is a file for each, the day."""

    name = "irc"
    title = "IRC log"
    description = "IRC logs: irssi, irclogs.ubuntu.com, ZNC, WeeChat, HexChat, mIRC, Eggdrop, …"
    makes_ids = True

    def announces(self, head: Head) -> bool:
        """Whether it begins with a client's log header: "--- Log opened …", "Session Start: …"."""
        entries = remark(first_lines(head.text, 1)[0])
        return entries is not None and entries.day is not None

    def guesses(self, head: Head) -> bool:
        """Whether it has lines with a timestamp and `<nick>`, or with an IRC event."""
        rows, page = _rows(head)
        named = channel_of(head.member.where).startswith("#")
        # Hundreds of events may come before the first message.
        return _is_log(rows[:_LOOKED_AT], page, named) or (
            len(rows) > _LOOKED_AT and _is_log(rows[:_LOOKED_AT_MOST], page, named)
        )

    def knows_beside(self, head: Head) -> bool:
        """Whether it has timestamps or events: enough beside logs."""
        rows, page = _rows(head)
        found = _read(rows[:_LOOKED_AT], dialect_of(rows[:_LOOKED_AT]), page)
        known = sum(line[0] is not Kind.OTHER or line[3] is not None for line in found)
        return bool(found) and known >= _LIKELY * len(found)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all logs, ordered by path, so that days are in order."""
        ordered = sorted(members, key=lambda member: member.where)
        readers = Readers()
        files = [LogFile(member, context, readers) for member in ordered]
        surveyed = _survey(files, context)
        _settle_dates(files, context)
        for file in files:
            yield from Log(file, context, surveyed).messages()


def _rows(head: Head) -> tuple[list[str], bool]:
    """The lines at the beginning of a file, and whether it is a web page."""
    rows = head.text.lstrip("\ufeff").split("\n")
    if roles_by_name(rows[0].rstrip("\r").split("\t")).complete:
        return [], False  # a table of time, sender, text looks like weechat's, but for its header
    # The last line may be cut where the head ends.
    some = [row.rstrip("\r") for row in rows[:_LOOKED_AT_MOST] if row.strip()]
    some = some[: max(1, len(rows) - 1)]
    page = is_page(head.text)
    return ([line for _, line in page_lines(enumerate(some))] if page else some), page


def _read(rows: Sequence[str], dialect: Dialect | None, page: bool) -> list[Entry]:
    reader = LineReader(dialect, page=page)
    return [reader.read(row) for row in rows]


def _is_log(rows: Sequence[str], page: bool, named: bool) -> bool:
    """Whether the lines are a log; `named`: the path names a channel."""
    dialect = dialect_of(rows) or dialect_of(rows[-_A_LAST_FEW:])
    if dialect is None:
        return False
    found = _read(rows, dialect, page)
    known = sum(line[0] is not Kind.OTHER for line in found)
    spoken = sum(line[0].has_words for line in found)
    noted = sum(_is_notice(line) for line in found)
    if dialect is BARE:
        enough = spoken + noted >= _A_FEW or (noted > 0 and noted == len(found))
        return enough and known >= _VERY_SURE * len(found)
    if spoken + noted == 0:
        return False
    if dialect in COLONED and not (_is_talk(found) and (named or noted or _is_addressed(found))):
        return False
    if known >= _SURE * len(found):
        return True
    # Events in words that nobody knows here have a stamp as messages have.
    stamped = sum(line[3] is not None for line in found)
    return spoken >= _A_FEW and stamped >= _VERY_SURE * len(found)


def _is_notice(line: Entry) -> bool:
    """Whether a line is an event specific to IRC."""
    kind, _, text, _, _, _ = line
    return kind is Kind.SYSTEM and (
        "@" in text or is_event_text(text.lstrip(" *\t")) or is_marked(text)
    )


def _is_talk(found: Sequence[Entry]) -> bool:
    """Whether at least two people speak, rather than programs: "ERROR: no tea"."""
    nicks = {line[1].casefold() for line in found if line[0].has_words}
    return len(nicks) > 1 and not nicks & _LEVELS


def _is_addressed(found: Sequence[Entry]) -> bool:
    """Whether there are actions, or messages addressed to a nick that speaks repeatedly."""
    nicks = {line[1] for line in found if line[0].has_words}
    first = [(line[1], line[2].partition(" ")[0]) for line in found if line[0] is Kind.TEXT]
    addressed = sum(
        word[-1:] in (":", ",") and word[:-1] in nicks and word[:-1] != nick for nick, word in first
    )
    return addressed > 1 or any(line[0] is Kind.ACTION for line in found)


def _settle_dates(files: Sequence[LogFile], context: Context) -> None:
    """Detect the order of numeric dates from all logs."""
    surveys = {file: dates for file in files if (dates := file.dates()) is not None}
    orders = resolved_orders(list(surveys.values()), context.options.date_order, context.report)
    for file, order in zip(surveys, orders, strict=True):
        file.settle(order)


def _survey(files: Sequence[LogFile], context: Context) -> Surveyed:
    """Make a first pass over all logs, and a second if it is needed."""
    bridges, renames = Bridges(), Renames(context.options.follow_nicks)
    for file in files:
        first_pass(file.relevant(), file.channel, bridges, renames)
    if bridges.candidates() | renames.candidates():
        place = 0
        for file in files:
            place = second_pass(file.entries(), file.channel, place, bridges, renames)
    return Surveyed(bridges.found(context.report), renames.keys(context.report))
