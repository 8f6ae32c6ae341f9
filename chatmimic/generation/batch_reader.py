"""Reads several rows of tokens at once, which on a CPU reads the weights once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from chatmimic.generation.cache import Growing, TypesOf
from chatmimic.generation.prefixes import Prefix


@dataclass
class Rows:
    """Rows that were read: their cache, and how much padding each has on the left, `(rows,)`."""

    cache: Any
    pads: Tensor

    @classmethod
    def of(cls, prefix: Prefix | None) -> Rows:
        """One row of which a prefix is known, or nothing."""
        cache = _new_cache()
        for at, (keys, values) in enumerate(prefix.layers if prefix else ()):
            cache.update(keys, values, at)
        return cls(cache, torch.zeros(1, dtype=torch.long))

    def take(self, rows: Sequence[int]) -> None:
        """Keep these rows, in this order; one may be taken several times."""
        at = torch.tensor(rows)
        self.cache.batch_select_indices(at)
        self.pads = self.pads[at]
        if spare := int(self.pads.min()):
            self._widen(-spare)

    def join(self, other: Rows) -> None:
        """Add the rows of another, which is not used after that; the shorter rows are padded."""
        longer = self.cache.get_seq_length() - other.cache.get_seq_length()
        (other if longer > 0 else self)._widen(abs(longer))
        for mine, new in zip(self.cache.layers, other.cache.layers, strict=True):
            mine.join(new)
        self.pads = torch.cat([self.pads, other.pads])

    def prefix(self, row: int, ids: Sequence[int]) -> Prefix:
        """What is kept of a row, whose ids are these; the last may not have been read yet."""
        start = int(self.pads[row])
        length = min(len(ids), self.cache.get_seq_length() - start)
        place = slice(row, row + 1), slice(None), slice(start, start + length)
        layers = [(one.keys[place].clone(), one.values[place].clone()) for one in self.cache.layers]
        return Prefix(tuple(ids[:length]), layers)

    def _widen(self, left: int) -> None:
        """Add so much padding to each row, or remove it if negative."""
        for layer in self.cache.layers if left else ():
            layer.widen(left)
        self.pads = self.pads + left

    def copied(self, times: int = 1) -> Rows:
        """A copy that does not change with the original, with each row that many times."""
        copy = Rows(deepcopy(self.cache), self.pads.repeat_interleave(times))
        if times > 1:
            copy.cache.batch_repeat_interleave(times)
        return copy


class BatchReader:
    """Computes logits for rows of token ids with one product each."""

    def __init__(self, model: Any, types_of: TypesOf | None = None) -> None:
        self.model = model
        self.types_of = types_of

    @torch.inference_mode()
    def read(self, rows: Sequence[list[int]]) -> tuple[Rows, Tensor]:
        """Read prompts of any length. Returns them, and the next logits `(rows, vocabulary)`."""
        time = max(map(len, rows))
        ids = torch.zeros((len(rows), time), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, some in enumerate(rows):
            ids[row, time - len(some) :] = torch.tensor(some)
            mask[row, time - len(some) :] = 1
        device = self.model.device
        cache = _new_cache()
        logits = self.model(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0).to(device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
            **self._types(rows, 0, time, left=True),
        ).logits[:, -1]
        return Rows(cache, time - mask.sum(-1)), logits.float().cpu()

    @torch.inference_mode()
    def go_on(self, ids: list[int], known: Rows) -> Tensor:
        """Read more of one prompt: `ids` are all so far, of which the first are `known`.

        Returns the next logits, `(1, vocabulary)`.
        """
        device, start = self.model.device, known.cache.get_seq_length()
        logits = self.model(
            input_ids=torch.tensor([ids[start:]], device=device),
            attention_mask=torch.ones((1, len(ids)), dtype=torch.long, device=device),
            position_ids=torch.arange(start, len(ids), device=device)[None],
            past_key_values=known.cache,
            use_cache=True,
            logits_to_keep=1,
            **self._types([ids], start, len(ids) - start),
        ).logits[:, -1]
        return logits.float().cpu()

    @torch.inference_mode()
    def step(self, ids: Sequence[list[int]], rows: Rows) -> Tensor:
        """Read the newest id of each row; `ids` are the whole rows. Returns the next logits."""
        device = self.model.device
        length = rows.cache.get_seq_length() + 1
        mask = (torch.arange(length)[None] >= rows.pads[:, None]).long()
        newest = torch.tensor([row[-1] for row in ids])
        logits = self.model(
            input_ids=newest[:, None].to(device),
            attention_mask=mask.to(device),
            position_ids=(length - 1 - rows.pads)[:, None].to(device),
            past_key_values=rows.cache,
            use_cache=True,
            **self._types(ids, -1, 1),
        ).logits[:, -1]
        return logits.float().cpu()

    @torch.inference_mode()
    def continued(self, prompt: list[int], continued: Sequence[list[int]]) -> Tensor:
        """Log-probabilities of each id of some continuations, `(rows, time)`, padded with 0."""
        ids, first, output = self._after(prompt, continued)
        logits = output.logits.float()
        before = torch.cat([first.expand(len(continued), -1)[:, None], logits.cpu()[:, :-1]], 1)
        found = before.log_softmax(-1).gather(-1, ids[..., None])[..., 0]
        for row, some in enumerate(continued):
            found[row, len(some) :] = 0
        return found

    @torch.inference_mode()
    def last_states(self, prompt: list[int], continued: Sequence[list[int]]) -> Tensor:
        """The hidden state of the last token of each continuation, `(rows, width)`, in float32."""
        _, _, output = self._after(prompt, continued, output_hidden_states=True, logits_to_keep=1)
        last = torch.tensor([len(some) - 1 for some in continued])
        states: Tensor = output.hidden_states[-1][torch.arange(len(last)), last]
        return states.float().cpu()

    def _after(
        self, prompt: list[int], continued: Sequence[list[int]], **options: Any
    ) -> tuple[Tensor, Tensor, Any]:
        """Read some continuations of a prompt, which is read once.

        Returns their ids `(rows, time)`, padded on the right, the logits after the prompt
        `(1, vocabulary)`, and what the model says of the continuations.
        """
        rows, first = self.read([prompt])
        rows.cache.batch_repeat_interleave(len(continued))
        time = max(map(len, continued))
        ids = torch.zeros((len(continued), time), dtype=torch.long)
        for row, some in enumerate(continued):
            ids[row, : len(some)] = torch.tensor(some)
        device = self.model.device
        output = self.model(
            input_ids=ids.to(device),
            attention_mask=torch.ones((len(continued), len(prompt) + time), dtype=torch.long).to(
                device
            ),
            past_key_values=rows.cache,
            use_cache=True,
            **self._types([prompt + some for some in continued], len(prompt), time),
            **options,
        )
        return ids, first, output

    def _types(
        self, all_ids: Sequence[list[int]], start: int, time: int, left: bool = False
    ) -> dict[str, Tensor]:
        """The token types of ids from `start` on, padded; empty if the model has none."""
        if self.types_of is None:
            return {}
        found = torch.zeros((len(all_ids), time), dtype=torch.long)
        for row, ids in enumerate(all_ids):
            types = self.types_of(np.asarray(ids, np.int64))[start:].astype(np.int64)
            some = torch.from_numpy(types)
            place = slice(time - len(some), None) if left else slice(len(some))
            found[row, place] = some
        return {"token_type_ids": found.to(self.model.device)}


def _new_cache() -> Any:
    cache = DynamicCache()
    cache.layer_class_to_replicate = Growing
    return cache
