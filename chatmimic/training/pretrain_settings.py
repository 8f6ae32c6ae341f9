"""What a pretraining can be asked for. The sentence under each field is its `--help`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from chatmimic.errors import TrainingError
from chatmimic.training.settings import setting


@dataclass(frozen=True)
class PretrainSettings:
    """Everything that decides what a pretraining computes. Same settings and data, same base."""

    base: str | None = setting(
        None, "Warm up this base (a name or a folder), in place of making one from nothing."
    )
    tokenizer: str | None = setting(
        None, "Folder or file of a tokenizer to use, in place of learning one from the corpora."
    )
    size: str = setting(
        "small", "Of a new base: tiny, small, medium, large, gpt2, or LAYERSxWIDTH as 6x256."
    )
    vocab_size: int = setting(8192, "Entries of a new base's tokenizer.")
    form: str = setting(
        "base", "Written form: named, tokens, or base: tokens for a new one, else its own."
    )
    window: int = setting(512, "Tokens the model sees at once.")
    steps: int | None = setting(None, "Steps to take; else one pass through the corpora.")
    hours: float | None = setting(
        None, "About how long to train, in place of --steps: the first steps are timed."
    )
    batch: int | None = setting(None, "Windows computed at once; else what suits the size.")
    accumulate: int | None = setting(None, "Batches added up before each step.")
    optimizer: str | None = setting(
        None, "muon or adamw; else muon for a new base and adamw for one that is warmed up."
    )
    learning_rate: float | None = setting(
        None, "Highest learning rate (Muon's is six times it); else 3e-3 new, 1e-4 warmed up."
    )
    warmup: float = setting(0.02, "Share of the steps in which the learning rate rises.")
    weight_decay: float = setting(0.05, "Pull of the matrices towards zero; not biases or norms.")
    clip: float = setting(1.0, "Longest gradient, as a norm.")
    short_first: bool = setting(
        True, "Begin with windows of a quarter, then a half, of the length (new bases only)."
    )
    precision: str = setting(
        "auto", "Arithmetic: bf16, fp32, or auto: bf16 where the device is fast in it."
    )
    gradient_checkpointing: bool | None = setting(
        None, "Save memory by computing activations twice; else on above 200 M parameters."
    )
    held_out: float = setting(0.01, "Share of each corpus, the latest, to test on.")
    evaluate_every: int | None = setting(
        None, "Steps between looks at the held-out part, each of which saves; else twenty looks."
    )
    half: bool = setting(True, "Write the weights in half precision.")
    seed: int = setting(0, "Same seed, same result.")

    def __post_init__(self) -> None:
        """Refuse what cannot be, all of it at once, by option name. Raises TrainingError."""
        wrong = list(_complaints(self))
        if wrong:
            raise TrainingError(" ".join(wrong), "See `chatmimic pretrain --help`.")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> PretrainSettings:
        """The inverse of `as_dict`; unknown names are left out."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


def _complaints(s: PretrainSettings) -> Iterator[str]:
    choices: list[tuple[str, str | None, tuple[str, ...]]] = [
        ("form", s.form, ("base", "named", "tokens")),
        ("optimizer", s.optimizer, ("muon", "adamw")),
        ("precision", s.precision, ("auto", "bf16", "fp32")),
    ]
    for name, value, allowed in choices:
        if value is not None and value not in allowed:
            yield f'--{name} is "{value}"; it can be {", ".join(allowed)}.'
    if s.steps is not None and s.hours is not None:
        yield "--steps and --hours both say how long to train; choose one."
    low: list[tuple[str, float | None, float]] = [
        ("vocab-size", s.vocab_size, 512),
        ("window", s.window, 16),
        ("steps", s.steps, 1),
        ("batch", s.batch, 1),
        ("accumulate", s.accumulate, 1),
        ("evaluate-every", s.evaluate_every, 1),
        ("weight-decay", s.weight_decay, 0),
    ]
    for name, number, least in low:
        if number is not None and not least <= number < math.inf:
            yield f"--{name} is {number:g}; it is at least {least:g}."
    for name, number in (("hours", s.hours), ("learning-rate", s.learning_rate), ("clip", s.clip)):
        if number is not None and not 0 < number < math.inf:
            yield f"--{name} is {number:g}; it is above 0."
    for name, number in (("held-out", s.held_out), ("warmup", s.warmup)):
        if not 0 <= number < 1:
            yield f"--{name} is {number:g}; it is at least 0 and below 1."
    if s.held_out == 0:
        yield "--held-out is 0; without a held-out part nothing can be said of the base."
    if s.window % 4:
        yield f"--window is {s.window}; it is a multiple of 4."
