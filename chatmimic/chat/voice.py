"""A mimic that is ready to talk, with what a chat needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatmimic.archive.recalling import Recollection
from chatmimic.bases.terms import short_name
from chatmimic.engines import AUTO
from chatmimic.generation import Generator
from chatmimic.generation.criteria import RANKINGS
from chatmimic.generation.memory import Memory
from chatmimic.records import Message
from chatmimic.rhythm import USUAL, Rhythm

if TYPE_CHECKING:
    from chatmimic.evaluation.secrecy.training_messages import TrainingMessages
    from chatmimic.home import Home
    from chatmimic.mimic import Mimic


@dataclass(frozen=True)
class Voice:
    """Somebody to chat with: a generator, and facts about its mimic."""

    generator: Generator
    mimic: str  # the mimic's name
    base: str
    knows_all: bool = False  # whether it was trained on everybody's words, not only the persona's
    owner: str = ""  # the owner of the export, if known
    rhythm: Rhythm = USUAL  # the waits of its persona
    engine: str = ""  # arithmetic of inference
    training: TrainingMessages | None = None  # None: it has read nobody's messages
    unchecked: str = ""  # why its replies cannot be checked for copies; "" if they are
    memory: Memory | None = None  # where there is an archive
    recalled: Callable[[Sequence[Message]], Sequence[Recollection]] = lambda history: ()
    count_tokens: Callable[[str], int] = lambda text: 0  # of a reply; 0 if that is not known

    @classmethod
    def of(cls, mimic: Mimic, generator: Generator, **more: Any) -> Voice:
        """The voice of a mimic, with what `mimic.json` says; `more` are the other fields."""
        return cls(
            generator,
            mimic.name,
            short_name(str(mimic.manifest.get("base", "unknown"))),
            len(mimic.trained_on) == len(mimic.people),
            mimic.owner,
            Rhythm.from_dict(mimic.manifest.get("rhythm")),
            **more,
        )

    def was_trained_on(self, name: str) -> bool:
        """Whether it was trained on that person's words; others are only a rough guess."""
        return self.knows_all or name == self.generator.persona


def open_voice(
    mimic: Mimic,
    home: Home,
    engine: str = AUTO,
    *,
    candidates: int = 1,
    rank_by: str = RANKINGS[0],
    verbatim: bool = False,
    memory: bool | None = False,
) -> Voice:
    """Load a mimic, ready to talk. Unless `verbatim`, it copies no training message.

    `memory` lets it recall what is in the home's archive; None: if its base is large. With
    `candidates` above 1, the criterion `rank_by` chooses among as many replies. Raises MimicError
    for a mimic that was trained in reverse, and where the criterion needs what is not there.
    """
    from chatmimic.evaluation.choosing import criterion_of
    from chatmimic.evaluation.secrecy.training_messages import training_messages
    from chatmimic.generation.batch import BatchGenerator
    from chatmimic.generation.ranked import RankedGenerator

    mimic.check_talks()
    loaded = mimic.load(engine)
    training = training_messages(home.archive, mimic, memory=memory is not False)
    uncopied, unchecked = (None, "") if verbatim or training is None else training.checked()
    remembered = Memory.of_archive(home.archive, mimic, memory)
    talking = BatchGenerator(loaded, uncopied=uncopied, memory=remembered)
    generator: Generator = talking
    if candidates > 1:
        criterion = criterion_of(rank_by, mimic, home, talking, engine)
        generator = RankedGenerator(talking, criterion, candidates)
    return Voice.of(
        mimic,
        generator,
        engine=loaded.engine,
        training=training,
        unchecked=unchecked,
        memory=remembered,
        recalled=talking.recalled,
        count_tokens=lambda text: len(loaded.tokenizer.encode(text, add_special_tokens=False)),
    )
