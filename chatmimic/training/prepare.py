"""Preparation of a run: opens the base, writes windows and plan to disk, makes the loop."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from chatmimic import bases
from chatmimic.bases.loading import empty_model, load_tokenizer
from chatmimic.bases.terms import short_name
from chatmimic.errors import TooLittleData, TrainingError
from chatmimic.files import private_folder
from chatmimic.rhythm import Rhythm
from chatmimic.training.checkpointing.ready import write_ready
from chatmimic.training.data.continue_from import senders_with_base
from chatmimic.training.data.corpus_dataset import write_along
from chatmimic.training.data.dataset import write_held_out, write_train
from chatmimic.training.data.split import Material, ends_at
from chatmimic.training.engine_losses import WINDOWS
from chatmimic.training.gain import repeated_share
from chatmimic.training.inputs import Inputs
from chatmimic.training.loop import Loop
from chatmimic.training.objective.loss import LossModule, head_is_plain, keeps_apart
from chatmimic.training.objective.precision import choose_precision
from chatmimic.training.optim.trainable import check_blocks, choose_learning
from chatmimic.training.plan import Plan, beside_a_corpus, make_plan, trained_by_default
from chatmimic.training.planning import timing
from chatmimic.training.planning.duration import windows_tested
from chatmimic.training.samples import exchanges, write_exchanges
from chatmimic.training.settings import TrainSettings
from chatmimic.transcript import Cast, Form, make_form, natural_form, prepare
from chatmimic.transcript.facts import as_messages
from chatmimic.windows import Windows
from chatmimic.windows.choices import Choices, write_choices

if TYPE_CHECKING:
    from chatmimic.training.base_run import BaseRun

FITTING_WINDOWS = 24  # windows that are trained on in the time that fitting the decoding takes
MOST_FITTING = 0.1  # share of --minutes for it; in a shorter run it is left out
MOST_TESTING = 0.3  # share of --minutes that evaluations may take, on fewer windows if needed
TRAIN, HELD_OUT, CORPUS = "learnt", "held-out", "corpus"  # folders of windows
CHOICES, HELD_CHOICES = "choices", "held-out-choices"  # folders of exchanges
FOLDERS = ("base", TRAIN, HELD_OUT, CORPUS, CHOICES, HELD_CHOICES)


class Preparation:
    """The preparation of a run in a folder; `loop` does all of it."""

    def __init__(self, work: BaseRun, material: Material, inputs: Inputs, folder: Path) -> None:
        self.work = work
        self.material = material
        self.inputs = inputs
        self.settings = inputs.settings  # `--train auto` is decided when the base is open
        self.folder = folder
        speaks = inputs.settings.persona and not inputs.settings.reverse
        self.fits_decoding = bool(speaks) and inputs.settings.fit_decoding

    def loop(self) -> Loop:
        """Write base, windows and plan to disk, and make the loop."""
        self.work.callbacks.stage(f"opening the base {short_name(self.inputs.base.name)}")
        self._check()
        self.work.callbacks.stage("writing transcripts")
        self._write_windows()
        if self.settings.minutes is None:
            plan = self._plan(self.settings)
            self._say_rounding(plan)
            self._remember(plan)
            self.work.processes.wait()
            return self._make_loop(plan)
        # A plan that is good enough to time a step: the right batch, any number of steps.
        loop = self._make_loop(self._plan(replace(self.settings, steps=1, minutes=None)))
        loop.plan = self._plan_of_minutes(loop)
        self._remember(loop.plan)
        return loop

    def _plan_of_minutes(self, loop: Loop) -> Plan:
        """The plan whose steps and evaluations take the remaining minutes."""
        seconds = 60 * (self.settings.minutes or 0)
        window, tested = self._time_windows(loop)
        spent = self.work.seconds_since_start() + self._time_to_fit(seconds, window)
        held_out = len(loop.held_out)
        every = self._plan_within(seconds - spent, window)
        # The finished mimic is evaluated once more, for the loss of the engines.
        testing = (windows_tested(every, held_out) + 2 * min(WINDOWS, held_out)) * tested
        share = min(1.0, MOST_TESTING * seconds / max(testing, 1e-6))
        plan = self._plan_within(seconds - spent - share * testing, window)
        # At most the existing windows: a share of what a plan allows may be more.
        look, final = (
            math.ceil(share * min(n, held_out))
            for n in (plan.eval_windows, plan.final_eval_windows)
        )
        return replace(plan, eval_windows=look, final_eval_windows=final, in_time=True)

    def _time_to_fit(self, seconds: float, window_seconds: float) -> float:
        """The seconds that fitting the decoding takes; in a short run it is left out."""
        fitting = FITTING_WINDOWS * window_seconds
        self.fits_decoding = self.fits_decoding and fitting <= MOST_FITTING * seconds
        return fitting if self.fits_decoding else 0.0

    def _time_windows(self, loop: Loop) -> tuple[float, float]:
        """The seconds it takes to train on a window, and to evaluate on one."""
        step = timing.time_a_step(loop)
        return step / loop.plan.windows_per_step, timing.time_an_evaluation(loop)

    def _plan_within(self, seconds: float, window_seconds: float) -> Plan:
        """The plan whose steps take so many seconds. How large a step is follows from how many
        windows there is time for: a few large steps would teach little.
        """
        most = max(1, int(seconds / max(window_seconds, 1e-6)))
        windows = min(most, len(Windows.open(self.folder / TRAIN)))
        settings = replace(self.settings, minutes=None, steps=1)
        size = self._plan(settings, windows=windows).windows_per_step
        steps = max(1, round(beside_a_corpus(settings, most / size)))
        return self._plan(replace(settings, steps=steps), windows=windows)

    # -- the base ----------------------------------------------------------------------------

    @cached_property
    def base(self) -> bases.Base:
        """The base, with the tokens of the transcript form added."""
        requested = self.settings
        base = self.inputs.base.open(dropout=requested.dropout)
        if requested.trained == "auto":
            count = sum(p.numel() for p in base.model.parameters())
            train = trained_by_default(count, on_cpu=not torch.cuda.is_available())
            self.settings = replace(requested, train=train)
        self.new_tokens = _prepare(self.form_name(base), base)
        return base

    def form_name(self, base: bases.Base) -> str:
        """The transcript form that was asked for, or that the base was made for."""
        return natural_form(base.tokenizer) if self.settings.form == "base" else self.settings.form

    @cached_property
    def form(self) -> Form:
        """The transcript form for this base and cast."""
        base = self.base
        try:
            return make_form(self.form_name(base), base.tokenizer, self.material.cast)
        except ValueError as error:
            raise TrainingError(
                f"The base {short_name(base.name)} cannot be used: {error}.",
                "Or choose another --base.",
            ) from error

    def _check(self) -> None:
        model = self.base.model
        check_blocks(model, self.settings.trained)
        if not head_is_plain(model):
            raise TrainingError(
                f"The base {short_name(self.base.name)} changes its logits after the output head, "
                "which is not supported.",
                "Choose another --base, e.g. gpt2-medium.",
            )
        gpt2_tokens = self.form.name == "tokens" and model.config.model_type == "gpt2"
        if self.settings.token_types and not gpt2_tokens:
            raise TrainingError(
                "--token-types needs the tokens form and a base of GPT-2's architecture.",
                "Add --form tokens, or leave --token-types out.",
            )

    # -- the windows -------------------------------------------------------------------------

    def _write_windows(self) -> None:
        model, settings = self.base.model, self.settings
        packed = keeps_apart(model)
        if not packed:
            name = short_name(self.base.name)
            self.work.notify(f"{name} cannot mask packed windows: each conversation gets its own")
        given = (self.material, self.inputs.facts, settings, self.form)
        size = _window(settings, model)
        self._check_facts(size)
        options: dict[str, Any] = {"window": size, "packed": packed}
        train = write_train(*given, folder=self.folder / TRAIN, **options)
        held_out = write_held_out(*given, folder=self.folder / HELD_OUT, **options)
        if not train.target_tokens or not held_out.target_tokens:
            raise TooLittleData(
                f"{self.material.persona}'s messages are too few for a training part and a "
                "held-out part.",
                "Import more of their chats, or change --held-out.",
            )
        if settings.candidates:
            self._write_choices(size)
        if self.inputs.corpora:
            write_along(
                self.folder / CORPUS,
                self.inputs.corpora,
                self.form,
                self.material.persona,
                seed=settings.seed,
                callbacks=self.work.callbacks,
                **options,
            )

    def _check_facts(self, window: int) -> None:
        """Raise an error for facts that leave too little room for messages after them."""
        said = as_messages(self.inputs.facts, self.material.persona)
        tokens = len(self.form.prompt(said, None))
        if tokens > window // 2:
            raise TrainingError(
                f"The facts take {tokens} tokens of the context length of {window}.",
                "Leave some out, or choose a larger --window.",
            )

    def _write_choices(self, window: int) -> None:
        """Write the exchanges for the next-utterance head, for training and held-out."""
        if self.material.imitated is None or self.settings.reverse:
            raise TrainingError(
                "--candidates needs the replies of one person.",
                "Add --persona NAME, or leave out --candidates or --reverse.",
            )
        parts = ((CHOICES, self.material.train), (HELD_CHOICES, self.material.held_out))
        for name, conversations in parts:
            write_choices(
                conversations,
                self.form,
                self.material.persona,
                self.folder / name,
                context=self.settings.context,
                window=window,
                candidates=self.settings.candidates,
            )

    # -- plan and memory ---------------------------------------------------------------------

    def _plan(self, settings: TrainSettings, *, windows: int = 0, world: int = 0) -> Plan:
        """The plan for that many windows (0: all) and processes (0: the actual number)."""
        return make_plan(
            settings,
            parameters=sum(p.numel() for p in self.base.model.parameters()),
            windows=windows or len(Windows.open(self.folder / TRAIN)),
            on_cpu=not torch.cuda.is_available(),
            step_seconds=0.0,
            precision=choose_precision(settings.precision),
            threads=self.threads,
            world=world or self.work.processes.world,
        )

    @cached_property
    def threads(self) -> int:
        """The number of threads asked for, or of idle cores."""
        return self.work.threads(self.settings.threads)

    def _say_rounding(self, plan: Plan) -> None:
        """Tell if a step of several processes has more windows than one of a single process."""
        alone = self._plan(self.settings, world=1).windows_per_step
        if plan.windows_per_step != alone:
            self.work.notify(
                f"a step has {plan.windows_per_step} windows instead of {alone}, so that "
                f"{self.work.processes.world} processes get equal shares"
            )

    def _make_loop(self, plan: Plan) -> Loop:
        return make_loop(
            self.work, self.base.model, self.form, self.settings, plan, self.folder, self.new_tokens
        )

    def _remember(self, plan: Plan) -> None:
        """Write what is needed to resume; `ready.json` comes last, so that it implies the rest."""
        base = private_folder(self.folder / "base")
        self.base.model.config.save_pretrained(base)
        self.form.tokenizer.save_pretrained(base)
        ready = {
            "settings": self.settings.as_dict(),
            "plan": plan.as_dict(),
            "base_sha256": None if self.settings.trained == "all" else self.inputs.base.digest(),
            "form": self.form.name,
            "new_tokens": self.new_tokens,
            "people": self.material.cast.people,
            "everybody": self.material.imitated is None,
            "owner": self.material.owner,
            "senders": senders_with_base(self.material.senders, self.settings.base),
            "rhythm": Rhythm.of(self.material.train, self.material.persona).as_dict(),
            "facts": self.inputs.facts,
            "fit_decoding": self.fits_decoding,
            "begun_at": datetime.now(UTC).isoformat(),
            "material": material_facts(self.material, Windows.open(self.folder / TRAIN)),
        }
        if not self.settings.reverse:
            write_exchanges(self.folder, exchanges(self.material.held_out, self.material.imitated))
        folders = [name for name in FOLDERS if (self.folder / name).is_dir()]
        write_ready(self.folder, ready, folders)


def material_facts(material: Material, windows: Windows) -> dict[str, Any]:
    """Statistics of the training data, without any text."""
    messages, held_out = material.messages
    parts = material.train, material.held_out
    return {
        "fingerprint": material.fingerprint,
        "until": ends_at(material.train),
        "messages": messages,
        "held_out_messages": held_out,
        "tested_messages": material.messages_tested,
        "conversations": len(material.train),
        "held_out_conversations": len(material.held_out),
        "gap": material.gap,
        "disentangled_threads": material.busy,
        "chosen": material.selection,
        "windows": len(windows),
        "window_tokens": windows.ids.shape[1],
        "window_fill": round(windows.fill, 4),
        "learnt_tokens": windows.target_tokens,
        "characters": int(windows.total_characters),
        "held_out_repeated": round(repeated_share(*parts, material.imitated), 4),
    }


def reopen(work: BaseRun, ready: dict[str, Any], *, weights: bool, written: bool = False) -> Loop:
    """The loop of a prepared run; `weights` loads those of the base, if there is no checkpoint.

    Frozen parameters always come from the base. `written` means that the mimic exists already and
    no step is left. Raises TrainingError if the base has changed.
    """
    from transformers import AutoConfig

    settings = TrainSettings.from_dict(ready["settings"])
    tokenizer = load_tokenizer(work.folder / "base")
    if weights or settings.trained != "all":
        found = bases.locate_base(settings.base, tokenizer=settings.tokenizer)
        if not written:  # a mimic may have replaced the one that it continued from, its base
            _check_same(ready, found)
        base = found.open(dropout=settings.dropout)
        model = base.model
        _prepare(ready["form"], base)
    else:
        model = empty_model(AutoConfig.from_pretrained(work.folder / "base"))
    form = make_form(ready["form"], tokenizer, Cast(tuple(ready["people"])))
    plan = Plan.from_dict(ready["plan"])
    return make_loop(work, model, form, settings, plan, work.folder, ready["new_tokens"])


def _check_same(ready: dict[str, Any], base: bases.FoundBase) -> None:
    """Raise TrainingError if the base has changed and the checkpoints do not contain all of it.

    Older versions did not record the base, nor is it recorded where all of it is trained.
    """
    begun = ready.get("base_sha256")
    if begun is not None and base.digest() != begun:
        raise TrainingError(
            f"The base {short_name(base.name)} has changed since this run was started.",
            "Restore it, or train again with --replace instead of --resume.",
        )


def make_loop(
    work: BaseRun,
    model: Any,
    form: Form,
    settings: TrainSettings,
    plan: Plan,
    folder: Path,
    new_tokens: int,
) -> Loop:
    """The loop over the windows in a folder. `new_tokens` is the number added by the form."""
    learning = choose_learning(
        model,
        settings.trained,
        rank=settings.lora_rank,
        new_tokens=new_tokens,
        seed=settings.seed,
    )
    corpus, choices = folder / CORPUS, None
    if settings.candidates:
        choices = Choices.open(folder / CHOICES), Choices.open(folder / HELD_CHOICES)
    torch.manual_seed(settings.seed)  # for the random weights of the next-utterance head
    return Loop(
        LossModule(model, candidates=settings.candidates),
        plan,
        settings.seed,
        Windows.open(folder / TRAIN),
        Windows.open(folder / HELD_OUT),
        folder,
        form,
        token_types=settings.token_types,
        corpus=Windows.open(corpus) if corpus.is_dir() else None,
        choices=choices,
        learning=learning,
        processes=work.processes,
    )


def _window(settings: TrainSettings, model: Any) -> int:
    return min(settings.window, getattr(model.config, "max_position_embeddings", 10**9))


def _prepare(form: str, base: bases.Base) -> int:
    """Add the tokens of a form to a base. Returns how many it did not know.

    The embeddings may already have had rows for them, which have to be trained all the same.
    """
    before = len(base.tokenizer)
    prepare(form, base.tokenizer, base.model)
    return len(base.tokenizer) - before
