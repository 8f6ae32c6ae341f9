"""The cache is only a matter of speed: its logits are those of reading everything again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.archive.recalling import Recollection
from chatmimic.chat.session import Session
from chatmimic.chat.voice import Voice
from chatmimic.generation import Decoding
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.memory import Memory
from chatmimic.mimic import LoadedMimic
from chatmimic.records import Message

ADA = "Ada Lovelace"
TURNS = 30
WORDS = ("tea", "the kiln", "hello there, how are you today?", "ok", "x" * 60, "ß 🎉", "")


class Checked:
    """A reader whose every answer is compared with that of a model which has read nothing yet."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.types_of = reader.types_of
        self.steps = 0
        self.furthest = 0.0

    def logits(self, ids: Sequence[int], last: int = 1, stop: Any = None) -> torch.Tensor:
        found: torch.Tensor = self.reader.logits(ids, last, stop)
        with torch.inference_mode():
            rows = self.reader.model(input_ids=torch.tensor([list(ids)]), use_cache=False).logits
        self.furthest = max(self.furthest, float((found - rows[0, -last:]).abs().max()))
        self.steps += 1
        assert len(ids) <= 128  # the context of the model
        return found


def recall(texts: Sequence[str], before: int, most: int) -> list[Recollection]:
    """Something else for each question, so that the beginning of the prompt changes."""
    asked, answer = Message("Bob", texts[-1][:9], 5), Message(ADA, f"of {len(texts[-1])}", 6)
    return [Recollection(asked, answer, 9.0)] if len(texts[-1]) % 2 else []


def take(session: Session, step: tuple[str, int], seed: int) -> None:
    """One turn: something is done, and the persona answers."""
    what, number = step
    if what == "undo":
        session.undo()
    elif what == "edit":
        session.edit(WORDS[number])
    elif what == "retry":
        session.drop_replies()
    elif what == "forget":
        assert session.voice.memory is not None
        session.voice.memory.on = not session.voice.memory.on
    if what == "say" or not session.entries:
        session.say(WORDS[number])
    generator = session.voice.generator
    decoding = Decoding(seed=seed, max_tokens=6, temperature=1.5)
    session.hear("".join(generator.stream(session.history, ADA, decoding)))
    generator.continues(session.history, ADA)


STEPS = st.tuples(
    st.sampled_from(("say", "say", "say", "say", "undo", "edit", "retry", "forget")),
    st.integers(0, len(WORDS) - 1),
)


@settings(max_examples=4, deadline=None)
@given(steps=st.lists(STEPS, min_size=TURNS, max_size=TURNS))
def test_the_cached_path_computes_what_the_uncached_one_does(
    loaded: LoadedMimic, steps: list[tuple[str, int]]
):
    memory = Memory(ADA, recall)
    generator = BatchGenerator(loaded, memory=memory)
    checked = Checked(generator._reader)
    generator._reader = checked  # type: ignore[assignment]
    ticks = iter(range(1_600_000_000_000, 1_700_000_000_000, 400_000))
    voice = Voice(generator, "ada", "tiny", memory=memory)
    session = Session(voice, Decoding(), persona=ADA, clock=lambda: next(ticks))
    for seed, step in enumerate(steps):
        take(session, step, seed)
    assert checked.steps > TURNS
    assert checked.furthest < 1e-4
