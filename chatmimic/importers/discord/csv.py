"""DiscordChatExporter's CSV: with semicolons in 2019, with commas since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from chatmimic.importers.base import Context
from chatmimic.importers.discord.authors import account, is_webhook, sender_key
from chatmimic.importers.discord.channels import Channel
from chatmimic.importers.discord.dedup import Authored
from chatmimic.importers.discord.system_messages import kind_of_sentence
from chatmimic.importers.discord.timestamps import WrittenTimes, stamp_of, surveyed
from chatmimic.importers.parsing.dates.date_order import DateSurvey
from chatmimic.importers.parsing.tables import Shape, separated_rows
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_COLUMNS = ["AuthorID", "Author", "Date", "Content", "Attachments", "Reactions"]
_DATE, _CONTENT = 2, 3
_LOOKED_AT = 3  # dates that show whether a file's dates are exact


def is_csv(text: str) -> bool:
    """Whether a file begins with the exporter's column names."""
    return _shape(text) is not None


def _shape(text: str) -> Shape | None:
    first = text.removeprefix("\ufeff").partition("\n")[0].strip()
    for delimiter in ",;":
        names = first.replace('"', "").removesuffix(delimiter).split(delimiter)
        if names in (_COLUMNS, _COLUMNS[1:]):
            return Shape(delimiter, True, names, [])
    return None


class CsvFile:
    """One CSV file of either version."""

    def __init__(self, member: Member, context: Context) -> None:
        self._member = member
        self._context = context
        head = decoded_head(context.source.head(member)) or ""
        self._shape = _shape(head) or Shape(",", True, _COLUMNS, [])
        # Each row of an old file ends with a delimiter.
        self._ended = head.partition("\n")[0].strip().endswith(self._shape.delimiter)

    def survey(self) -> tuple[DateSurvey, bool]:
        """Survey the order of its dates; exact times need no survey."""
        label = self._member.label
        first = [stamp_of(date) for date in islice(self._dates(), _LOOKED_AT)]
        exact = all(isinstance(stamp, datetime) and stamp.tzinfo for stamp in first)
        return surveyed(label, () if exact else self._dates()), exact

    def read(self, channel: Channel, order: str) -> Iterator[Authored]:
        """Every message."""
        report = self._context.report
        times = WrittenTimes(order, self._context.options.tz, report)
        for number, cells in self._rows():
            source = f"{self._member.name}:{number}"
            if cells is None:
                yield _unparsed(channel, source), ""
                continue
            id_, author, written, content, attachments, _ = cells
            message = Message(
                account(author),
                content,
                times.of(written),
                kind_of_sentence(content, bool(attachments)),
                "discord",
                channel.key,
                channel.title,
                # Under one id a bridge has many names.
                sender_key(id_, author, channel.key, shared=bool(id_) and is_webhook(author)),
                source=source,
            )
            yield message, author

    def _dates(self) -> Iterator[str]:
        rows = self._rows(ahead=True)
        return (cells[_DATE] for _, cells in rows if cells is not None)

    def _rows(self, ahead: bool = False) -> Iterator[tuple[int, list[str] | None]]:
        shape, context = self._shape, self._context
        report = ImportReport() if ahead else context.report
        with (context.ahead if ahead else context.open)(self._member) as stream:
            table = separated_rows(stream, self._member.label, shape, report)
            next(table, None)  # the header
            for number, row in table:
                cells = row[:-1] if self._ended and not row[-1] else row
                yield number, _padded(cells, len(shape.header), shape.delimiter)


def _padded(row: Sequence[str], width: int, delimiter: str) -> list[str] | None:
    """The six cells of a row; None if it has too few.

    Old files may have a delimiter in what was said.
    """
    cells = list(row)
    over = len(cells) - width
    if over < 0:
        return None
    content = width - len(_COLUMNS) + _CONTENT
    cells[content : content + over + 1] = [delimiter.join(cells[content : content + over + 1])]
    return cells if width == len(_COLUMNS) else ["", *cells]


def _unparsed(channel: Channel, source: str) -> Message:
    return Message("", "", None, Kind.OTHER, "discord", channel.key, channel.title, source=source)
