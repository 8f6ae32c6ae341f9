"""One training from start to mimic: its folder, and what it leaves.

A run's folder holds everything it needs to go on: settings, plan, the prepared base's description
and tokeniser, the packed windows, the log and the checkpoints. Its windows are as private as the
archive; when the mimic is made they and the checkpoints are removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from chatmimic import bases
from chatmimic.archive import Archive, described
from chatmimic.bases.loading import quiet
from chatmimic.conversations import parse_gap
from chatmimic.corpora import open_corpora
from chatmimic.errors import MimicError, NothingGained, TrainingError
from chatmimic.folders import label_of
from chatmimic.home import Home
from chatmimic.lock import Lock
from chatmimic.machine import threads_kept
from chatmimic.mimic import EVERYBODY, LoadedMimic, Mimic, read_mimic
from chatmimic.records import Person
from chatmimic.training.adapters import check_package
from chatmimic.training.board import Board, check_board
from chatmimic.training.chosen import choose
from chatmimic.training.duration import say_how_long
from chatmimic.training.earlier import check_known, facts_for
from chatmimic.training.engine_losses import write_losses
from chatmimic.training.figures import Figures
from chatmimic.training.finish import write_mimic
from chatmimic.training.gain import check_gain
from chatmimic.training.loop import Loop
from chatmimic.training.material import Material, continued, gather
from chatmimic.training.memory import make_room
from chatmimic.training.optimizers import check_optimizer
from chatmimic.training.prepared import explained, read_ready
from chatmimic.training.preparing import Preparation, reopen
from chatmimic.training.room import find_room
from chatmimic.training.samples import Exchange, read_exchanges, replies
from chatmimic.training.settings import Settings
from chatmimic.training.several import all_there, check_several
from chatmimic.training.shortening import FEWEST, may_be_shortened, shortened
from chatmimic.training.state import State
from chatmimic.training.unfinished import find_unfinished, label_for
from chatmimic.training.work import Stopped, Watcher, Work
from chatmimic.transcript import FORMS

SHORTER = {f"--minutes {minutes}": minutes * 60 for minutes in (60, 20, 10, 5, 2)}
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
    exchanges: tuple[Exchange, ...] = ()  # held out, to let the mimic answer in


class Run(Work):
    """A training of a mimic. `start` begins one, `resume` goes on with one.

    `name` is what the mimic is to be called, or the run to go on with; "" is the persona's name.
    Where several processes train together each has a Run; the first prepares and writes. All return
    the same.
    """

    what, makes = "training", "mimic"

    def __init__(self, home: Home, name: str, watcher: Watcher) -> None:
        super().__init__(home, name, (home.runs, home.mimics), watcher)

    # -- the two ways in ---------------------------------------------------------------------

    def start(
        self, archive: Archive, settings: Settings, *, replace: bool = False
    ) -> Trained | Stopped:
        """Train from the beginning. Raises ArchiveError, BaseError and TrainingError.

        A finished mimic of that name stays, and the new one gets another; an unfinished training is
        refused. `replace` says to replace the one in the end, and to drop the other.
        """
        if not self.ranks.is_first:
            return self._join()
        # Everything that a user may have mistyped is checked before the base is even looked for.
        check_several(settings, self.ranks)
        self._check_asked(settings)
        shorten = may_be_shortened(settings, find_room().device, self.ranks.world)
        first = dataclasses.replace(settings, newest=str(FEWEST)) if shorten else settings
        material = self._gather(archive, first)
        self.home.make()
        self.claim(label_for(self.name, material.learner), replace=replace)
        settings = dataclasses.replace(settings, persona=material.learner or "")
        with self._at_work():
            self.ranks.share(self.name)
            self.clear()
            if shorten and "newest" in material.chosen:
                settings = shortened(self, material, settings)
                material = self._gather(archive, settings)
            if settings.form == "auto":
                settings = self._pilot(material, settings)
            loop = Preparation(self, material, settings, self.folder).loop()
            del material  # all that was said: it lies in the windows now
            make_room()
            if settings.minutes is None:
                say_how_long(self, loop, SHORTER, "--newest N or --since DATE learns from less")
            return self._go(loop)

    def resume(self) -> Trained | Stopped:
        """Go on with a training that was stopped or killed. Raises TrainingError for none."""
        self.settle(find_unfinished(self.home.runs, self.name))
        self._check_place()
        if not self.ranks.is_first:
            return self._join()
        with self._at_work():
            self.ranks.share(self.name)
            ready = read_ready(self.folder)
            check_several(Settings.from_dict(ready["settings"]), self.ranks, new=False)
            saved, passed = self.latest()
            self.ranks.wait()
            loop = reopen(self, ready, weights=saved is None)
            self.go_on(loop, saved=saved, passed=passed)
            return self._go(loop)

    def _join(self) -> Trained | Stopped:
        """Train along with the first process, when it has prepared everything."""
        with all_there(self.ranks), quiet(), threads_kept():
            self.settle(self.ranks.share(""))
            self.ranks.wait()
            ready = read_ready(self.folder)
            saved, _ = self.latest()
            loop = reopen(self, ready, weights=saved is None)
            self.go_on(loop, saved=saved, passed=[])
            return self._go(loop)

    def _check_place(self) -> None:
        """Refuse to go on where the mimic would take the place of somebody else's."""
        there = label_of(self.home.mimics / self.name)
        if there is not None and there.persona != self.label.persona:
            raise TrainingError(
                f"This training is of {self.label.persona or EVERYBODY}, and the mimic of the same "
                f"name, {self.name}, of {there.persona or EVERYBODY}.",
                "Train anew, without --resume: the new mimic gets a name of its own.",
            )

    def _check_asked(self, settings: Settings) -> None:
        """Refuse what is not there, before an unfinished training is dropped for this one."""
        check_package(settings.trained)
        check_optimizer(settings.optimizer)
        facts_for(settings, self.home)
        open_corpora(self.home, settings.corpus)
        if settings.tensorboard:
            check_board()

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        """Nobody else in the folder; faults of its disk and of other processes in our words."""
        lock = Lock(self.folder / "lock", self.name)
        with lock, explained(self.folder), all_there(self.ranks), quiet(), threads_kept():
            yield

    def _gather(self, archive: Archive, settings: Settings) -> Material:
        gap_ms = parse_gap(settings.gap) if settings.gap else None
        if settings.persona:
            self._say_who_else(archive, archive.person(settings.persona))
        bases.find_base(settings.base, tokenizer=settings.tokenizer)
        self.watcher.stage("reading the archive")
        found = gather(
            archive,
            settings.persona,
            gap_ms,
            settings.held_out,
            chosen=choose(archive, settings),
            force=settings.force,
            disentangle=settings.disentangle,
            tell=self.watcher.stage,
        )
        if settings.from_mimic is None:
            return found
        earlier = Mimic.open(settings.from_mimic, self.home)
        check_known(archive, earlier)
        until = earlier.manifest["data"]["until"]
        more = continued(found, until, earlier.people, settings.replay, settings.seed)
        return dataclasses.replace(more, owner=more.owner or earlier.owner)

    def _say_who_else(self, archive: Archive, person: Person) -> None:
        """Say so where others have the persona's name, but for the number that tells them apart."""
        for group in archive.namesakes():
            if person in group:
                others = " and ".join(described(p) for p in group if p != person)
                self.tell(f"the persona is {described(person)}; there is also {others}")

    def _pilot(self, material: Material, settings: Settings) -> Settings:
        """Train a little in each form, and choose by held-out bits per character."""
        bits: dict[str, float] = {}
        for form in FORMS:
            folder = self.folder / f"pilot-{form}"
            trial = dataclasses.replace(settings, form=form, steps=PILOT_STEPS, minutes=None)
            loop = Preparation(self, material, trial, folder).loop()
            self.watcher.stage(f"trying the {form} form")
            loop.watch, loop.stop = self.watcher.progress, self.watcher.stop
            if not loop.run():
                raise KeyboardInterrupt
            bits[form] = loop.evaluate(loop.plan.final).bits_per_character
            shutil.rmtree(folder)
        best = min(bits, key=lambda form: bits[form])
        told = ", ".join(f"{form} {value:.3f}" for form, value in bits.items())
        self.notes.append(f"form chosen by held-out bits per character: {best} ({told})")
        return dataclasses.replace(settings, form=best)

    # -- going and finishing -----------------------------------------------------------------

    def _go(self, loop: Loop) -> Trained | Stopped:
        loop.tell = self.tell
        ready = read_ready(self.folder)
        if not self._is_written(ready):
            if ready["settings"]["tensorboard"] and self.ranks.is_first:
                self.board = Board(self.folder, loop.state.step)
            loop.sample = partial(self._sample, loop, ready)
            base = self.figures_before(loop)
            if stopped := self.take_steps(loop, "training"):
                return stopped
            self._write(loop, ready, base)
        self.ranks.wait()
        mimic = read_mimic(self.home.mimics / self.name)
        shown = tuple(read_exchanges(self.folder))
        self.notes += State(spells=mimic.manifest["spells"]).verdicts()
        self.ranks.wait()
        if self.ranks.is_first:
            self.empty()
        base, figures = (
            Figures.from_dict(mimic.manifest["held_out"][o]) for o in ("base", "mimic")
        )
        speed = self.tokens_per_second
        return Trained(mimic, base, figures, ready["material"], speed, tuple(self.notes), shown)

    def _is_written(self, ready: dict[str, Any]) -> bool:
        """Whether the mimic of this training is there, and only its folder is to be emptied.

        Going on would be wrong where its base was the mimic of the same name, which now is another.
        """
        with contextlib.suppress(MimicError):
            written = read_mimic(self.home.mimics / self.name).manifest
            return bool(written.get("begun_at") == ready["begun_at"])
        return False

    def _write(self, loop: Loop, ready: dict[str, Any], base: Figures) -> None:
        """Test what was learnt, and write the mimic."""
        self.watcher.stage("testing on the held-out part")
        forced = ready["settings"]["force"] and loop.state.best_step == 0
        if not forced:
            loop.use_best()
        figures = loop.evaluate(loop.plan.final)
        self._check_gain(loop, ready, base, figures)
        loop.put_together()
        if self.ranks.is_first:
            self.watcher.stage("writing the mimic")
            self._check_place()
            mimic = write_mimic(self.home, self.name, self.label.called, loop, ready, base, figures)
            loop.let_go()
            write_losses(mimic, loop.held_out)

    def _check_gain(
        self, loop: Loop, ready: dict[str, Any], base: Figures, figures: Figures
    ) -> None:
        """Leave only the log of a training that gained nothing, unless a mimic is forced."""
        try:
            check_gain(base, figures, loop.plan, loop.state)
        except NothingGained as nothing:
            if not ready["settings"]["force"]:
                self.ranks.wait()
                if self.ranks.is_first:
                    self.empty()
                raise
            which = "the last step" if loop.state.best_step == 0 else "the best evaluation"
            self.tell(f"{nothing.what} This mimic has the weights of {which} (--force)")

    def _sample(self, loop: Loop, ready: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What the model says by now in the held-out exchanges."""
        people = tuple(ready["people"])
        about = {
            "facts": ready["facts"],
            "token_types": ready["settings"]["token_types"],
            "settings": ready["settings"],
            "data": ready["material"],
            "parameters": sum(p.numel() for p in loop.learner.model.parameters()),
        }
        mimic = Mimic(self.folder, self.name, people[0], people, about)
        loop.learner.eval()
        loaded = LoadedMimic(loop.learner.model, loop.form.tokenizer, loop.form, mimic)
        for sample in replies(loaded, read_exchanges(self.folder)):
            self.watcher.sample(sample)
            yield {"step": loop.state.step, **sample.as_dict()}
        loop.learner.train()
