"""Google Takeout: Hangouts, Google Chat and texts of Google Voice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.google.chat import is_about, is_chat, read_chat
from chatmimic.importers.google.hangouts import is_hangouts, read_hangouts
from chatmimic.importers.google.voice import is_voice, read_voice
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.streams import Member
from chatmimic.records import Message


class Google(Importer):
    """Reads `Hangouts.json`, `messages.json` beside `group_info.json`, and pages of Voice."""

    name = "google"
    title = "Google (Hangouts, Chat, Voice)"
    description = "Google Takeout: Hangouts.json, Google Chat's messages.json, Voice's texts"

    def knows(self, head: Head) -> bool:
        """Whether it is a file of the three services, or of names and members in Chat."""
        if head.first == "{":
            return is_hangouts(head.text) or is_chat(head.text) or is_about(head.text)
        return is_voice(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read the files, service by service."""
        shares: dict[str, list[Member]] = defaultdict(list)
        for member in members:
            product = _product(member, context)
            shares[product].append(member)
            context.report.variants["Chat" if product == "about" else product.capitalize()] += 1
        yield from read_hangouts(shares["hangouts"], context)
        yield from read_chat(shares["chat"], shares["about"], context)
        yield from read_voice(shares["voice"], context)


def _product(member: Member, context: Context) -> str:
    text = decoded_head(context.source.head(member)) or ""
    if is_voice(text):
        return "voice"
    if is_hangouts(text):
        return "hangouts"
    return "chat" if is_chat(text) else "about"
