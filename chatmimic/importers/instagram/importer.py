"""Instagram: threads like Messenger's, and the single file of 2018 to 2020."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.instagram.lists import is_list, read_lists
from chatmimic.importers.messenger.importer import is_thread, read_threads
from chatmimic.importers.messenger.service import INSTAGRAM
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.streams import Member
from chatmimic.records import Message


class Instagram(Importer):
    """Reads `message_N.json` or `.html` in Instagram's folders, or one `messages.json`."""

    name = INSTAGRAM
    title = "Instagram"
    description = "Instagram's download: message_1.json or .html …; also messages.json of 2020"

    def knows(self, head: Head) -> bool:
        """Whether it is a thread (Messenger, asked first, leaves Instagram's), or that file."""
        return is_list(head.text) or is_thread(head)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read the threads, then the lists."""
        lists = [member for member in members if _is_list(member, context)]
        threads = [member for member in members if member not in lists]
        yield from read_threads(threads, context, INSTAGRAM)
        context.report.variants.update({"JSON of 2018 to 2020": len(lists)} if lists else {})
        yield from read_lists(lists, context)


def _is_list(member: Member, context: Context) -> bool:
    return is_list(decoded_head(context.source.head(member)) or "")
