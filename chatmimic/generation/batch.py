"""Many replies at once, and how likely the model finds given ones.

A reply is drawn as in a chat, by the same rules and with a random generator of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from chatmimic.copying.words import SPAN, last_words
from chatmimic.errors import MimicError
from chatmimic.generation.batch_reader import Rows
from chatmimic.generation.copies import draw_uncopied
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.engine import TorchGenerator
from chatmimic.generation.prefixes import Prefixes
from chatmimic.generation.repetition import runs_in_circle
from chatmimic.generation.row import Row, Scored
from chatmimic.generation.running import RunningBatch
from chatmimic.generation.sampler import seeded
from chatmimic.generation.streaming import Pieces
from chatmimic.records import Message
from chatmimic.text import clean
from chatmimic.transcript import TokenForm

if TYPE_CHECKING:
    from chatmimic.mimic import LoadedMimic

_AT_ONCE = 16  # replies; beyond that, padding costs more than sharing saves


class BatchGenerator(TorchGenerator):
    """Generates replies to many histories, and scores replies that are given."""

    def __init__(self, loaded: LoadedMimic, *more: Any, **how: Any) -> None:
        """Take what `TorchGenerator` takes."""
        super().__init__(loaded, *more, **how)
        self._prefixes = Prefixes()

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
        return self.variants(histories, speaker, [decoding], seed=seed, passed=passed)[0]

    def variants(
        self,
        histories: Sequence[Sequence[Message]],
        speaker: str,
        decodings: Sequence[Decoding],
        *,
        times: int = 1,
        seed: int = 0,
        passed: Callable[[int], None] = lambda done: None,
    ) -> list[list[str]]:
        """The replies to each history with each of some decodings, `times` of each.

        Every history is read once. The replies with a decoding begin with one to each history;
        those to the same place in it have the same seed.
        """
        most = min(max(one.max_tokens for one in decodings), self._window // 2)
        prompts = [self._prompt(history, speaker, most) for history in histories]
        texts = [[""] * (times * len(prompts)) for _ in decodings]
        # By length, so that rows of a batch need little padding.
        order = sorted(range(len(prompts)), key=lambda number: len(prompts[number][0]))
        for start in range(0, len(order), _AT_ONCE):
            batch = order[start : start + _AT_ONCE]
            read: tuple[Rows, Tensor] | None = None
            for made, decoding in zip(texts, decodings, strict=True):
                limit = min(decoding.max_tokens, most)
                if decoding.beams > 1:
                    for n in batch:
                        text = self._likeliest(*prompts[n], speaker, decoding, limit, None)
                        made[n :: len(prompts)] = [text] * times
                    continue
                read = read or self._batch.read([[*prompts[n][0], *prompts[n][1]] for n in batch])
                rows = [
                    self._row(prompts[n], speaker, decoding, limit, seeded(seed + at), at)
                    for n in batch
                    for at in range(n, len(made), len(prompts))
                ]
                own = read[0] if len(decodings) == times == 1 else read[0].copied(times)
                logits = read[1].repeat_interleave(times, 0)
                self._go_on(rows, own, logits)
                for row in rows:
                    made[row.number] = Pieces().finish(self.text_of(row))
            passed(min(start + _AT_ONCE, len(order)))
        return texts

    def alternatives(
        self, history: Sequence[Message], speaker: str, decoding: Decoding, count: int
    ) -> list[str]:
        """Generate `count` versions of the next message, by `speaker`, at once."""
        seed = Random().randrange(2**31) if decoding.seed is None else decoding.seed
        return self.variants([history], speaker, [decoding], times=count, seed=seed)[0]

    def likelihoods(
        self, history: Sequence[Message], candidates: Sequence[Message], most: int | None = None
    ) -> list[tuple[float, int]]:
        """How likely each candidate is as the next message: its log-likelihood in nats, its tokens.

        The text and the end of a candidate count, its header does not; of a long text only the
        first `most` tokens. The history is read once.
        """
        prompt, headers, continued = self._candidates(history, candidates, most)
        logs = self._batch.continued(prompt, continued)
        found = []
        for row, (header, ids) in enumerate(zip(headers, continued, strict=True)):
            scored = logs[row, len(header) : len(ids)]
            found.append((float(scored.sum()), len(scored)))
        return found

    def head_scores(
        self, history: Sequence[Message], candidates: Sequence[Message], head: Tensor
    ) -> list[float]:
        """The score of each candidate as the next message, by a next-utterance head `(width,)`.

        Raises MimicError if the head is that of a model with another width.
        """
        prompt, _, continued = self._candidates(history, candidates)
        states = self._batch.last_states(prompt, continued)
        if states.shape[-1] != len(head):
            raise MimicError(
                "The next-utterance head is that of another model.",
                "Train the mimic again, or use --rank-by mutual.",
            )
        return [float(score) for score in states @ head]

    def _candidates(
        self, history: Sequence[Message], candidates: Sequence[Message], most: int | None = None
    ) -> tuple[list[int], list[list[int]], list[list[int]]]:
        """What candidates follow, their headers, and headers with texts, cut to fit the window."""
        headers = [self.form.next_header(history, message.sender) for message in candidates]
        bodies = [self.form.body(message)[:most] for message in candidates]
        longest = max(len(h) + len(b) for h, b in zip(headers, bodies, strict=True))
        prompt = self._written(history, max(8, self._window - longest))
        room = self._window - len(prompt)
        return prompt, headers, [(h + b)[:room] for h, b in zip(headers, bodies, strict=True)]

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

    @property
    def window(self) -> int:
        """How many tokens the model sees at once."""
        return self._window

    def begin(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        at: int | None = None,
    ) -> Row:
        """The next message, by `speaker`, as a row of a `RunningBatch`, before its first token.

        `at` is as in `stream`.
        """
        most = min(decoding.max_tokens, self._window // 2)
        prompt = self._prompt(history, speaker, most, at)
        return self._row(prompt, speaker, decoding, most, seeded(decoding.seed))

    def begin_text(self, text: str, decoding: Decoding) -> Row:
        """What follows a plain text, as a row of a `RunningBatch`, before its first token.

        Of a text that is too long, the beginning is cut off. It ends where the model ends a
        conversation, and in a form with a token of its own for it, a message.
        """
        most = min(decoding.max_tokens, self._window // 2)
        start = self.form.end_of_conversation
        ids = [start, *self.form.tokens_of(text)[-(self._window - most - 1) :]]
        ends = self._ends if isinstance(self.form, TokenForm) else frozenset({start})
        before = last_words(text, SPAN - 1)
        return Row(ids, [], decoding, [], ends, most, seeded(decoding.seed), before=before)

    def running(self) -> RunningBatch:
        """A batch for rows of this generator."""
        return RunningBatch(self._batch, self._advance, self._prefixes)

    def text_of(self, row: Row) -> str:
        """The clean text of a row so far; its last characters may still change."""
        if row.before is None:
            return self._text(row.header, row.body, row.end)
        return clean(self.form.text_of(row.body))

    def _row(
        self,
        prompt: tuple[list[int], list[int]],
        speaker: str,
        decoding: Decoding,
        most: int,
        random: torch.Generator,
        number: int = 0,
    ) -> Row:
        opening = self._action_opening(speaker)
        return Row(*prompt, decoding, opening, self._ends, most, random, number)

    def _go_on(self, rows: list[Row], read: Rows, logits: Tensor) -> None:
        """Generate the bodies of rows that were read, with the next logits of each."""
        alive = rows
        while True:
            for row, scores in zip(alive, logits, strict=True):
                if not row.done:
                    self._advance(row, scores)
            going = [at for at, row in enumerate(alive) if not row.done]
            if not going:
                return
            if len(going) <= len(alive) // 2:  # finished rows are dropped when they are half
                alive = [alive[at] for at in going]
                read.take(going)
            logits = self._batch.step([row.ids for row in alive], read)

    def _advance(self, row: Row, logits: Tensor) -> None:
        """Draw the next token of a row, or end it."""
        scores = logits.clone()
        self._bar(scores, row.body, row.decoding, row.opening, row.ends)
        copies = self._copies if row.before is None else partial(self._copies_after, row)
        token = draw_uncopied(scores, row.body, row.decoding, row.random, copies)
        if token is None or token in row.ends:
            row.end, row.done = token, True
            return
        row.body.append(token)
        if row.scored_most is not None:
            row.scored.append(Scored.of(logits, token, row.scored_most))
        row.done = len(row.body) >= row.most or runs_in_circle(row.body)

    def _copies_after(self, row: Row, body: Sequence[int], token: int) -> bool:
        """Whether a token would complete a span that began in the text before the row."""
        if self._uncopied is None or token in row.ends:
            return False
        written = self.form.text_of([*body, token])
        return self._uncopied.would_copy(f"{row.before}{clean(written)}")
