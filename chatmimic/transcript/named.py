"""The `named` form: the founding post's lines of time, name and text.

::

    <|endoftext|>[14:03] Ada Lovelace: hi there
    [14:03] Bob: * waves
    <|endoftext|>

A message is one line, so that a newline token always ends one: inside a text it is written `\\n`
and a backslash `\\\\`. Separators in names are replaced by look-alikes, one spelling for each
person of the cast. The time is hour and minute in UTC; messages without a time have no brackets.
(The post wrote milliseconds, which cost thirteen digits per message and were generated out of
order.)
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from chatmimic.records import Kind, Message
from chatmimic.text import clean
from chatmimic.transcript.form import Cast, Form, spoken

_UNESCAPES = {"\\n": "\n", "\\\\": "\\", "\\*": "*"}
_LINE = re.compile(r"(?:\[(?P<time>[-: \w]+)\] )?(?P<name>[^:\n]*):(?: (?P<text>.*))?", re.DOTALL)


class NamedForm(Form):
    """Lines of `[time] Name: text`, for any causal model with its own tokeniser."""

    name = "named"

    def __init__(self, tokenizer: Any, cast: Cast) -> None:
        super().__init__(tokenizer, cast)
        self._newline = self.tokens_of("\n")
        if len(self._newline) != 1:
            raise ValueError(
                "the named form needs a tokeniser with a token for the newline; --form tokens "
                "does not"
            )
        # "\n\n" and the like are tokens too; any token with a newline ends a message.
        vocabulary = range(len(self.tokenizer))
        self.ends = frozenset(t for t in vocabulary if "\n" in self.text_of([t]))
        self._take(cast)

    def with_cast(self, cast: Cast) -> NamedForm:
        """The same form for other people, with labels of their own."""
        other = copy.copy(self)
        other._take(cast)
        return other

    def _take(self, cast: Cast) -> None:
        self.cast = cast
        self._labels = self._labels_of(cast.people)
        self._people = {label: person for person, label in self._labels.items()}
        # An unknown label decodes to a person of that name, so that nobody else may have a name of
        # the cast.
        self._taken = {*self._people, *cast.people}

    def _labels_of(self, people: Sequence[str]) -> dict[str, str]:
        return labels_of(people)

    def header(
        self, speaker: str, message: Message | None = None, before: Message | None = None
    ) -> list[int]:
        """The line up to its colon, with the time if the message has one."""
        time = _clock(message.sent_at) if message else ""
        return self.tokens_of(f"{time}{self.label(speaker)}:")

    def label(self, speaker: str) -> str:
        """The label of a person; outside the cast it is never a name of the cast."""
        known = self._labels.get(speaker)
        return known or free_label(as_label(speaker), self._taken)

    def body(self, message: Message) -> list[int]:
        """A space, the text on one line, and the newline that ends it."""
        text = _escape(message.text)
        star = "* " if message.kind is Kind.ACTION else ""
        written = f" {star}{text}" if star or text else ""
        return [*self.tokens_of(written), *self._newline]

    def text(self, ids: Sequence[int]) -> str:
        """The text of body ids, without the first space, with escapes decoded."""
        return _unescape(self.text_of(ids).removeprefix(" ").removeprefix("* "))

    def _message(self, ids: list[int]) -> Message | None:
        found = _LINE.fullmatch(self.text_of(ids))
        if not found:
            return None
        label, written = found["name"], found["text"] or ""
        action = written.startswith("* ")
        text = _unescape(written.removeprefix("* ") if action else written)
        return spoken(self._people.get(label, label), text, action)


def _escape(text: str) -> str:
    text = clean(text).replace("\\", "\\\\").replace("\n", "\\n")
    # "* " marks an action; a text that starts so gets a backslash.
    return f"\\{text}" if text.startswith("* ") else text


def _unescape(text: str) -> str:
    return re.sub(r"\\[n\\*]", lambda found: _UNESCAPES[found.group()], text)


def as_label(name: str) -> str:
    """A name that cannot break the line: look-alikes for `:`, `[`, `]` and newlines."""
    plain = clean(name).translate({ord(":"): "꞉", ord("["): "(", ord("]"): ")", ord("\n"): " "})
    return plain.strip() or "?"


def labels_of(people: Sequence[str]) -> dict[str, str]:
    """A unique label for each person."""
    labels: dict[str, str] = {}
    taken: set[str] = set()
    for person in people:
        labels[person] = free_label(as_label(person), taken)
        taken.add(labels[person])
    return labels


def free_label(label: str, taken: Collection[str]) -> str:
    """The label, with a number after it if it is taken."""
    if label not in taken:
        return label
    return next(f"{label} ({n})" for n in count(2) if f"{label} ({n})" not in taken)


def _clock(sent_at: int | None) -> str:
    """`[HH:MM] ` in UTC, or nothing."""
    if sent_at is None:
        return ""
    return f"[{datetime.fromtimestamp(sent_at / 1000, UTC):%H:%M}] "
