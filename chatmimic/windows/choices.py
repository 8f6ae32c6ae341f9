"""Exchanges on disk, for next-utterance classification: which of several replies is real?

An exchange is some messages and the persona's reply to them. The distractors are other replies of
the persona: a stranger's would be recognised by manner alone, without reading the context.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from chatmimic.errors import TooLittleData
from chatmimic.files import private_file, private_folder
from chatmimic.records import Conversation, Kind, Message
from chatmimic.transcript import Form
from chatmimic.windows.excerpts import excerpts

if TYPE_CHECKING:
    from torch import Tensor

ARRAYS = ("ids", "borders", "texts", "left_out")


@dataclass(frozen=True)
class ChoiceBatch:
    """A batch of candidates: those of one exchange are adjacent, the real reply first.

    `ids`, `(exchanges * candidates, time)`, are padded on the right; `last`,
    `(exchanges * candidates,)`, is the position of each one's last token. A causal model needs no
    mask for this: no token sees what is to its right.
    """

    ids: Tensor
    last: Tensor

    def to(self, device: torch.device) -> ChoiceBatch:
        """The batch on a device."""
        return ChoiceBatch(self.ids.to(device), self.last.to(device))


@dataclass(frozen=True)
class Choices:
    """Exchanges by number.

    `ids`, `(tokens,)`, are transcripts; the first id is the conversation token. `borders`,
    `(exchanges, 3)`, says where in them an exchange's messages begin, where the text of its reply
    begins, and where it ends. `texts`, `(exchanges,)`, numbers the distinct replies. `left_out`,
    `(2,)`, counts replies that were too long, and replies to messages that were too long.
    """

    ids: NDArray[Any]
    borders: NDArray[np.int64]
    texts: NDArray[np.int64]
    left_out: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.borders)

    @cached_property
    def different(self) -> int:
        """The number of distinct replies."""
        return int(self.texts.max(initial=-1)) + 1

    @classmethod
    def open(cls, folder: Path) -> Choices:
        """Memory-map the files of `write_choices` in a folder."""
        return cls(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS})

    def batch(self, numbers: NDArray[np.int64], candidates: int, seed_number: int) -> ChoiceBatch:
        """A batch of exchanges, each with its reply and randomly drawn other replies."""
        return self.read(self.draw(numbers, candidates, seed_number))

    def draw(
        self, numbers: NDArray[np.int64], candidates: int, seed_number: int
    ) -> NDArray[np.int64]:
        """For each exchange the exchanges that give its candidates: itself, then random ones.

        Shape `(exchanges, candidates)`; the replies of a row are distinct. Distractors are drawn as
        often as they occur: otherwise frequent replies would more often be the real ones. Raises
        TooLittleData if there are fewer distinct replies than candidates.
        """
        _check(self.different, candidates)
        rng = np.random.default_rng(seed_number)
        return np.stack([self._row(int(number), candidates, rng) for number in numbers])

    def read(self, drawn: NDArray[np.int64]) -> ChoiceBatch:
        """The candidates of rows from `draw`, or of any part of them."""
        rows = [self._candidate(row[0], whose) for row in drawn for whose in row]
        lengths = np.asarray([len(row) for row in rows])
        ids = np.full((len(rows), lengths.max()), self.ids[0], np.int64)
        for place, row in zip(ids, rows, strict=True):
            place[: len(row)] = row
        return ChoiceBatch(torch.from_numpy(ids), torch.from_numpy(lengths - 1))

    def _row(self, number: int, candidates: int, rng: np.random.Generator) -> NDArray[np.int64]:
        row, seen = [number], {int(self.texts[number])}
        while len(row) < candidates:
            other = int(rng.integers(len(self)))
            if (text := int(self.texts[other])) not in seen:
                row.append(other)
                seen.add(text)
        return np.asarray(row, np.int64)

    def _candidate(self, number: int, whose: int) -> NDArray[Any]:
        """An exchange with the reply of another one.

        The header is the exchange's own: the other one's time would give it away.
        """
        start, body, _ = self.borders[number]
        _, text, end = self.borders[whose]
        return np.concatenate([self.ids[:1], self.ids[start:body], self.ids[text:end]])


def write_choices(
    conversations: Iterable[Conversation],
    form: Form,
    persona: str,
    folder: Path,
    *,
    context: int,
    window: int,
    candidates: int,
) -> Choices:
    """Write the persona's exchanges to a folder: each of their replies to somebody else.

    Up to `context` messages before a reply are read with it, as many whole ones as `window // 2`
    tokens hold; the reply itself has at most `window // 4`. Raises TooLittleData if there are fewer
    distinct replies than `candidates`.
    """
    found = _Found(form, persona, context, window)
    for conversation in conversations:
        for excerpt in excerpts(conversation, {persona}, context):
            found.add(excerpt)
    _check(len(found.numbers), candidates)
    private_folder(folder)
    for name, array in found.arrays().items():
        # Written as a stream: through a memory map a full disk would kill the process (SIGBUS).
        with private_file(folder / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
    return Choices.open(folder)


class _Found:
    """The exchanges found so far."""

    def __init__(self, form: Form, persona: str, context: int, window: int) -> None:
        self.form, self.persona = form, persona
        self.context, self.window = context, window
        self.numbers: dict[bytes, int] = {}  # the number of each distinct reply, by its ids
        self._ids: list[NDArray[np.int32]] = []
        self._tokens = 0
        self._borders: list[tuple[int, int, int]] = []
        self._texts: list[int] = []
        self._long_replies = self._long_messages = 0

    def add(self, excerpt: Conversation) -> None:
        """Keep a transcript and the positions of the persona's replies in it."""
        transcript = self.form.encode(excerpt, learn=())
        ends = [*transcript.starts[1:], len(transcript.ids) - 1]
        for place, (before, message) in enumerate(pairwise(excerpt.messages), 1):
            if message.sender == self.persona != before.sender:
                starts = transcript.starts[max(0, place - self.context) : place + 1]
                self._exchange(transcript.ids, starts, (before, message), ends[place])
        self._ids.append(transcript.ids)
        self._tokens += len(transcript.ids)

    def _exchange(
        self,
        ids: NDArray[np.int32],
        starts: tuple[int, ...],
        messages: tuple[Message, Message],
        end: int,
    ) -> None:
        """Keep one exchange; `starts` are those of the messages before the reply, and its own."""
        asked_message, replied = messages
        *before, reply = starts
        if end - reply > self.window // 4:
            self._long_replies += 1
            return
        # One more token opens the conversation.
        first = next((start for start in before if 1 + reply - start <= self.window // 2), None)
        if first is None:
            self._long_messages += 1
            return
        # The mark of an action belongs to the text, not to the header.
        header = self.form.header(self.persona, replace(replied, kind=Kind.TEXT), asked_message)
        body = reply + len(header)
        text = ids[body:end].tobytes()
        self._borders.append((first + self._tokens, body + self._tokens, end + self._tokens))
        self._texts.append(self.numbers.setdefault(text, len(self.numbers)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays as written to disk: ids in two bytes if that is enough."""
        ids = np.concatenate(self._ids)
        return {
            "ids": ids.astype(np.min_scalar_type(max(int(ids.max()), 256))),
            "borders": np.asarray(self._borders, np.int64),
            "texts": np.asarray(self._texts, np.int64),
            "left_out": np.asarray([self._long_replies, self._long_messages], np.int64),
        }


def _check(different: int, candidates: int) -> None:
    if different < candidates:
        fewer = f"choose --candidates {different}" if different > 1 else "leave --candidates out"
        raise TooLittleData(
            f"There are {different} distinct replies of the persona to choose from; "
            f"--candidates {candidates} needs as many.",
            f"Import more of their chats, or {fewer}.",
        )
