"""Texts that are generated together, and begin and end at any time: continuous batching.

Each has its own prompt and its own decoding. The weights are read once for a token of all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from chatmimic.generation.batch_reader import BatchReader, Rows
from chatmimic.generation.prefixes import Prefixes
from chatmimic.generation.row import Row

_PIECE = 128  # tokens of prompts that are read between two tokens of what is written
_IDLE = 0.25  # share of rows that have ended above which they are dropped, which copies the others


@dataclass
class _Prompt:
    """A prompt that is being read, and the rows that follow it."""

    ids: list[int]
    rows: list[Row]
    read: Rows

    @property
    def known(self) -> int:
        """How many ids are read."""
        return int(self.read.cache.get_seq_length())


class RunningBatch:
    """The rows that one model is writing at the moment."""

    def __init__(
        self, reader: BatchReader, advance: Callable[[Row, Tensor], None], prefixes: Prefixes
    ) -> None:
        """`advance` draws the next token of a row from its logits, `(vocabulary,)`."""
        self._reader = reader
        self._advance = advance
        self._prefixes = prefixes
        self._rows: list[Row] = []
        self._read: Rows | None = None
        self._logits = torch.empty(0)
        self._prompts: deque[_Prompt] = deque()

    @property
    def size(self) -> int:
        """How many rows are being written, or their prompts read."""
        waiting = (row for prompt in self._prompts for row in prompt.rows)
        return sum(not row.done for row in chain(self._rows, waiting))

    def join(self, rows: Sequence[Row]) -> None:
        """Begin to read the prompts of new rows, each prompt once, to write them with the others.

        One by one: together they would be as slow, and padded.
        """
        prompts: dict[tuple[int, ...], list[Row]] = {}
        for row in rows:
            prompts.setdefault(tuple(row.ids), []).append(row)
        for ids, same in prompts.items():
            self._prompts.append(_Prompt(list(ids), same, Rows.of(self._prefixes.of(ids))))

    def _read_on(self) -> None:
        """Read pieces of prompts, so few that rows which are written go on meanwhile."""
        room = _PIECE
        while self._prompts and room > 0:
            prompt = self._prompts[0]
            if all(row.done for row in prompt.rows):  # nobody waits for it any more
                self._prompts.popleft()
                continue
            known = prompt.known
            end = min(len(prompt.ids), known + room)
            logits = self._reader.go_on(prompt.ids[:end], prompt.read)
            room -= end - known
            if end == len(prompt.ids):
                self._add(self._prompts.popleft(), logits)

    def _add(self, prompt: _Prompt, logits: Tensor) -> None:
        """Let the rows of a prompt that is read be written with the others."""
        count = len(prompt.rows)
        if count > 1:
            prompt.read.take([0] * count)
        self._drop(idle=0)
        logits = logits.expand(count, -1)
        if self._read is None:
            self._rows, self._read, self._logits = prompt.rows, prompt.read, logits
            return
        self._read.join(prompt.read)
        self._rows += prompt.rows
        self._logits = torch.cat([self._logits, logits])

    def step(self) -> None:
        """Read a piece of what joined, and write one token of each row, unless that ends it."""
        self._read_on()
        for row, logits in zip(self._rows, self._logits, strict=True):
            if not row.done:
                self._advance(row, logits)
        self._drop(_IDLE)
        if self._read is not None:
            self._logits = self._reader.step([row.ids for row in self._rows], self._read)

    def _drop(self, idle: float) -> None:
        """Drop the rows that have ended if they are more than this share of all."""
        going = [at for at, row in enumerate(self._rows) if not row.done]
        ended = len(self._rows) - len(going)
        if self._read is None or (going and ended <= idle * len(self._rows)):
            return
        for at in set(range(len(self._rows))) - set(going):
            self._prefixes.keep(self._read.prefix(at, self._rows[at].ids))
        if not going:
            self._rows, self._read = [], None
            self._logits = torch.empty(0)
        elif ended:
            self._read.take(going)
            self._rows = [self._rows[at] for at in going]
            self._logits = self._logits[going]
