"""Logs of IRC: what clients, bouncers and bots wrote, as text or as web pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.columns.roles import roles_by_name
from chatmimic.importers.irc.dialects import BARE, dialect_of
from chatmimic.importers.irc.lines import Said
from chatmimic.importers.irc.log import Log, LogFile, Readers
from chatmimic.importers.irc.pages import is_page, page_lines
from chatmimic.importers.irc.reader import LineReader
from chatmimic.importers.irc.stamps import remark
from chatmimic.importers.irc.survey import (
    Bridges,
    Renames,
    Surveyed,
    first_look,
    second_look,
)
from chatmimic.importers.parsing.dated_lines import first_lines
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_LOOKED_AT = 300  # lines
_SURE = 0.6  # of them have a shape known here; logs hold pasted lines and odd events
_VERY_SURE = 0.9  # of lines without stamps, which may be anything
_A_FEW = 3


class Irc(Importer):
    """One file per channel, or per channel and day; the channel and the day are in the path."""

    name = "irc"
    title = "IRC log"
    description = "IRC logs: irssi, irclogs.ubuntu.com, ZNC, WeeChat, HexChat, mIRC, Eggdrop, …"

    def announces(self, head: Head) -> bool:
        """A client says first when it began to log: "--- Log opened …", "Session Start: …"."""
        said = remark(first_lines(head.text, 1)[0])
        return said is not None and said.day is not None

    def guesses(self, head: Head) -> bool:
        """Lines with a stamp and `<nick>`, or with an event of IRC."""
        rows = head.text.lstrip("\ufeff").split("\n")
        if roles_by_name(rows[0].rstrip("\r").split("\t")).complete:
            return False  # a table of time, sender, text looks like weechat's, but for its header
        # The last line may be cut where the head ends.
        some = [row.rstrip("\r") for row in rows[:_LOOKED_AT] if row.strip()]
        some = some[: max(1, len(rows) - 1)]
        page = is_page(head.text)
        if page:
            some = [line for _, line in page_lines(enumerate(some))]
        return _is_log(some, page)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every log, in the order of their paths, so that days follow one another."""
        ordered = sorted(members, key=lambda member: member.where)
        readers = Readers()
        files = [LogFile(member, context, readers) for member in ordered]
        surveyed = _survey(files, context)
        for file in files:
            yield from Log(file, context, surveyed).messages()


def _is_log(rows: Sequence[str], page: bool) -> bool:
    dialect = dialect_of(rows)
    if dialect is None:
        return False
    reader = LineReader(dialect, page=page)
    found = [reader.read(row) for row in rows]
    known = sum(line.kind is not Kind.OTHER for line in found)
    spoken = sum(_is_irc(line) for line in found)
    if dialect is BARE:
        return spoken >= _A_FEW and known >= _VERY_SURE * len(found)
    return spoken > 0 and known >= _SURE * len(found)


def _is_irc(line: Said) -> bool:
    kind, _, text, _, _, _ = line
    return kind in (Kind.TEXT, Kind.ACTION) or (kind is Kind.SYSTEM and "@" in text)


def _survey(files: Sequence[LogFile], context: Context) -> Surveyed:
    """Look through all logs before the first message is given; twice if that raised a question."""
    bridges, renames = Bridges(), Renames(context.options.follow_nicks)
    for file in files:
        first_look(file.telling(), file.channel, bridges, renames)
    if bridges.candidates() | renames.candidates():
        place = 0
        for file in files:
            place = second_look(file.said(), file.channel, place, bridges, renames)
    return Surveyed(bridges.found(), renames.keys(context.report))
