"""What a pretraining can be asked for. The sentence under each field is its `--help`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chatmimic.training.asked import (
    PRECISIONS,
    THREADS,
    Asked,
    no_seed,
    no_share,
    not_above_zero,
    not_one_of,
    setting,
    too_low,
)
from chatmimic.training.settings import LENGTH, LOOKING, RATE, ROOM

READ = "What it reads and makes"


@dataclass(frozen=True)
class PretrainSettings(Asked):
    """Everything that decides what a pretraining computes. Same settings and data, same base."""

    command: ClassVar[str] = "pretrain"

    base: str | None = setting(
        None, "Warm up this base (a name or a folder), in place of making one from nothing.", READ
    )
    tokenizer: str | None = setting(
        None,
        "Folder or file of a tokenizer to use, in place of learning one from the corpora.",
        READ,
    )
    size: str = setting(
        "small", "Of a new base: tiny, small, medium, large, gpt2, or LAYERSxWIDTH as 6x256.", READ
    )
    vocab_size: int = setting(8192, "Entries of a new base's tokenizer.", READ)
    form: str = setting(
        "base",
        "Written form: short, named, tokens, or base: tokens for a new one, else its own.",
        READ,
    )
    window: int = setting(512, "Tokens the model sees at once.", READ)
    held_out: float = setting(0.01, "Share of each corpus, the latest, to test on.", READ)
    half: bool = setting(True, "Write the weights in half precision.", READ)

    steps: int | None = setting(None, "Steps to take; else one pass through the corpora.", LENGTH)
    hours: float | None = setting(
        None, "About how long to train, in place of --steps: the first steps are timed.", LENGTH
    )

    optimizer: str | None = setting(
        None, "muon or adamw; else muon for a new base and adamw for one that is warmed up.", RATE
    )
    learning_rate: float | None = setting(
        None, "Highest learning rate (Muon's is six times it); else 3e-3 new, 1e-4 warmed up.", RATE
    )
    warmup: float = setting(0.02, "Share of the steps in which the learning rate rises.", RATE)
    weight_decay: float = setting(
        0.05, "Pull of the matrices towards zero; not biases or norms.", RATE
    )
    clip: float = setting(1.0, "Longest gradient, as a norm.", RATE)
    short_first: bool = setting(
        True, "Begin with windows of a quarter, then a half, of the length (new bases only).", RATE
    )
    seed: int = setting(0, "Same seed, same result.", RATE)

    batch: int | None = setting(None, "Windows computed at once; else what suits the size.", ROOM)
    accumulate: int | None = setting(None, "Batches added up before each step.", ROOM)
    precision: str = setting(
        "auto", "Arithmetic: bf16, fp32, or auto: bf16 where the device is fast in it.", ROOM
    )
    gradient_checkpointing: bool | None = setting(
        None, "Save memory by computing activations twice; else on above 200 M parameters.", ROOM
    )
    threads: int | None = setting(None, THREADS, ROOM)

    evaluate_every: int | None = setting(
        None,
        "Steps between looks at the held-out part, each of which saves; else twenty looks.",
        LOOKING,
    )

    def complaints(self) -> Iterator[str]:
        """A sentence for each option that cannot be as it is."""
        yield from not_one_of(
            self,
            form=("short", "named", "tokens", "base"),
            optimizer=("muon", "adamw"),
            precision=PRECISIONS,
        )
        if self.steps is not None and self.hours is not None:
            yield "--steps and --hours both say how long to train; choose one."
        yield from too_low(
            self,
            vocab_size=512,
            window=16,
            steps=1,
            batch=1,
            accumulate=1,
            evaluate_every=1,
            threads=1,
            weight_decay=0,
        )
        yield from not_above_zero(self, "hours", "learning_rate", "clip")
        yield from no_seed(self)
        yield from no_share(self, "held_out", "warmup")
        if self.held_out == 0:
            yield "--held-out is 0; without a held-out part nothing can be said of the base."
        if self.window % 4:
            yield f"--window is {self.window}; it is a multiple of 4."
