"""Discord: exporters' files, the data package, and text pasted from the client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.discord.channels import Channel, ChannelIndex, Place, Settle, place_of
from chatmimic.importers.discord.csv import CsvFile, is_csv
from chatmimic.importers.discord.data_package import is_part, read_package
from chatmimic.importers.discord.dedup import Authored, Deduplicator
from chatmimic.importers.discord.html_messages import is_page, read_page
from chatmimic.importers.discord.json import is_json, read_json
from chatmimic.importers.discord.pasted.reader import is_pasted, read_pasted
from chatmimic.importers.discord.text import is_surely_text, is_text, read_text, survey_text
from chatmimic.importers.discord.tracker_json import is_tracker, read_tracker
from chatmimic.importers.parsing.dates.date_order import resolved_orders
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.records import Message


class _Shape(StrEnum):
    """The formats, the most informative first."""

    JSON = "JSON"
    TRACKER = "History Tracker"
    PAGE = "HTML"
    PACKAGE = "data package"
    CSV = "CSV"
    TEXT = "text"
    PASTED = "pasted text"


_BY_WORDS = {_Shape.CSV, _Shape.TEXT}  # files that have no ids


class Discord(Importer):
    """Files of a channel, thread or part of one; or the package with a folder for each channel."""

    name = "discord"
    title = "Discord"
    description = "DiscordChatExporter's JSON, HTML, CSV, text; Discord's data package; pasted text"

    def knows(self, head: Head) -> bool:
        """Whether it is a format written by a program, by its beginning."""
        shape = _written_shape(head.member.name, _stripped(head.text))
        return shape is not None and (
            shape is not _Shape.TEXT or is_surely_text(_stripped(head.text))
        )

    def guesses(self, head: Head) -> bool:
        """Whether it is pasted text, or exported text without its header.

        Much looks like that.
        """
        return _shape_of(head.member.name, head.text) in (_Shape.PASTED, _Shape.TEXT)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all files, the most informative first, without duplicates."""
        shapes: dict[_Shape | None, list[Member]] = defaultdict(list)
        for member in members:
            text = decoded_head(context.source.head(member)) or ""
            shapes[_shape_of(member.name, text)].append(member)
        for member in shapes.pop(None, ()):
            context.report.leave_out("unparsed", member.name)
        context.report.variants.update({str(shape): len(some) for shape, some in shapes.items()})
        deduplicator = Deduplicator(
            context.report, len(members) == 1, not _BY_WORDS.isdisjoint(shapes)
        )
        channels = ChannelIndex()
        for shape in _Shape:
            for found in _readings(shape, shapes.get(shape, []), context):
                yield from _given(found, context, deduplicator, channels)
            deduplicator.next_shape()


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file to read, with what a first pass found."""

    label: str
    read: Callable[[Context, Settle], Iterator[Authored]]
    place: Place | None = None  # of its channel, where that is known before it is read
    exact: bool = True  # its times are not local


def _given(
    found: _Reading, context: Context, deduplicator: Deduplicator, channels: ChannelIndex
) -> Iterator[Message]:
    """Yield the messages of a file that no earlier file has."""
    # The same file, read without a word to the user.
    quiet = Context(context.source, context.options, ImportReport())

    def settle(place: Place) -> Channel:
        alone = place.channel
        return channels.channel_of(
            place, lambda several: deduplicator.holder(several, found.read(quiet, lambda _: alone))
        )

    shifts = [0]
    if found.place is not None:
        channel = settle(found.place)
        if not found.exact and context.options.tz is None:
            ahead = found.read(quiet, lambda _: channel)
            shifts = deduplicator.shifts_of(found.label, ahead)
        yield from deduplicator.new_of(found.read(context, lambda _: channel), shifts, found.exact)
    else:
        yield from deduplicator.new_of(found.read(context, settle))


def _stripped(text: str) -> str:
    return text.lstrip("\ufeff \t\r\n")


def _shape_of(name: str, text: str) -> _Shape | None:
    text = _stripped(text)
    return _written_shape(name, text) or (_Shape.PASTED if is_pasted(text) else None)


def _written_shape(name: str, text: str) -> _Shape | None:
    """The format of a file that a program wrote."""
    if is_part(name, text):
        return _Shape.PACKAGE
    return next((shape for shape, knows in _WRITTEN.items() if knows(text)), None)


_WRITTEN: dict[_Shape, Callable[[str], bool]] = {
    _Shape.JSON: is_json,
    _Shape.TRACKER: is_tracker,
    _Shape.PAGE: is_page,
    _Shape.CSV: is_csv,
    _Shape.TEXT: is_text,
}


def _readings(shape: _Shape, members: Sequence[Member], context: Context) -> Iterator[_Reading]:
    """The files of one format."""
    if shape is _Shape.PACKAGE:
        yield _Reading("", lambda context, _: read_package(members, context))
    elif shape is _Shape.CSV:
        yield from _tables(members, context)
    elif shape is _Shape.TEXT:
        yield from _texts(members, context)
    else:
        for member in members:
            yield _Reading(member.label, partial(_READERS[shape], member))


_READERS: dict[_Shape, Callable[[Member, Context, Settle], Iterator[Authored]]] = {
    _Shape.JSON: read_json,
    _Shape.PAGE: read_page,
    _Shape.TRACKER: lambda member, context, _: read_tracker(member, context),
    _Shape.PASTED: lambda member, context, _: read_pasted(member, context),
}


def _tables(members: Sequence[Member], context: Context) -> Iterator[_Reading]:
    """The CSV files, those with exact times first: others are compared with them."""
    given_order = context.options.date_order
    surveys = [CsvFile(member, context).survey() for member in members]
    orders = resolved_orders([dates for dates, _ in surveys], given_order, context.report)
    readings = []
    for member, (_, exact), order in zip(members, surveys, orders, strict=True):

        def read(
            context: Context, settle: Settle, member: Member = member, order: str = order
        ) -> Iterator[Authored]:
            return CsvFile(member, context).read(settle(place_of(member)), order)

        readings.append(_Reading(member.label, read, place_of(member), exact))
    yield from sorted(readings, key=lambda reading: not reading.exact)


def _texts(members: Sequence[Member], context: Context) -> Iterator[_Reading]:
    surveys = [survey_text(member, context) for member in members]
    given_order = context.options.date_order
    orders = resolved_orders([survey.dates for survey in surveys], given_order, context.report)
    for member, survey, order in zip(members, surveys, orders, strict=True):
        read = partial(read_text, member, survey=survey, order=order)
        yield _Reading(member.label, read, survey.place, exact=False)
