"""Pseudonyms, derived from the words of a name and the key of the home.

Each word of a name has its own invented word: "Ada Lovelace" is "Kavilo Brunes", and "Ada" alone,
on another service or in a text, is "Kavilo". So equal names stay equal, and no list of real names
is stored.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from chatmimic.names import COMMON, PIECE
from chatmimic.privacy.key import Keyed
from chatmimic.privacy.matching import KnownNames
from chatmimic.privacy.redaction import NUMBERED
from chatmimic.privacy.redactor import PLACEHOLDER
from chatmimic.privacy.rules import digits_of
from chatmimic.records import Message, Reaction

_ONSETS = [*"bdfghjklmnprstvwz", "br", "dr", "fl", "gr", "kr", "st", "tr"]
_VOWELS = "aeiouy"
_ENDS = ["", "", "l", "n", "r", "s", "k"]
_SYLLABLES = 3  # 18 million words: collisions are rare
_KEPT = frozenset(" .-_'’|`^[](){}")
_WORD = re.compile(rf"{PLACEHOLDER.pattern}|{NUMBERED.pattern}|{PIECE.pattern}")
_REMEMBERED = 1 << 15


class Pseudonyms:
    """Invents names and puts them into messages."""

    def __init__(self, keyed: Keyed) -> None:
        self._keyed = keyed
        self._known = KnownNames()
        self._invented = lru_cache(_REMEMBERED)(self._invent)
        self.of = lru_cache(_REMEMBERED)(self._of)

    def collect_names(self, message: Message) -> None:
        """Collect the names of senders and reactors, to find them in texts."""
        if message.sender and not message.is_bot:
            self._known.add(message.sender)
        for reaction in message.reactions:
            self._known.add(reaction.sender)

    def message(self, message: Message) -> Message:
        """The message with invented names; in notices, for every word that may be a name."""
        words = message.kind.has_words or not message.text
        return replace(
            message,
            sender=message.sender if message.is_bot else self.of(message.sender),
            text=self.in_text(message.text) if words else self.everywhere(message.text),
            thread=self._thread(message.service, message.thread),
            thread_title=self._title(message.thread_title),
            sender_key=self._id("sender", message.service, message.sender_key),
            message_id=self._id("message", message.service, message.message_id),
            reply_to=self._id("message", message.service, message.reply_to),
            reactions=tuple(Reaction(r.emoji, self.of(r.sender)) for r in message.reactions),
        )

    def in_text(self, text: str) -> str:
        """A text with the names of known people replaced."""
        return self._known.replace(text, self.of)

    def everywhere(self, text: str) -> str:
        """A title or notice with every word replaced except common words and placeholders."""

        def new(found: re.Match[str]) -> str:
            word = found[0]
            kept = not word.isalnum() or len(word) < 2 or word.lower() in COMMON
            return word if kept else self._word(word)

        return _WORD.sub(new, text)

    def _of(self, name: str) -> str:
        """The invented name of a person: a single word if the name has no letters."""
        if not name or NUMBERED.fullmatch(name):
            return name
        pieces = PIECE.findall(name)
        if all(len(piece) < 2 or piece.isdecimal() for piece in pieces):
            return self._invented(digits_of(name) or name.casefold()).capitalize()
        spelt = PIECE.sub(lambda found: self._piece(found[0]), name)
        return " ".join("".join(s if s.isalpha() or s in _KEPT else " " for s in spelt).split())

    def _piece(self, piece: str) -> str:
        """The invented word of a word in a name; an initial for an initial."""
        return self._word(piece)[:1] if len(piece) == 1 else self._word(piece)

    def _word(self, word: str) -> str:
        """The invented word in the case of the real one: "ada", "Ada", "ADA"."""
        invented = self._invented(word.casefold())
        if len(word) > 1 and word.isupper():
            return invented.upper()
        return invented.capitalize() if word[:1].isupper() else invented

    def _invent(self, word: str) -> str:
        rng = self._keyed.rng("word", word)
        syllables = (rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(_SYLLABLES))
        return "".join(syllables) + rng.choice(_ENDS)

    def _thread(self, service: str, thread: str) -> str:
        return thread if thread[:1] == "#" else self._id("thread", service, thread)

    def _title(self, title: str) -> str:
        """The title with names replaced; IRC channels keep theirs."""
        return self.in_text(title) if title[:1] == "#" else self.everywhere(title)

    def _id(self, use: str, service: str, key: str) -> str:
        """A digest in place of a service's key or id, equal for equal ones."""
        return f"{use}-{self._keyed.digits(use, service, key)}" if key else key
