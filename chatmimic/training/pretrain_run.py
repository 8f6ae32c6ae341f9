"""A pretraining run, from corpora to a base: its folder, preparation and result.

Windows, loop, checkpoints and lock are those of `train`; the difference is the data (corpora,
everybody's words, under invented names) and the result (a base).
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
from chatmimic.bases.adapter import save_adapter
from chatmimic.bases.loading import empty_model, load_model, load_tokenizer, quiet
from chatmimic.bases.new import layers_and_width, learn_tokenizer, new_base
from chatmimic.bases.terms import short_name
from chatmimic.corpora import Corpus
from chatmimic.errors import TrainingError
from chatmimic.files import atomic_folder, keep_files, private_folder, typed_path, write_atomically
from chatmimic.folders import Label
from chatmimic.home import Home
from chatmimic.lock import Lock
from chatmimic.machine import threads_kept
from chatmimic.training.base_run import BaseRun, Callbacks, Stopped
from chatmimic.training.checkpointing.ready import explained, read_ready, write_ready
from chatmimic.training.checkpointing.resumable import find_unfinished
from chatmimic.training.data.corpus_dataset import (
    check_corpora,
    corpus_facts,
    corpus_texts,
    read_windows,
    write_corpora,
)
from chatmimic.training.distributed.checks import check_alone
from chatmimic.training.inputs import PretrainInputs
from chatmimic.training.loop import Loop
from chatmimic.training.objective.loss import LossModule, head_is_plain, keeps_apart
from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.objective.precision import choose_precision
from chatmimic.training.optim.trainable import choose_learning
from chatmimic.training.plan import CHECKPOINTED, LARGE, Plan
from chatmimic.training.planning import timing
from chatmimic.training.planning.disk_room import check_disk
from chatmimic.training.planning.duration import announce_duration
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.training.save_mimic import save_model, versions
from chatmimic.transcript import Cast, Form, make_form, natural_form, prepare
from chatmimic.transcript.tokens import SPECIAL_TOKENS

EVAL_WINDOWS, FINAL_EVAL_WINDOWS = 128, 512  # held-out windows at each evaluation, and at the end
SHORTER = {"--hours 8": 8 * 3600, "--hours 1": 3600, "--hours 0.1": 360}
BASE_FILE = "base.json"
ADAPTER = "adapter"  # the folder of the LoRA adapter within that of the base


@dataclass(frozen=True)
class Pretrained:
    """The result of a pretraining run: the folder of the base, its metrics, and its data."""

    name: str
    path: Path
    before: float  # held-out loss before the first step, in nats per token
    figures: Metrics
    facts: dict[str, Any]
    tokens_per_second: float
    notes: tuple[str, ...]


class Pretraining(BaseRun):
    """A pretraining run. `start` begins it, `resume` continues it.

    Raises TrainingError if it is started as several processes.
    """

    what, makes = "pretraining", "base"

    def __init__(self, home: Home, name: str, callbacks: Callbacks) -> None:
        super().__init__(home, name, (home.pretrainings, home.bases), callbacks)
        check_alone(self.processes, "pretrain")

    def start(self, inputs: PretrainInputs, *, replace: bool = False) -> Pretrained | Stopped:
        """Start a new run. Raises ArchiveError, BaseError and TrainingError.

        A finished base of that name is kept and the new one gets another name; an unfinished run is
        refused. With `replace`, the base is replaced at the end and the run discarded.
        """
        tokenizer = _tokenizer_asked(inputs)
        self.home.make()
        self.claim(Label(self.name), replace=replace)
        with self._at_work():
            self.clear()
            return self._go(self._prepare(inputs, tokenizer))

    def resume(self) -> Pretrained | Stopped:
        """Resume a run that was stopped or killed. Raises TrainingError if there is none.

        All shards are verified by their digests first.
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
        """Context that locks the folder and turns disk errors into TrainingErrors."""
        lock = Lock(self.folder / "lock", self.name)
        with lock, explained(self.folder), quiet(), threads_kept():
            yield

    # -- preparing ---------------------------------------------------------------------------

    def _prepare(self, inputs: PretrainInputs, tokenizer: Any | None) -> Loop:
        """Write base, shards and plan to disk before the first step."""
        corpora, settings = inputs.corpora, inputs.settings
        base = self._open_base(inputs, tokenizer)
        name = natural_form(base.tokenizer) if settings.form == "base" else settings.form
        known = len(base.tokenizer)
        prepare(name, base.tokenizer, base.model)
        new_tokens = len(base.tokenizer) - known
        _check(base)
        form = make_form(name, base.tokenizer, Cast(()))
        room = getattr(base.model.config, "max_position_embeddings", settings.window)
        threads = self.threads(settings.threads)
        settings = dataclasses.replace(settings, window=min(settings.window, room), threads=threads)
        write_corpora(self.folder, corpora, settings, form, self.callbacks)
        self._keep_base(base.model, form)
        loop = self._loop(base.model, form, settings, corpora, new_tokens)
        seconds = timing.time_a_step(loop) if settings.hours is not None else 0.0
        loop.plan = _plan(settings, base.model, len(loop.train_windows), seconds)
        self._remember(loop, corpora, settings, new_tokens)
        check_disk(self.folder, loop)
        if settings.hours is None:
            announce_duration(self, loop, SHORTER)
        return loop

    def _open_base(self, inputs: PretrainInputs, tokenizer: Any | None) -> bases.Base:
        """The base to warm up, or a new one with a tokenizer trained on the corpora, if none is
        given."""
        settings = inputs.settings
        if inputs.base is not None:
            self.callbacks.stage(f"opening the base {short_name(inputs.base.name)}")
            return inputs.base.open()
        if tokenizer is None:
            self.callbacks.stage("training a tokenizer")
            # A list: the library reads in a thread of its own, where SQLite's rows may not go.
            texts = list(corpus_texts(inputs.corpora, settings))
            tokenizer = learn_tokenizer(texts, settings.vocab_size, SPECIAL_TOKENS)
        # The speaker tokens are there before the model is made: none of its rows is added later.
        prepare("tokens", tokenizer, None)
        positions = max(settings.window, 512)
        return new_base(tokenizer, settings.size, positions=positions, seed=settings.seed)

    def _keep_base(self, model: Any, form: Form) -> None:
        """Write the base that a resumed run starts from, with its weights.

        Those of a new base are nowhere else, those of an existing one might change, and there is no
        checkpoint before the first evaluation.
        """
        folder = private_folder(self.folder / "base")
        model.save_pretrained(folder, max_shard_size="100GB")
        form.tokenizer.save_pretrained(folder)

    def _remember(
        self,
        loop: Loop,
        corpora: Sequence[Corpus],
        settings: PretrainSettings,
        new_tokens: int,
    ) -> None:
        """Write what is needed to resume; `ready.json` comes last, so that it implies the rest."""
        read = [corpus_facts(self.folder, corpus) for corpus in corpora]
        pass_tokens = sum(facts["tokens"] * facts["weight"] for facts in read)
        steps = loop.plan.steps * loop.plan.windows_per_step
        ready = {
            "settings": settings.as_dict(),
            "plan": loop.plan.as_dict(),
            "form": loop.form.name,
            "new_tokens": new_tokens,
            "corpora": read,
            "windows": len(loop.train_windows),
            "tokens_a_pass": round(pass_tokens),
            "passes": round(steps / len(loop.train_windows), 3),
            "tokens_read": round(pass_tokens * steps / len(loop.train_windows)),
        }
        write_ready(self.folder, ready, ("base", "held-out"))

    def _reopen(self, ready: dict[str, Any], *, weights: bool) -> Loop:
        """The loop of the prepared run, its shards verified by their digests.

        `weights` loads the initial weights, if there is no checkpoint.
        """
        from transformers import AutoConfig

        settings = PretrainSettings.from_dict(ready["settings"])
        tokenizer = load_tokenizer(self.folder / "base")
        if weights or settings.train != "all":  # what is not trained is in no checkpoint
            model = load_model(self.folder / "base")
        else:
            model = empty_model(AutoConfig.from_pretrained(self.folder / "base"))
        corpora = [
            Corpus(c["name"], self.home.corpus(c["name"]), c["weight"]) for c in ready["corpora"]
        ]
        check_corpora(self.folder, corpora, self.callbacks)
        form = make_form(ready["form"], tokenizer, Cast(()))
        new_tokens = ready.get("new_tokens", 0)  # older versions trained all of a base
        return self._loop(model, form, settings, corpora, new_tokens, Plan.from_dict(ready["plan"]))

    def _loop(
        self,
        model: Any,
        form: Form,
        settings: PretrainSettings,
        corpora: Sequence[Corpus],
        new_tokens: int,
        plan: Plan | None = None,
    ) -> Loop:
        """The loop over the shards."""
        train, held_out = read_windows(self.folder, corpora, settings.seed)
        plan = plan or _plan(settings, model, len(train), 0.0)
        learning = choose_learning(
            model,
            settings.train,
            rank=settings.lora_rank,
            new_tokens=new_tokens,
            seed=settings.seed,
        )
        return Loop(
            LossModule(model),
            plan,
            settings.seed,
            train,
            held_out,
            self.folder,
            form,
            learning=learning,
        )

    # -- going and finishing -----------------------------------------------------------------

    def _go(self, loop: Loop) -> Pretrained | Stopped:
        before = self.figures_before(loop)
        if stopped := self.take_steps(loop, "pretraining"):
            return stopped
        self.callbacks.stage("evaluating on the held-out part")
        loop.writer.use_best(loop.state)
        figures = loop.evaluate(loop.plan.final_eval_windows)
        self.callbacks.stage("writing the base")
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
    figures: Metrics,
) -> Path:
    """Save model, tokeniser and `base.json` as `bases/NAME`, replacing an older base."""
    final = private_folder(home.bases) / name
    settings, count = ready["settings"], parameters(loop.loss_module.model)
    half = "bfloat16" if count > LARGE else "float16"  # of a large base, values may be too large
    with atomic_folder(final) as partial:
        _save_adapter(partial, loop, settings["base"])
        save_model(partial, loop, half if settings["half"] else "float32")
        facts = {
            "name": name,
            "called": called,
            "parameters": parameters(loop.loss_module.model),
            **{k: v for k, v in ready.items() if k != "files"},
            "held_out": {"loss_before": before, **figures.as_dict()},
            "versions": versions(),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_atomically(partial / BASE_FILE, json.dumps(facts, ensure_ascii=False, indent=2))
    return final


def _save_adapter(folder: Path, loop: Loop, base: str) -> None:
    """Save the LoRA adapter before it is merged, since it is small enough to be shared."""
    learning = loop.learning
    if learning is not None and learning.adapters is not None and not learning.more:
        trainable = {n: p for n, p in loop.loss_module.model.named_parameters() if p.requires_grad}
        place = private_folder(folder / ADAPTER)
        # It may be given to others, whom the path of the base does not concern.
        save_adapter(place, trainable, learning.settings, base, called=short_name(base))
        keep_files(folder / ADAPTER)


def parameters(model: Any) -> int:
    """The number of parameters of a model, shared ones counted once."""
    return sum(p.numel() for p in model.parameters())


def _plan(settings: PretrainSettings, model: Any, windows: int, step_seconds: float) -> Plan:
    """The plan of the run: about 4,000 tokens per step for a small new base, else 8 windows."""
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
        learning_rate=settings.learning_rate or _rate(settings),
        warmup=math.ceil(settings.warmup * steps),
        evaluate_every=settings.evaluate_every or max(1, math.ceil(steps / 20)),
        gradient_checkpointing=count > CHECKPOINTED if checkpointing is None else checkpointing,
        eval_windows=EVAL_WINDOWS if count < LARGE else 16,
        final_eval_windows=FINAL_EVAL_WINDOWS if count < LARGE else 64,
        precision=choose_precision(settings.precision),
        threads=settings.threads or 0,
        optimizer=settings.optimizer or ("muon" if new else "adamw"),
        short_first=settings.short_first and new,
        weight_decay=settings.weight_decay,
        clip=settings.clip,
    )


def _rate(settings: PretrainSettings) -> float:
    if settings.train == "lora":
        return 1e-3
    return 3e-3 if settings.base is None else 1e-4


def _tokenizer_asked(inputs: PretrainInputs) -> Any | None:
    """The tokenizer that was asked for a new base, if any.

    It is opened, and the size checked, before any data is read or an unfinished run is discarded.
    """
    if inputs.base is not None:
        return None
    layers_and_width(inputs.settings.size)
    path = inputs.settings.tokenizer
    return None if path is None else load_tokenizer(typed_path(path))


def _check(base: bases.Base) -> None:
    if not (head_is_plain(base.model) and keeps_apart(base.model)):
        raise TrainingError(
            f"The base {short_name(base.name)} cannot be warmed up: its architecture changes the "
            "logits after the output head, or does not keep conversations in one window apart.",
            "Choose another --base, e.g. gpt2-medium.",
        )
