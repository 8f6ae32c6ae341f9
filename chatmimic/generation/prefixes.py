"""What was read for texts that have ended, kept for those that begin like them.

A chat client sends the whole chat with each message. All but its last messages was read before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

_FEWEST = 8  # tokens in common that are worth copying
_BYTES = 256_000_000

Layers = list[tuple[Tensor, Tensor]]  # keys and values of each layer, `(1, heads, time, width)`


@dataclass(frozen=True)
class Prefix:
    """Ids that were read, and what the layers keep of them."""

    ids: tuple[int, ...]
    layers: Layers

    def cut(self, length: int) -> Prefix:
        """Only the first ids."""
        layers = [(k[..., :length, :], v[..., :length, :]) for k, v in self.layers]
        return Prefix(self.ids[:length], layers)

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return sum(part.numel() * part.element_size() for pair in self.layers for part in pair)


class Prefixes:
    """The prefixes of one model that were used last."""

    def __init__(self, most_bytes: int = _BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()
        self._size = 0

    def of(self, ids: Sequence[int]) -> Prefix | None:
        """What is kept of the beginning of some ids, but for the last; None if that is little."""
        lengths = {known: _shared(known, ids[:-1]) for known in self._kept}
        best = max(lengths, key=lambda known: lengths[known], default=())
        if lengths.get(best, 0) < _FEWEST:
            return None
        self._kept.move_to_end(best)
        return self._kept[best].cut(lengths[best])

    def keep(self, prefix: Prefix) -> None:
        """Keep a prefix in the place of those that it begins with."""
        if prefix.size > self._most:
            return
        for known in [known for known in self._kept if known == prefix.ids[: len(known)]]:
            self._size -= self._kept.pop(known).size
        self._kept[prefix.ids] = prefix
        self._size += prefix.size
        while self._size > self._most:
            self._size -= self._kept.popitem(last=False)[1].size


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids two rows have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
