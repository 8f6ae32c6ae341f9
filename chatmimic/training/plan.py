"""From what was asked and what there is to what will be done: the numbers a run keeps to."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from chatmimic.training.schedules import rate_share
from chatmimic.training.settings import EPOCHS, EPOCHS_LARGE, Settings
from chatmimic.training.state import State

LARGE = 50_000_000  # parameters; above it a base knows much already and is tuned gently
MOST_SPELL = 1500  # steps: the founding post took fewer
CHECKPOINTED = 200_000_000  # parameters; above it activations are computed twice


@dataclass(frozen=True)
class Plan:
    """The fixed numbers of a run; saved with it, so that a resumed run is the same run."""

    steps: int
    batch: int  # windows in one forward pass
    accumulate: int  # batches before each step
    learning_rate: float  # at its highest
    warmup: int  # steps
    evaluate_every: int  # steps
    gradient_checkpointing: bool
    look: int  # held-out windows at each look
    final: int  # held-out windows at the end
    precision: str = "fp32"  # or bf16
    optimizer: str = "adamw"  # or muon
    short_first: bool = False  # windows in quarters, then in halves, then whole
    schedule: str = "linear"
    power: float = 2.0  # of a polynomial schedule
    patience: int | None = None  # looks that are no better, after which it stops
    weight_decay: float = 0.01
    clip: float = 1.0  # longest gradient, as a norm
    noise: float = 0.0  # share of the tokens read that are random
    step_in_backward: bool = False
    compile: bool = False
    try_again: bool = False  # at a third of the rate, where no evaluation is better than the base's
    threads: int = 0  # of the processor; 0: as many as torch takes
    candidates: int = 0  # replies to choose from; 0: no choosing
    lm_coef: float = 1.0  # weight of the words' loss beside that of the choice
    mc_coef: float = 1.0
    sample_every: int | None = None  # steps
    corpus_way: str = ""  # first, mix or plateau
    corpus_steps: int = 0  # first: so many; plateau: in each spell
    corpus_share: float = 0.0  # mix: of the windows of a step, at the beginning
    corpus_share_end: float = 0.0  # and at the end
    corpus_spells: int = 0  # plateau: so many at most

    @property
    def windows_per_step(self) -> int:
        """How many windows one step learns from."""
        return self.batch * self.accumulate

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        steps = self.steps + (self.corpus_steps if self.corpus_way == "first" else 0)
        share = rate_share(self.schedule, step, steps, self.warmup, self.power)
        return self.learning_rate * share

    def place(self, state: State) -> int:
        """Where on the schedule a training stands: spells on the corpus do not count."""
        first = self.corpus_steps if self.corpus_way == "first" else 0
        return state.own_steps + min(state.corpus_steps, first)

    def total(self, state: State) -> int:
        """How many steps there are, as far as is known: those of a spell that has begun too."""
        first = self.corpus_steps if self.corpus_way == "first" else 0
        return self.steps + max(first, state.corpus_steps + state.spell_left)

    def parts(self, step: int) -> int:
        """Into how many parts a step cuts its windows.

        Short windows cost less and teach as much while a model still learns words; the tokens of
        a step stay the same.
        """
        if not self.short_first or step >= 0.6 * self.steps:
            return 1
        return 4 if step < 0.25 * self.steps else 2

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def make_plan(
    settings: Settings,
    *,
    parameters: int,
    windows: int,
    on_cpu: bool,
    step_seconds: float,
    precision: str = "fp32",
    threads: int = 0,
    world: int = 1,
) -> Plan:
    """Fix what a run does. `step_seconds` is the measured time of a step (used by --minutes).

    `world` is the number of processes: they share the windows of a step.
    """
    batch, accumulate = batches(settings, parameters, windows)
    while batch * accumulate % world:
        accumulate += 1
    passes = passes_of(settings, parameters)
    steps = _steps(settings, passes * windows / (batch * accumulate), step_seconds)
    slow = on_cpu and parameters > LARGE
    large = parameters > CHECKPOINTED
    checkpointing = settings.gradient_checkpointing
    return Plan(
        steps=steps,
        batch=batch,
        accumulate=accumulate,
        learning_rate=settings.learning_rate or _rate(settings, parameters),
        warmup=math.ceil(settings.warmup * steps),
        evaluate_every=settings.evaluate_every or max(1, math.ceil(steps / (6 if slow else 10))),
        gradient_checkpointing=large if checkpointing is None else checkpointing,
        look=6 if slow else 48,
        final=512,
        precision=precision,
        threads=threads,
        schedule=settings.schedule,
        power=settings.power,
        patience=settings.patience,
        weight_decay=settings.weight_decay,
        clip=settings.clip,
        noise=settings.noise,
        optimizer=settings.optimizer,
        step_in_backward=settings.step_in_backward,
        compile=settings.compile,
        try_again=True,
        candidates=settings.candidates,
        lm_coef=settings.lm_coef,
        mc_coef=settings.mc_coef,
        sample_every=settings.sample_every,
        **_corpus(settings, steps),
    )


def trained_by_default(parameters: int, *, on_cpu: bool) -> str:
    """What of a base is trained where nobody says: of a large one on a processor, adapters.

    They learn as much from the same text in less time and memory (docs/training.md).
    """
    return "lora" if on_cpu and parameters > LARGE else "all"


def batches(settings: Settings, parameters: int, windows: int) -> tuple[int, int]:
    """(windows at once, batches a step): small bases take 4 at once, large ones 1 and add up 8.

    A step learns from at most a sixteenth of the windows (large bases: a fiftieth), so that little
    data still gives steps: of 51 windows, read twice, one a step came to 1.63 bits per character
    and six a step to 1.77 (SmolLM2, `benchmarks/gains.py`).
    """
    batch = settings.batch or (1 if parameters > LARGE else max(1, min(4, windows // 16)))
    batch = min(batch, max(1, windows))
    if settings.accumulate:
        return batch, settings.accumulate
    if settings.step_in_backward:  # every backward pass is a step
        return batch, 1
    return batch, max(1, min(8, windows // (50 * batch))) if parameters > LARGE else 1


def _steps(settings: Settings, steps_of_passes: float, step_seconds: float) -> int:
    if settings.steps is not None:
        return settings.steps
    if settings.minutes is not None:
        # About a tenth of the time goes to evaluations.
        steps = settings.minutes * 60 * 0.9 / max(step_seconds, 1e-6)
        return max(1, round(beside_a_corpus(settings, steps)))
    return max(1, round(steps_of_passes))


def passes_of(settings: Settings, parameters: int) -> float:
    """How often everything is read where neither steps nor minutes are said."""
    return settings.epochs or (EPOCHS_LARGE if parameters > LARGE else EPOCHS)


def beside_a_corpus(settings: Settings, steps: float) -> float:
    """How many of so many steps are on the persona, where all spells on a corpus are read."""
    spells = {"first": 1, "plateau": settings.corpus_spells, "mix": 0}[settings.corpus_way]
    if not settings.corpus:
        return steps
    if settings.corpus_steps:
        return steps - spells * settings.corpus_steps
    return max(steps * 8 / (8 + spells), steps - spells * MOST_SPELL)


def _rate(settings: Settings, parameters: int) -> float:
    """Gentle on a base that knows much; LoRA's matrices begin at nothing and take four times it."""
    rates = ((3e-4, LARGE), (2e-4, CHECKPOINTED))
    rate = next((rate for rate, most in rates if parameters <= most), 5e-5)
    return 4 * rate if settings.trained == "lora" else rate


def _corpus(settings: Settings, steps: int) -> dict[str, Any]:
    """How a corpus is read along: spells are an eighth of the steps, but 1,500 at the most."""
    if not settings.corpus:
        return {}
    spell = min(MOST_SPELL, max(1, steps // 8))
    return {
        "corpus_way": settings.corpus_way,
        "corpus_steps": settings.corpus_steps or spell,
        "corpus_share": settings.corpus_share,
        "corpus_share_end": settings.corpus_share_end,
        "corpus_spells": settings.corpus_spells,
    }
