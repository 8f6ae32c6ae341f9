"""Redaction of whole messages: texts, and numbers that identify people and threads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from chatmimic.privacy.key import Keyed
from chatmimic.privacy.redactor import PLACEHOLDER, Redactor, redact
from chatmimic.privacy.rules import digits_of
from chatmimic.records import Message, Reaction

_NUMBER = re.compile(r"(?<!\w)\+?\d{7,15}(?!\w)")  # a phone number in a name, a title or a key
NUMBERED = re.compile(r"Person [0-9a-f]{6}(?![^\W_])")  # a person without a name
_SHORTEST = 7  # digits of a number that identifies somebody
_DIGITS = 6  # of a pseudonym: 16 million of them
_REMEMBERED = 20_000
_MARKS = "\u200e\u200f\u202a\u202c\u2068\u2069 "  # direction marks around numbers


class Redaction:
    """Redacts messages. People named by a number or an address become "Person 4f2a9c"."""

    def __init__(self, redactor: Redactor, keyed: Keyed) -> None:
        self._redactor = redactor
        self._keyed = keyed
        self._names: dict[tuple[str, str], str] = {}
        self._key = lru_cache(_REMEMBERED)(self._made_key)

    def message(self, message: Message) -> Message:
        """The message with placeholders for secrets, also in its names, keys and title."""
        source = message.source
        return replace(
            message,
            text=self._redactor.redact(message.text, source),
            sender=self._name(message.sender, source),
            sender_key=self._key("sender", message.sender_key),
            thread=self._key("thread", message.thread),
            thread_title=self._title(message.thread_title, source),
            message_id=self._id(message.message_id),
            reply_to=self._id(message.reply_to),
            reactions=tuple(
                Reaction(redact(one.emoji), self._name(one.sender, source))
                for one in message.reactions
            ),
        )

    def _name(self, name: str, source: str) -> str:
        return self._kept(name, source, self._made_name)

    def _title(self, title: str, source: str) -> str:
        return self._kept(title, source, self._made_title)

    def _kept(self, name: str, source: str, make: Callable[[str, str], str]) -> str:
        """The redacted name or title, computed and counted once."""
        known = self._names.get((make.__name__, name))
        if known is None:
            if len(self._names) >= _REMEMBERED:
                self._names.clear()
            known = self._names[make.__name__, name] = make(name, source)
        return known

    def _made_name(self, name: str, source: str) -> str:
        """A name without numbers and addresses; a number gives the same person everywhere."""
        safe = self._made_title(name, source)
        if safe == name or NUMBERED.fullmatch(safe):
            return safe
        if not any(char.isalpha() for char in PLACEHOLDER.sub("", safe)):
            return f"Person {self._mark(name)}"
        return PLACEHOLDER.sub(self._mark(name), safe)

    def _made_title(self, title: str, source: str) -> str:
        """The same for a title: a thread named after a number is named like that person."""
        safe = self._redactor.redact(title, source)
        for number in _NUMBER.findall(safe):
            self._redactor.count("phone", number, source)
        safe = _NUMBER.sub("[phone]", safe)
        if safe == title:
            return title
        return f"Person {self._mark(title)}" if PLACEHOLDER.fullmatch(safe.strip(_MARKS)) else safe

    def _made_key(self, use: str, key: str) -> str:
        if not key or (not _NUMBER.search(key) and redact(key) == key):
            return key
        return f"{use}-{self._keyed.digits(use, _plain(key))}"

    def _id(self, key: str) -> str:
        """The id of a message, hashed if it has a number (Signal) or an address (e-mail)."""
        if "@" in key or "+" in key:
            return f"message-{self._keyed.digits('message', key)}"
        return key

    def _mark(self, name: str) -> str:
        return self._keyed.digits("person", _plain(name), length=_DIGITS)


def _plain(name: str) -> str:
    """The digits of a number, or the name in lower case."""
    digits = digits_of(name)
    number = len(digits) >= _SHORTEST and not any(map(str.isalpha, name))
    return digits if number else name.casefold()
