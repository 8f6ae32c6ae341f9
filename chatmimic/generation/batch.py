"""Many replies at once, and how likely the model finds given ones: for evaluations.

Several rows share each matrix product, which on a CPU reads the weights once for all of them. A
reply is drawn as in a chat, by the same rules and with a random generator of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from chatmimic.generation.cache import Growing
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.engine import TorchGenerator
from chatmimic.generation.repetition import runs_in_circle
from chatmimic.generation.sampler import choose, seeded
from chatmimic.generation.streaming import Pieces
from chatmimic.records import Message

_AT_ONCE = 16  # replies; beyond that, padding costs more than sharing saves


@dataclass
class _Row:
    """A reply that is being generated: its number, its ids so far and where its text begins."""

    number: int
    prompt: list[int]
    header: list[int]
    random: torch.Generator
    body: list[int] = field(default_factory=list)
    end: int | None = None
    done: bool = False

    @property
    def ids(self) -> list[int]:
        return self.prompt + self.header + self.body


class BatchGenerator(TorchGenerator):
    """Generates replies to many histories, and scores replies that are given."""

    def replies(
        self,
        histories: Sequence[Sequence[Message]],
        speaker: str,
        decoding: Decoding,
        *,
        seed: int = 0,
        passed: Callable[[int], None] = lambda done: None,
    ) -> list[str]:
        """The reply of `speaker` to each history, each one message.

        Each has the seed `seed` plus its number. `passed` is called with the number of replies that
        are done.
        """
        most = min(decoding.max_tokens, self._window // 2)
        rows = [
            _Row(number, *self._prompt(history, speaker, most), seeded(seed + number))
            for number, history in enumerate(histories)
        ]
        texts = [""] * len(rows)
        # By length, so that rows of a batch need little padding.
        order = sorted(rows, key=lambda row: len(row.prompt))
        for start in range(0, len(order), _AT_ONCE):
            batch = order[start : start + _AT_ONCE]
            self._generate(batch, speaker, decoding, most)
            for row in batch:
                texts[row.number] = Pieces().finish(self._text(row.header, row.body, row.end))
            passed(min(start + _AT_ONCE, len(order)))
        return texts

    def likelihoods(
        self, history: Sequence[Message], candidates: Sequence[Message], most: int | None = None
    ) -> list[tuple[float, int]]:
        """How likely each candidate is as the next message: its log-likelihood in nats, its tokens.

        The text and the end of a candidate count, its header does not; of a long text only the
        first `most` tokens. The history is read once.
        """
        headers = [self.form.next_header(history, message.sender) for message in candidates]
        bodies = [self.form.body(message)[:most] for message in candidates]
        longest = max(len(h) + len(b) for h, b in zip(headers, bodies, strict=True))
        prompt = self._written(history, max(8, self._window - longest))
        room = self._window - len(prompt)
        continued = [(h + b)[:room] for h, b in zip(headers, bodies, strict=True)]
        logs = self._continued(prompt, continued)
        found = []
        for row, (header, ids) in enumerate(zip(headers, continued, strict=True)):
            scored = logs[row, len(header) : len(ids)]
            found.append((float(scored.sum()), len(scored)))
        return found

    @torch.inference_mode()
    def continues_verbatim(self, history: Sequence[Message], message: Message) -> bool:
        """Whether greedy decoding, given the first half of a message, emits its second half.

        The end of the message is not asked for. One pass is enough: every token of the second half
        has to be the likeliest after those before it.
        """
        header, body = self.form.next_header(history, message.sender), self.form.body(message)[:-1]
        prompt = self._written(history, max(8, self._window - len(header) - len(body)))
        ids = [*prompt, *header, *body][: self._window]
        half = len(body) - len(body) // 2
        rows = self._reader.logits(ids[:-1], last=len(body) // 2)
        return rows.argmax(-1).tolist() == ids[-(len(body) // 2) :] if half < len(body) else False

    @torch.inference_mode()
    def _continued(self, prompt: list[int], continued: Sequence[list[int]]) -> Tensor:
        """Log-probabilities of each id of some continuations, `(rows, time)`, padded with 0."""
        cache = _new_cache()
        first = self._read([prompt], cache, pad=0)[:, -1]
        cache.batch_repeat_interleave(len(continued))
        time = max(map(len, continued))
        ids = torch.zeros((len(continued), time), dtype=torch.long)
        for row, some in enumerate(continued):
            ids[row, : len(some)] = torch.tensor(some)
        mask = torch.ones((len(continued), len(prompt) + time), dtype=torch.long)
        extra = self._types([prompt + some for some in continued], len(prompt), time)
        out = self._reader.model(
            input_ids=ids.to(self._reader.model.device),
            past_key_values=cache,
            attention_mask=mask.to(self._reader.model.device),
            use_cache=True,
            **extra,
        ).logits.float()
        rows = torch.cat([first.float().expand(len(continued), -1)[:, None], out[:, :-1]], 1)
        found = rows.log_softmax(-1).gather(-1, ids.to(rows.device)[..., None])[..., 0].cpu()
        for row, some in enumerate(continued):
            found[row, len(some) :] = 0
        return found

    @torch.inference_mode()
    def _generate(self, rows: list[_Row], speaker: str, decoding: Decoding, most: int) -> None:
        """Generate the bodies of some rows, token by token."""
        opening = self._action_opening(speaker)
        cache = _new_cache()
        lengths = [len(row.ids) for row in rows]
        pads = torch.tensor([max(lengths) - length for length in lengths])
        logits = self._read([row.ids for row in rows], cache, pad=max(lengths))[:, -1]
        alive = rows
        while True:
            for row, scores in zip(alive, logits.float().cpu(), strict=True):
                if not row.done:
                    self._next(row, scores.clone(), decoding, opening, most)
            going = [at for at, row in enumerate(alive) if not row.done]
            if not going:
                return
            if len(going) <= len(alive) // 2:  # finished rows are dropped when they are half
                alive, pads = [alive[at] for at in going], pads[going]
                cache.batch_select_indices(torch.tensor(going))
            logits = self._step(alive, pads, cache)

    def _next(
        self, row: _Row, scores: Tensor, decoding: Decoding, opening: list[int], most: int
    ) -> None:
        """Draw the next token of a row, or end it."""
        self._bar(scores, row.body, decoding, opening)
        token = choose(scores, row.body, decoding, row.random)
        if token is None or token in self._ends:
            row.end, row.done = token, True
            return
        row.body.append(token)
        row.done = len(row.body) >= most or runs_in_circle(row.body)

    def _read(self, all_ids: Sequence[list[int]], cache: Any, pad: int) -> Tensor:
        """Read prompts, padded on the left to `pad` ids. Returns logits `(rows, 1, vocabulary)`."""
        time = max(pad, *map(len, all_ids))
        ids = torch.zeros((len(all_ids), time), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, some in enumerate(all_ids):
            ids[row, time - len(some) :] = torch.tensor(some)
            mask[row, time - len(some) :] = 1
        device = self._reader.model.device
        return self._reader.model(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0).to(device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
            **self._types(all_ids, 0, time, left=True),
        ).logits

    def _step(self, rows: Sequence[_Row], pads: Tensor, cache: Any) -> Tensor:
        """Read the newest token of each row. Returns logits `(rows, vocabulary)`."""
        device = self._reader.model.device
        length = cache.get_seq_length() + 1
        mask = (torch.arange(length)[None] >= pads[:, None]).long()
        newest = torch.tensor([row.ids[-1] for row in rows])
        return self._reader.model(
            input_ids=newest[:, None].to(device),
            attention_mask=mask.to(device),
            position_ids=(length - 1 - pads)[:, None].to(device),
            past_key_values=cache,
            use_cache=True,
            **self._types([row.ids for row in rows], -1, 1),
        ).logits[:, -1]

    def _types(
        self, all_ids: Sequence[list[int]], start: int, time: int, left: bool = False
    ) -> dict[str, Tensor]:
        """The token types of ids from `start` on, padded; empty if the model has none."""
        types_of = self._reader.types_of
        if types_of is None:
            return {}
        found = torch.zeros((len(all_ids), time), dtype=torch.long)
        for row, ids in enumerate(all_ids):
            some = torch.from_numpy(types_of(np.asarray(ids, np.int64))[start:].astype(np.int64))
            place = slice(time - len(some), None) if left else slice(len(some))
            found[row, place] = some
        return {"token_type_ids": found.to(self._reader.model.device)}


def _new_cache() -> Any:
    cache = DynamicCache()
    cache.layer_class_to_replicate = Growing
    return cache
