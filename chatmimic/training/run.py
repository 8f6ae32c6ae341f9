"""A training run, from start to mimic: its folder, and its result.

The folder of a run contains everything needed to resume it: settings, plan, configuration and
tokeniser of the prepared base, the packed windows, the log and the checkpoints. The windows are as
private as the archive; they and the checkpoints are removed when the mimic is finished.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from chatmimic.archive import Archive, described
from chatmimic.bases.loading import quiet
from chatmimic.conversations import parse_gap
from chatmimic.errors import MimicError, NothingGained, TrainingError
from chatmimic.folders import label_of
from chatmimic.home import Home
from chatmimic.lock import Lock
from chatmimic.machine import threads_kept
from chatmimic.mimic import EVERYBODY, LoadedMimic, Mimic, read_mimic
from chatmimic.training.base_run import BaseRun, Callbacks, Stopped
from chatmimic.training.checkpointing.ready import explained, read_ready
from chatmimic.training.checkpointing.resumable import find_unfinished, label_for
from chatmimic.training.data.continue_from import check_known
from chatmimic.training.data.selection import choose
from chatmimic.training.data.split import Material, continued, ends_at, gather
from chatmimic.training.distributed.checks import all_there, check_several
from chatmimic.training.distributed.fsdp import put_together
from chatmimic.training.engine_losses import write_losses
from chatmimic.training.gain import check_gain, hint_of
from chatmimic.training.inputs import Inputs, Request
from chatmimic.training.judged import Judge, Judged, check_judges
from chatmimic.training.loop import Loop
from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.optim.optimizers import check_optimizer
from chatmimic.training.optim.trainable import check_package
from chatmimic.training.out_of_memory import make_room
from chatmimic.training.planning.disk_room import check_disk
from chatmimic.training.planning.duration import announce_duration
from chatmimic.training.planning.memory_available import find_room
from chatmimic.training.planning.newest_that_fit import FEWEST, may_be_shortened, shortened
from chatmimic.training.prepare import Preparation, reopen
from chatmimic.training.samples import Exchange, read_exchanges, replies
from chatmimic.training.save_mimic import write_mimic
from chatmimic.training.settings import LOSS, STYLE, TrainSettings
from chatmimic.training.state import State
from chatmimic.training.tensorboard import Board, check_board
from chatmimic.transcript import FORMS

SHORTER = {f"--minutes {minutes}": minutes * 60 for minutes in (60, 20, 10, 5, 2)}
PILOT_STEPS = 60  # of each form under `--form auto`


@dataclass(frozen=True)
class Trained:
    """The result of a run: the mimic, its metrics and those of the base, and its data."""

    mimic: Mimic
    base: Metrics
    figures: Metrics
    material: dict[str, Any]
    tokens_per_second: float
    notes: tuple[str, ...]
    exchanges: tuple[Exchange, ...] = ()  # held out, to let the mimic answer in
    hint: str = ""  # whether longer training may help


class Run(BaseRun):
    """A training run of a mimic. `start` begins it, `resume` continues it.

    `name` is the name of the mimic, or the run to resume; "" is the persona's name. If several
    processes train together, each has a Run; the first prepares and writes. All return the same.
    """

    what, makes = "training", "mimic"

    def __init__(self, home: Home, name: str, callbacks: Callbacks) -> None:
        super().__init__(home, name, (home.runs, home.mimics), callbacks)
        self.judge: Judge | None = None  # of sample replies, once it has been made

    # -- the two ways in ---------------------------------------------------------------------

    def start(
        self, archive: Archive, request: Request, *, replace: bool = False
    ) -> Trained | Stopped:
        """Start a new run. Raises ArchiveError, BaseError and TrainingError.

        A finished mimic of that name is kept and the new one gets another name; an unfinished run
        is refused. With `replace`, the mimic is replaced at the end and the run discarded.
        """
        if not self.processes.is_first:
            return self._join()
        # Everything that a user may have mistyped is checked before the base is even looked for.
        check_several(request.settings, self.processes)
        _check_packages(request.settings)
        self._say_who_else(archive, request.settings.persona)
        inputs = request.find(self.callbacks.stage)
        shorten = may_be_shortened(inputs.settings, find_room().device, self.processes.world)
        first = inputs.changed(newest=str(FEWEST)) if shorten else inputs
        material = self._gather(archive, first, brief=shorten)
        self.home.make()
        self.claim(label_for(self.name, material.imitated), replace=replace)
        inputs = inputs.changed(persona=material.imitated or "")
        with self._at_work():
            self.processes.share(self.name)
            self.clear()
            if shorten:
                if "newest" in material.selection:
                    inputs = shortened(self, material, inputs)
                material = self._gather(archive, inputs)
            elif archive.fingerprint() != material.fingerprint:
                material = self._gather(archive, first)  # such as without somebody forgotten since
            if inputs.settings.select == STYLE:
                self._make_judge(material, inputs)
            if inputs.settings.form == "auto":
                inputs = self._pilot(material, inputs)
            loop = Preparation(self, material, inputs, self.folder).loop()
            del material  # all that was said: it lies in the windows now
            make_room()
            check_disk(self.folder, loop)
            if inputs.settings.minutes is None:
                announce_duration(self, loop, SHORTER, "--newest N or --since DATE trains on less")
            return self._go(loop)

    def resume(self) -> Trained | Stopped:
        """Resume a run that was stopped or killed. Raises TrainingError if there is none."""
        self.settle(find_unfinished(self.home.runs, self.name))
        self._check_place()
        if not self.processes.is_first:
            return self._join()
        with self._at_work():
            self.processes.share(self.name)
            ready = read_ready(self.folder)
            check_several(TrainSettings.from_dict(ready["settings"]), self.processes, new=False)
            saved, passed = self.latest()
            self.processes.wait()
            loop = reopen(self, ready, weights=saved is None, written=self._is_written(ready))
            self.go_on(loop, saved=saved, passed=passed)
            return self._go(loop)

    def _join(self) -> Trained | Stopped:
        """Join the first process once it has prepared everything."""
        with all_there(self.processes), quiet(), threads_kept():
            self.settle(self.processes.share(""))
            self.processes.wait()
            ready = read_ready(self.folder)
            saved, _ = self.latest()
            loop = reopen(self, ready, weights=saved is None, written=self._is_written(ready))
            self.go_on(loop, saved=saved, passed=[])
            return self._go(loop)

    def _check_place(self) -> None:
        """Raise TrainingError if the mimic would replace one of another person."""
        there = label_of(self.home.mimics / self.name)
        if there is not None and there.persona != self.label.persona:
            raise TrainingError(
                f"This training is of {self.label.persona or EVERYBODY}, and the mimic of the same "
                f"name, {self.name}, of {there.persona or EVERYBODY}.",
                "Train again without --resume: the new mimic then gets a name of its own.",
            )

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        """Context that locks the folder, and turns disk and process errors into TrainingErrors."""
        lock = Lock(self.folder / "lock", self.name)
        with lock, explained(self.folder), all_there(self.processes), quiet(), threads_kept():
            yield

    def _gather(self, archive: Archive, inputs: Inputs, *, brief: bool = False) -> Material:
        settings = inputs.settings
        gap_ms = parse_gap(settings.gap) if settings.gap else None
        self.callbacks.stage("reading the archive")
        found = gather(
            archive,
            settings.persona,
            gap_ms,
            settings.held_out,
            selection=choose(archive, settings),
            force=settings.force,
            disentangle=settings.disentangle,
            brief=brief,
            notify=self.callbacks.stage,
        )
        earlier = inputs.earlier
        if earlier is None:
            return found
        check_known(archive, earlier)
        until = earlier.manifest["data"]["until"]
        more = continued(found, until, earlier.people, settings.replay, settings.seed)
        return dataclasses.replace(more, owner=more.owner or earlier.owner)

    def _say_who_else(self, archive: Archive, persona: str) -> None:
        """Tell if other people have the persona's name, except for a number. Raises NoSuchPerson.

        Nobody is the persona of a training on everybody's words.
        """
        if not persona:
            return
        person = archive.person(persona)
        for group in archive.namesakes():
            if person in group:
                others = " and ".join(described(p) for p in group if p != person)
                self.notify(f"the persona is {described(person)}; there is also {others}")

    def _pilot(self, material: Material, inputs: Inputs) -> Inputs:
        """Train briefly with each form, and choose the best by held-out bits per character."""
        bits: dict[str, float] = {}
        for form in FORMS:
            folder = self.folder / f"pilot-{form}"
            trial = inputs.changed(form=form, steps=PILOT_STEPS, minutes=None)
            loop = Preparation(self, material, trial, folder).loop()
            self.callbacks.stage(f"trying the {form} form")
            loop.watch, loop.stop = self.callbacks.progress, self.callbacks.stop
            if not loop.run():
                raise KeyboardInterrupt
            bits[form] = loop.evaluate(loop.plan.final_eval_windows).bits_per_character
            shutil.rmtree(folder)
        best = min(bits, key=lambda form: bits[form])
        told = ", ".join(f"{form} {value:.3f}" for form, value in bits.items())
        self.notes.append(f"form chosen by held-out bits per character: {best} ({told})")
        return inputs.changed(form=best)

    # -- going and finishing -----------------------------------------------------------------

    def _go(self, loop: Loop) -> Trained | Stopped:
        loop.notify = self.notify
        ready = read_ready(self.folder)
        if not self._is_written(ready):
            if ready["settings"]["tensorboard"] and self.processes.is_first:
                self.board = Board(self.folder, loop.state.step)
            loop.sample = partial(self._sample, loop, ready)
            loop.judge = self._judge(loop, ready)
            base = self.figures_before(loop)
            if stopped := self.take_steps(loop, "training"):
                return stopped
            self._write(loop, ready, base)
        self.processes.wait()
        mimic = read_mimic(self.home.mimics / self.name)
        shown = tuple(read_exchanges(self.folder))
        self.notes += State(phases=mimic.manifest["phases"]).verdicts()
        self.processes.wait()
        if self.processes.is_first:
            self.empty()
        base, figures = (
            Metrics.from_dict(mimic.manifest["held_out"][o]) for o in ("base", "mimic")
        )
        speed = self.tokens_per_second
        notes, hint = tuple(self.notes), hint_of(mimic.manifest)
        return Trained(mimic, base, figures, ready["material"], speed, notes, shown, hint)

    def _is_written(self, ready: dict[str, Any]) -> bool:
        """Whether the mimic of this run exists, and only its folder is left to be emptied.

        Going on would be wrong where its base was the mimic of the same name, which now is another.
        """
        with contextlib.suppress(MimicError):
            written = read_mimic(self.home.mimics / self.name).manifest
            return bool(written.get("begun_at") == ready["begun_at"])
        return False

    def _write(self, loop: Loop, ready: dict[str, Any], base: Metrics) -> None:
        """Run the final evaluation, and write the mimic."""
        self.callbacks.stage("evaluating on the held-out part")
        forced = ready["settings"]["force"] and loop.state.best_step == 0
        if not forced:
            loop.writer.use_best(loop.state)
        figures = loop.evaluate(loop.plan.final_eval_windows)
        self._check_gain(loop, ready, base, figures)
        if self.processes.spread:
            put_together(loop.loss_module, self.processes)
        if self.processes.is_first:
            self.callbacks.stage("writing the mimic")
            self._check_place()
            mimic = write_mimic(self.home, self.name, self.label.called, loop, ready, base, figures)
            _let_go(loop)
            write_losses(mimic, loop.held_out)
            self._fit_decoding(mimic, ready)

    def _fit_decoding(self, mimic: Mimic, ready: dict[str, Any]) -> None:
        """Choose the decoding of the finished mimic, if the preparation planned it."""
        if ready.get("fit_decoding") and self.callbacks.fit:
            self.callbacks.stage("fitting the decoding")
            self.callbacks.fit(mimic)

    def _check_gain(
        self, loop: Loop, ready: dict[str, Any], base: Metrics, figures: Metrics
    ) -> None:
        """Raise NothingGained, and keep only the log, if there is no improvement and no --force."""
        try:
            check_gain(base, figures, loop.plan, loop.state)
        except NothingGained as nothing:
            if not ready["settings"]["force"]:
                self.processes.wait()
                if self.processes.is_first:
                    self.empty()
                raise
            which = "the last step" if loop.state.best_step == 0 else "the best evaluation"
            self.notify(f"{nothing.what} This mimic has the weights of {which} (--force)")

    def _sample(self, loop: Loop, ready: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Sample replies of the current model in held-out exchanges."""
        with self._talking(loop, ready) as loaded:
            for sample in replies(loaded, read_exchanges(self.folder)):
                self.callbacks.sample(sample)
                yield {"step": loop.state.step, **sample.as_dict()}

    def _judge(self, loop: Loop, ready: dict[str, Any]) -> Callable[[], Judged] | None:
        """What judges replies of the current model, for --select style."""
        if ready["settings"].get("select", LOSS) == LOSS or self.callbacks.judge is None:
            return None
        if (judge := self.judge) is None:
            self.callbacks.stage("learning to judge style")
            with self._talking(loop, ready) as loaded:
                judge = self.callbacks.judge(loaded.mimic)

        def judged() -> Judged:
            with self._talking(loop, ready) as loaded:
                return judge(loaded)

        return judged

    def _make_judge(self, material: Material, inputs: Inputs) -> None:
        """Make the judge of replies before any work that is lost where others said too little."""
        if self.callbacks.judge is None:
            return
        self.callbacks.stage("learning to judge style")
        data = {"until": ends_at(material.train), "messages": material.messages[0]}
        about = {"settings": inputs.settings.as_dict(), "data": data}
        people = material.cast.people
        self.judge = self.callbacks.judge(Mimic(self.folder, self.name, people[0], people, about))

    @contextlib.contextmanager
    def _talking(self, loop: Loop, ready: dict[str, Any]) -> Iterator[LoadedMimic]:
        """The current model as the mimic that it is going to be, in evaluation mode."""
        people = tuple(ready["people"])
        about = {
            "facts": ready["facts"],
            "token_types": ready["settings"]["token_types"],
            "settings": ready["settings"],
            "data": ready["material"],
            "parameters": sum(p.numel() for p in loop.loss_module.model.parameters()),
        }
        mimic = Mimic(self.folder, self.name, people[0], people, about)
        loop.loss_module.eval()
        loaded = LoadedMimic(loop.loss_module.model, loop.form.tokenizer, loop.form, mimic)
        try:
            yield loaded
        finally:
            loop.loss_module.train()


def _check_packages(settings: TrainSettings) -> None:
    """Check that what a run needs is installed, before it discards an unfinished one."""
    check_package(settings.trained)
    check_optimizer(settings.optimizer)
    if settings.tensorboard:
        check_board()
    if settings.select == STYLE:
        check_judges()


def _let_go(loop: Loop) -> None:
    """Give the memory of the model back; nothing can be computed after this."""
    loop.backend.optimizer.state.clear()
    if not loop.processes.spread:
        loop.loss_module.to("meta")
    make_room()
