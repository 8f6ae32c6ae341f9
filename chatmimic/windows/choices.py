"""Exchanges on disk, and choices made of them: which of several replies was the real one?

An exchange is some messages and the persona's reply to them. Beside the real reply stand others
of the same persona's: a stranger's would be told by their manner alone, without reading what was
said before.
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
    """Candidates to read: those of one exchange lie together, the real reply first.

    `ids`, `(exchanges * candidates, time)`, are padded on the right; `last`,
    `(exchanges * candidates,)`, is the position of each one's last token. A causal model needs no
    mask for this: no token sees what is to its right.
    """

    ids: Tensor
    last: Tensor

    def to(self, device: torch.device) -> ChoiceBatch:
        """The same on a device."""
        return ChoiceBatch(self.ids.to(device), self.last.to(device))


@dataclass(frozen=True)
class Choices:
    """Exchanges by number.

    `ids`, `(tokens,)`, are transcripts; the first id ends a conversation, and so opens one.
    `borders`, `(exchanges, 3)`, says where in them an exchange's messages begin, where the text of
    its reply begins, and where it ends. `texts`, `(exchanges,)`, has one number for each different
    reply. `left_out`, `(2,)`, counts replies that were too long, and replies to messages that were.
    """

    ids: NDArray[Any]
    borders: NDArray[np.int64]
    texts: NDArray[np.int64]
    left_out: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.borders)

    @cached_property
    def different(self) -> int:
        """How many different replies there are."""
        return int(self.texts.max(initial=-1)) + 1

    @classmethod
    def open(cls, folder: Path) -> Choices:
        """Memory-map what `write_choices` left in a folder."""
        return cls(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS})

    def batch(self, numbers: NDArray[np.int64], candidates: int, seed_number: int) -> ChoiceBatch:
        """Some exchanges, each with its reply and other replies drawn by chance."""
        return self.read(self.draw(numbers, candidates, seed_number))

    def draw(
        self, numbers: NDArray[np.int64], candidates: int, seed_number: int
    ) -> NDArray[np.int64]:
        """For each exchange whose replies are its candidates: itself, then others by chance.

        Shape `(exchanges, candidates)`; no two replies in a row are the same text. Others come as
        often as they were said: were they rarer, their being common would give the real ones away.
        Raises TooLittleData where there are fewer different replies than candidates.
        """
        _check(self.different, candidates)
        chance = np.random.default_rng(seed_number)
        return np.stack([self._row(int(number), candidates, chance) for number in numbers])

    def read(self, drawn: NDArray[np.int64]) -> ChoiceBatch:
        """The candidates of rows that `draw` made; any part of its rows may be read by itself."""
        rows = [self._candidate(row[0], whose) for row in drawn for whose in row]
        lengths = np.asarray([len(row) for row in rows])
        ids = np.full((len(rows), lengths.max()), self.ids[0], np.int64)
        for place, row in zip(ids, rows, strict=True):
            place[: len(row)] = row
        return ChoiceBatch(torch.from_numpy(ids), torch.from_numpy(lengths - 1))

    def _row(self, number: int, candidates: int, chance: np.random.Generator) -> NDArray[np.int64]:
        row, seen = [number], {int(self.texts[number])}
        while len(row) < candidates:
            other = int(chance.integers(len(self)))
            if (text := int(self.texts[other])) not in seen:
                row.append(other)
                seen.add(text)
        return np.asarray(row, np.int64)

    def _candidate(self, number: int, whose: int) -> NDArray[Any]:
        """An exchange with somebody's reply in it.

        The header is the exchange's own: another one's time would not fit, and tell.
        """
        start, said, _ = self.borders[number]
        _, text, end = self.borders[whose]
        return np.concatenate([self.ids[:1], self.ids[start:said], self.ids[text:end]])


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
    """Put the persona's exchanges into a folder: each reply of theirs to somebody else.

    Up to `context` messages before a reply are read with it, as many whole ones as `window // 2`
    tokens hold; the reply itself has at most `window // 4`. Raises TooLittleData where there are
    fewer different replies than `candidates`.
    """
    found = _Found(form, persona, context, window)
    for conversation in conversations:
        for excerpt in excerpts(conversation, {persona}, context):
            found.add(excerpt)
    _check(len(found.numbers), candidates)
    private_folder(folder)
    for name, array in found.arrays().items():
        # Written in order and not through a memory map: to that, a full disk is a fatal signal.
        with private_file(folder / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
    return Choices.open(folder)


class _Found:
    """The exchanges found so far."""

    def __init__(self, form: Form, persona: str, context: int, window: int) -> None:
        self.form, self.persona = form, persona
        self.context, self.window = context, window
        self.numbers: dict[bytes, int] = {}  # of each different reply, by its ids
        self._ids: list[NDArray[np.int32]] = []
        self._tokens = 0
        self._borders: list[tuple[int, int, int]] = []
        self._texts: list[int] = []
        self._long_replies = self._long_messages = 0

    def add(self, excerpt: Conversation) -> None:
        """Keep a transcript, and where in it the persona answers somebody."""
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
        """Keep one; `starts` are those of the messages before its reply, and the reply's."""
        asked, replied = messages
        *before, reply = starts
        if end - reply > self.window // 4:
            self._long_replies += 1
            return
        # One token more opens the conversation.
        first = next((start for start in before if 1 + reply - start <= self.window // 2), None)
        if first is None:
            self._long_messages += 1
            return
        # What says that a message is an action goes with its text, not with who speaks and when.
        header = self.form.header(self.persona, replace(replied, kind=Kind.TEXT), asked)
        said = reply + len(header)
        text = ids[said:end].tobytes()
        self._borders.append((first + self._tokens, said + self._tokens, end + self._tokens))
        self._texts.append(self.numbers.setdefault(text, len(self.numbers)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as it goes to disk: ids in two bytes where two are enough."""
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
            f"There are {different} different replies of the persona's to choose from; "
            f"--candidates {candidates} needs as many.",
            f"Import more of their chats, or {fewer}.",
        )
