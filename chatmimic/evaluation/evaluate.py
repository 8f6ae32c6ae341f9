"""An evaluation of a mimic from start to end: data, replies, judges, measures, verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chatmimic.errors import BaseError, EvaluationError
from chatmimic.evaluation import controls
from chatmimic.evaluation.base_control import load_base
from chatmimic.evaluation.manifest import check_manifest, settings_of
from chatmimic.evaluation.places import places
from chatmimic.evaluation.records import (
    PARTS,
    Evaluation,
    Measure,
    Question,
    Sample,
    Source,
    is_number,
)
from chatmimic.evaluation.secrecy.measure import measure_copies, measure_secrecy
from chatmimic.evaluation.sense.measure import measure_wording, perplexities, rankings
from chatmimic.evaluation.slices import cut
from chatmimic.evaluation.spread import spread
from chatmimic.evaluation.study import Progress, Study
from chatmimic.evaluation.style.measure import measure_style
from chatmimic.evaluation.verdict import verdict_on
from chatmimic.generation.decoding import Decoding, decoding_of
from chatmimic.mimic import LoadedMimic, Mimic

if TYPE_CHECKING:
    from chatmimic.archive import Archive
    from chatmimic.generation.batch import BatchGenerator

REPLIES = 120  # to generate
_OF_BASE = 40  # and of the untuned base
_ANSWERED = 0.6  # share of the test that is answered; later replies are what they are compared with
_SAMPLES = 5


def evaluate(
    archive: Archive,
    mimic: Mimic,
    *,
    replies: int = REPLIES,
    seed: int = 0,
    decoding: Decoding | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Judge how well a mimic imitates its person, on what they said after its training data ends.

    The mimic replies at up to `replies` places where the person did. The archive has to contain the
    person's messages. Raises EvaluationError where that is too little, or a package is missing.
    """
    began, progress = time.monotonic(), progress or Progress()
    check(mimic)
    progress.stage("reading the archive")
    study = study_of(archive, mimic, replies, seed, progress)
    progress.stage(f"loading {mimic.name}")
    loaded = mimic.load()
    decoding = decoding or decoding_of(mimic)
    generator = _answer(study, Source.MIMIC, loaded, decoding, progress)
    _add_controls(study)
    measures = [*perplexities(study, mimic), *rankings(study, generator, progress)]
    settings = settings_of(mimic)
    planted = settings.seed if settings.canaries else None
    measures += measure_secrecy(study, generator, progress, planted)
    notes = []
    del loaded, generator
    try:
        measures += _with_base(study, mimic, decoding, progress)
    except BaseError as error:
        notes.append(f"The untuned base was left out: {error.what}")
    measures += [*measure_wording(study), *measure_copies(study), *measure_style(study, progress)]
    measures = _merged(measures)
    verdict, reasons = verdict_on(measures, study.person)
    return Evaluation(
        mimic.name,
        study.person,
        len(study.answered),
        {part: study.slices.count(getattr(study.slices, part)) for part in PARTS},
        tuple(sorted(measures, key=lambda m: list(Question).index(m.question))),
        verdict,
        tuple(reasons),
        seed,
        decoding.as_dict(),
        tuple(_samples(study)),
        tuple(notes),
        time.monotonic() - began,
    )


def check(mimic: Mimic) -> None:
    """Raise the error that an evaluation of this mimic would raise, before anything is loaded."""
    check_packages()
    mimic.check_talks()
    check_manifest(mimic)


def check_packages() -> None:
    """Raise EvaluationError if scikit-learn is missing."""
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise EvaluationError(
            f"The judges need the package scikit-learn, which cannot be loaded ({error}).",
            "Install it: pip install 'chatmimic[evaluate]'.",
        ) from error


def study_of(archive: Archive, mimic: Mimic, replies: int, seed: int, progress: Progress) -> Study:
    """The slices and places of an evaluation, without any replies yet.

    Raises EvaluationError where too little was said.
    """
    slices = cut(archive, mimic, progress.tell)
    everywhere = places(slices.test, slices.person)
    border = round(_ANSWERED * len(everywhere))
    answered = spread(everywhere[:border], replies)
    if len(answered) < 10:
        raise EvaluationError(
            f"After its training data ends, {slices.person} replies to others only "
            f"{len(everywhere)} times; an evaluation needs about 20.",
            "Import newer chats of theirs, or train with --held-out 0.3.",
        )
    bots = frozenset(p.name for p in archive.people() if p.is_bot)
    return Study(slices, answered, everywhere[border:], seed, bots)


def _answer(
    study: Study, source: Source, loaded: LoadedMimic, decoding: Decoding, progress: Progress
) -> BatchGenerator:
    """Generate replies, as many as the source gets, into the study."""
    from chatmimic.generation.batch import BatchGenerator

    generator = BatchGenerator(loaded)
    count = len(study.answered)
    if source is Source.BASE:
        count = min(count, _OF_BASE)
    asked = [place.before for place in study.places_of(count)]
    whose = "" if source is Source.MIMIC else " with the untuned base"
    progress.stage(f"generating {count} replies{whose}")
    study.replies[source] = generator.replies(
        asked, study.person, decoding, seed=study.seed, passed=progress.of(count)
    )
    return generator


def _add_controls(study: Study) -> None:
    """The real replies, and those of the parrot, the babble and the channel, into the study."""
    count, seed = len(study.answered), study.seed
    study.replies[Source.REAL] = [place.real.text for place in study.answered]
    others = controls.channel(study.slices.test, study.person, count, seed, study.bots)
    if others:
        study.replies[Source.CHANNEL] = others
    if study.read:
        study.replies[Source.PARROT] = controls.parrot(study.read, count, seed)
        study.replies[Source.BABBLE] = controls.babble(study.read, count, seed)


def _with_base(study: Study, mimic: Mimic, decoding: Decoding, progress: Progress) -> list[Measure]:
    progress.stage("loading the untuned base")
    base = load_base(mimic)
    generator = _answer(study, Source.BASE, base, decoding, progress)
    return list(rankings(study, generator, progress, Source.BASE))


def _merged(measures: Sequence[Measure]) -> list[Measure]:
    """Measures of the same name as one, with the figures of all that are numbers."""
    found: dict[str, Measure] = {}
    for one in measures:
        one = replace(one, figures={s: f for s, f in one.figures.items() if is_number(f.value)})
        if known := found.get(one.name):
            one = replace(known, figures={**known.figures, **one.figures})
        found[one.name] = one
    return list(found.values())


def _samples(study: Study) -> Iterator[Sample]:
    pairs = list(zip(study.answered, study.replies[Source.MIMIC], strict=True))
    for place, reply in spread(pairs, _SAMPLES):
        before = tuple((m.sender, m.text) for m in place.before[-3:])
        yield Sample(before, place.real.text, reply)
