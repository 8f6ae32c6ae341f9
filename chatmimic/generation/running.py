"""Texts that are generated together, and begin and end at any time: continuous batching.

Each has its own prompt and its own decoding. The weights are read once for a token of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from chatmimic.generation.batch_reader import BatchReader, Rows
from chatmimic.generation.row import Row

_IDLE = 0.25  # share of rows that have ended above which they are dropped, which copies the others


class RunningBatch:
    """The rows that one model is writing at the moment."""

    def __init__(self, reader: BatchReader, advance: Callable[[Row, Tensor], None]) -> None:
        """`advance` draws the next token of a row from its logits, `(vocabulary,)`."""
        self._reader = reader
        self._advance = advance
        self._rows: list[Row] = []
        self._read: Rows | None = None
        self._logits = torch.empty(0)

    @property
    def size(self) -> int:
        """How many rows are being written."""
        return sum(not row.done for row in self._rows)

    def join(self, rows: Sequence[Row]) -> None:
        """Read the prompts of new rows, each prompt once, and write them beside the others."""
        prompts = list(dict.fromkeys(tuple(row.ids) for row in rows))
        read, logits = self._reader.read([list(prompt) for prompt in prompts])
        places = [prompts.index(tuple(row.ids)) for row in rows]
        if len(rows) > len(prompts):
            read.take(places)
        self._drop(idle=0)
        if self._read is None:
            self._rows, self._read, self._logits = list(rows), read, logits[places]
            return
        self._read.join(read)
        self._rows += rows
        self._logits = torch.cat([self._logits, logits[places]])

    def step(self) -> None:
        """Write one token of each row, unless that ends it."""
        for row, logits in zip(self._rows, self._logits, strict=True):
            if not row.done:
                self._advance(row, logits)
        self._drop(_IDLE)
        if self._read is not None:
            self._logits = self._reader.step([row.ids for row in self._rows], self._read)

    def _drop(self, idle: float) -> None:
        """Drop the rows that have ended if they are more than this share of all."""
        going = [at for at, row in enumerate(self._rows) if not row.done]
        if not going:
            self._rows, self._read = [], None
            self._logits = torch.empty(0)
        elif len(self._rows) - len(going) > idle * len(self._rows) and self._read is not None:
            self._read.take(going)
            self._rows = [self._rows[at] for at in going]
            self._logits = self._logits[going]
