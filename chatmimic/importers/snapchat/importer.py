"""Snapchat's "My Data": chat_history.json and snap_history.json, and files with names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dedup import OverlapFilter
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.snapchat.history import is_history, is_old, read_history
from chatmimic.importers.snapchat.names import Names, is_about
from chatmimic.importers.streams import Member
from chatmimic.records import Message


class Snapchat(Importer):
    """Reads histories; `account.json` and `friends.json` give the names."""

    name = "snapchat"
    title = "Snapchat"
    description = "Snapchat's My Data in JSON: chat_history.json, old or new"

    def knows(self, head: Head) -> bool:
        """Whether it is a history of chats or snaps, or a file with names."""
        return head.first == "{" and (is_history(head.text) or is_about(head.text))

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read the names, then all histories, without duplicates."""
        texts = {m: decoded_head(context.source.head(m)) or "" for m in members}
        histories = [member for member in members if not is_about(texts[member])]
        names = Names.of([m for m in members if m not in histories], context)
        overlap = OverlapFilter(context.report)
        for member in histories:
            context.report.variants[
                "received and sent" if is_old(texts[member]) else "by chat"
            ] += 1
            messages = read_history(member, names, context)
            yield from messages if len(histories) == 1 else overlap.new_of(messages)
