"""A model with a key-value cache that is kept between turns, which cost only their new tokens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

# Long prompts are read in chunks, so that `stop` can be checked between them. Matrix products of 64
# tokens are as efficient on a CPU as those of 512.
_CHUNK = 64
_ROOM = 256  # tokens by which the cache of a layer grows


# From ids to the token types that go with them, both of shape `(time,)`.
TypesOf = Callable[[NDArray[np.int64]], NDArray[np.int64]]


class Growing(DynamicLayer):
    """The cache of a layer with spare capacity, so that a new token does not copy all before it."""

    keys: Any
    values: Any
    _rooms: tuple[Tensor | None, Tensor | None] = (None, None)

    def update(self, keys: Tensor, values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Append keys and values of shape `(batch, heads, time, width)`. Returns all so far."""
        known, length = self.get_seq_length(), self.get_seq_length() + keys.shape[-2]
        if not self.is_initialized:
            self.lazy_initialization(keys, values)
        kept = (self.keys, keys), (self.values, values)
        rooms = [_added(r, *k, known, length) for r, k in zip(self._rooms, kept, strict=True)]
        self._rooms = rooms[0], rooms[1]
        self.keys, self.values = (room[..., :length, :] for room in rooms)
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep only some rows."""
        super().batch_select_indices(indices)
        self._rooms = (None, None)

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat each row."""
        super().batch_repeat_interleave(repeats)
        self._rooms = (None, None)

    def widen(self, left: int) -> None:
        """Add so many positions of padding on the left, or remove them if negative."""
        self.keys, self.values = (pad(part, (0, 0, left, 0)) for part in (self.keys, self.values))
        self._rooms = (None, None)

    def join(self, other: Growing) -> None:
        """Add the rows of another cache with as many positions."""
        self.keys = torch.cat([self.keys, other.keys])
        self.values = torch.cat([self.values, other.values])
        self._rooms = (None, None)


def _added(room: Tensor | None, old: Tensor, new: Tensor, known: int, length: int) -> Tensor:
    """The buffer of the old keys or values, or a larger one, with the new ones appended."""
    if room is None or room.shape[-2] < length:
        room = new.new_empty((*new.shape[:-2], length + _ROOM - length % _ROOM, new.shape[-1]))
        if known:
            room[..., :known, :] = old
    room[..., known:length, :] = new
    return room


class Stopped(Exception):
    """Raised if `stop` is set while a prompt is being read."""


class Reader:
    """Computes logits for token ids, reading only what differs from the ids of the last call."""

    def __init__(self, model: Any, types_of: TypesOf | None = None) -> None:
        self.model = model
        self.types_of = types_of
        self._lock = threading.Lock()
        self._known: list[int] = []
        self._cache: Any = None

    def logits(
        self, ids: Sequence[int], last: int = 1, stop: threading.Event | None = None
    ) -> Tensor:
        """Logits of the next token after each of the `last` ids, shape `(last, vocabulary)`.

        Raises Stopped if `stop` is set before all ids are read. Thread-safe.
        """
        with self._lock, torch.inference_mode():
            known = min(self._shared(ids), len(ids) - last)
            cache = self._cropped(known)
            # No cache until all is read, so that an interruption (also Ctrl-C) does not leave one
            # that is half written.
            self._cache, self._known = None, []
            rows: Tensor | None = None
            for start in range(known, len(ids), _CHUNK):
                if stop is not None and stop.is_set() and start > known:
                    self._cache, self._known = cache, list(ids[:start])
                    raise Stopped
                rows = self._read(ids, start, min(start + _CHUNK, len(ids)), last, cache, rows)
            self._cache, self._known = cache, list(ids)
            assert rows is not None
            return rows[-last:].float()

    def _shared(self, ids: Sequence[int]) -> int:
        for position, (one, other) in enumerate(zip(self._known, ids, strict=False)):
            if one != other:
                return position
        return min(len(self._known), len(ids))

    def _cropped(self, length: int) -> Any:
        """The cache of the first `length` known ids."""
        if self._cache is None or length == 0:
            # Without the config every layer keeps everything, so that the cache can be cropped.
            cache = DynamicCache()
            cache.layer_class_to_replicate = Growing
            return cache
        if length < len(self._known):
            self._cache.crop(length - len(self._known))  # negative: the number to remove
        return self._cache

    def _read(
        self, ids: Sequence[int], start: int, stop: int, last: int, cache: Any, rows: Tensor | None
    ) -> Tensor:
        device = self.model.device
        extra = {}
        if self.types_of is not None:
            types = self.types_of(np.asarray(ids[:stop], np.int64))[start:]
            extra["token_type_ids"] = torch.from_numpy(types)[None].to(device)
        out = self.model(
            input_ids=torch.tensor(ids[start:stop], device=device)[None],
            past_key_values=cache,
            # All ones, but given, or the library warns whenever the padding id occurs.
            attention_mask=torch.ones((1, stop), dtype=torch.long, device=device),
            use_cache=True,
            logits_to_keep=min(last, stop - start),
            **extra,
        ).logits[0]
        return out if rows is None or last == 1 else torch.cat([rows, out])
