"""The token loop: generates messages from a mimic's model, its form and a sampler."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from chatmimic.copying.spans import Spans
from chatmimic.generation.bad_words import BadWords
from chatmimic.generation.batch_reader import BatchReader
from chatmimic.generation.beams import beam_search
from chatmimic.generation.cache import Reader, Stopped, TypesOf
from chatmimic.generation.copies import draw_uncopied, rule_out_copies
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.generator import ACTION
from chatmimic.generation.memory import ROOM, Memory, as_messages
from chatmimic.generation.repetition import runs_in_circle
from chatmimic.generation.sampler import constrain, seeded
from chatmimic.generation.streaming import Pieces
from chatmimic.generation.turn_taking import chances, draw, probability
from chatmimic.generation.window import fit
from chatmimic.records import Kind, Message
from chatmimic.text import clean
from chatmimic.transcript import TokenForm
from chatmimic.transcript.facts import as_messages as facts_as_messages

if TYPE_CHECKING:
    from chatmimic.archive.recalling import Recollection
    from chatmimic.mimic import LoadedMimic

_HEADER_ROOM = 32  # tokens kept free for the header of the next message
_DEFAULT_WINDOW = 1024
_BLANK = 8  # tokens after which a reply may end even if nothing in it is visible


class TorchGenerator:
    """The `Generator` of a mimic that is loaded into memory."""

    def __init__(
        self,
        loaded: LoadedMimic,
        before: Sequence[Message] | None = None,
        uncopied: Spans | None = None,
        memory: Memory | None = None,
    ) -> None:
        """`before` are messages that every prompt begins with; by default the mimic's facts.

        What `memory` finds comes after them. None of the spans `uncopied` is ever written.
        """
        self.form = loaded.form
        self.people: tuple[str, ...] = loaded.form.cast.people
        self.persona: str = self.people[0]
        facts = facts_as_messages(loaded.mimic.manifest.get("facts", ()), self.persona)
        self._before = facts if before is None else tuple(before)
        self.memory = memory
        self._reader = Reader(loaded.model, _types_of(loaded))
        self._batch = BatchReader(loaded.model, self._reader.types_of)
        context = loaded.mimic.context
        self._window = _window_of(loaded.model, context.tokens)
        self._messages = context.messages
        self._ends = frozenset({*self.form.ends, self.form.end_of_conversation})
        self._barred = _barred(loaded, self._ends)
        self._bad: BadWords | None = None
        self._uncopied = uncopied

    def knowing(self, facts: Sequence[str], persona: str) -> Self:
        """The same generator with more facts about a person before every prompt."""
        other = copy.copy(self)
        other._before = (*self._before, *facts_as_messages(facts, persona))
        return other

    def stream(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        stop: threading.Event | None = None,
        at: int | None = None,
    ) -> Iterator[str]:
        """Generate the next message, by `speaker`, piece by piece; see `Generator.stream`."""
        most = min(decoding.max_tokens, self._window // 2)
        prompt, header = self._prompt(history, speaker, most, at)
        if decoding.beams > 1:
            yield self._likeliest(prompt, header, speaker, decoding, most, stop)
            return
        body: list[int] = []
        pieces = Pieces()
        end: int | None = None
        for token in self._tokens(prompt + header, speaker, decoding, most, stop):
            if token in self._ends:
                end = token
                break
            body.append(token)
            piece = pieces.grow(self._text(header, body))
            if piece:
                yield piece
        rest = pieces.finish(self._text(header, body, end))
        if rest:
            yield rest

    def _likeliest(
        self,
        prompt: list[int],
        header: list[int],
        speaker: str,
        decoding: Decoding,
        most: int,
        stop: threading.Event | None,
    ) -> str:
        """The text of the message that a beam search finds."""
        opening = self._action_opening(speaker)

        def rule(row: Tensor, body: list[int]) -> None:
            self._bar(row, body, decoding, opening)
            constrain(row, body, decoding)
            rule_out_copies(row, partial(self._copies, body), 2 * decoding.beams)

        ids = prompt + header
        body = beam_search(self._batch, ids, self._ends, decoding.beams, most, rule, stop)
        end = body.pop() if body and body[-1] in self._ends else None
        return Pieces().finish(self._text(header, body, end))

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        """The probability that `speaker`, who spoke last, also sends the next message."""
        people = dict.fromkeys([*(message.sender for message in history), speaker])
        prompt, headers = self._headers(history, tuple(people))
        header = list(headers[speaker])
        ids = prompt + header[:-1]
        return probability(speaker, headers, self._reader.logits(ids, last=len(header)))

    def chances(self, history: Sequence[Message], people: Sequence[str]) -> dict[str | None, float]:
        """The probability that each of `people` speaks next, and (None) that nobody does."""
        prompt, headers = self._headers(history, people)
        if not history:
            headers.pop(None)
        return chances(headers, lambda path: self._reader.logits(prompt + [*path])[-1])

    def next_speaker(
        self,
        history: Sequence[Message],
        people: Sequence[str],
        seed: int | None = None,
        at: int | None = None,
    ) -> str | None:
        """Draw who of `people` speaks next; None if the conversation ends here."""
        prompt, headers = self._headers(history, people, at)
        if not history:
            headers.pop(None)
        return draw(headers, lambda path: self._reader.logits(prompt + [*path])[-1], seeded(seed))

    def _tokens(
        self,
        prompt: list[int],
        speaker: str,
        decoding: Decoding,
        most: int,
        stop: threading.Event | None,
    ) -> Iterator[int]:
        """Sample the ids of a message, including its end, until it ends or a limit is reached."""
        generator = seeded(decoding.seed)
        opening = self._action_opening(speaker)
        body: list[int] = []
        while len(body) < most and not runs_in_circle(body):
            if stop is not None and stop.is_set():
                return
            try:
                row = self._reader.logits(prompt + body, stop=stop)[-1].cpu().clone()
            except Stopped:
                return
            self._bar(row, body, decoding, opening)
            token = draw_uncopied(row, body, decoding, generator, self._copies)
            if token is None:
                return
            yield token
            body.append(token)

    def _bar(
        self,
        row: Tensor,
        body: list[int],
        decoding: Decoding,
        opening: list[int],
        ends: frozenset[int] | None = None,
    ) -> None:
        """Mask the tokens that are not allowed: structure, and the end of a reply too short.

        `ends` are the tokens that end the text; None: those that end a message.
        """
        ending = list(self._ends if ends is None else ends)
        allowed = None if body else row[opening]
        row[self._barred[self._barred < row.shape[-1]]] = -torch.inf
        row[len(self.form.tokenizer) :] = -torch.inf  # padding rows of the output matrix
        if allowed is not None:
            row[opening] = allowed
        for token in self._bad_words(decoding.bad_words).next_of(body):
            row[token] = -torch.inf
        if decoding.end_bias:
            row[ending] += decoding.end_bias
        if len(body) < decoding.min_tokens or (decoding.min_tokens and self._is_blank(body)):
            row[ending] = -torch.inf

    def _copies(self, body: Sequence[int], token: int) -> bool:
        """Whether a token would complete a span after `body` that must not be copied."""
        if self._uncopied is None or token in self._ends:
            return False
        return self._uncopied.would_copy(self.form.text([*body, token]))

    def _bad_words(self, words: str) -> BadWords:
        if self._bad is None or self._bad.words != words:
            self._bad = BadWords(words, self.form.tokenizer)
        return self._bad

    def _is_blank(self, body: list[int]) -> bool:
        """Whether nothing is visible yet: only spaces, controls or part of a character."""
        return len(body) < _BLANK and not clean(self.form.text(body)).strip("\ufffd \t\n")

    def _text(self, header: list[int], body: list[int], end: int | None = None) -> str:
        """The clean text of a body. The end token may contain its last characters (`.\\n`)."""
        if not body and end is None:
            return ""
        ids = body if end is None else [*body, end]
        text = clean(self.form.text(ids))
        text = text if end is None else text.rstrip("\n")
        read = self.form.decode(header + body)
        action = bool(read) and read[0].kind is Kind.ACTION
        return ACTION + text if action and text else text

    def _action_opening(self, speaker: str) -> list[int]:
        """The structure ids that may begin a body: the action token, if the form has one."""
        plain = self.form.header(speaker)
        action = self.form.header(speaker, Message(speaker, "", kind=Kind.ACTION))
        return action[len(plain) :]

    def _prompt(
        self, history: Sequence[Message], speaker: str, most: int, at: int | None = None
    ) -> tuple[list[int], list[int]]:
        header = self.form.next_header(history, speaker, at)
        room = self._window - most - len(header)
        return self._written(history, room), header

    def _headers(
        self, history: Sequence[Message], people: Sequence[str], at: int | None = None
    ) -> tuple[list[int], dict[str | None, list[int]]]:
        """The prompt, and what can follow: a person's header, or (None) the end."""
        headers: dict[str | None, list[int]] = {
            person: self.form.next_header(history, person, at) for person in people
        }
        headers[None] = [self.form.end_of_conversation]
        room = self._window - max(_HEADER_ROOM, *(len(ids) for ids in headers.values()))
        return self._written(history, room), headers

    def _written(self, history: Sequence[Message], room: int) -> list[int]:
        """The prompt: facts (or `before`), what is recalled, and as much context as was trained
        with and fits.
        """
        facts, found, part = self._parts(history, room)
        return self.form.prompt([*facts, *as_messages(found), *part], None)

    def recalled(self, history: Sequence[Message]) -> Sequence[Recollection]:
        """What the persona recalls where the next message is theirs, the best first."""
        return self._parts(history, self._window * 3 // 4)[1]

    def _parts(
        self, history: Sequence[Message], room: int
    ) -> tuple[Sequence[Message], Sequence[Recollection], list[Message]]:
        """Facts, what is recalled, and the newest messages, within `room` tokens together."""
        facts = self._before_within(room * 3 // 4)

        def length(part: Sequence[Message]) -> int:
            return len(self.form.prompt([*facts, *part], None))

        if self.memory is None:
            return facts, (), fit(history, room, length, self._messages)
        part = fit(history, room - min(ROOM, room // 4), length, self._messages)
        found = self.memory.exchanges(history, history[: len(history) - len(part)])
        while found and length([*as_messages(found), *part]) > room:
            found = found[:-1]
        return facts, found, part

    def _before_within(self, room: int) -> Sequence[Message]:
        """What comes before all else, as far as it fits; the last of it is dropped if too long."""
        before = self._before
        while before and len(self.form.prompt(before, None)) > room:
            before = before[:-1]
        return before


def _types_of(loaded: LoadedMimic) -> TypesOf | None:
    """The function that gives token types, if the model was trained with them."""
    wanted = loaded.mimic.manifest.get("token_types", False)
    return loaded.form.speaker_tokens if wanted and isinstance(loaded.form, TokenForm) else None


def _window_of(model: torch.nn.Module, trained: int | None) -> int:
    """The context length in tokens: the model's, but no more than it was trained with.

    At positions that were not in training a model generates nonsense.
    """
    found = getattr(model.config, "max_position_embeddings", None)
    most = found if isinstance(found, int) and found > 0 else _DEFAULT_WINDOW
    return min(most, trained or most)


def _barred(loaded: LoadedMimic, ends: frozenset[int]) -> Tensor:
    """The ids of special tokens (structure and padding), which never belong to a message's text."""
    tokenizer = loaded.tokenizer
    added = {ids for ids, token in tokenizer.added_tokens_decoder.items() if token.special}
    return torch.tensor(sorted({*tokenizer.all_special_ids, *added} - ends), dtype=torch.long)
