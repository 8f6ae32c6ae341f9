"""One pretraining from corpora to a base: its folder, what it prepares, and what it leaves.

The same windows, loop, checkpoints and lock as a mimic's training; what differs is what is read
(corpora, everybody's words learnt, retold under invented names) and what comes out (a base).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatmimic import bases
from chatmimic.bases.loading import empty_model, load_model, load_tokenizer, quiet
from chatmimic.bases.new import layers_and_width, learn_tokenizer, new_base
from chatmimic.corpora import Corpus
from chatmimic.errors import TrainingError
from chatmimic.files import private_folder, whole_folder, write_whole
from chatmimic.folders import Label
from chatmimic.home import Home
from chatmimic.lock import Lock
from chatmimic.machine import threads_kept
from chatmimic.training.corpus_windows import (
    check_corpora,
    corpus_facts,
    corpus_texts,
    read_windows,
    write_corpora,
)
from chatmimic.training.duration import say_how_long
from chatmimic.training.figures import Figures
from chatmimic.training.finish import save_model, versions
from chatmimic.training.loop import Loop
from chatmimic.training.loss import Learner, head_is_plain, keeps_apart
from chatmimic.training.plan import CHECKPOINTED, LARGE, Plan
from chatmimic.training.precision import choose_precision
from chatmimic.training.prepared import explained, read_ready, write_ready
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.training.several import check_alone
from chatmimic.training.unfinished import find_unfinished
from chatmimic.training.work import Stopped, Watcher, Work
from chatmimic.transcript import Cast, Form, make_form, natural_form, prepare
from chatmimic.transcript.tokens import SPECIAL_TOKENS

LOOK, FINAL = 128, 512  # held-out windows at each look, and at the end
SHORTER = {"--hours 8": 8 * 3600, "--hours 1": 3600, "--hours 0.1": 360}
BASE_FILE = "base.json"


@dataclass(frozen=True)
class Pretrained:
    """A finished pretraining: the base's folder, its figures, and what it read."""

    name: str
    path: Path
    before: float  # held-out loss before the first step, nats a token
    figures: Figures
    facts: dict[str, Any]
    tokens_per_second: float
    notes: tuple[str, ...]


class Pretraining(Work):
    """A training of a base. `start` begins one, `resume` goes on with one.

    Raises TrainingError where several processes are to do it together.
    """

    what, makes = "pretraining", "base"

    def __init__(self, home: Home, name: str, watcher: Watcher) -> None:
        super().__init__(home, name, (home.pretrainings, home.bases), watcher)
        check_alone(self.ranks, "pretrain")

    def start(
        self, corpora: Sequence[Corpus], settings: PretrainSettings, *, replace: bool = False
    ) -> Pretrained | Stopped:
        """Train from the beginning. Raises ArchiveError, BaseError and TrainingError.

        A finished base of that name stays, and the new one gets another; an unfinished pretraining
        is refused. `replace` says to replace the one in the end, and to drop the other.
        """
        _check_asked(settings)
        self.home.make()
        self.claim(Label(self.name), replace=replace)
        with self._at_work():
            self.clear()
            return self._go(self._prepare(corpora, settings))

    def resume(self) -> Pretrained | Stopped:
        """Go on with one that was stopped or killed. Raises TrainingError for none.

        Every shard is compared with its digest first.
        """
        self.settle(find_unfinished(self.home.pretrainings, self.name, "pretraining"))
        with self._at_work():
            ready = read_ready(self.folder)
            saved, passed = self.latest()
            loop = self._reopen(ready, weights=saved is None)
            self.go_on(loop, saved=saved, passed=passed)
            return self._go(loop)

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        """Nobody else in the folder; faults of its disk in our words."""
        lock = Lock(self.folder / "lock", self.name)
        with lock, explained(self.folder), quiet(), threads_kept():
            yield

    # -- preparing ---------------------------------------------------------------------------

    def _prepare(self, corpora: Sequence[Corpus], settings: PretrainSettings) -> Loop:
        """Base, shards and plan, all of it on disk before the first step."""
        base = self._open_base(corpora, settings)
        name = natural_form(base.tokenizer) if settings.form == "base" else settings.form
        prepare(name, base.tokenizer, base.model)
        _check(base)
        form = make_form(name, base.tokenizer, Cast(()))
        room = getattr(base.model.config, "max_position_embeddings", settings.window)
        threads = self.threads(settings.threads)
        settings = dataclasses.replace(settings, window=min(settings.window, room), threads=threads)
        write_corpora(self.folder, corpora, settings, form, self.watcher)
        loop = self._loop(base.model, form, settings, corpora)
        seconds = loop.time_a_step() if settings.hours is not None else 0.0
        loop.plan = _plan(settings, base.model, len(loop.learnt), seconds)
        self._remember(loop, corpora, settings)
        if settings.hours is None:
            say_how_long(self, loop, SHORTER)
        return loop

    def _open_base(self, corpora: Sequence[Corpus], settings: PretrainSettings) -> bases.Base:
        """The base to warm up, or a new one with a tokenizer learnt from the corpora."""
        if settings.base is not None:
            self.watcher.stage(f"opening the base {settings.base}")
            return bases.open_base(settings.base, tokenizer=settings.tokenizer)
        if settings.tokenizer is not None:
            tokenizer = load_tokenizer(Path(settings.tokenizer).expanduser())
        else:
            self.watcher.stage("learning a tokenizer")
            # A list: the library reads in a thread of its own, where SQLite's rows may not go.
            texts = list(corpus_texts(corpora, settings))
            tokenizer = learn_tokenizer(texts, settings.vocab_size, SPECIAL_TOKENS)
        # The speaker tokens are there before the model is made: none of its rows is added later.
        prepare("tokens", tokenizer, None)
        positions = max(settings.window, 512)
        return new_base(tokenizer, settings.size, positions=positions, seed=settings.seed)

    def _remember(self, loop: Loop, corpora: Sequence[Corpus], settings: PretrainSettings) -> None:
        """Write what a resumed run needs; `ready.json` last, so that it is there or not at all."""
        private_folder(self.folder / "base")
        # With weights: those of a new base are nowhere else, those of one that is warmed up might
        # be changed there, and there is no checkpoint before the first look.
        loop.learner.model.save_pretrained(self.folder / "base", max_shard_size="100GB")
        loop.form.tokenizer.save_pretrained(self.folder / "base")
        read = [corpus_facts(self.folder, corpus) for corpus in corpora]
        pass_tokens = sum(facts["tokens"] * facts["weight"] for facts in read)
        steps = loop.plan.steps * loop.plan.windows_per_step
        ready = {
            "settings": settings.as_dict(),
            "plan": loop.plan.as_dict(),
            "form": loop.form.name,
            "corpora": read,
            "windows": len(loop.learnt),
            "tokens_a_pass": round(pass_tokens),
            "passes": round(steps / len(loop.learnt), 3),
            "tokens_read": round(pass_tokens * steps / len(loop.learnt)),
        }
        write_ready(self.folder, ready, ("base", "held-out"))

    def _reopen(self, ready: dict[str, Any], *, weights: bool) -> Loop:
        """The loop as prepared, its shards compared with their digests.

        `weights` reads those it started with, where no step is saved.
        """
        from transformers import AutoConfig

        settings = PretrainSettings.from_dict(ready["settings"])
        tokenizer = load_tokenizer(self.folder / "base")
        if weights:
            model = load_model(self.folder / "base")
        else:
            model = empty_model(AutoConfig.from_pretrained(self.folder / "base"))
        corpora = [
            Corpus(c["name"], self.home.corpus(c["name"]), c["weight"]) for c in ready["corpora"]
        ]
        check_corpora(self.folder, corpora, self.watcher)
        form = make_form(ready["form"], tokenizer, Cast(()))
        return self._loop(model, form, settings, corpora, Plan(**ready["plan"]))

    def _loop(
        self,
        model: Any,
        form: Form,
        settings: PretrainSettings,
        corpora: Sequence[Corpus],
        plan: Plan | None = None,
    ) -> Loop:
        """The loop over the corpora as they were written."""
        learnt, held_out = read_windows(self.folder, corpora, settings.seed)
        return Loop(
            Learner(model),
            plan or _plan(settings, model, len(learnt), 0.0),
            settings.seed,
            learnt,
            held_out,
            self.folder,
            form,
        )

    # -- going and finishing -----------------------------------------------------------------

    def _go(self, loop: Loop) -> Pretrained | Stopped:
        before = self.figures_before(loop)
        if stopped := self.take_steps(loop, "pretraining"):
            return stopped
        self.watcher.stage("testing on the held-out part")
        loop.use_best()
        figures = loop.evaluate(loop.plan.final)
        self.watcher.stage("writing the base")
        ready = read_ready(self.folder)
        label, loss = self.label.called, before.loss
        path = write_base(self.home, self.name, label, loop, ready, loss, figures)
        self.empty()
        speed = self.tokens_per_second
        return Pretrained(self.name, path, loss, figures, ready, speed, tuple(self.notes))


def write_base(
    home: Home,
    name: str,
    called: str,
    loop: Loop,
    ready: dict[str, Any],
    before: float,
    figures: Figures,
) -> Path:
    """Save model, tokeniser and `base.json` as `bases/NAME`, in place of an older one."""
    final = private_folder(home.bases) / name
    with whole_folder(final) as partial:
        save_model(partial, loop, "float16" if ready["settings"]["half"] else "float32")
        facts = {
            "name": name,
            "called": called,
            "parameters": parameters(loop.learner.model),
            **{k: v for k, v in ready.items() if k != "files"},
            "held_out": {"loss_before": before, **figures.as_dict()},
            "versions": versions(),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_whole(partial / BASE_FILE, json.dumps(facts, ensure_ascii=False, indent=2))
    return final


def parameters(model: Any) -> int:
    """How many numbers a model has learnt, those used twice counted once."""
    return sum(p.numel() for p in model.parameters())


def _plan(settings: PretrainSettings, model: Any, windows: int, step_seconds: float) -> Plan:
    """What the run keeps to: about 4,000 tokens a step for a small new base, 8 windows else."""
    count, new = parameters(model), settings.base is None
    batch = settings.batch or (8 if count < LARGE else 1)
    accumulate = settings.accumulate or max(1, 8 // batch)
    steps = settings.steps or max(1, round(windows / (batch * accumulate)))
    if settings.hours is not None and step_seconds:
        steps = max(1, round(settings.hours * 3600 * 0.95 / step_seconds))
    checkpointing = settings.gradient_checkpointing
    return Plan(
        steps=steps,
        batch=batch,
        accumulate=accumulate,
        learning_rate=settings.learning_rate or (3e-3 if new else 1e-4),
        warmup=math.ceil(settings.warmup * steps),
        evaluate_every=settings.evaluate_every or max(1, math.ceil(steps / 20)),
        gradient_checkpointing=count > CHECKPOINTED if checkpointing is None else checkpointing,
        look=LOOK if count < LARGE else 16,
        final=FINAL if count < LARGE else 64,
        precision=choose_precision(settings.precision),
        threads=settings.threads or 0,
        optimizer=settings.optimizer or ("muon" if new else "adamw"),
        short_first=settings.short_first and new,
        weight_decay=settings.weight_decay,
        clip=settings.clip,
    )


def _check_asked(settings: PretrainSettings) -> None:
    """Refuse what was mistyped before anything is read, or an unfinished pretraining dropped."""
    if settings.base is not None:
        bases.find_base(settings.base, tokenizer=settings.tokenizer)
        return
    layers_and_width(settings.size)
    if settings.tokenizer is not None:
        load_tokenizer(Path(settings.tokenizer).expanduser())


def _check(base: bases.Base) -> None:
    if not (head_is_plain(base.model) and keeps_apart(base.model)):
        raise TrainingError(
            f"The base {base.name} cannot be warmed up: its architecture changes the logits after "
            "the output head, or does not keep conversations in one window apart.",
            "Choose another --base, for example gpt2-medium.",
        )
