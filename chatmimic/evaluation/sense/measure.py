"""The measures of sense, computed from a study and a model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from chatmimic import embeddings
from chatmimic.evaluation.diversity import average_length, distinct, entropy
from chatmimic.evaluation.intervals import mean_of, with_interval
from chatmimic.evaluation.manifest import held_out_of
from chatmimic.evaluation.records import Figure, Measure, Question, Source
from chatmimic.evaluation.sense import wording
from chatmimic.evaluation.sense.ranking import CANDIDATES, hits_at_1
from chatmimic.evaluation.sense.relevance import relevance, relevance_by_meaning
from chatmimic.evaluation.study import Progress, Study, context_of, real_messages, texts_of
from chatmimic.generation.batch import BatchGenerator
from chatmimic.mimic import Mimic
from chatmimic.training.objective.metrics import Metrics

_RANKED = 40  # places where replies are ranked by the mimic, and by the base
_RANKED_OF_BASE = 20


def measure_wording(study: Study) -> Iterator[Measure]:
    """Measures of what was said by each source, without a model."""
    yield _relevance(study)
    if embeddings.are_installed():
        yield _relevance_by_meaning(study)
    yield from _wording(study)


def perplexities(study: Study, mimic: Mimic) -> Iterator[Measure]:
    """Held-out perplexity of the mimic and its base, as its training ended with: per token, and
    what can be compared between tokenisers.
    """
    kept = {source: held_out_of(mimic, source) for source in (Source.MIMIC, Source.BASE)}
    figures = {source: one for source, one in kept.items() if one is not None}
    texts = [m.text for c in study.slices.test for m in c.messages if m.sender == study.person]
    # The end of each message counts as one character, as in training.
    characters = sum(len(text) + 1 for text in texts)
    words = sum(max(1, len(text.split())) for text in texts)
    size = sum(len(text.encode()) + 1 for text in texts)

    def measure(
        name: str, title: str, unit: str, of: Callable[[Metrics], float], note: str = ""
    ) -> Measure:
        values = {source: Figure(of(one)) for source, one in figures.items()}
        return Measure(name, Question.SENSE, title, unit, values, note=note)

    def per(count: int) -> Callable[[Metrics], float]:
        return lambda one: 2 ** min(1000.0, one.bits_per_character * characters / count)

    held = "of the held-out messages"
    yield measure(
        "bits per character", "Bits per character", "bits", lambda m: m.bits_per_character, held
    )
    yield measure("perplexity", "Perplexity per token", "perplexity", lambda m: m.perplexity, held)
    yield measure("perplexity/word", "Perplexity per word", "perplexity", per(words))
    yield measure("perplexity/byte", "Perplexity per byte", "perplexity", per(size))


def rankings(
    study: Study,
    generator: BatchGenerator,
    progress: Progress,
    source: Source = Source.MIMIC,
) -> Iterator[Measure]:
    """How a model, the mimic's or the base's, ranks real replies."""
    asked = study.places_of(
        min(len(study.answered), _RANKED_OF_BASE if source is Source.BASE else _RANKED)
    )
    where = np.array([place.conversation for place in asked])
    pool = real_messages(study)
    if len({m.text for m in pool}) >= CANDIDATES:
        progress.stage("ranking real replies")
        hits = hits_at_1(generator, asked, pool, study.seed, progress.of(len(asked)))
        yield Measure(
            "hits@1",
            Question.SENSE,
            f"Real reply ranked first of {CANDIDATES}",
            "share",
            {source: with_interval(mean_of(hits), where, study.seed)},
            chance=1 / CANDIDATES,
            note="among others of the same person",
        )


def _relevance(study: Study) -> Measure:
    background = [*texts_of(study.slices.judge)]

    def of(source: Source, replies: list[str]) -> np.ndarray:
        asked = study.places_of(len(replies))
        contexts = [study.plain(context_of(place)) for place in asked]
        return relevance(contexts, list(map(study.plain, replies)), background, study.seed)

    return Measure(
        "relevance",
        Question.SENSE,
        "Reply closest of ten to its context",
        "share",
        study.shares(of),
        chance=0.1,
        note="by TF-IDF",
    )


def _relevance_by_meaning(study: Study) -> Measure:
    def of(source: Source, replies: list[str]) -> np.ndarray:
        asked = study.places_of(len(replies))
        contexts = [study.plain(context_of(place)) for place in asked]
        return relevance_by_meaning(contexts, list(map(study.plain, replies)), study.seed)

    return Measure(
        "relevance by meaning",
        Question.SENSE,
        "The same by meaning",
        "share",
        study.shares(of),
        chance=0.1,
        note="by static embeddings",
    )


_WORDING = (
    ("distinct-1", "Distinct words", "share"),
    ("distinct-2", "Distinct word pairs", "share"),
    ("entropy-4", "Entropy of four words in a row", "nats"),
    ("length", "Words a reply", "words"),
    ("unknown words", "Words nobody there uses", "share"),
)


def _wording(study: Study) -> Iterator[Measure]:
    parts = (study.slices.read, study.slices.judge)
    known = wording.known_words(text for part in parts for text in texts_of(part))
    # Of equally many replies each, because these figures depend on it: not of the base.
    values: dict[Source, tuple[float, ...]] = {
        source: _values(texts, known)
        for source, texts in study.replies.items()
        if source is not Source.BASE
    }
    for number, (name, title, unit) in enumerate(_WORDING):
        figures = {s: Figure(v[number]) for s, v in values.items() if math.isfinite(v[number])}
        yield Measure(name, Question.SENSE, title, unit, figures)


def _values(texts: Sequence[str], known: frozenset[str]) -> tuple[float, ...]:
    """The value of each measure of wording, in the order of the table."""
    words = [wording.split(text) for text in texts]
    return (
        distinct(words, 1),
        distinct(words, 2),
        entropy(words, 4),
        average_length([text.split() for text in texts]),
        wording.unknown_share(words, known),
    )
