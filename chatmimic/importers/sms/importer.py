"""SMS Backup & Restore's XML, and the similar XML of old versions of Signal for Android."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dedup import OverlapFilter
from chatmimic.importers.sms.backup import read_backup
from chatmimic.importers.streams import Member
from chatmimic.records import Message

_LOOKED_AT = 8192  # characters; a comment may stand before the first element
_ROOT = re.compile(r"<(?:smses|calls)[\s/>]")


class Sms(Importer):
    """Reads files with SMS and MMS; files of calls have no messages."""

    name = "sms"
    title = "SMS Backup & Restore"
    description = "sms-….xml of SMS Backup & Restore (Android); Signal for Android's old XML"

    def knows(self, head: Head) -> bool:
        """Whether it is XML of messages or of calls."""
        return head.first == "<" and _ROOT.search(head.text, 0, _LOOKED_AT) is not None

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all files; backups of the same phone are deduplicated."""
        overlap = OverlapFilter(context.report)
        for member in members:
            messages = read_backup(member, context)
            yield from messages if len(members) == 1 else overlap.new_of(messages)
