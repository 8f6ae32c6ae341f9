"""Detects system messages in any language: sentences that repeat with different names.

Old exports mark them with a type. Newer ones write "Ada sent an attachment." as if Ada had
typed it, in the language of the account. English ones are known one by one (`sentences`); those of
other languages show themselves by an attachment beside them, or by being repeated word for word
around a name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chatmimic.importers.parsing.mojibake import repaired
from chatmimic.records import Kind, Message

_LONGEST = 600  # characters; the templates of Messenger are shorter
_STOPS = ".!。।"
_QUOTED = re.compile(
    r'"[^"\n]{1,200}"|“[^”\n]{1,200}”|„[^“”\n]{1,200}[“”]|«[^»\n]{1,200}»|「[^」\n]{1,200}」'
)
_LONGEST_BESIDE = 80  # characters of what stands beside an attachment

REPEATS = 3
MOST_WITHHELD = 20_000


def is_attachment_sentence(text: str, sender: str) -> bool:
    """Whether the text of an attachment only says, in any language, that it was sent."""
    bare = text.rstrip(_STOPS)
    if bare == text or len(text) > _LONGEST_BESIDE or "\n" in text or "://" in text:
        return False
    return _begins_with(text, sender) or _begins_with(text, sender.partition(" ")[0])


def _begins_with(text: str, name: str) -> bool:
    """Whether a sentence begins with a name, followed by a space in most languages."""
    after = text[len(name) : len(name) + 1]
    return len(name) > 1 and text.startswith(name) and (after == " " or after > "\u2e7f")


class RepeatTest:
    """Finds system messages of any language in threads whose records have no type.

    A sentence that begins with its own sender's name, or ends with somebody's full name, is held
    back; three alike from one sender (names aside) were written by Messenger, fewer by a person.
    """

    def __init__(self) -> None:
        self._full_names: tuple[str, ...] = ()
        self._held: dict[tuple[str, str], list[Message]] = defaultdict(list)
        self._settled: set[tuple[str, str]] = set()
        self._waiting = 0

    def learn_people(self, beside: Mapping[str, Any]) -> None:
        """Add the participants of the thread."""
        if self._full_names or not isinstance(beside.get("participants"), list):
            return
        given = [p.get("name") if isinstance(p, dict) else p for p in beside["participants"]]
        names = [repaired(name) for name in given if isinstance(name, str)]
        self._full_names = tuple(name for name in names if " " in name.strip())

    def released(self, message: Message, marked: bool) -> Sequence[Message]:
        """Yield the message, unless it must wait for similar ones; and these once they suffice."""
        if marked or message.kind is not Kind.TEXT:
            return (message,)
        shape = self._shape(message)
        if not shape:
            return (message,)
        key = (message.sender, shape)
        if key in self._settled:
            return (replace(message, kind=Kind.SYSTEM),)
        if self._waiting >= MOST_WITHHELD:
            return (message,)
        self._held[key].append(message)
        self._waiting += 1
        if len(self._held[key]) < REPEATS:
            return ()
        alike = self._held.pop(key)
        self._waiting -= len(alike)
        self._settled.add(key)
        return [replace(one, kind=Kind.SYSTEM) for one in alike]

    def rest(self) -> Iterator[Message]:
        """Yield what was held back and not repeated: people's text."""
        for alike in self._held.values():
            yield from alike
        self._held.clear()

    def _shape(self, message: Message) -> str:
        """The sentence without names; "" if it is not suspicious."""
        text, sender = message.text, message.sender
        first = sender.partition(" ")[0]
        # Nearly every message is neither: no more work than this for those.
        if not text.startswith(first) and not text.rstrip(_STOPS).endswith(self._full_names):
            return ""
        if len(text) > _LONGEST or (text.count(" ") < 2 and not text.endswith("。")):
            return ""
        bare = text.rstrip(_STOPS)
        # First names are words too ("Will you …?"): those count before a full stop only.
        begins = _begins_with(text, sender) or (bare != text and _begins_with(text, first))
        if not begins and not any(bare.endswith(" " + name) for name in self._full_names):
            return ""
        text = _QUOTED.sub("\1", text)  # what a poll or a theme is called
        for name in (sender, *self._full_names):
            text = text.replace(name, "\0")
        return text.replace(first, "\0") if begins else text
