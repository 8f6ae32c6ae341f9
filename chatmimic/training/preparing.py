"""What stands before the first step: the base opened, windows and plan on disk, the loop made."""

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
from chatmimic.corpora import open_corpora
from chatmimic.errors import TooLittleData, TrainingError
from chatmimic.files import private_folder
from chatmimic.training.adapters import check_blocks, choose_learning
from chatmimic.training.corpus_windows import write_along
from chatmimic.training.duration import windows_tested
from chatmimic.training.earlier import facts_for
from chatmimic.training.engine_losses import WINDOWS
from chatmimic.training.gain import repeated_share
from chatmimic.training.loop import Loop
from chatmimic.training.loss import Learner, head_is_plain, keeps_apart
from chatmimic.training.material import Material, ends_at
from chatmimic.training.plan import Plan, beside_a_corpus, make_plan, trained_by_default
from chatmimic.training.precision import choose_precision
from chatmimic.training.prepared import write_ready
from chatmimic.training.samples import exchanges, write_exchanges
from chatmimic.training.settings import Settings
from chatmimic.training.writing import write_held_out, write_learnt
from chatmimic.transcript import Cast, Form, make_form, natural_form, prepare
from chatmimic.transcript.facts import as_messages
from chatmimic.windows import Windows
from chatmimic.windows.choices import Choices, write_choices

if TYPE_CHECKING:
    from chatmimic.training.work import Work

MOST_TESTING = 0.3  # of the minutes that are asked for; then fewer windows are tested on
LEARNT, HELD_OUT, CORPUS = "learnt", "held-out", "corpus"  # folders of windows
CHOICES, HELD_CHOICES = "choices", "held-out-choices"  # folders of exchanges
FOLDERS = ("base", LEARNT, HELD_OUT, CORPUS, CHOICES, HELD_CHOICES)


class Preparation:
    """One training being prepared in a folder: `loop` does all of it."""

    def __init__(self, work: Work, material: Material, settings: Settings, folder: Path) -> None:
        self.work = work
        self.material = material
        self.settings = settings
        self.folder = folder
        self.facts = facts_for(settings, work.home)

    def loop(self) -> Loop:
        """Base, windows and plan, all of it on disk before the first step; then the loop."""
        self.work.watcher.stage(f"opening the base {self.settings.base}")
        self._check()
        self.work.watcher.stage("writing transcripts")
        self._write_windows()
        if self.settings.minutes is None:
            plan = self._plan(self.settings)
            self._say_rounding(plan)
            self._remember(plan)
            self.work.ranks.wait()
            return self._make_loop(plan)
        # A plan good enough to time a step with: the right batch, any number of steps.
        loop = self._make_loop(self._plan(replace(self.settings, steps=1, minutes=None)))
        loop.plan = self._plan_of_minutes(loop)
        self._remember(loop.plan)
        return loop

    def _plan_of_minutes(self, loop: Loop) -> Plan:
        """The plan whose steps and evaluations take the minutes that are left."""
        seconds = 60 * (self.settings.minutes or 0)
        window, tested = self._time_windows(loop)
        spent = self.work.seconds_since_start()
        # The finished mimic is tested once more, for what engines lose.
        every = self._plan_within(seconds - spent, window)
        testing = (windows_tested(every, len(loop.held_out)) + 2 * WINDOWS) * tested
        share = min(1.0, MOST_TESTING * seconds / max(testing, 1e-6))
        plan = self._plan_within(seconds - spent - share * testing, window)
        final = min(plan.final, len(loop.held_out))
        return replace(plan, look=math.ceil(share * plan.look), final=math.ceil(share * final))

    def _time_windows(self, loop: Loop) -> tuple[float, float]:
        """Seconds that it takes to learn from a window, and to test on one."""
        return loop.time_a_step() / loop.plan.windows_per_step, loop.time_an_evaluation()

    def _plan_within(self, seconds: float, window_seconds: float) -> Plan:
        """The plan whose steps take so many seconds. How large a step is follows from how many
        windows there is time for: a few large steps would teach little.
        """
        most = max(1, int(seconds / max(window_seconds, 1e-6)))
        windows = min(most, len(Windows.open(self.folder / LEARNT)))
        settings = replace(self.settings, minutes=None, steps=1)
        size = self._plan(settings, windows=windows).windows_per_step
        steps = max(1, round(beside_a_corpus(settings, most / size)))
        return self._plan(replace(settings, steps=steps), windows=windows)

    # -- the base ----------------------------------------------------------------------------

    @cached_property
    def base(self) -> bases.Base:
        """The base, with the tokens that the form needs."""
        asked = self.settings
        base = bases.open_base(asked.base, dropout=asked.dropout, tokenizer=asked.tokenizer)
        if asked.trained == "auto":
            count = sum(p.numel() for p in base.model.parameters())
            train = trained_by_default(count, on_cpu=not torch.cuda.is_available())
            self.settings = replace(asked, train=train)
        self.new_tokens = _prepare(self.form_name(base), base)
        return base

    def form_name(self, base: bases.Base) -> str:
        """The written form that was asked for, or the base's own."""
        return natural_form(base.tokenizer) if self.settings.form == "base" else self.settings.form

    @cached_property
    def form(self) -> Form:
        """The form that writes for the base and the cast."""
        base = self.base
        try:
            return make_form(self.form_name(base), base.tokenizer, self.material.cast)
        except ValueError as error:
            raise TrainingError(
                f"The base {base.name} cannot be used: {error}.", "Or choose another --base."
            ) from error

    def _check(self) -> None:
        model = self.base.model
        check_blocks(model, self.settings.trained)
        if not head_is_plain(model):
            raise TrainingError(
                f"The base {self.base.name} changes its logits after the output head, "
                "which this trainer does not follow.",
                "Choose another --base, for example gpt2-medium.",
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
            self.work.tell(f"{settings.base} sees its whole window: each conversation has its own")
        given = (self.material, self.facts, settings, self.form)
        size = _window(settings, model)
        self._check_facts(size)
        options: dict[str, Any] = {"window": size, "packed": packed}
        learnt = write_learnt(*given, folder=self.folder / LEARNT, **options)
        held_out = write_held_out(*given, folder=self.folder / HELD_OUT, **options)
        if not learnt.learnt or not held_out.learnt:
            raise TooLittleData(
                f"{self.material.persona}'s messages do not stretch to a part to learn and a part "
                "to test on.",
                "Import more of their chats, or change --held-out.",
            )
        if settings.candidates:
            self._write_choices(size)
        if settings.corpus:
            corpora = open_corpora(self.work.home, settings.corpus)
            write_along(
                self.folder / CORPUS,
                corpora,
                self.form,
                self.material.persona,
                seed=settings.seed,
                watcher=self.work.watcher,
                **options,
            )

    def _check_facts(self, window: int) -> None:
        """Refuse facts that leave no room for what is said after them."""
        said = as_messages(self.facts, self.material.persona)
        tokens = len(self.form.prompt(said, None))
        if tokens > window // 2:
            raise TrainingError(
                f"The facts take {tokens} of the {window} tokens the model sees at once.",
                "Leave some out, or choose a larger --window.",
            )

    def _write_choices(self, window: int) -> None:
        """Exchanges to learn to choose replies in, and to be tested on it."""
        if self.material.learner is None or self.settings.reverse:
            raise TrainingError(
                "--candidates chooses among the replies of one person.",
                "Add --persona NAME, or leave --candidates or --reverse out.",
            )
        parts = ((CHOICES, self.material.learnt), (HELD_CHOICES, self.material.held_out))
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

    def _plan(self, settings: Settings, *, windows: int = 0, world: int = 0) -> Plan:
        """The plan for so many windows (0: all) and processes (0: those there are)."""
        return make_plan(
            settings,
            parameters=sum(p.numel() for p in self.base.model.parameters()),
            windows=windows or len(Windows.open(self.folder / LEARNT)),
            on_cpu=not torch.cuda.is_available(),
            step_seconds=0.0,
            precision=choose_precision(settings.precision),
            threads=self.threads,
            world=world or self.work.ranks.world,
        )

    @cached_property
    def threads(self) -> int:
        """The threads asked for, or those that have a free core."""
        return self.work.threads(self.settings.threads)

    def _say_rounding(self, plan: Plan) -> None:
        """Say so where a step of several processes learns from more windows than one of one."""
        alone = self._plan(self.settings, world=1).windows_per_step
        if plan.windows_per_step != alone:
            self.work.tell(
                f"a step learns from {plan.windows_per_step} windows instead of {alone}: "
                f"{self.work.ranks.world} processes share them alike"
            )

    def _make_loop(self, plan: Plan) -> Loop:
        return make_loop(
            self.work, self.base.model, self.form, self.settings, plan, self.folder, self.new_tokens
        )

    def _remember(self, plan: Plan) -> None:
        """Write what a resumed run needs; `ready.json` last, so that it is there or not at all."""
        base = private_folder(self.folder / "base")
        self.base.model.config.save_pretrained(base)
        self.form.tokenizer.save_pretrained(base)
        ready = {
            "settings": self.settings.as_dict(),
            "plan": plan.as_dict(),
            "form": self.form.name,
            "new_tokens": self.new_tokens,
            "people": self.material.cast.people,
            "everybody": self.material.learner is None,
            "owner": self.material.owner,
            "facts": self.facts,
            "begun_at": datetime.now(UTC).isoformat(),
            "material": material_facts(self.material, Windows.open(self.folder / LEARNT)),
        }
        if not self.settings.reverse:
            write_exchanges(self.folder, exchanges(self.material.held_out, self.material.learner))
        folders = [name for name in FOLDERS if (self.folder / name).is_dir()]
        write_ready(self.folder, ready, folders)


def material_facts(material: Material, learnt: Windows) -> dict[str, Any]:
    """What was read, in numbers, without a word of it."""
    messages, held_out = material.messages
    parts = material.learnt, material.held_out
    return {
        "fingerprint": material.fingerprint,
        "until": ends_at(material.learnt),
        "messages": messages,
        "held_out_messages": held_out,
        "tested_messages": material.messages_tested,
        "conversations": len(material.learnt),
        "held_out_conversations": len(material.held_out),
        "gap": material.gap,
        "disentangled_threads": material.busy,
        "chosen": material.chosen,
        "windows": len(learnt),
        "window_tokens": learnt.ids.shape[1],
        "window_fill": round(learnt.fill, 4),
        "learnt_tokens": learnt.learnt,
        "characters": int(learnt.total_characters),
        "held_out_repeated": round(repeated_share(*parts, material.learner), 4),
    }


def reopen(work: Work, ready: dict[str, Any], *, weights: bool) -> Loop:
    """The loop of a run as prepared; `weights` reads the base's, where no step is saved.

    What is not learnt is always the base's.
    """
    from transformers import AutoConfig

    settings = Settings.from_dict(ready["settings"])
    tokenizer = load_tokenizer(work.folder / "base")
    if weights or settings.trained != "all":
        base = bases.open_base(
            settings.base, dropout=settings.dropout, tokenizer=settings.tokenizer
        )
        model = base.model
        _prepare(ready["form"], base)
    else:
        model = empty_model(AutoConfig.from_pretrained(work.folder / "base"))
    form = make_form(ready["form"], tokenizer, Cast(tuple(ready["people"])))
    plan = Plan(**ready["plan"])
    return make_loop(work, model, form, settings, plan, work.folder, ready["new_tokens"])


def make_loop(
    work: Work,
    model: Any,
    form: Form,
    settings: Settings,
    plan: Plan,
    folder: Path,
    new_tokens: int,
) -> Loop:
    """The loop over the windows in a folder. `new_tokens` is how many the form has given it."""
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
    torch.manual_seed(settings.seed)  # the choice's head begins with chance
    return Loop(
        Learner(model, candidates=settings.candidates),
        plan,
        settings.seed,
        Windows.open(folder / LEARNT),
        Windows.open(folder / HELD_OUT),
        folder,
        form,
        token_types=settings.token_types,
        corpus=Windows.open(corpus) if corpus.is_dir() else None,
        choices=choices,
        learning=learning,
        ranks=work.ranks,
    )


def _window(settings: Settings, model: Any) -> int:
    return min(settings.window, getattr(model.config, "max_position_embeddings", 10**9))


def _prepare(form: str, base: bases.Base) -> int:
    """Give a base the tokens that a form needs. Returns how many it did not know.

    A table of embeddings may have had room for them: its rows then are no fewer to be learnt.
    """
    before = len(base.tokenizer)
    prepare(form, base.tokenizer, base.model)
    return len(base.tokenizer) - before
