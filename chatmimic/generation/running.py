"""Texts that are generated together, and begin and end at any time: continuous batching.

Each has its own prompt and its own decoding. The weights are read once for a token of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from chatmimic.generation.batch_reader import BatchReader, Rows
from chatmimic.generation.prefixes import Prefixes
from chatmimic.generation.row import Row

_IDLE = 0.25  # share of rows that have ended above which they are dropped, which copies the others


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

    @property
    def size(self) -> int:
        """How many rows are being written."""
        return sum(not row.done for row in self._rows)

    def join(self, rows: Sequence[Row]) -> None:
        """Read the prompts of new rows, each prompt once, and write them beside the others.

        One by one: together they would be as slow, and padded.
        """
        self._drop(idle=0)
        prompts: dict[tuple[int, ...], list[Row]] = {}
        for row in rows:
            prompts.setdefault(tuple(row.ids), []).append(row)
        for ids, same in prompts.items():
            read, logits = self._reader.go_on(list(ids), self._prefixes.of(ids))
            if len(same) > 1:
                read.take([0] * len(same))
            self._add(same, read, logits.expand(len(same), -1))

    def _add(self, rows: list[Row], read: Rows, logits: Tensor) -> None:
        if self._read is None:
            self._rows, self._read, self._logits = rows, read, logits
            return
        self._read.join(read)
        self._rows += rows
        self._logits = torch.cat([self._logits, logits])

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
