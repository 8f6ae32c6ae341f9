"""The interface of all written forms of a conversation."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatmimic.records import Conversation, Kind, Message
from chatmimic.text import clean

CONVERSATION_END = "<|endoftext|>"


class Mark(IntEnum):
    """The role of a token in training."""

    CONTEXT = 0  # context, not in the loss
    TEXT = 1  # words and end of a message that is trained on: in the loss, and scored
    TURN = 2  # who speaks next, or the end of the conversation: in the loss, not scored


def end_of_text(tokenizer: Any) -> str:
    """The token that ends conversations: `<|endoftext|>`, or the tokeniser's own.

    Raises ValueError if the tokeniser has none.
    """
    end = CONVERSATION_END if CONVERSATION_END in tokenizer.get_vocab() else tokenizer.eos_token
    if end is None:
        raise ValueError("its tokeniser has no token that ends a text")
    return str(end)


Weigh = Callable[[Message], float]  # the loss weight of a message's words


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation as a model reads it.

    `ids` and `marks` have shape `(time,)`; `marks` holds `Mark` values. For each message `starts`
    is the position in `ids` of its header, and `characters` the length of its text plus one for its
    end if it is trained on, else 0: the denominator of figures per character. `weights`, of shape
    `(time,)`, are loss weights; None: all equal.
    """

    ids: NDArray[np.int32]
    marks: NDArray[np.uint8]
    starts: tuple[int, ...]
    characters: tuple[int, ...]
    weights: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Cast:
    """The people a mimic knows by name, the persona first."""

    people: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that names are unique: a slot is one person."""
        if len(set(self.people)) != len(self.people):
            raise ValueError("a cast names each person once")

    def slot(self, name: str) -> int | None:
        """The index of a person in the cast, or None for somebody unknown."""
        return self._slots.get(name)

    @property
    def _slots(self) -> dict[str, int]:
        found: dict[str, int] | None = self.__dict__.get("_slots_cache")
        if found is None:
            found = {name: slot for slot, name in enumerate(self.people)}
            self.__dict__["_slots_cache"] = found
        return found


class Form(ABC):
    """One way to write conversations for one tokeniser and one cast."""

    name: str
    ends: frozenset[int]  # ids that end a message

    def __init__(self, tokenizer: Any, cast: Cast) -> None:
        self.tokenizer = tokenizer
        self.cast = cast
        # A copy, so that the setting below does not affect other users of the tokeniser.
        backend = type(tokenizer.backend_tokenizer).from_str(tokenizer.backend_tokenizer.to_str())
        # A message that contains "<|endoftext|>" must encode to these letters, not to the token
        # that ends conversations: text never becomes structure.
        backend.encode_special_tokens = True
        backend.no_padding()
        backend.no_truncation()
        self._backend = backend
        self.end_of_conversation: int = self._special(end_of_text(tokenizer))

    def with_cast(self, cast: Cast) -> Form:
        """The same form for other people; the tokeniser is shared."""
        other = copy.copy(self)
        other.cast = cast
        return other

    def encode(
        self,
        conversation: Conversation,
        learn: Collection[str] | None = None,
        weigh: Weigh | None = None,
    ) -> Transcript:
        """Encode a conversation; `learn` names the senders to train on (None: everybody).

        `weigh` gives the loss weight of a message (None: all equal); 0 leaves it out of the loss.
        The transcript begins and ends with the id of `<|endoftext|>`.
        """
        ids: list[int] = [self.end_of_conversation]
        marks: list[int] = [Mark.CONTEXT]
        starts: list[int] = []
        characters: list[int] = []
        weights: list[float] = [1.0]
        target_before = False
        before: Message | None = None
        for message in conversation.messages:
            weight = weigh(message) if weigh else 1.0
            is_target = weight > 0 and (learn is None or message.sender in learn)
            header, body = self.header(message.sender, message, before), self.body(message)
            starts.append(len(ids))
            characters.append(len(message.text) + 1 if is_target else 0)
            # Turns are in the loss around the persona, and everywhere if they are one token: a
            # model trained only on turns around the persona would always predict the persona.
            near = is_target or target_before or len(header) == 1
            turn = Mark.TURN if near else Mark.CONTEXT
            ids += header
            marks += [turn] * len(header)
            ids += body
            marks += [Mark.TEXT if is_target else Mark.CONTEXT] * len(body)
            weights += [1.0] * len(header) + [weight] * len(body)
            target_before, before = is_target, message
        ids.append(self.end_of_conversation)
        marks.append(Mark.TURN if target_before else Mark.CONTEXT)
        return Transcript(
            np.asarray(ids, np.int32),
            np.asarray(marks, np.uint8),
            tuple(starts),
            tuple(characters),
            np.asarray([*weights, 1.0], np.float32) if weigh else None,
        )

    def decode(self, ids: Sequence[int]) -> list[Message]:
        """Decode ids into messages; the last may be cut off. Inverse of `encode`."""
        return [message for message in self._messages(self._split(ids)) if message is not None]

    def prompt(self, history: Sequence[Message], speaker: str | None) -> list[int]:
        """Ids of the chat so far, ready for the next message.

        They end with the header of `speaker`, or before a header if it is None.
        """
        ids = self.encode(Conversation(tuple(history)), learn=()).ids.tolist()[:-1]
        return ids if speaker is None else ids + self.next_header(history, speaker)

    def next_header(
        self, history: Sequence[Message], speaker: str, at: int | None = None
    ) -> list[int]:
        """The ids that open the next message, sent `at` that time (UTC milliseconds).

        Without a time it is as if it were sent together with the last one.
        """
        before = history[-1] if history else None
        at = before.sent_at if at is None and before else at
        return self.header(speaker, Message(speaker, "", at), before)

    @abstractmethod
    def header(
        self, speaker: str, message: Message | None = None, before: Message | None = None
    ) -> list[int]:
        """The ids that open a message of `speaker`.

        `message` gives its kind and time, `before` is the message that it follows.
        """

    @abstractmethod
    def body(self, message: Message) -> list[int]:
        """The ids of a message's text and its end."""

    @abstractmethod
    def text(self, ids: Sequence[int]) -> str:
        """The text of body ids (without the end). A cut UTF-8 character shows as U+FFFD."""

    @abstractmethod
    def _message(self, ids: list[int]) -> Message | None:
        """One message from header and body ids (without the end); None if there is no header."""

    def tokens_of(self, text: str) -> list[int]:
        """Encode plain text; special tokens spelt out in it are ordinary text."""
        ids: list[int] = self._backend.encode(clean(text), add_special_tokens=False).ids
        return ids

    def text_of(self, ids: Iterable[int]) -> str:
        """Decode ids as plain text, whatever they mean in a transcript."""
        text: str = self._backend.decode(list(ids), skip_special_tokens=False)
        return text

    def _special(self, token: str) -> int:
        found = self.tokenizer.convert_tokens_to_ids(token)
        if found is None or self.tokenizer.convert_ids_to_tokens(found) != token:
            raise ValueError(f"the tokeniser has no {token}")
        return int(found)

    def _split(self, ids: Sequence[int]) -> Iterator[list[int]]:
        piece: list[int] = []
        for token in ids:
            if token in self.ends or token == self.end_of_conversation:
                if piece:
                    yield piece
                piece = []
            else:
                piece.append(int(token))
        if piece:
            yield piece

    def _messages(self, pieces: Iterable[list[int]]) -> Iterator[Message | None]:
        for piece in pieces:
            yield self._message(piece)


def spoken(sender: str, text: str, action: bool, sent_at: int | None = None) -> Message:
    """A message as a form decodes it: sender, text, and whether it is an action."""
    return Message(sender, text, sent_at, Kind.ACTION if action else Kind.TEXT)
