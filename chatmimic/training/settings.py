"""What a training can be asked for. The sentence under each field is its `--help`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chatmimic.bases import DEFAULT
from chatmimic.dates import span_of
from chatmimic.training.adapters import complaint
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
from chatmimic.training.schedules import SCHEDULES

EPOCHS, EPOCHS_LARGE = 3.0, 2.0  # above 50 M parameters a base overfits sooner
OPTIMIZERS = ("adamw", "muon", "adamw8bit", "paged-adamw8bit")

ALL = "all"  # of --newest
_COUNT = re.compile(r"0*[1-9]\d{0,11}", re.ASCII)

WHO, WORDS = "Whom, and from what", "What is learnt"
LENGTH, RATE = "How long", "How fast it learns"
CORPUS = "Warm-up on a corpus"
ROOM = "Memory and speed"
LOOKING = "While it trains"


@dataclass(frozen=True)
class Settings(Asked):
    """Everything that decides what a training computes. Same settings and data, same mimic."""

    command: ClassVar[str] = "train"

    persona: str = setting(
        "", "Whose manner to learn: a name of `chatmimic people`; else everybody's.", WHO
    )
    base: str = setting(
        DEFAULT,
        "Model to start from: `starter`, `smollm2`, a GGUF file, a folder, or a hub's name.",
        WHO,
    )
    tokenizer: str | None = setting(
        None, "Folder or file of the base's tokenizer, where the base has none of its own.", WHO
    )
    form: str = setting(
        "base",
        "Written form: short, named, tokens, base (what the base was made for), or auto (try all).",
        WHO,
    )
    token_types: bool = setting(
        False, "Mark every token with its speaker too (tokens form, GPT-2 bases).", WHO
    )
    gap: str | None = setting(
        None, "Silence that ends a conversation, such as 30m or 2h; else from the chats.", WHO
    )
    disentangle: bool | None = setting(
        None, "Tell conversations apart that go on at once; else in busy channels only.", WHO
    )
    context: int = setting(12, "Messages before each of the persona's that are read with it.", WHO)
    window: int = setting(512, "Tokens the model sees at once.", WHO)
    held_out: float = setting(0.1, "Share of the persona's messages, the latest, to test on.", WHO)
    force: bool = setting(
        False,
        "Learn from fewer than 50 messages, and keep a mimic that gained nothing.",
        WHO,
    )
    from_mimic: str | None = setting(
        None, "Go on from this mimic with what is newer than what it learnt.", WHO, flag="from"
    )
    replay: float = setting(
        0.3, "Share of the older conversations that are read again, with --from.", WHO
    )

    since: str | None = setting(
        None,
        "Read only what was said from then on: 2019, 2019-05, 2019-05-17 or 2019-05-17 14:30, "
        "in your time zone unless +02:00 follows.",
        WHO,
        value="DATE",
    )
    until: str | None = setting(
        None,
        "Read only what was said until then, all of that year, month or day included.",
        WHO,
        value="DATE",
    )
    thread: tuple[str, ...] = setting(
        (),
        "Read only this thread: a name or number of `chatmimic threads`. May be repeated.",
        WHO,
        value="NAME",
    )
    exclude_thread: tuple[str, ...] = setting(
        (), "Leave this thread out. May be repeated.", WHO, value="NAME"
    )
    service: tuple[str, ...] = setting(
        (),
        "Read only what comes from this service, such as discord. May be repeated.",
        WHO,
        value="NAME",
    )
    newest: str | None = setting(
        None,
        "How many of the persona's messages to read, the newest: a number, or all; else, on a "
        "processor, as many as about 20 minutes are enough for.",
        WHO,
        value="N|all",
    )

    learn: str = setting("persona", "Whose words to learn: persona, or all for everybody's.", WORDS)
    others: float = setting(
        0.0, "Weight of the others' words, beside the persona's 1: 0.2 learns them a little.", WORDS
    )
    auxiliary: float = setting(
        0.0,
        "λ of an auxiliary language model of all words: --others λ/(1+λ), said otherwise.",
        WORDS,
    )
    popular: float = setting(0.0, "Added weight of messages that got a reaction or a reply.", WORDS)
    candidates: int = setting(
        0,
        "Learn also to tell the real reply from others of the persona's, among so many; 0 is off.",
        WORDS,
    )
    lm_coef: float = setting(1.0, "Weight of the words' loss, with --candidates.", WORDS)
    mc_coef: float = setting(1.0, "Weight of the choice's loss, with --candidates.", WORDS)
    facts: str | None = setting(
        None, "A text file with a fact of the persona on each line, read before every talk.", WORDS
    )
    fact_orders: int = setting(1, "Orders in which the facts are read, by turns.", WORDS)
    reverse: bool = setting(
        False, "Learn what a reply answers, from its end: a model to rank replies with.", WORDS
    )
    noise: float = setting(
        0.0, "Share of the tokens read that are replaced by random ones; never those learnt.", WORDS
    )

    epochs: float | None = setting(
        None,
        f"Times to read everything; else {EPOCHS:g}, and {EPOCHS_LARGE:g} with a base above 50 M "
        "parameters.",
        LENGTH,
    )
    steps: int | None = setting(None, "Steps to take, in place of --epochs.", LENGTH)
    minutes: float | None = setting(
        None, "About how long to train, in place of --epochs: the first steps are timed.", LENGTH
    )
    patience: int | None = setting(
        None, "Stop after so many looks in a row that were no better than the best.", LENGTH
    )

    learning_rate: float | None = setting(
        None,
        "Highest learning rate; else 3e-4 up to 50 M parameters, 2e-4 up to 200 M, 5e-5 above.",
        RATE,
    )
    schedule: str = setting(
        "linear",
        "How the rate falls: linear, cosine, polynomial, inverse-sqrt (or noam), constant, or "
        "plateau: halved after two looks that were no better.",
        RATE,
    )
    power: float = setting(2.0, "Degree of --schedule polynomial.", RATE)
    warmup: float = setting(0.05, "Share of the steps in which the learning rate rises.", RATE)
    weight_decay: float = setting(
        0.01, "Pull of the matrices towards zero; not biases or norms.", RATE
    )
    clip: float = setting(1.0, "Longest gradient, as a norm.", RATE)
    dropout: float = setting(
        0.0, "Dropout. GPT-2's own 0.1 makes a block 60 % slower on a CPU.", RATE
    )
    seed: int = setting(0, "Same seed, same result.", RATE)

    batch: int | None = setting(
        None, "Windows computed at once; else what suits the size of the base.", ROOM
    )
    accumulate: int | None = setting(None, "Batches added up before each step.", ROOM)
    gradient_checkpointing: bool | None = setting(
        None, "Save memory by computing activations twice; else on above 200 M parameters.", ROOM
    )
    train: str = setting(
        "auto",
        "What is trained: all, transformer (not the embeddings), last-N (the last N blocks), "
        "lora (small matrices beside the fixed ones), or auto: lora for a base above 50 M "
        "parameters on a processor, else all.",
        ROOM,
    )
    lora: bool = setting(False, "The same as --train lora.", ROOM)
    lora_rank: int = setting(16, "Rank of LoRA's matrices.", ROOM)
    optimizer: str = setting(
        "adamw",
        "adamw, muon, adamw8bit (moments in a quarter of the room), or paged-adamw8bit (CUDA).",
        ROOM,
    )
    step_in_backward: bool = setting(
        False,
        "Step inside the backward pass: gradients are never all there. One batch a step; each "
        "matrix' gradient is clipped by itself.",
        ROOM,
    )
    compile: bool = setting(
        False, "Compile the model first (torch.compile): minutes before the first step.", ROOM
    )
    precision: str = setting(
        "auto", "Arithmetic: bf16, fp32, or auto: bf16 where the device is fast in it.", ROOM
    )

    threads: int | None = setting(None, THREADS, ROOM)

    corpus: tuple[str, ...] = setting(
        (), "A corpus of `chatmimic import --corpus` to read along. May be repeated.", CORPUS
    )
    corpus_way: str = setting(
        "plateau",
        "When: first (steps on it, then the persona), mix (a share of each step), or plateau "
        "(spells on it whenever the held-out loss stalls).",
        CORPUS,
    )
    corpus_steps: int | None = setting(
        None,
        "Steps on it: at first, or in each spell; else an eighth of all, at most 1,500.",
        CORPUS,
    )
    corpus_share: float = setting(0.3, "Share of the windows of a step, with mix.", CORPUS)
    corpus_share_end: float = setting(0.0, "That share at the end; it falls in a line.", CORPUS)
    corpus_spells: int = setting(3, "Spells at the most, with plateau.", CORPUS)

    evaluate_every: int | None = setting(
        None,
        "Steps between evaluations on the held-out part, each of which saves; else ten a training, "
        "and six where they take long.",
        LOOKING,
    )
    sample_every: int | None = setting(
        None, "Steps between sample replies, shown beside the real ones.", LOOKING
    )
    tensorboard: bool = setting(
        False, "Write event files for TensorBoard into the run's folder.", LOOKING
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

    def complaints(self) -> Iterator[str]:
        """A sentence for each option that cannot be as it is."""
        yield from not_one_of(
            self,
            form=("short", "named", "tokens", "base", "auto"),
            learn=("persona", "all"),
            precision=PRECISIONS,
            schedule=SCHEDULES,
            corpus_way=("first", "mix", "plateau"),
            optimizer=OPTIMIZERS,
        )
        if self.token_types and self.form in ("short", "named"):
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
            patience=1,
            weight_decay=0,
            others=0,
            auxiliary=0,
            popular=0,
            corpus_steps=1,
            corpus_spells=1,
            fact_orders=1,
            lora_rank=1,
            sample_every=1,
            threads=1,
            candidates=0,
            lm_coef=0,
            mc_coef=0,
        )
        yield from not_above_zero(self, "epochs", "minutes", "learning_rate", "clip", "power")
        yield from no_share(
            self, "held_out", "warmup", "dropout", "noise", "corpus_share", "corpus_share_end"
        )
        yield from no_seed(self)
        if not 0 <= self.replay <= 1:
            yield f"--replay is {self.replay:g}; it is from 0 to 1."
        if self.held_out == 0:
            yield "--held-out is 0; without a held-out part nothing can be said of the mimic."
        if sum((self.learn == "all", self.others > 0, self.auxiliary > 0)) > 1:
            yield "--learn all, --others and --auxiliary say the same thing; choose one."
        if not self.persona and (self.reverse or self.facts):
            yield "--reverse and --facts are about one person: add --persona NAME."
        yield from self._doubts()
        yield from self._choice_complaints()
        if self.gap is not None:
            yield from _gap_complaint(self.gap)

    def _choice_complaints(self) -> Iterator[str]:
        """What cannot be chosen of the archive."""
        wrong = [*_date_complaint("--since", self.since), *_date_complaint("--until", self.until)]
        yield from wrong
        if not wrong and self.since and self.until and _is_empty(self.since, self.until):
            yield f"--until {self.until} is before --since {self.since}."
        if self.newest not in (None, ALL) and not _COUNT.fullmatch(str(self.newest)):
            yield f'--newest is "{self.newest}"; it is a number of messages, or all.'

    def _doubts(self) -> Iterator[str]:
        """What is asked for at once and does not go together."""
        yield from filter(None, [complaint(self.train)])
        if self.candidates == 1:
            yield "--candidates is 1; it takes two to choose from, or 0."
        if self.candidates and self.token_types:
            yield "--candidates and --token-types do not go together."
        if self.lora and self.train not in ("auto", "lora"):
            yield "--lora and --train say different things; choose one."
        if self.step_in_backward and (self.accumulate or 1) > 1:
            yield "--step-in-backward takes one batch a step: leave --accumulate out."
        if self.step_in_backward and self.corpus and self.corpus_way == "mix":
            yield "--step-in-backward takes one batch a step: choose another --corpus-way than mix."
        if self.corpus and self.corpus_way == "plateau" and self.patience == 1:
            yield "--patience 1 ends the training before a stall is one: choose 2, or more."


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
