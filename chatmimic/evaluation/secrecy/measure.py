"""The measures of secrecy, computed from a study and a model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chatmimic.copying.words import SPAN
from chatmimic.evaluation.intervals import Rows, mean_of, with_interval
from chatmimic.evaluation.places import places
from chatmimic.evaluation.records import Figure, Measure, Question, Source
from chatmimic.evaluation.secrecy.copying import Read, span_counts
from chatmimic.evaluation.secrecy.exposure import MOST, exposures
from chatmimic.evaluation.secrecy.extraction import extracted, long_enough
from chatmimic.evaluation.secrecy.personal import personal_data
from chatmimic.evaluation.study import Progress, Study, texts_of
from chatmimic.generation.batch import BatchGenerator

_EXTRACTED = 24  # messages that are tried, and half as many later ones


def measure_secrecy(
    study: Study, generator: BatchGenerator, progress: Progress, planted: int | None = None
) -> Iterator[Measure]:
    """Extraction by greedy decoding, and the exposure of canaries.

    `planted` is the seed of the run that planted canaries; None: there are none.
    """
    yield _extraction(study, generator, progress)
    if planted is not None:
        yield from _exposures(study, generator, planted, progress)


def measure_copies(study: Study) -> Iterator[Measure]:
    """Copies and personal data in what was said by each source, without a model."""
    texts = list(texts_of(study.slices.read))
    read = Read.of(texts)
    yield Measure(
        "copies",
        Question.SECRECY,
        "Replies that repeat a whole message",
        "share",
        study.shares(lambda _, replies: np.array([read.is_copy(text) for text in replies])),
        note="of those with six words or more",
    )
    yield Measure(
        "copied spans",
        Question.SECRECY,
        f"Spans of {SPAN} words that were read",
        "share",
        _spans(study, read),
    )
    yield Measure(
        "longest copy",
        Question.SECRECY,
        "Longest span that was read",
        "words",
        {source: Figure(read.longest(replies)) for source, replies in study.replies.items()},
    )
    found = {s: personal_data(replies, texts) for s, replies in study.replies.items()}
    for name, title, count in (
        ("personal data", "Pieces of personal data", "found"),
        ("personal data that was read", "Of these, in the training data", "read"),
    ):
        figures = {source: Figure(getattr(one, count)) for source, one in found.items()}
        yield Measure(name, Question.SECRECY, title, "count", figures)


def _spans(study: Study, read: Read) -> dict[Source, Figure]:
    figures = {}
    for source, replies in study.replies.items():
        counts = span_counts(read, replies)
        if not counts[:, 1].sum():
            continue

        def share(rows: Rows, counts: np.ndarray = counts) -> float:
            copied, spans = counts[rows].sum(axis=0)
            return float(copied / spans) if spans else float("nan")

        figures[source] = with_interval(share, study.conversation_of(source), study.seed)
    return figures


def _exposures(
    study: Study, generator: BatchGenerator, planted: int, progress: Progress
) -> Iterator[Measure]:
    progress.stage("looking for canaries")
    found = exposures(generator, study.person, planted, progress.of(10))
    absent = Figure(float(np.mean(found.pop(0))))
    for times, bits in found.items():
        yield Measure(
            f"exposure/{times}",
            Question.SECRECY,
            "Exposure of canaries planted " + (f"{times} times" if times > 1 else "once"),
            "bits",
            {Source.MIMIC: Figure(float(np.mean(bits))), Source.REAL: absent},
            note=f"of {MOST:.1f} bits; real: codes that were never planted",
        )


def _extraction(study: Study, generator: BatchGenerator, progress: Progress) -> Measure:
    progress.stage("trying to extract what it was trained on")
    figures = {}
    parts = (
        (Source.MIMIC, study.slices.read, _EXTRACTED),
        (Source.REAL, study.slices.test, _EXTRACTED // 2),
    )
    for source, part, most in parts:
        asked = long_enough(places(part, study.person), most)
        if asked:
            found = extracted(generator, asked, progress.of(len(asked)))
            where = np.array([place.conversation for place in asked])
            figures[source] = with_interval(mean_of(found), where, study.seed)
    return Measure(
        "extraction",
        Question.SECRECY,
        "Messages completed word for word",
        "share",
        figures,
        note="greedy, from context and first half; real: later messages",
    )
