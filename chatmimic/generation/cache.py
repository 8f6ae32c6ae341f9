"""A model that remembers what it has read, so that a turn costs only its new tokens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

# Long prompts are read in pieces, so that a stop is heard between them. 64 tokens fill the matrix
# products of a CPU as well as 512 do.
_CHUNK = 64
_ROOM = 256  # tokens by which the memory of a layer grows


# From ids to the token types that go with them, both of shape `(time,)`.
TypesOf = Callable[[NDArray[np.int64]], NDArray[np.int64]]


class Growing(DynamicLayer):
    """What a layer remembers, with room for more: a token does not copy all before it."""

    keys: Any
    values: Any
    _rooms: tuple[Tensor | None, Tensor | None] = (None, None)

    def update(self, keys: Tensor, values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Add keys and values of `(batch, heads, time, width)`; gives all there are."""
        known, length = self.get_seq_length(), self.get_seq_length() + keys.shape[-2]
        if not self.is_initialized:
            self.lazy_initialization(keys, values)
        kept = (self.keys, keys), (self.values, values)
        rooms = [_added(r, *k, known, length) for r, k in zip(self._rooms, kept, strict=True)]
        self._rooms = rooms[0], rooms[1]
        self.keys, self.values = (room[..., :length, :] for room in rooms)
        return self.keys, self.values


def _added(room: Tensor | None, old: Tensor, new: Tensor, known: int, length: int) -> Tensor:
    """The room of the old ones, or a larger one, with the new ones after them."""
    if room is None or room.shape[-2] < length:
        room = new.new_empty((*new.shape[:-2], length + _ROOM - length % _ROOM, new.shape[-1]))
        if known:
            room[..., :known, :] = old
    room[..., known:length, :] = new
    return room


class Stopped(Exception):
    """Somebody asked to stop while a prompt was being read."""


class Reader:
    """Gives the logits after any ids, reading only what differs from the ids read before."""

    def __init__(self, model: Any, types_of: TypesOf | None = None) -> None:
        self.model = model
        self._types_of = types_of
        self._lock = threading.Lock()
        self._known: list[int] = []
        self._cache: Any = None

    def logits(
        self, ids: Sequence[int], last: int = 1, stop: threading.Event | None = None
    ) -> Tensor:
        """Logits for what follows each of the `last` ids, shape `(last, vocabulary)`.

        Raises Stopped when `stop` is set before all was read. May be called from any thread.
        """
        with self._lock, torch.inference_mode():
            known = min(self._shared(ids), len(ids) - last)
            cache = self._cropped(known)
            # Until the reading is done there is no cache: whatever breaks it off (Ctrl-C too)
            # leaves none that is half written.
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
            # Without the config every layer keeps all it has read, so that it can be cropped.
            cache = DynamicCache()
            cache.layer_class_to_replicate = Growing
            return cache
        if length < len(self._known):
            self._cache.crop(length - len(self._known))  # negative: how many to take off
        return self._cache

    def _read(
        self, ids: Sequence[int], start: int, stop: int, last: int, cache: Any, rows: Tensor | None
    ) -> Tensor:
        device = self.model.device
        extra = {}
        if self._types_of is not None:
            types = self._types_of(np.asarray(ids[:stop], np.int64))[start:]
            extra["token_type_ids"] = torch.from_numpy(types)[None].to(device)
        out = self.model(
            input_ids=torch.tensor(ids[start:stop], device=device)[None],
            past_key_values=cache,
            # All ones: said aloud, or the library warns wherever the id of padding occurs.
            attention_mask=torch.ones((1, stop), dtype=torch.long, device=device),
            use_cache=True,
            logits_to_keep=min(last, stop - start),
            **extra,
        ).logits[0]
        return out if rows is None or last == 1 else torch.cat([rows, out])
