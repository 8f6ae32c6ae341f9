"""What a training run can be asked for. The text of each field is its `--help`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chatmimic.bases import DEFAULT
from chatmimic.dates import span_of
from chatmimic.settings import SEED, SHARE, SettingsBase, above, at_least, between, setting
from chatmimic.training.optim.schedules import SCHEDULES
from chatmimic.training.optim.trainable import complaint

EPOCHS, EPOCHS_LARGE = 3.0, 2.0  # above 50 M parameters a base overfits sooner
PRECISIONS = ("auto", "bf16", "fp32")
OPTIMIZERS = ("adamw", "muon", "adamw8bit", "paged-adamw8bit")
TRAINED = "all|transformer|lora|last-N"
THREADS = "CPU threads (default: one for each idle core). The number affects results by rounding."
THREAD_COUNTS = between(1, 1024)

ALL = "all"  # of --newest
_COUNT = re.compile(r"0*[1-9]\d{0,11}", re.ASCII)

DATA, OBJECTIVE = "Data and base model", "Objective"
DURATION, OPTIMISATION = "Duration", "Optimisation"
MEMORY = "Memory and speed"
CORPUS = "Warm-up corpus"
EVALUATION = "Evaluation and logging"
LOSS, STYLE = "loss", "style"  # what selects the best checkpoint


@dataclass(frozen=True)
class TrainSettings(SettingsBase):
    """Everything that decides what a training run computes. Same settings and data, same mimic."""

    command: ClassVar[str] = "train"
    renamed: ClassVar[dict[str, str]] = {"corpus_spells": "corpus_phases"}

    persona: str = setting(
        "",
        "Person to imitate, as listed by `chatmimic people` (default: everybody).",
        DATA,
        metavar="NAME",
    )
    base: str = setting(
        DEFAULT,
        "Model to start from: starter, smollm2, a GGUF file, a folder or a Hugging Face model.",
        DATA,
        metavar="NAME|PATH",
    )
    tokenizer: str | None = setting(
        None, "Tokenizer folder or file, for a base without one.", DATA, metavar="PATH"
    )
    form: str = setting(
        "base",
        "Transcript form; `base` is the one that the base was made for, `auto` tries all.",
        DATA,
        choices=("short", "named", "tokens", "base", "auto"),
    )
    token_types: bool = setting(
        False, "Also pass each token's speaker as its token type (tokens form, GPT-2 bases).", DATA
    )
    gap: str | None = setting(
        None,
        "Silence that ends a conversation, e.g. 30m or 2h (default: estimated from the chats).",
        DATA,
        metavar="DURATION",
    )
    disentangle: bool | None = setting(
        None,
        "Separate conversations that run in parallel (default: in busy channels only).",
        DATA,
    )
    context: int = setting(
        12, "Messages of context before each of the persona's messages.", DATA, bounds=at_least(1)
    )
    window: int = setting(512, "Context length in tokens.", DATA, bounds=at_least(16))
    held_out: float = setting(
        0.1,
        "Share of the persona's latest messages to hold out for evaluation.",
        DATA,
        bounds=SHARE,
    )
    force: bool = setting(
        False,
        "Train on fewer than 50 messages, and keep a mimic that is no better than its base.",
        DATA,
    )
    from_mimic: str | None = setting(
        None,
        "Continue from this mimic, with messages newer than those it was trained on.",
        DATA,
        flag="from",
        metavar="MIMIC",
    )
    replay: float = setting(
        0.3, "Share of the older conversations to repeat, with --from.", DATA, bounds=between(0, 1)
    )

    since: str | None = setting(
        None,
        "Only messages from this date on: 2019, 2019-05, 2019-05-17 or 2019-05-17 14:30, in your "
        "time zone unless an offset such as +02:00 follows.",
        DATA,
        metavar="DATE",
    )
    until: str | None = setting(
        None,
        "Only messages up to this date, including all of that year, month or day.",
        DATA,
        metavar="DATE",
    )
    thread: tuple[str, ...] = setting(
        (),
        "Only this thread, a name or number listed by `chatmimic threads`. Repeatable.",
        DATA,
        metavar="NAME",
    )
    exclude_thread: tuple[str, ...] = setting(
        (), "Leave this thread out. Repeatable.", DATA, metavar="NAME"
    )
    service: tuple[str, ...] = setting(
        (), "Only messages of this service, e.g. discord. Repeatable.", DATA, metavar="NAME"
    )
    newest: str | None = setting(
        None,
        "Train on the newest N messages of the persona, or on all of them (default on a CPU: as "
        "many as take about 20 minutes).",
        DATA,
        metavar="N|all",
    )

    learn: str = setting(
        "persona", "Whose words to train on.", OBJECTIVE, choices=("persona", "all")
    )
    others: float = setting(
        0.0,
        "Loss weight of other people's words; the persona's is 1.",
        OBJECTIVE,
        bounds=at_least(0),
    )
    auxiliary: float = setting(
        0.0,
        "Weight λ of an auxiliary language-model loss on all words: the same as --others λ/(1+λ).",
        OBJECTIVE,
        bounds=at_least(0),
    )
    popular: float = setting(
        0.0,
        "Extra loss weight of messages that got a reaction or a reply.",
        OBJECTIVE,
        bounds=at_least(0),
    )
    candidates: int = setting(
        0,
        "Candidates of a next-utterance head, which picks the real reply among others of the "
        "persona's; 0: no head.",
        OBJECTIVE,
        bounds=at_least(0),
    )
    lm_coef: float = setting(
        1.0, "Weight of the language-model loss, with --candidates.", OBJECTIVE, bounds=at_least(0)
    )
    mc_coef: float = setting(
        1.0, "Weight of the next-utterance loss, with --candidates.", OBJECTIVE, bounds=at_least(0)
    )
    facts: str | None = setting(
        None,
        "Text file of facts about the persona, one per line, to put before every conversation.",
        OBJECTIVE,
        metavar="FILE",
    )
    fact_orders: int = setting(
        1, "Number of orders in which the facts are shown, in turn.", OBJECTIVE, bounds=at_least(1)
    )
    reverse: bool = setting(
        False,
        "Train a reverse model, which predicts a message from its reply, to rank replies.",
        OBJECTIVE,
    )
    noise: float = setting(
        0.0,
        "Share of the input tokens to replace with random ones; targets are unchanged.",
        OBJECTIVE,
        bounds=SHARE,
    )

    epochs: float | None = setting(
        None,
        f"Passes over the data (default: {EPOCHS:g}, and {EPOCHS_LARGE:g} above 50 M parameters).",
        DURATION,
        bounds=above(0),
    )
    steps: int | None = setting(
        None, "Optimiser steps, instead of --epochs.", DURATION, bounds=at_least(1)
    )
    minutes: float | None = setting(
        None,
        "Minutes the run may take, instead of --epochs; the first steps are timed.",
        DURATION,
        bounds=above(0),
    )
    patience: int | None = setting(
        None,
        "Early stopping: stop after this many evaluations in a row without improvement.",
        DURATION,
        bounds=at_least(1),
    )

    learning_rate: float | None = setting(
        None,
        "Peak learning rate (default: 3e-4 up to 50 M parameters, 2e-4 up to 200 M, 5e-5 above; "
        "four times as much with LoRA).",
        OPTIMISATION,
        bounds=above(0),
    )
    schedule: str = setting(
        "linear",
        "Learning-rate schedule. inverse-sqrt and noam are the same; plateau halves the rate after "
        "two evaluations without improvement.",
        OPTIMISATION,
        choices=tuple(SCHEDULES),
    )
    power: float = setting(
        2.0, "Exponent of the polynomial schedule.", OPTIMISATION, bounds=above(0)
    )
    warmup: float = setting(
        0.05, "Share of the steps in which the learning rate rises.", OPTIMISATION, bounds=SHARE
    )
    weight_decay: float = setting(
        0.01, "Weight decay of matrices; not of biases and norms.", OPTIMISATION, bounds=at_least(0)
    )
    clip: float = setting(1.0, "Maximum gradient norm.", OPTIMISATION, bounds=above(0))
    dropout: float = setting(
        0.0,
        "Dropout probability. GPT-2's own, 0.1, makes a block 60 % slower on a CPU.",
        OPTIMISATION,
        bounds=SHARE,
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
    gradient_checkpointing: bool | None = setting(
        None,
        "Recompute activations in the backward pass to save memory (default: above 200 M "
        "parameters).",
        MEMORY,
    )
    train: str = setting(
        "auto",
        "Parameters to train: all of them, the transformer without its embeddings, its last N "
        "blocks, or LoRA adapters. auto is lora for a base above 50 M parameters on a CPU, else "
        "all.",
        MEMORY,
        metavar=f"[auto|{TRAINED}]",
    )
    lora: bool = setting(False, "The same as --train lora.", MEMORY)
    lora_rank: int = setting(16, "Rank of the LoRA matrices.", MEMORY, bounds=at_least(1))
    optimizer: str = setting(
        "adamw",
        "Optimiser. The moments of adamw8bit take a quarter of the memory; paged-adamw8bit needs "
        "CUDA.",
        MEMORY,
        choices=OPTIMIZERS,
    )
    step_in_backward: bool = setting(
        False,
        "Step inside the backward pass, so that gradients are never all in memory: one "
        "micro-batch per step, and each matrix's gradient is clipped on its own.",
        MEMORY,
    )
    compile: bool = setting(
        False,
        "Compile the model (torch.compile), which takes minutes before the first step.",
        MEMORY,
    )
    precision: str = setting(
        "auto",
        "Arithmetic. auto is bf16 where the device is fast at it.",
        MEMORY,
        choices=PRECISIONS,
    )
    threads: int | None = setting(None, THREADS, MEMORY, bounds=THREAD_COUNTS)

    corpus: tuple[str, ...] = setting(
        (),
        "Corpus of `chatmimic import --corpus` to train on as well. Repeatable.",
        CORPUS,
        metavar="NAME",
    )
    corpus_way: str = setting(
        "plateau",
        "When to read it: first, before the persona; mix, as a share of each step; plateau, in a "
        "phase of its own whenever the held-out loss stalls.",
        CORPUS,
        choices=("first", "mix", "plateau"),
    )
    corpus_steps: int | None = setting(
        None,
        "Steps on the corpus, at first or in each phase (default: an eighth of all, at most "
        "1,500).",
        CORPUS,
        bounds=at_least(1),
    )
    corpus_share: float = setting(
        0.3, "Its share of the windows of a step, with mix.", CORPUS, bounds=SHARE
    )
    corpus_share_end: float = setting(
        0.0, "That share in the last step; it changes linearly.", CORPUS, bounds=SHARE
    )
    corpus_phases: int = setting(
        3, "Maximum number of phases, with plateau.", CORPUS, bounds=at_least(1)
    )

    evaluate_every: int | None = setting(
        None,
        "Evaluate and save a checkpoint every N steps (default: ten times a run, six where an "
        "evaluation is slow).",
        EVALUATION,
        metavar="N",
        bounds=at_least(1),
    )
    select: str = setting(
        LOSS,
        "What makes a checkpoint the best: the held-out loss, or the style of a few replies "
        "generated at each evaluation. With style, a run ends when replies repeat training data "
        "(needs scikit-learn).",
        EVALUATION,
        choices=(LOSS, STYLE),
    )
    fit_decoding: bool = setting(
        True,
        "At the end, choose the temperature, top-p and message length with which replies are most "
        "like the persona's messages. Left out where --minutes is too short for it.",
        EVALUATION,
    )
    sample_every: int | None = setting(
        None,
        "Show sample replies beside the real ones every N steps.",
        EVALUATION,
        metavar="N",
        bounds=at_least(1),
    )
    canaries: bool = setting(
        False,
        "Plant ten made-up secrets in the training data; `chatmimic evaluate` then tells how well "
        "the mimic keeps them. Not for a mimic to chat with.",
        EVALUATION,
    )
    tensorboard: bool = setting(
        False, "Write TensorBoard event files into the run's folder.", EVALUATION
    )

    @property
    def newest_messages(self) -> int | None:
        """How many of the persona's messages to read at the most; None: all."""
        return None if self.newest in (None, ALL) else int(self.newest)

    @property
    def trained(self) -> str:
        """What is trained, however it was said."""
        return "lora" if self.lora else self.train

    @property
    def others_weight(self) -> float:
        """What a word of somebody else weighs beside one of the persona's."""
        if self.learn == "all":
            return 1.0
        return self.auxiliary / (1 + self.auxiliary) if self.auxiliary else self.others

    def conflicts(self) -> Iterator[str]:
        """A sentence for each rule about several settings that is broken."""
        yield from filter(None, [complaint(self.train)])
        yield from self._about_data()
        yield from self._about_optimisation()
        if self.steps is not None and self.minutes is not None:
            yield "--steps and --minutes both say how long to train; choose one."
        if sum((self.learn == "all", self.others > 0, self.auxiliary > 0)) > 1:
            yield "--learn all, --others and --auxiliary say the same thing; choose one."
        if self.select == STYLE and (not self.persona or self.reverse):
            yield (
                "--select style is about the replies of one person: add --persona NAME, and leave "
                "--reverse out."
            )
        if not self.persona and (self.reverse or self.facts):
            yield "--reverse and --facts are about one person: add --persona NAME."
        if self.token_types and self.form in ("short", "named"):
            yield "--token-types needs --form tokens."
        if self.candidates == 1:
            yield "--candidates is 1; it takes two to choose from, or 0."
        if self.candidates and self.token_types:
            yield "--candidates and --token-types do not go together."

    def _about_data(self) -> Iterator[str]:
        wrong = [*_date_complaint("--since", self.since), *_date_complaint("--until", self.until)]
        yield from wrong
        if not wrong and self.since and self.until and _is_empty(self.since, self.until):
            yield f"--until {self.until} is before --since {self.since}."
        if self.newest not in (None, ALL) and not _COUNT.fullmatch(str(self.newest)):
            yield f'--newest is "{self.newest}"; it must be a number of messages, or all.'
        if self.held_out == 0:
            yield "--held-out is 0; without held-out messages a mimic cannot be evaluated."
        if self.gap is not None:
            yield from _gap_complaint(self.gap)

    def _about_optimisation(self) -> Iterator[str]:
        if self.lora and self.train not in ("auto", "lora"):
            yield "--lora and --train contradict each other; choose one."
        if self.step_in_backward and (self.accumulate or 1) > 1:
            yield "--step-in-backward takes one micro-batch a step: leave --accumulate out."
        if self.step_in_backward and self.corpus and self.corpus_way == "mix":
            yield (
                "--step-in-backward takes one micro-batch a step: choose another --corpus-way "
                "than mix."
            )
        if self.corpus and self.corpus_way == "plateau" and self.patience == 1:
            yield "--patience 1 stops a run before it can be said to stall: choose 2 or more."


def _date_complaint(option: str, written: str | None) -> Iterator[str]:
    if written is not None:
        try:
            span_of(written)
        except ValueError as error:
            yield f"{option}: {error}"


def _is_empty(since: str, until: str) -> bool:
    """Whether nothing can have been said between two dates."""
    return span_of(until)[1] <= span_of(since)[0]


def _gap_complaint(gap: str) -> Iterator[str]:
    from chatmimic.conversations import parse_gap

    try:
        parse_gap(gap)
    except ValueError as error:
        yield f"--gap: {error}"
