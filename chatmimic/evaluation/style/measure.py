"""The measures of style, computed from a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chatmimic.evaluation.intervals import Rows, with_interval
from chatmimic.evaluation.records import Figure, Measure, Question, Source
from chatmimic.evaluation.study import Progress, Study
from chatmimic.evaluation.style import detection, habits
from chatmimic.evaluation.style.attribution import Judge, attribution, texts_by_person
from chatmimic.evaluation.texts import masked

BLOCKS = (10, 25)
_LEAST_OF_OTHER = 20  # messages in the test of somebody to compare habits with
_STRANGERS = 5


def measure_style(study: Study, progress: Progress) -> Iterator[Measure]:
    """Attribution, plain and masked; detectability; and the distance of each habit."""
    progress.stage("judging style")
    yield from _attributions(study, "attribution", "Taken for {}", study.plain)
    yield from _attributions(
        study,
        "masked attribution",
        "Taken for {}, content masked",
        lambda t: masked(study.plain(t)),
    )
    yield from _detectability(study)
    yield from _habits(study)


def _attributions(
    study: Study, name: str, title: str, prepare: Callable[[str], str]
) -> Iterator[Measure]:
    said = texts_by_person(study.slices.judge, study.person, prepare, study.bots)
    if len(said) < 2 or study.person not in said:
        return
    judge = Judge.taught(study.person, said)
    texts = {source: list(map(prepare, some)) for source, some in study.replies.items()}
    for block in BLOCKS:
        figures = {
            source: attribution(judge, some, study.conversation_of(source), block, study.seed)
            for source, some in texts.items()
        }
        yield Measure(
            f"{name}@{block}",
            Question.STYLE,
            f"{title.format(study.person)}, {block} replies at a time",
            "share",
            _finite(figures),
            chance=1 / len(judge.people),
            note=f"of {len(judge.people)} people",
        )


def _detectability(study: Study) -> Iterator[Measure]:
    later = [text for text in map(study.plain, study.later_texts) if text]
    found: dict[Source, Figure] = {}
    for source, replies in study.replies.items():
        some = list(map(study.plain, replies))
        hits = detection.hits(some, later, study.seed)
        first = np.arange(len(hits)) < len(some)
        # Later replies have conversations of their own, behind those of the others.
        where = np.concatenate([study.conversation_of(source), -1 - np.arange(len(later))])

        def accuracy(rows: Rows, hits: Any = hits, first: Any = first) -> float:
            return detection.accuracy(hits[rows], first[rows])

        found[source] = with_interval(accuracy, where, study.seed)
    found = _finite(found)
    if Source.REAL not in found:
        return
    floor = found[Source.REAL].value
    yield Measure(
        "detection",
        Question.STYLE,
        "Told from later real replies",
        "share",
        found,
        chance=0.5,
        note="a classifier, by single replies",
    )
    excess = {
        source: Figure(*(v - floor for v in (one.value, one.low, one.high) if v is not None))
        for source, one in found.items()
    }
    yield Measure(
        "excess detection",
        Question.STYLE,
        "Told apart more than real replies are",
        "points",
        excess,
        chance=0.0,
    )


def _habits(study: Study) -> Iterator[Measure]:
    later = [text for text in map(study.plain, study.later_texts) if text]
    strangers = _strangers(study)
    texts = {s: list(map(study.plain, some)) for s, some in study.replies.items()}
    for name, habit in habits.HABITS.items():
        counts = {source: habits.counted(some, habit) for source, some in texts.items()}
        wanted = habits.counted(later, habit)
        others = [habits.counted(some, habit) for some in strangers]
        figures = {
            source: Figure(habits.ratio(own, counts[Source.REAL], wanted, others))
            for source, own in counts.items()
        }
        if _finite(figures):
            yield Measure(
                f"habit: {name}",
                Question.STYLE,
                f"Distance of {name}",
                "ratio",
                _finite(figures),
                note="0: own drift, 1: a stranger",
            )


def _strangers(study: Study) -> list[list[str]]:
    """What the most talkative others say in the test, person by person."""
    said: dict[str, list[str]] = {}
    counts = Counter(m.sender for c in study.slices.test for m in c.messages)
    kept = [
        name
        for name, count in counts.most_common()
        if count >= _LEAST_OF_OTHER and name != study.person and name not in study.bots
    ][:_STRANGERS]
    for conversation in study.slices.test:
        for message in conversation.messages:
            if message.sender in kept and (text := study.plain(message.text)):
                said.setdefault(message.sender, []).append(text)
    return list(said.values())


def _finite(figures: dict[Source, Figure]) -> dict[Source, Figure]:
    return {source: one for source, one in figures.items() if np.isfinite(one.value)}
