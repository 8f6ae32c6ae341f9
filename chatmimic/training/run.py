"""One training from start to mimic: its folder, what it prepares, and what it leaves.

A run's folder holds everything it needs to go on: settings, plan, the prepared base's description
and tokeniser, the packed windows, the log and the checkpoints. Its windows are as private as the
archive; when the mimic is made they and the checkpoints are removed.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from chatmimic import bases
from chatmimic.archive import Archive
from chatmimic.bases.loading import load_tokenizer, quiet
from chatmimic.conversations import parse_gap
from chatmimic.errors import TooLittleData, TrainingError
from chatmimic.files import private_folder, write_whole
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.training.figures import Figures
from chatmimic.training.finish import write_mimic
from chatmimic.training.lock import Lock
from chatmimic.training.loop import Loop
from chatmimic.training.loss import Learner, head_is_plain, keeps_apart
from chatmimic.training.material import Material, gather
from chatmimic.training.plan import Plan, make_plan
from chatmimic.training.precision import choose_precision
from chatmimic.training.prepared import explained, read_ready, write_ready
from chatmimic.training.settings import Settings
from chatmimic.training.unfinished import READY, unfinished
from chatmimic.training.work import Stopped, Watcher, Work
from chatmimic.transcript import FORMS, Cast, Form, make_form, natural_form, prepare
from chatmimic.windows import Windows, build_windows

PILOT_STEPS = 60  # of each form under `--form auto`


@dataclass(frozen=True)
class Trained:
    """A finished training: the mimic, its figures beside its base's, and what it read."""

    mimic: Mimic
    base: Figures
    figures: Figures
    material: dict[str, Any]
    tokens_per_second: float
    notes: tuple[str, ...]


class Run(Work):
    """A training of a mimic. `start` begins one, `resume` goes on with one."""

    def __init__(self, home: Home, name: str, watcher: Watcher) -> None:
        super().__init__(home, name, home.runs / name, watcher)

    # -- the two ways in ---------------------------------------------------------------------

    def start(self, archive: Archive, settings: Settings) -> Trained | Stopped:
        """Train from the beginning. Raises ArchiveError, BaseError and TrainingError."""
        # Everything that a user may have mistyped is checked before the base is even looked for.
        gap_ms = parse_gap(settings.gap) if settings.gap else None
        archive.person(settings.persona)
        bases.find_base(settings.base, tokenizer=settings.tokenizer)
        self.watcher.stage("reading the archive")
        material = gather(archive, settings.persona, gap_ms, settings.held_out)
        settings = replace(settings, persona=material.persona)
        private_folder(self.home.make().runs)
        private_folder(self.folder)
        with Lock(self.folder / "lock", material.persona), explained(self.folder), quiet():
            if (self.folder / READY).is_file():
                self.tell("an unfinished training of the same name was dropped; this one is new")
            self.empty()
            if settings.form == "auto":
                settings = self._pilot(material, settings)
            loop = self._prepare(material, settings, self.folder)
            return self._go(loop)

    def resume(self) -> Trained | Stopped:
        """Go on with a training that was stopped or killed. Raises TrainingError for none."""
        if self.name not in unfinished(self.home):
            raise TrainingError(
                f'There is no unfinished training called "{self.name}".',
                "Start one: the same command without --resume.",
            )
        with Lock(self.folder / "lock", self.name), explained(self.folder), quiet():
            ready = read_ready(self.folder)
            settings = Settings.from_dict(ready["settings"])
            saved, passed = self.latest()
            loop = self._reopen(ready, settings, weights=saved is None)
            self.go_on(loop, saved=saved, passed=passed)
            return self._go(loop)

    # -- preparing ---------------------------------------------------------------------------

    def _prepare(self, material: Material, settings: Settings, folder: Path) -> Loop:
        """Base, windows and plan, all of it on disk before the first step."""
        self.watcher.stage(f"opening the base {settings.base}")
        base = bases.open_base(
            settings.base, dropout=settings.dropout, tokenizer=settings.tokenizer
        )
        name = natural_form(base.tokenizer) if settings.form == "base" else settings.form
        prepare(name, base.tokenizer, base.model)
        _check(base, name, settings)
        form = make_form(name, base.tokenizer, material.cast)
        self.watcher.stage("writing transcripts")
        learnt, held_out = self._windows(material, form, settings, base.model, folder)
        loop = Loop(
            Learner(base.model),
            _any_plan(settings, base.model, len(learnt)),
            settings.seed,
            learnt,
            held_out,
            folder,
            form,
            **_loop_settings(settings),
        )
        seconds = loop.time_a_step() if settings.minutes is not None else 0.0
        loop.plan = _plan(settings, base.model, len(learnt), seconds)
        self._remember(loop, material, settings, folder)
        return loop

    def _windows(
        self, material: Material, form: Form, settings: Settings, model: Any, folder: Path
    ) -> tuple[Windows, Windows]:
        window = min(settings.window, getattr(model.config, "max_position_embeddings", 10**9))
        learn = None if settings.learn == "all" else frozenset({material.persona})
        packed = keeps_apart(model)
        options: dict[str, Any] = {"window": window, "context": settings.context, "packed": packed}
        if not packed:
            self.tell(f"{settings.base} sees its whole window: each conversation has its own")
        learnt = build_windows(material.learnt, form, learn, folder=folder / "learnt", **options)
        # What is tested is always the persona: another's words are not what a mimic is judged by.
        persona = frozenset({material.persona})
        held_out = build_windows(
            material.held_out, form, persona, folder=folder / "held-out", **options
        )
        if not learnt.learnt or not held_out.learnt:
            raise TooLittleData(
                f"{material.persona}'s messages do not stretch to a part to learn and a part to "
                "test on.",
                "Import more of their chats, or change --held-out.",
            )
        return learnt, held_out

    def _remember(self, loop: Loop, material: Material, settings: Settings, folder: Path) -> None:
        """Write what a resumed run needs; `ready.json` last, so that it is there or not at all."""
        private_folder(folder / "base")
        loop.learner.model.config.save_pretrained(folder / "base")
        loop.form.tokenizer.save_pretrained(folder / "base")
        learnt, held_out = material.messages
        ready = {
            "settings": settings.as_dict(),
            "plan": loop.plan.as_dict(),
            "form": loop.form.name,
            "people": material.cast.people,
            "material": {
                "fingerprint": material.fingerprint,
                "messages": learnt,
                "held_out_messages": held_out,
                "conversations": len(material.learnt),
                "held_out_conversations": len(material.held_out),
                "gap": material.gap,
                "windows": len(loop.learnt),
                "window_tokens": loop.learnt.ids.shape[1],
                "window_fill": round(loop.learnt.fill, 4),
                "learnt_tokens": loop.learnt.learnt,
                "characters": int(loop.learnt.total_characters),
            },
        }
        write_ready(folder, ready)

    def _reopen(self, ready: dict[str, Any], settings: Settings, *, weights: bool) -> Loop:
        """The loop of a run as prepared; `weights` reads the base's, where no step is saved."""
        from transformers import AutoConfig, AutoModelForCausalLM

        tokenizer = load_tokenizer(self.folder / "base")
        if weights:
            base = bases.open_base(
                settings.base, dropout=settings.dropout, tokenizer=settings.tokenizer
            )
            model = base.model
            prepare(ready["form"], base.tokenizer, model)
        else:
            config = AutoConfig.from_pretrained(self.folder / "base")
            config._attn_implementation = "sdpa"
            model = AutoModelForCausalLM.from_config(config)
        return Loop(
            Learner(model),
            Plan(**ready["plan"]),
            settings.seed,
            Windows.open(self.folder / "learnt"),
            Windows.open(self.folder / "held-out"),
            self.folder,
            make_form(ready["form"], tokenizer, Cast(tuple(ready["people"]))),
            **_loop_settings(settings),
        )

    def _pilot(self, material: Material, settings: Settings) -> Settings:
        """Train a little in each form, and choose by held-out bits per character."""
        bits: dict[str, float] = {}
        for form in FORMS:
            folder = self.folder / f"pilot-{form}"
            trial = replace(settings, form=form, steps=PILOT_STEPS, minutes=None)
            loop = self._prepare(material, trial, folder)
            self.watcher.stage(f"trying the {form} form")
            loop.watch, loop.stop = self.watcher.progress, self.watcher.stop
            if not loop.run():
                raise KeyboardInterrupt
            bits[form] = loop.evaluate(loop.plan.final).bits_per_character
            shutil.rmtree(folder)
        best = min(bits, key=lambda form: bits[form])
        told = ", ".join(f"{form} {value:.3f}" for form, value in bits.items())
        self.notes.append(f"form chosen by held-out bits per character: {best} ({told})")
        return replace(settings, form=best)

    # -- going and finishing -----------------------------------------------------------------

    def _go(self, loop: Loop) -> Trained | Stopped:
        loop.tell = self.tell
        base = self._base_figures(loop)
        if stopped := self.take_steps(loop, "training"):
            return stopped
        self.watcher.stage("testing on the held-out part")
        loop.use_best()
        figures = loop.evaluate(loop.plan.final)
        ready = read_ready(self.folder)
        self.watcher.stage("writing the mimic")
        mimic = write_mimic(self.home, self.name, loop, ready, base, figures)
        self.empty()
        speed = self.tokens_per_second
        return Trained(mimic, base, figures, ready["material"], speed, tuple(self.notes))

    def _base_figures(self, loop: Loop) -> Figures:
        """The base's own figures on the held-out part, measured once and kept with the run."""
        path = self.folder / "base-figures.json"
        if loop.state.step > 0 and path.is_file():
            return Figures(**json.loads(path.read_text("utf-8")))
        self.watcher.stage("testing the base")
        figures = loop.evaluate(loop.plan.final)
        kept = {k: getattr(figures, k) for k in ("loss", "bits_per_character", "tokens")}
        write_whole(path, json.dumps(kept))
        return figures


def _loop_settings(settings: Settings) -> dict[str, Any]:
    return {
        "token_types": settings.token_types,
        "weight_decay": settings.weight_decay,
        "clip": settings.clip,
    }


def _check(base: bases.Base, form: str, settings: Settings) -> None:
    if not head_is_plain(base.model):
        raise TrainingError(
            f"The base {base.name} changes its logits after the output head, "
            "which this trainer does not follow.",
            "Choose another --base, for example gpt2-medium.",
        )
    if settings.token_types and (form != "tokens" or base.model.config.model_type != "gpt2"):
        raise TrainingError(
            "--token-types needs the tokens form and a base of GPT-2's architecture.",
            "Add --form tokens, or leave --token-types out.",
        )


def _parameters(model: Any) -> int:
    return sum(p.numel() for p in model.parameters())


def _plan(settings: Settings, model: Any, windows: int, step_seconds: float) -> Plan:
    return make_plan(
        settings,
        parameters=_parameters(model),
        windows=windows,
        on_cpu=not torch.cuda.is_available(),
        step_seconds=step_seconds,
        precision=choose_precision(settings.precision),
    )


def _any_plan(settings: Settings, model: Any, windows: int) -> Plan:
    """A plan good enough to time a step with: the right batch, any number of steps."""
    return _plan(replace(settings, steps=1, minutes=None), model, windows, 0.0)
