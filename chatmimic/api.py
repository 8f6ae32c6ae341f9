"""What `import chatmimic` offers: the commands of the terminal, as functions.

Example::

    import chatmimic

    chatmimic.import_exports("messenger.zip")
    chatmimic.train("Ada Lovelace", base="starter")
    talk = chatmimic.talk("ada-lovelace")
    print(talk.say("tea?"))
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.bases import base_here
from chatmimic.engines import AUTO
from chatmimic.errors import TrainingError
from chatmimic.home import Home
from chatmimic.mimic import Mimic, latest
from chatmimic.records import Message

if TYPE_CHECKING:
    from chatmimic.archive import Archive, Origin
    from chatmimic.generation import Decoding
    from chatmimic.importers import ImportOptions, ImportReport
    from chatmimic.privacy import Door, PrivacyOptions
    from chatmimic.training.pretraining import Pretrained
    from chatmimic.training.run import Trained
    from chatmimic.training.work import Stopped, Watcher

Place = str | PathLike[str] | Home | None


def open_archive(home: Place = None) -> Archive:
    """The archive of a home (a folder; None: the user's own). Close it, or use it in `with`."""
    from chatmimic.archive import Archive

    return Archive.open(_home(home).make().archive)


def import_exports(
    *paths: str | PathLike[str],
    home: Place = None,
    options: ImportOptions | None = None,
    privacy: PrivacyOptions | None = None,
    corpus: str | None = None,
) -> list[ImportReport]:
    """Read exports into the archive, or into a corpus, each whole or not at all.

    `privacy` says what is redacted, whom to leave out, and whether everybody gets another name.
    Returns a report for each path: what was kept, and what was left out by reason. Raises
    ExportError.
    """
    from chatmimic.archive import Archive
    from chatmimic.corpora import corpus_to_fill
    from chatmimic.importers import ImportOptions, ImportReport, read_exports
    from chatmimic.privacy import Door, key_of, names_of

    options = options or ImportOptions()
    place, reports = _home(home).make(), []
    door = Door(privacy, key_of(place)) if privacy else None
    with Archive.open(corpus_to_fill(place, corpus) if corpus else place.archive) as archive:
        if door is not None and door.options.exclude:
            door.know(names_of(archive.people()))
            if len(paths) > 1:
                for path in paths:
                    door.look(read_exports(Path(path), options, ImportReport()))
                door.check()
        for path in paths:
            report = ImportReport()
            read = partial(read_exports, Path(path), options)
            messages = read(report)
            if door is not None:
                messages = door.let_in(messages, report, partial(read, ImportReport()))
            archive.add(messages, origin=partial(_origin, report, path, door))
            reports.append(report)
    return reports


def _origin(report: ImportReport, path: str | PathLike[str], door: Door | None) -> Origin:
    from chatmimic.archive import Origin

    if door is None:
        return Origin.of(Path(path), report.format, report.owner)
    return Origin.of(None, report.format, report.owner and door.pseudonym(report.owner))


def train(
    persona: str = "",
    *,
    home: Place = None,
    name: str | None = None,
    replace: bool = False,
    watcher: Watcher | None = None,
    **settings: Any,
) -> Trained:
    """Train a mimic of one person, or of everybody.

    Settings are those of `chatmimic train`, with underscores (`from_mimic=` for `--from`). On a
    processor the newest messages that take about 20 minutes are read; `newest="all"` reads all.
    A mimic of that name stays, and the new one gets another, unless `replace` says otherwise.

    Raises NoSuchPerson, BaseError and TrainingError.
    """
    from chatmimic.training import Settings
    from chatmimic.training.earlier import going_on_from, named_after
    from chatmimic.training.run import Run, Trained
    from chatmimic.training.work import Watcher

    place = _home(home)
    asked = Settings(persona=persona, **settings)
    asked = dataclasses.replace(asked, base=base_here(asked.base, place))
    asked = going_on_from(asked, place)
    run = Run(place, name or named_after(asked, place), watcher or Watcher())
    with open_archive(place) as archive:
        outcome = run.start(archive, asked, replace=replace)
    if not isinstance(outcome, Trained):
        raise _stopped(outcome, "train")
    return outcome


def pretrain(
    *corpora: str,
    home: Place = None,
    name: str | None = None,
    replace: bool = False,
    watcher: Watcher | None = None,
    **settings: Any,
) -> Pretrained:
    """Make a base from corpora (`NAME` or `NAME=WEIGHT`), or warm one up (`base=`).

    Settings are those of `chatmimic pretrain`, with underscores. A base of that name stays, and the
    new one gets another, unless `replace` says otherwise. Raises BaseError and TrainingError.
    """
    from chatmimic.corpora import open_corpora
    from chatmimic.training.pretrain_settings import PretrainSettings
    from chatmimic.training.pretraining import Pretrained, Pretraining
    from chatmimic.training.work import Watcher

    place = _home(home)
    chosen = open_corpora(place, corpora)
    if not chosen:
        raise TrainingError("No corpus was named.", "For example pretrain('ubuntu').")
    asked = PretrainSettings(**settings)
    asked = dataclasses.replace(asked, base=asked.base and base_here(asked.base, place))
    run = Pretraining(place, name or chosen[0].name, watcher or Watcher())
    outcome = run.start(chosen, asked, replace=replace)
    if not isinstance(outcome, Pretrained):
        raise _stopped(outcome, "pretrain")
    return outcome


def talk(mimic: str | Path | None = None, *, home: Place = None, engine: str = AUTO) -> Talk:
    """Load a mimic (a name or a folder; None: the newest) and begin to talk with it.

    `engine` is one of `engines.ENGINES`. Raises MimicError for no mimic, for one in reverse, and
    for an engine that this machine does not have.
    """
    place = _home(home)
    return Talk(Mimic.open(mimic, place) if mimic is not None else latest(place), engine)


class Talk:
    """A conversation with a mimic. `history` is all that was said, and may be changed."""

    def __init__(self, mimic: Mimic, engine: str = AUTO) -> None:
        from chatmimic.generation.engine import TorchGenerator

        mimic.check_talks()
        self.mimic = mimic
        self.history: list[Message] = []
        self._generator = TorchGenerator(mimic.load(engine))

    def say(self, text: str, *, sender: str = "You", decoding: Decoding | None = None) -> str:
        """Say something and hear one reply."""
        return "".join(self.stream(text, sender=sender, decoding=decoding))

    def stream(
        self, text: str, *, sender: str = "You", decoding: Decoding | None = None
    ) -> Iterator[str]:
        """Say something and hear one reply, in pieces, as they are made."""
        from chatmimic.generation import Decoding, as_message

        self.history.append(as_message(sender, text, _now()))
        pieces = []
        chosen = decoding or Decoding(**self.mimic.decoding)
        for piece in self._generator.stream(self.history, self.mimic.persona, chosen):
            pieces.append(piece)
            yield piece
        self.history.append(as_message(self.mimic.persona, "".join(pieces), _now()))


def _stopped(outcome: Stopped, command: str) -> TrainingError:
    return TrainingError(
        f"The training stopped at step {outcome.step} of {outcome.steps}, as was asked.",
        f"To go on: `chatmimic {command} --name {outcome.name} --resume`.",
    )


def _home(given: Place) -> Home:
    return given if isinstance(given, Home) else Home.find(given)


def _now() -> int:
    return int(time.time() * 1000)
