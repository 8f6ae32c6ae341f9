"""What a training can be asked for. The sentence under each field is its `--help`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chatmimic.training.asked import (
    PRECISIONS,
    Asked,
    no_share,
    not_above_zero,
    not_one_of,
    setting,
    too_low,
)


@dataclass(frozen=True)
class Settings(Asked):
    """Everything that decides what a training computes. Same settings and data, same mimic."""

    command: ClassVar[str] = "train"

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

    def complaints(self) -> Iterator[str]:
        """A sentence for each option that cannot be as it is."""
        yield from not_one_of(
            self,
            form=("named", "tokens", "base", "auto"),
            learn=("persona", "all"),
            precision=PRECISIONS,
        )
        if self.token_types and self.form == "named":
            yield "--token-types needs --form tokens."
        if self.steps is not None and self.minutes is not None:
            yield "--steps and --minutes both say how long to train; choose one."
        yield from too_low(
            self,
            context=1,
            window=16,
            steps=1,
            batch=1,
            accumulate=1,
            evaluate_every=1,
            weight_decay=0,
        )
        yield from not_above_zero(self, "epochs", "minutes", "learning_rate", "clip")
        yield from no_share(self, "held_out", "warmup", "dropout")
        if self.held_out == 0:
            yield "--held-out is 0; without a held-out part nothing can be said of the mimic."
        if self.gap is not None:
            yield from _gap_complaint(self.gap)


def _gap_complaint(gap: str) -> Iterator[str]:
    from chatmimic.conversations import parse_gap

    try:
        parse_gap(gap)
    except ValueError as error:
        yield f"--gap: {error}"
