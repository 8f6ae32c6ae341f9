"""Skype's export: one `messages.json` with all conversations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.skype.messages import read_messages
from chatmimic.importers.streams import Member
from chatmimic.records import Message

_FILE = re.compile(r'\s*\{\s*"(?:userId|exportDate|conversations)"\s*:')
_PART = re.compile(r'(?<!\\)"(?:conversations|MessageList)"\s*:')


class Skype(Importer):
    """Reads `messages.json`, in the tar or unpacked."""

    name = "skype"
    title = "Skype"
    description = "Skype's export: messages.json, or the .tar with it"

    def knows(self, head: Head) -> bool:
        """Whether it is a JSON object with an owner and conversations."""
        text = head.text.lstrip("\ufeff")
        return _FILE.match(text) is not None and _PART.search(text) is not None

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all files."""
        for member in members:
            context.report.variants["JSON"] += 1
            yield from read_messages(member, context)
