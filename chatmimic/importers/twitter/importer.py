"""The archive of X (Twitter): direct messages, and the account of the owner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.streams import Member
from chatmimic.importers.twitter.messages import Conversations, is_messages
from chatmimic.importers.twitter.owner import Owner, is_about
from chatmimic.records import Message


class Twitter(Importer):
    """Reads `direct-messages.js` and `direct-messages-group.js`, and their parts."""

    name = "twitter"
    title = "X (Twitter)"
    description = "the archive of X: direct-messages.js, direct-messages-group.js"

    def knows(self, head: Head) -> bool:
        """Whether it is a script with direct messages or the owner's account."""
        return is_messages(head.text) or is_about(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read the owner, then all messages."""
        texts = {m: decoded_head(context.source.head(m)) or "" for m in members}
        conversations = [member for member in members if is_messages(texts[member])]
        owner = Owner.of([member for member in members if member not in conversations], context)
        reader = Conversations(conversations, owner, context)
        for member in conversations:
            group = "messages_group" in texts[member][:200]
            context.report.variants["groups" if group else "chats of two"] += 1
            yield from reader.messages(member)
