"""What the chat and the commands ask of anything that can speak."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

from chatmimic.generation.decoding import Decoding
from chatmimic.records import Kind, Message
from chatmimic.text import clean

ACTION = "/me "  # what an action begins with, typed or generated, as on IRC


class Generator(Protocol):
    """Somebody who can go on with a conversation."""

    @property
    def persona(self) -> str:
        """The person this is an imitation of."""

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody known by name, the persona first."""

    def stream(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        stop: threading.Event | None = None,
    ) -> Iterator[str]:
        """Pieces of the text of the next message, by `speaker`. An action begins with `/me `.

        Ends within one token after `stop` is set.
        """

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        """The probability that `speaker`, who spoke last, sends one more message at once."""

    def next_speaker(
        self, history: Sequence[Message], people: Sequence[str], seed: int | None = None
    ) -> str | None:
        """Who of `people` speaks next, drawn at random; None when the talk ends here."""


def as_message(sender: str, text: str, sent_at: int | None = None) -> Message:
    """A typed or generated text as a message: clean, trimmed, `/me waves` an action."""
    text = clean(text).strip()
    if text.startswith(ACTION) and text.removeprefix(ACTION).strip():
        return Message(sender, text.removeprefix(ACTION).strip(), sent_at, Kind.ACTION)
    return Message(sender, text, sent_at)


def as_text(message: Message) -> str:
    """The text a message was typed as: `/me ` before an action."""
    return ACTION + message.text if message.kind is Kind.ACTION else message.text
