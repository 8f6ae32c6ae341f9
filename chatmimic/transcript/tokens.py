"""The `tokens` form: a token for each speaker, and one that ends a message.

After the speaker tokens of https://github.com/devjwsong/gpt2-dialogue-generation-pytorch, widened
to any number of people::

    <|endoftext|><|speaker0|>hi there<|end|><|speaker1|><|action|>waves<|end|><|endoftext|>

Speaker 0 is the persona. People beyond the slots are written by name::

    <|name|>Zed<|says|>hello<|end|>
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatmimic.records import Kind, Message
from chatmimic.transcript.form import Cast, Form, spoken

SLOTS = 32
SPEAKERS = tuple(f"<|speaker{slot}|>" for slot in range(SLOTS))
END, NAME, SAYS, ACTION = "<|end|>", "<|name|>", "<|says|>", "<|action|>"
SPECIAL_TOKENS = (END, NAME, SAYS, ACTION, *SPEAKERS)


class TokenForm(Form):
    """Speakers and message borders are special tokens; text is always text."""

    name = "tokens"

    def __init__(self, tokenizer: Any, cast: Cast) -> None:
        super().__init__(tokenizer, cast)
        self._speakers = [self._special(token) for token in SPEAKERS]
        self._slot_of = {token: slot for slot, token in enumerate(self._speakers)}
        self._end, self._name, self._says, self._action = map(
            self._special, (END, NAME, SAYS, ACTION)
        )
        self.ends = frozenset({self._end})

    def header(
        self, speaker: str, message: Message | None = None, before: Message | None = None
    ) -> list[int]:
        """A speaker token, or the name between two tokens; then the action token for an action."""
        slot = self.cast.slot(speaker)
        if slot is not None and slot < SLOTS:
            ids = [self._speakers[slot]]
        else:
            ids = [self._name, *self.tokens_of(speaker), self._says]
        return [*ids, self._action] if message and message.kind is Kind.ACTION else ids

    def body(self, message: Message) -> list[int]:
        """The text as it is, newlines included, then the end token."""
        return [*self.tokens_of(message.text), self._end]

    def text(self, ids: Sequence[int]) -> str:
        """The text of body ids, without structure tokens that a model generated out of place."""
        structure = {self._name, self._says, self._action, self._end, self.end_of_conversation}
        return self.text_of(
            token for token in ids if token not in structure and token not in self._slot_of
        )

    def speaker_tokens(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each of the ids `(time,)` the current speaker token: GPT-2's `token_type_ids`.

        Before the first speaker it is `<|endoftext|>`; people written by name share `<|name|>`.
        """
        opens = np.isin(ids, [*self._speakers, self._name, self.end_of_conversation])
        last = np.maximum.accumulate(np.where(opens, np.arange(len(ids)), -1))
        return np.where(last >= 0, ids[np.maximum(last, 0)], self.end_of_conversation)

    def _message(self, ids: list[int]) -> Message | None:
        first, rest = ids[0], ids[1:]
        if first in self._slot_of:
            slot = self._slot_of[first]
            known = slot < len(self.cast.people)
            sender = self.cast.people[slot] if known else f"Speaker {slot}"
        elif first == self._name and self._says in rest:
            cut = rest.index(self._says)
            sender, rest = self.text_of(rest[:cut]), rest[cut + 1 :]
        else:
            return None
        action = bool(rest) and rest[0] == self._action
        return spoken(sender, self.text(rest[1:] if action else rest), action)
