"""What a pretraining run can be asked for. The text of each field is its `--help`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chatmimic.settings import SEED, SHARE, SettingsBase, above, at_least, setting
from chatmimic.training.optim.trainable import complaint
from chatmimic.training.settings import (
    DATA,
    DURATION,
    EVALUATION,
    MEMORY,
    OPTIMISATION,
    PRECISIONS,
    THREAD_COUNTS,
    THREADS,
    TRAINED,
)


@dataclass(frozen=True)
class PretrainSettings(SettingsBase):
    """Everything that decides what a pretraining computes. Same settings and data, same base."""

    command: ClassVar[str] = "pretrain"

    base: str | None = setting(
        None,
        "Base to warm up (default: a new one is made).",
        DATA,
        metavar="NAME|PATH",
    )
    tokenizer: str | None = setting(
        None,
        "Tokenizer folder or file (default: a new base learns one from the corpora).",
        DATA,
        metavar="PATH",
    )
    size: str = setting(
        "small",
        "Size of a new base; or LAYERSxWIDTH, e.g. 6x256.",
        DATA,
        metavar="[tiny|small|medium|large|gpt2|LAYERSxWIDTH]",
    )
    vocab_size: int = setting(
        8192, "Vocabulary size of a new base's tokenizer.", DATA, bounds=at_least(512)
    )
    form: str = setting(
        "base",
        "Transcript form; `base` is tokens for a new base, else the one it was made for.",
        DATA,
        choices=("short", "named", "tokens", "base"),
    )
    window: int = setting(
        512, "Context length in tokens, a multiple of 4.", DATA, bounds=at_least(16)
    )
    held_out: float = setting(
        0.01,
        "Share of the latest messages of each corpus to hold out for evaluation.",
        DATA,
        bounds=SHARE,
    )
    half: bool = setting(True, "Save the weights in half precision.", DATA)

    steps: int | None = setting(
        None,
        "Optimiser steps (default: one pass over the corpora).",
        DURATION,
        bounds=at_least(1),
    )
    hours: float | None = setting(
        None,
        "Hours the run may take, instead of --steps; the first steps are timed.",
        DURATION,
        bounds=above(0),
    )

    optimizer: str | None = setting(
        None,
        "Optimiser (default: muon for a new base, adamw for one that is warmed up).",
        OPTIMISATION,
        choices=("muon", "adamw"),
    )
    learning_rate: float | None = setting(
        None,
        "Peak learning rate; Muon's is six times that (default: 3e-3 for a new base, 1e-4 to warm "
        "one up, 1e-3 with LoRA).",
        OPTIMISATION,
        bounds=above(0),
    )
    warmup: float = setting(
        0.02, "Share of the steps in which the learning rate rises.", OPTIMISATION, bounds=SHARE
    )
    weight_decay: float = setting(
        0.05, "Weight decay of matrices; not of biases and norms.", OPTIMISATION, bounds=at_least(0)
    )
    clip: float = setting(1.0, "Maximum gradient norm.", OPTIMISATION, bounds=above(0))
    short_first: bool = setting(
        True,
        "Begin with a quarter, then half of the context length (new bases only).",
        OPTIMISATION,
    )
    seed: int = setting(0, "Random seed: same seed, same result.", OPTIMISATION, bounds=SEED)

    batch: int | None = setting(
        None,
        "Micro-batch size in windows (default: depends on the size of the base).",
        MEMORY,
        bounds=at_least(1),
    )
    accumulate: int | None = setting(
        None, "Gradient accumulation steps.", MEMORY, bounds=at_least(1)
    )
    train: str = setting(
        "all",
        "Parameters to train when a base is warmed up. With lora, the adapter is also saved beside "
        "the base.",
        MEMORY,
        metavar=f"[{TRAINED}]",
    )
    lora_rank: int = setting(16, "Rank of the LoRA matrices.", MEMORY, bounds=at_least(1))
    precision: str = setting(
        "auto",
        "Arithmetic. auto is bf16 where the device is fast at it.",
        MEMORY,
        choices=PRECISIONS,
    )
    gradient_checkpointing: bool | None = setting(
        None,
        "Recompute activations in the backward pass to save memory (default: above 200 M "
        "parameters).",
        MEMORY,
    )
    threads: int | None = setting(None, THREADS, MEMORY, bounds=THREAD_COUNTS)

    evaluate_every: int | None = setting(
        None,
        "Evaluate and save a checkpoint every N steps (default: twenty times a run).",
        EVALUATION,
        metavar="N",
        bounds=at_least(1),
    )

    def conflicts(self) -> Iterator[str]:
        """A sentence for each rule about several settings that is broken."""
        if wrong := complaint(self.train):
            yield wrong
        elif self.train != "all" and self.base is None:
            yield f"--train {self.train} is for a base that is warmed up: add --base."
        if self.steps is not None and self.hours is not None:
            yield "--steps and --hours both say how long to train; choose one."
        if self.held_out == 0:
            yield "--held-out is 0; without held-out messages a base cannot be evaluated."
        if self.window % 4:
            yield f"--window is {self.window}; it must be a multiple of 4."
