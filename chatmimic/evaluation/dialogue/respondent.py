"""A mimic that takes part in an evaluation: it replies, and says how likely it finds a reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chatmimic.generation import Decoding, as_message
from chatmimic.generation.batch import BatchGenerator
from chatmimic.mimic import LoadedMimic
from chatmimic.records import Message
from chatmimic.text import clean
from chatmimic.transcript.facts import as_messages

_PARTNER = "You"  # the partner's name where the mimic knows nobody but the persona


class Respondent:
    """Replies as the mimic's persona to contexts of alternating messages."""

    def __init__(self, loaded: LoadedMimic, decoding: Decoding) -> None:
        """`decoding` without a seed gets the seed 0, so that figures can be computed again."""
        self.loaded = loaded
        self.decoding = decoding if decoding.seed is not None else replace(decoding, seed=0)
        people = loaded.form.cast.people
        self.persona = people[0]
        self._partner = next((name for name in people if name != self.persona), _PARTNER)
        self._generator = BatchGenerator(loaded)
        self._facts: tuple[str, ...] | None = None

    @property
    def takes_facts(self) -> bool:
        """Whether the mimic was trained with facts (`train --facts`)."""
        return bool(self.loaded.mimic.manifest.get("facts"))

    def given(self, facts: tuple[str, ...]) -> Respondent:
        """Replace what is known of the persona, in place.

        A mimic that was trained with facts reads them as such; any other reads them as what the
        persona has said before the conversation.
        """
        if facts != self._facts:
            said = tuple(as_message(self.persona, fact) for fact in facts)
            before = as_messages(facts, self.persona) if self.takes_facts else said
            self._generator = BatchGenerator(self.loaded, before=before)
            self._facts = facts
        return self

    def replies(
        self,
        contexts: Sequence[Sequence[str]],
        number: int = 0,
        passed: Callable[[int], None] = lambda done: None,
    ) -> list[str]:
        """Generate the reply to each context, a sequence of turns; one line each, clean.

        The first has the seed of the decoding plus `number`, each other one more. `passed` is
        called with the number of replies that are done.
        """
        assert self.decoding.seed is not None
        seed = (self.decoding.seed + number) % 2**31  # each gets its number added
        histories = [self._history(turns) for turns in contexts]
        found = self._generator.replies(
            histories, self.persona, self.decoding, seed=seed, passed=passed
        )
        return [" ".join(clean(text).split()) for text in found]

    def nats(self, turns: Sequence[str], texts: Sequence[str]) -> list[tuple[float, int]]:
        """−ln of the probability of each text as the reply to `turns`, and its number of tokens.

        The end of the reply counts as well. A text is cut off where the model's context is full.
        """
        messages = [as_message(self.persona, text) for text in texts]
        found = self._generator.likelihoods(self._history(turns), messages)
        return [(-score, tokens) for score, tokens in found]

    def _history(self, turns: Sequence[str]) -> list[Message]:
        """The turns as messages: the last one is the partner's, and they alternate."""
        speakers = (self._partner, self.persona)
        count = len(turns)
        return [as_message(speakers[(count - 1 - n) % 2], turn) for n, turn in enumerate(turns)]
