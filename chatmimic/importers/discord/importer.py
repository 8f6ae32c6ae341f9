"""Discord: what exporters write, its own data package, and text pasted from its client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.discord.channels import ChannelBook
from chatmimic.importers.discord.csv import CsvFile, is_csv
from chatmimic.importers.discord.json import is_json, read_json
from chatmimic.importers.discord.package import is_part, read_package
from chatmimic.importers.discord.pages import is_page, read_page
from chatmimic.importers.discord.pasted import is_pasted, read_pasted
from chatmimic.importers.discord.text import is_text, read_text, survey_text
from chatmimic.importers.discord.together import Said, Together
from chatmimic.importers.discord.tracker import is_tracker, read_tracker
from chatmimic.importers.parsing.date_order import settled
from chatmimic.importers.parsing.decoding import decoded_head
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.records import Message


class _Shape(StrEnum):
    """How messages are written; those come first that say most of a message."""

    JSON = "JSON"
    TRACKER = "History Tracker"
    PAGE = "HTML"
    PACKAGE = "data package"
    CSV = "CSV"
    TEXT = "text"
    PASTED = "pasted text"


_WITHOUT_IDS = (_Shape.CSV, _Shape.TEXT)


class Discord(Importer):
    """One file a channel, thread or part; or the package with a folder for each channel."""

    name = "discord"
    title = "Discord"
    description = "DiscordChatExporter's JSON, HTML, CSV, text; Discord's data package; pasted text"

    def knows(self, head: Head) -> bool:
        """One of the shapes, each known by how it begins."""
        return _shape_of(head.member.name, head.text) is not None

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every file, the most complete first; what two of them hold is given once."""
        shapes: dict[_Shape | None, list[Member]] = defaultdict(list)
        for member in members:
            text = decoded_head(context.source.head(member)) or ""
            shapes[_shape_of(member.name, text)].append(member)
        for member in shapes.pop(None, ()):
            context.report.leave_out("unparsed", member.name)
        context.report.variants.update({str(shape): len(some) for shape, some in shapes.items()})
        by_words = any(shape in shapes for shape in _WITHOUT_IDS)
        together = Together(context.report, len(members) == 1, by_words)
        channels = ChannelBook()
        for shape in _Shape:
            for found in _readings(shape, shapes.get(shape, []), context, channels):
                shifts = [0]
                if shape in _WITHOUT_IDS and context.options.tz is None:
                    shifts = together.shifts_of(found.label, found.again)
                yield from together.new_of(found.once(), shifts)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file that can be read, and looked through before."""

    label: str
    context: Context
    read: Callable[[Context], Iterator[Said]]

    def once(self) -> Iterator[Said]:
        """What the file holds."""
        return self.read(self.context)

    def again(self) -> Iterator[Said]:
        """The same, without a word to the user."""
        return self.read(Context(self.context.source, self.context.options, ImportReport()))


def _shape_of(name: str, text: str) -> _Shape | None:
    text = text.lstrip("\ufeff \t\r\n")
    known = {
        _Shape.JSON: is_json,
        _Shape.TRACKER: is_tracker,
        _Shape.PAGE: is_page,
        _Shape.CSV: is_csv,
        _Shape.TEXT: is_text,
        _Shape.PASTED: is_pasted,
    }
    if is_part(name, text):
        return _Shape.PACKAGE
    return next((shape for shape, knows in known.items() if knows(text)), None)


def _readings(
    shape: _Shape, members: Sequence[Member], context: Context, channels: ChannelBook
) -> Iterator[_Reading]:
    """The files of one shape."""
    if shape is _Shape.PACKAGE:
        yield _Reading("", context, partial(read_package, members))
    elif shape is _Shape.CSV:
        yield from _tables(members, context, channels)
    elif shape is _Shape.TEXT:
        yield from _texts(members, context, channels)
    else:
        for member in members:
            yield _Reading(member.label, context, _reader_of(shape, member, channels))


def _reader_of(
    shape: _Shape, member: Member, channels: ChannelBook
) -> Callable[[Context], Iterator[Said]]:
    if shape is _Shape.JSON:
        return lambda context: read_json(member, context, channels)
    if shape is _Shape.PAGE:
        return lambda context: read_page(member, context, channels)
    return partial(read_tracker if shape is _Shape.TRACKER else read_pasted, member)


def _tables(
    members: Sequence[Member], context: Context, channels: ChannelBook
) -> Iterator[_Reading]:
    asked = context.options.date_order
    surveys = [CsvFile(member, context).survey() for member in members]
    for member, order in zip(members, settled(surveys, asked, context.report), strict=True):

        def read(context: Context, member: Member = member, order: str = order) -> Iterator[Said]:
            return CsvFile(member, context).read(channels.channel_of(member.base), order)

        yield _Reading(member.label, context, read)


def _texts(
    members: Sequence[Member], context: Context, channels: ChannelBook
) -> Iterator[_Reading]:
    surveys = [survey_text(member, context) for member in members]
    asked = context.options.date_order
    orders = settled([survey.dates for survey in surveys], asked, context.report)
    for member, survey, order in zip(members, surveys, orders, strict=True):
        channel = channels.channel_of(member.base, survey.guild, survey.channel)
        read = partial(read_text, member, survey=survey, order=order, channel=channel)
        yield _Reading(member.label, context, read)
