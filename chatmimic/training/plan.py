"""The plan of a run: the fixed numbers that follow from the settings, the data and the base."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from chatmimic.settings import with_new_names
from chatmimic.training.optim.schedules import rate_share
from chatmimic.training.settings import EPOCHS, EPOCHS_LARGE, STYLE, TrainSettings
from chatmimic.training.state import State

LARGE = 50_000_000  # parameters; larger bases know much already and get a lower learning rate
LONGEST_PHASE = 1500  # steps; the post that this method comes from used fewer
# Names of these fields in older runs.
_RENAMED = {
    "look": "eval_windows",
    "final": "final_eval_windows",
    "corpus_spells": "corpus_phases",
}
CHECKPOINTED = 200_000_000  # parameters; above it gradient checkpointing is on


@dataclass(frozen=True)
class Plan:
    """The fixed numbers of a run, saved with it, so that a resumed run computes the same."""

    steps: int
    batch: int  # micro-batch size in windows
    accumulate: int  # gradient accumulation steps
    learning_rate: float  # peak
    warmup: int  # steps
    evaluate_every: int  # steps
    gradient_checkpointing: bool
    eval_windows: int  # held-out windows of each evaluation
    final_eval_windows: int  # held-out windows of the final evaluation
    precision: str = "fp32"  # or bf16
    optimizer: str = "adamw"  # or muon
    short_first: bool = False  # windows in quarters, then in halves, then whole
    schedule: str = "linear"
    power: float = 2.0  # of a polynomial schedule
    patience: int | None = None  # evaluations without improvement before early stopping
    weight_decay: float = 0.01
    clip: float = 1.0  # maximum gradient norm
    noise: float = 0.0  # share of the input tokens that are replaced by random ones
    step_in_backward: bool = False
    compile: bool = False
    try_again: bool = False  # with a third of the rate, if no evaluation is better than the base's
    judged: bool = False  # by sample replies, with --select style
    in_time: bool = False  # a second attempt takes only the steps that the first one left
    threads: int = 0  # CPU threads; 0: torch's default
    candidates: int = 0  # replies to choose from; 0: no next-utterance head
    lm_coef: float = 1.0  # weight of the language-model loss, with candidates
    mc_coef: float = 1.0
    sample_every: int | None = None  # steps
    corpus_way: str = ""  # first, mix or plateau
    corpus_steps: int = 0  # first: in all; plateau: in each phase
    corpus_share: float = 0.0  # mix: share of the windows of a step, at the beginning
    corpus_share_end: float = 0.0  # mix: at the end
    corpus_phases: int = 0  # plateau: maximum number

    @property
    def windows_per_step(self) -> int:
        """The batch size of an optimiser step in windows."""
        return self.batch * self.accumulate

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        steps = self.steps + (self.corpus_steps if self.corpus_way == "first" else 0)
        share = rate_share(self.schedule, step, steps, self.warmup, self.power)
        return self.learning_rate * share

    def place(self, state: State) -> int:
        """The position of a run on its schedule: steps of phases on the corpus do not count."""
        first = self.corpus_steps if self.corpus_way == "first" else 0
        return state.own_steps + min(state.corpus_steps, first)

    def total(self, state: State) -> int:
        """The number of steps as far as is known, including those of the current corpus phase."""
        first = self.corpus_steps if self.corpus_way == "first" else 0
        return self.steps + max(first, state.corpus_steps + state.phase_left)

    def parts(self, step: int) -> int:
        """Into how many rows a step cuts each of its windows.

        Short rows are cheaper and as good while a model still learns words; the number of tokens in
        a step stays the same.
        """
        if not self.short_first or step >= 0.6 * self.steps:
            return 1
        return 4 if step < 0.25 * self.steps else 2

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """The inverse of `as_dict`; also reads plans of older runs."""
        return cls(**with_new_names(values, _RENAMED))


def make_plan(
    settings: TrainSettings,
    *,
    parameters: int,
    windows: int,
    on_cpu: bool,
    step_seconds: float,
    precision: str = "fp32",
    threads: int = 0,
    world: int = 1,
) -> Plan:
    """Make the plan of a run. `step_seconds` is the measured time of a step (for --minutes).

    `world` is the number of processes, which share the windows of a step.
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
        eval_windows=6 if slow else 48,
        final_eval_windows=512,
        precision=precision,
        threads=threads,
        schedule=settings.schedule,
        power=settings.power,
        patience=settings.patience,
        weight_decay=settings.weight_decay,
        clip=settings.clip,
        noise=settings.noise,
        judged=settings.select == STYLE,
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
    """The meaning of `--train auto`: LoRA for a large base on a CPU, else all parameters.

    LoRA learns as much from the same text in less time and memory (docs/training.md).
    """
    return "lora" if on_cpu and parameters > LARGE else "all"


def batches(settings: TrainSettings, parameters: int, windows: int) -> tuple[int, int]:
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


def _steps(settings: TrainSettings, steps_of_passes: float, step_seconds: float) -> int:
    if settings.steps is not None:
        return settings.steps
    if settings.minutes is not None:
        # About a tenth of the time goes to evaluations.
        steps = settings.minutes * 60 * 0.9 / max(step_seconds, 1e-6)
        return max(1, round(beside_a_corpus(settings, steps)))
    return max(1, round(steps_of_passes))


def passes_of(settings: TrainSettings, parameters: int) -> float:
    """The number of epochs if neither --steps nor --minutes is given."""
    return settings.epochs or (EPOCHS_LARGE if parameters > LARGE else EPOCHS)


def beside_a_corpus(settings: TrainSettings, steps: float) -> float:
    """How many of `steps` are on the persona if all phases on a corpus take place."""
    phases = {"first": 1, "plateau": settings.corpus_phases, "mix": 0}[settings.corpus_way]
    if not settings.corpus:
        return steps
    if settings.corpus_steps:
        return steps - phases * settings.corpus_steps
    return max(steps * 8 / (8 + phases), steps - phases * LONGEST_PHASE)


def _rate(settings: TrainSettings, parameters: int) -> float:
    """The default learning rate: lower for larger bases, four times as high for LoRA."""
    rates = ((3e-4, LARGE), (2e-4, CHECKPOINTED))
    rate = next((rate for rate, most in rates if parameters <= most), 5e-5)
    return 4 * rate if settings.trained == "lora" else rate


def _corpus(settings: TrainSettings, steps: int) -> dict[str, Any]:
    """The corpus part of a plan: by default, a phase is an eighth of the steps, at most 1,500."""
    if not settings.corpus:
        return {}
    phase = min(LONGEST_PHASE, max(1, steps // 8))
    return {
        "corpus_way": settings.corpus_way,
        "corpus_steps": settings.corpus_steps or phase,
        "corpus_share": settings.corpus_share,
        "corpus_share_end": settings.corpus_share_end,
        "corpus_phases": settings.corpus_phases,
    }
