"""The keywords of `train` and `pretrain`, for editors and type checkers.

Made by docs/generate.py from the settings: change those, and run it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict


class TrainKeywords(TypedDict, total=False):
    """Settings of `train`."""

    base: str
    tokenizer: str | None
    form: Literal["short", "named", "tokens", "base", "auto"]
    token_types: bool
    gap: str | None
    disentangle: bool | None
    context: int
    window: int
    held_out: float
    force: bool
    from_mimic: str | None
    replay: float
    since: str | None
    until: str | None
    thread: str | Sequence[str]
    exclude_thread: str | Sequence[str]
    service: str | Sequence[str]
    newest: str | None
    learn: Literal["persona", "all"]
    others: float
    auxiliary: float
    popular: float
    candidates: int
    lm_coef: float
    mc_coef: float
    facts: str | None
    fact_orders: int
    reverse: bool
    noise: float
    epochs: float | None
    steps: int | None
    minutes: float | None
    patience: int | None
    learning_rate: float | None
    schedule: Literal[
        "linear", "cosine", "polynomial", "inverse-sqrt", "noam", "constant", "plateau"
    ]
    power: float
    warmup: float
    weight_decay: float
    clip: float
    dropout: float
    seed: int
    batch: int | None
    accumulate: int | None
    gradient_checkpointing: bool | None
    train: str
    lora: bool
    lora_rank: int
    optimizer: Literal["adamw", "muon", "adamw8bit", "paged-adamw8bit"]
    step_in_backward: bool
    compile: bool
    precision: Literal["auto", "bf16", "fp32"]
    threads: int | None
    corpus: str | Sequence[str]
    corpus_way: Literal["first", "mix", "plateau"]
    corpus_steps: int | None
    corpus_share: float
    corpus_share_end: float
    corpus_phases: int
    evaluate_every: int | None
    select: Literal["loss", "style"]
    fit_decoding: bool
    sample_every: int | None
    canaries: bool
    tensorboard: bool


class PretrainKeywords(TypedDict, total=False):
    """Settings of `pretrain`."""

    base: str | None
    tokenizer: str | None
    size: str
    vocab_size: int
    form: Literal["short", "named", "tokens", "base"]
    window: int
    held_out: float
    half: bool
    steps: int | None
    hours: float | None
    optimizer: Literal["muon", "adamw"] | None
    learning_rate: float | None
    warmup: float
    weight_decay: float
    clip: float
    short_first: bool
    seed: int
    batch: int | None
    accumulate: int | None
    train: str
    lora_rank: int
    precision: Literal["auto", "bf16", "fp32"]
    gradient_checkpointing: bool | None
    threads: int | None
    evaluate_every: int | None
