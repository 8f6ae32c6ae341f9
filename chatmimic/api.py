"""The Python API, `import chatmimic`: the commands as functions.

Example::

    import chatmimic

    chatmimic.import_exports("messenger.zip")
    chatmimic.train("Ada Lovelace", base="starter")
    talk = chatmimic.talk("ada-lovelace")
    print(talk.say("tea?"))
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from chatmimic.chat.voice import Voice, open_voice
from chatmimic.engines import AUTO
from chatmimic.errors import TrainingError
from chatmimic.generation import Decoding, as_message
from chatmimic.generation.decoding import decoding_of
from chatmimic.generation.generator import LONGEST_TURN, sends_more
from chatmimic.home import Home
from chatmimic.keywords import PretrainKeywords, TrainKeywords
from chatmimic.mimic import Mimic, latest
from chatmimic.records import Message

if TYPE_CHECKING:
    from chatmimic.archive import Added, Archive, Origin
    from chatmimic.evaluation.records import Evaluation
    from chatmimic.importers import ImportOptions, ImportReport
    from chatmimic.privacy import PrivacyFilter, PrivacyOptions
    from chatmimic.training.base_run import Callbacks, Stopped
    from chatmimic.training.pretrain_run import Pretrained
    from chatmimic.training.run import Trained

Place = str | PathLike[str] | Home | None


@dataclass(frozen=True)
class Imported:
    """An imported export: its path, the report on it, and what it added to the archive."""

    path: Path
    report: ImportReport
    added: Added

    @property
    def new(self) -> int:
        """Number of messages with text that were added to the archive."""
        return self.added.new

    @property
    def known(self) -> int:
        """Number of messages with text that were already in the archive."""
        return self.added.known


def open_archive(home: Place = None) -> Archive:
    """Open the archive of a home (a folder; None: the default). Close it, or use `with`."""
    from chatmimic.archive import Archive

    return Archive.open(_home(home).make().archive)


def import_exports(
    *paths: str | PathLike[str],
    home: Place = None,
    options: ImportOptions | None = None,
    privacy: PrivacyOptions | None = None,
    corpus: str | None = None,
) -> list[Imported]:
    """Import exports into the archive, or into a corpus, each completely or not at all.

    `privacy` says what to redact, whom to leave out, and whether to replace names by pseudonyms.
    Returns for each path the numbers of new and of known messages, and the report: what was kept,
    and what was left out and why. Raises ExportError.
    """
    from chatmimic.archive import Archive
    from chatmimic.corpora import corpus_to_fill
    from chatmimic.importers import ImportOptions, ImportReport, read_exports
    from chatmimic.privacy import PrivacyFilter, key_of, names_of

    options = options or ImportOptions()
    place, done = _home(home).make(), []
    privacy_filter = PrivacyFilter(privacy, key_of(place)) if privacy else None
    with Archive.open(corpus_to_fill(place, corpus) if corpus else place.archive) as archive:
        if privacy_filter is not None and privacy_filter.options.exclude:
            privacy_filter.add_known(names_of(archive.people()))
            if len(paths) > 1:
                for path in paths:
                    privacy_filter.scan(read_exports(Path(path), options, ImportReport()))
                privacy_filter.check()
        for path in paths:
            report = ImportReport()
            read = partial(read_exports, Path(path), options)
            messages = read(report)
            if privacy_filter is not None:
                messages = privacy_filter.apply(messages, report, partial(read, ImportReport()))
            added = archive.add(messages, origin=partial(_origin, report, path, privacy_filter))
            done.append(Imported(Path(path), report, added))
    return done


def _origin(
    report: ImportReport, path: str | PathLike[str], privacy_filter: PrivacyFilter | None
) -> Origin:
    from chatmimic.archive import Origin

    if privacy_filter is None:
        return Origin.of(Path(path), report.format, report.owner)
    return Origin.of(None, report.format, report.owner and privacy_filter.pseudonym(report.owner))


def train(
    persona: str = "",
    *,
    home: Place = None,
    name: str | None = None,
    replace: bool = False,
    callbacks: Callbacks | None = None,
    **settings: Unpack[TrainKeywords],
) -> Trained:
    """Train a mimic of one person, or of everybody.

    The keywords are the options of `chatmimic train`, with underscores (`from_mimic=` for
    `--from`). On a CPU, only as many of the newest messages are used as take about 20 minutes, and
    all with `newest="all"`. If a mimic of that name exists, the new one gets another name, or
    replaces it with `replace`.

    Raises NoSuchPerson, BaseError, TrainingError, SettingsError for an invalid value, and TypeError
    for an unknown keyword.
    """
    from chatmimic.evaluation.in_training import with_evaluation
    from chatmimic.training import TrainSettings
    from chatmimic.training.base_run import Callbacks
    from chatmimic.training.inputs import Request
    from chatmimic.training.run import Run, Trained

    place = _home(home)
    request = Request.of(TrainSettings.checked(persona=persona, **settings), place)
    run = Run(place, name or request.name, with_evaluation(callbacks or Callbacks(), place))
    with open_archive(place) as archive:
        outcome = run.start(archive, request, replace=replace)
    if not isinstance(outcome, Trained):
        raise _stopped(outcome, "train")
    return outcome


def pretrain(
    *corpora: str,
    home: Place = None,
    name: str | None = None,
    replace: bool = False,
    callbacks: Callbacks | None = None,
    **settings: Unpack[PretrainKeywords],
) -> Pretrained:
    """Pretrain a base on corpora (`NAME` or `NAME=WEIGHT`), or warm up an existing one (`base=`).

    The keywords are the options of `chatmimic pretrain`, with underscores. If a base of that name
    exists, the new one gets another name, or replaces it with `replace`.

    Raises BaseError, TrainingError, SettingsError for an invalid value, and TypeError for an
    unknown keyword.
    """
    from chatmimic.corpora import open_corpora
    from chatmimic.training.base_run import Callbacks
    from chatmimic.training.inputs import PretrainInputs
    from chatmimic.training.pretrain_run import Pretrained, Pretraining
    from chatmimic.training.pretrain_settings import PretrainSettings

    place, requested = _home(home), PretrainSettings.checked(**settings)
    chosen = open_corpora(place, corpora)
    if not chosen:
        raise TrainingError("No corpus given.", "Name one, e.g. pretrain('ubuntu').")
    inputs = PretrainInputs.of(requested, chosen, place)
    run = Pretraining(place, name or chosen[0].name, callbacks or Callbacks())
    outcome = run.start(inputs, replace=replace)
    if not isinstance(outcome, Pretrained):
        raise _stopped(outcome, "pretrain")
    return outcome


def talk(
    mimic: str | Path | None = None,
    *,
    home: Place = None,
    engine: str = AUTO,
    candidates: int = 1,
    rank_by: Literal["mutual", "reverse", "head", "style", "mixed"] = "mutual",
    verbatim: bool = False,
    memory: bool | None = None,
) -> Talk:
    """Load a mimic (a name or a folder; None: the newest) and start a conversation with it.

    `engine` is one of `engines.ENGINES`. With `candidates` above 1, that many replies are generated
    and one is chosen: `mutual` takes the one that the context makes likelier, `reverse` that from
    which a mimic trained in reverse best guesses what it answers, `style` that which sounds most
    like the person, `mixed` weighs mutual and style. Unless `verbatim`, no reply copies eight words
    in a row from a training message, and with `memory` (None: if the base is large), what the
    person said about the matter before is recalled, as long as that is in the home's archive.
    Several conversations can take place at the same time, in turn or in threads; mimics that are
    adapters of the same base share its weights in memory. Raises MimicError if there is no such
    mimic, if it was trained in reverse, if `rank_by` needs what is not there, or if the engine does
    not work on this machine.
    """
    place = _home(home)
    found = Mimic.open(mimic, place) if mimic is not None else latest(place)
    voice = open_voice(
        found,
        place,
        engine,
        candidates=candidates,
        rank_by=rank_by,
        verbatim=verbatim,
        memory=memory,
    )
    return Talk(found, voice)


def continue_conversation(
    fragment: str | PathLike[str] | Sequence[Message],
    mimic: str | Path | None = None,
    *,
    messages: int = 10,
    people: Mapping[str, str] | None = None,
    home: Place = None,
    engine: str = AUTO,
    decoding: Decoding | None = None,
    verbatim: bool = False,
) -> list[Message]:
    """Go on with a piece of a chat: a file that the importers read, or messages.

    `mimic` is a name or a folder (None: the newest), `people` says which of its people a sender in
    the fragment is, beside those who match by name. Returns up to `messages` new messages, with
    times after the last one. `verbatim` is that of `talk`. Raises ChatmimicError if nobody says
    anything in the fragment, and MimicError.
    """
    from chatmimic.fragment import Fragment, read_fragment
    from chatmimic.generation.continuing import Continued, rhythms_of, usual_start

    place = _home(home)
    found = Mimic.open(mimic, place) if mimic is not None else latest(place)
    found.check_talks()
    if isinstance(fragment, str | PathLike):
        read = read_fragment(Path(fragment), usual_start(found))
    else:
        read = Fragment.of(fragment)
    continued = Continued(read, found, people or {})
    generator = open_voice(found, place, engine, verbatim=verbatim).generator
    rhythms = rhythms_of(place, found, continued.people)
    made = continued.go_on(generator, decoding or decoding_of(found), rhythms, messages)
    return [continued.named(message) for message in made]


def evaluate(
    mimic: str | Path | None = None,
    *,
    home: Place = None,
    replies: int = 120,
    seed: int = 0,
    decoding: Decoding | None = None,
) -> Evaluation:
    """Judge how well a mimic (a name or a folder; None: the newest) imitates its person.

    It replies at up to `replies` places from after its training data ends. `verdict` says it in
    words, `measures` has the figures beside those of the controls. With the mimic's usual decoding
    the figures are kept with it; `notes` says so if they cannot be. Raises MimicError, and
    EvaluationError if too little was said or scikit-learn is missing.
    """
    from chatmimic.evaluation.evaluate import evaluate as judge
    from chatmimic.evaluation.stored import keep

    place = _home(home)
    found = Mimic.open(mimic, place) if mimic is not None else latest(place)
    with open_archive(place) as archive:
        evaluation = judge(archive, found, replies=replies, seed=seed, decoding=decoding)
    if decoding is None and (note := keep(found, evaluation)):
        return dataclasses.replace(evaluation, notes=(*evaluation.notes, note))
    return evaluation


class Talk:
    """A conversation with a mimic. `history` holds its messages and may be modified.

    `unchecked` says why replies cannot be checked for copies of training messages; "" if they are.
    """

    def __init__(self, mimic: Mimic, voice: Voice) -> None:
        self.mimic = mimic
        self.history: list[Message] = []
        self.unchecked = voice.unchecked
        self._generator = voice.generator

    def say(self, text: str, *, sender: str = "You", decoding: Decoding | None = None) -> str:
        """Send a message and return one reply."""
        return "".join(self.stream(text, sender=sender, decoding=decoding))

    def turn(
        self,
        text: str,
        *,
        sender: str = "You",
        decoding: Decoding | None = None,
        most: int = LONGEST_TURN,
    ) -> list[str]:
        """Send a message and return the whole turn: one message, or several in a row.

        The model decides whether another message follows; `most` is the maximum number. An empty
        message ends the turn.
        """
        if most < 1:
            raise ValueError(f"most is {most}; a turn has at least one message")
        decoding = decoding or decoding_of(self.mimic)
        rng = random.Random(decoding.seed)
        replies = [self.say(text, sender=sender, decoding=decoding)]
        while replies[-1].strip() and len(replies) < most:
            who = self.mimic.persona
            if not sends_more(self._generator, self.history, who, rng, decoding.turn_bias):
                break
            seed = None if decoding.seed is None else (decoding.seed + len(replies)) % 2**32
            replies.append("".join(self._reply(dataclasses.replace(decoding, seed=seed))))
        return replies if replies[-1].strip() else replies[:-1]

    def stream(
        self, text: str, *, sender: str = "You", decoding: Decoding | None = None
    ) -> Iterator[str]:
        """Send a message and yield one reply, in pieces, as it is generated."""
        self.history.append(as_message(sender, text, _now()))
        yield from self._reply(decoding or decoding_of(self.mimic))

    def _reply(self, decoding: Decoding) -> Iterator[str]:
        pieces = []
        for piece in self._generator.stream(self.history, self.mimic.persona, decoding):
            pieces.append(piece)
            yield piece
        message = as_message(self.mimic.persona, "".join(pieces), _now())
        if message.text:
            self.history.append(message)


def _stopped(outcome: Stopped, command: str) -> TrainingError:
    return TrainingError(
        f"Training was stopped at step {outcome.step} of {outcome.steps}, as requested.",
        f"To continue: `chatmimic {command} --name {outcome.name} --resume`.",
    )


def _home(given: Place) -> Home:
    return given if isinstance(given, Home) else Home.find(given)


def _now() -> int:
    return int(time.time() * 1000)
