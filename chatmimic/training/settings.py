"""What a training can be asked for. The sentence under each field is its `--help`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from chatmimic.errors import TrainingError


def setting(default: Any, sentence: str) -> Any:
    """A field of settings, with its default and the sentence that is its help."""
    return field(default=default, metadata={"help": sentence})


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a training computes. Same settings and data, same mimic."""

    persona: str = setting("", "Whose manner to learn: a name of `chatmimic people`.")
    base: str = setting(
        "gpt2-medium", "Model to start from: `starter`, a name on the model hub, or a folder."
    )
    tokenizer: str | None = setting(
        None, "Folder or file of the base's tokenizer, where the base has none of its own."
    )
    form: str = setting(
        "base",
        "Written form: named, tokens, base (what the base was made for), or auto (try both).",
    )
    token_types: bool = setting(
        False, "Mark every token with its speaker too (tokens form, GPT-2 bases)."
    )
    learn: str = setting("persona", "Whose words to learn: persona, or all for everybody's.")
    gap: str | None = setting(
        None, "Silence that ends a conversation, such as 30m or 2h; else from the chats."
    )
    context: int = setting(12, "Messages before each of the persona's that are read with it.")
    window: int = setting(512, "Tokens the model sees at once.")
    held_out: float = setting(0.1, "Share of the persona's messages, the latest, to test on.")
    epochs: float = setting(3.0, "Times to read everything.")
    steps: int | None = setting(None, "Steps to take, in place of --epochs.")
    minutes: float | None = setting(
        None, "About how long to train, in place of --epochs: the first steps are timed."
    )
    batch: int | None = setting(
        None, "Windows computed at once; else what suits the size of the base."
    )
    accumulate: int | None = setting(None, "Batches added up before each step.")
    learning_rate: float | None = setting(
        None, "Highest learning rate; else 1e-3 below 50 M parameters and 5e-5 above."
    )
    warmup: float = setting(0.05, "Share of the steps in which the learning rate rises.")
    weight_decay: float = setting(0.01, "Pull of the matrices towards zero; not biases or norms.")
    clip: float = setting(1.0, "Longest gradient, as a norm.")
    dropout: float = setting(0.0, "Dropout. GPT-2's own 0.1 makes a block 60 % slower on a CPU.")
    gradient_checkpointing: bool | None = setting(
        None, "Save memory by computing activations twice; else on above 200 M parameters."
    )
    precision: str = setting(
        "auto", "Arithmetic: bf16, fp32, or auto: bf16 where the device is fast in it."
    )
    evaluate_every: int | None = setting(
        None, "Steps between looks at the held-out part, each of which saves; else ten looks."
    )
    seed: int = setting(0, "Same seed, same result.")

    def __post_init__(self) -> None:
        """Refuse what cannot be, all of it at once, by option name. Raises TrainingError."""
        wrong = list(_complaints(self))
        if wrong:
            raise TrainingError(" ".join(wrong), "See `chatmimic train --help`.")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """The inverse of `as_dict`; unknown names are left out."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


def _complaints(s: Settings) -> Iterator[str]:
    if s.form not in ("base", "auto", "named", "tokens"):
        yield f'--form is "{s.form}"; it can be named, tokens, base or auto.'
    if s.learn not in ("persona", "all"):
        yield f'--learn is "{s.learn}"; it can be persona or all.'
    if s.precision not in ("auto", "bf16", "fp32"):
        yield f'--precision is "{s.precision}"; it can be auto, bf16 or fp32.'
    if s.token_types and s.form == "named":
        yield "--token-types needs --form tokens."
    if sum(v is not None for v in (s.steps, s.minutes)) > 1:
        yield "--steps and --minutes both say how long to train; choose one."
    low: list[tuple[str, float | None, float]] = [
        ("context", s.context, 1),
        ("window", s.window, 16),
        ("steps", s.steps, 1),
        ("batch", s.batch, 1),
        ("accumulate", s.accumulate, 1),
        ("evaluate-every", s.evaluate_every, 1),
        ("weight-decay", s.weight_decay, 0),
    ]
    for name, value, least in low:
        if value is not None and not least <= value < math.inf:
            yield f"--{name} is {value:g}; it is at least {least:g}."
    above: list[tuple[str, float | None]] = [
        ("epochs", s.epochs),
        ("minutes", s.minutes),
        ("learning-rate", s.learning_rate),
        ("clip", s.clip),
    ]
    for name, value in above:
        if value is not None and not 0 < value < math.inf:
            yield f"--{name} is {value:g}; it is above 0."
    for name, value in (("held-out", s.held_out), ("warmup", s.warmup), ("dropout", s.dropout)):
        if not 0 <= value < 1:
            yield f"--{name} is {value:g}; it is at least 0 and below 1."
    if s.held_out == 0:
        yield "--held-out is 0; without a held-out part nothing can be said of the mimic."
    if s.gap is not None:
        from chatmimic.conversations import parse_gap

        try:
            parse_gap(s.gap)
        except ValueError as error:
            yield f"--gap: {error}"
