"""Facebook Messenger: downloads in JSON and HTML of all years, and encrypted chats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.messenger.dedup import FuzzyDedup
from chatmimic.importers.messenger.old_pages import is_old_page, read_old_pages
from chatmimic.importers.messenger.page_structure import is_thread_page
from chatmimic.importers.messenger.service import INSTAGRAM, MESSENGER, service_of_place
from chatmimic.importers.messenger.thread_files import (
    ENCRYPTED,
    PARTICIPANTS,
    PLAIN,
    RECORD,
    Part,
    Shape,
    parts_of,
)
from chatmimic.importers.messenger.threads import Thread, numeric_dates
from chatmimic.importers.parsing.dates.date_order import resolved_orders
from chatmimic.importers.streams import Member
from chatmimic.records import Message


class Messenger(Importer):
    """Reads `message_N.json` or `.html`, encrypted chats, and `messages.htm`."""

    name = "messenger"
    title = "Facebook Messenger"
    description = (
        "Messenger: message_1.json or .html …, the folder or the zip; also encrypted chats"
    )

    def knows(self, head: Head) -> bool:
        """Whether it is a thread of any of these exports, outside Instagram's folders."""
        if service_of_place(head.member.where) == INSTAGRAM:
            return False
        return is_thread(head) or is_old_page(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all threads, one after the other; pages with many threads last."""
        wanted_service = MESSENGER if context.options.format == self.name else ""
        yield from read_threads(members, context, wanted_service)


def is_thread(head: Head) -> bool:
    """Whether a file is a thread of Messenger or Instagram."""
    if head.first == "{":
        if RECORD.search(head.text):
            return '"author"' not in head.text[:2000]
        if not PARTICIPANTS.search(head.text):
            return False
        if ENCRYPTED.search(head.text):
            return True
        return bool(PLAIN.search(head.text)) and '"author"' not in head.text[:2000]
    return is_thread_page(head.member.name, head.text)


def read_threads(members: Sequence[Member], context: Context, service: str) -> Iterator[Message]:
    """Read the messages of these files. `service`: given by the user; "": detect."""
    old = [member for member in members if _is_old(member, context)]
    parts = parts_of([member for member in members if member not in old], context, service)
    threads: dict[tuple[str, str], list[Part]] = defaultdict(list)
    context.report.variants.update({"pages of 2009 to 2018": len(old)} if old else {})
    for part in parts:
        context.report.variants[part.shape.title] += 1
        threads[part.service, part.thread].append(part)
    _note_shared_titles(threads, context)
    orders = _orders(parts, context)
    given: dict[tuple[str, str], FuzzyDedup] = defaultdict(FuzzyDedup)
    for key, some in threads.items():
        some.sort(key=lambda part: part.order)
        yield from Thread(some, context, orders, given[key] if old else None).read()
    yield from read_old_pages(old, context, given)


def _is_old(member: Member, context: Context) -> bool:
    return is_old_page(context.source.head(member).decode("utf-8", "replace"))


def _orders(parts: Sequence[Part], context: Context) -> dict[str, str]:
    """The order of numeric dates, for pages that have them."""
    surveyed = list(numeric_dates(parts, context))
    surveys = [survey for _, survey in surveyed]
    found = resolved_orders(surveys, context.options.date_order, context.report)
    return {part.member.name: order for (part, _), order in zip(surveyed, found, strict=True)}


def _note_shared_titles(threads: dict[tuple[str, str], list[Part]], context: Context) -> None:
    for parts in threads.values():
        paths = {
            part.path.rpartition("/")[2] for part in parts if part.shape is not Shape.ENCRYPTED
        }
        if len(paths) > 1:
            context.report.note(
                f'{len(paths)} threads are titled "{parts[0].title}"; they were read as one.'
            )
