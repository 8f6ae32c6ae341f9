"""An evaluation in words and figures: the same on the screen and on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatmimic.evaluation.records import PARTS, Evaluation, Figure, Measure, Question, Source

TITLES: Mapping[Question, str] = {
    Question.STYLE: "Style: do the replies read like theirs?",
    Question.SENSE: "Sense: do the replies answer?",
    Question.SECRECY: "Secrecy: does it recite its training data?",
}
HEADINGS: Mapping[Source, str] = {
    Source.MIMIC: "Mimic",
    Source.REAL: "Real",
    Source.BASE: "Base",
    Source.CHANNEL: "Others",
    Source.PARROT: "Parrot",
    Source.BABBLE: "Babble",
}
MEANINGS: Mapping[Source, str] = {
    Source.MIMIC: "its replies, with the 95 % interval",
    Source.REAL: "what the person really replied at the same places",
    Source.BASE: "the untuned base in the mimic's place",
    Source.CHANNEL: "what other people said in the same conversations",
    Source.PARROT: "random messages from the training data",
    Source.BABBLE: "drawn character by character, from its 6-grams",
}


_LARGE = 1e6  # written with a power of ten from here on


def heading(evaluation: Evaluation) -> str:
    """`mhwood, imitated by smollm2-mhwood`, or the person alone where the name says no more."""
    return f"{evaluation.person}, imitated by {evaluation.mimic}"


def basis(evaluation: Evaluation) -> str:
    """What the figures are based on."""
    read, judge, test = (evaluation.messages[part] for part in PARTS)
    return (
        f"{evaluation.replies} replies, at places among the latest {test:,} messages. The mimic "
        f"was trained on {read:,} earlier ones; the judges learned from {judge:,} others."
    )


def measures_of(evaluation: Evaluation, question: Question) -> list[Measure]:
    """The measures of one question that have figures, in order."""
    return [one for one in evaluation.measures if one.question is question and one.figures]


def title(measure: Measure) -> str:
    """What a measure is called, with what guessing comes to: `Told from … (chance 50 %)`."""
    if measure.chance is None or measure.unit != "share":
        return measure.title
    return f"{measure.title} (chance {number(measure.chance, 'share')})"


def sources_of(measures: Sequence[Measure]) -> list[Source]:
    """The sources that any of the measures has a figure for, in the usual order."""
    return [source for source in Source if any(source in one.figures for one in measures)]


def cell(measure: Measure, source: Source, interval: bool = False) -> str:
    """A figure as it is shown; "" if there is none."""
    figure = measure.figures.get(source)
    if figure is None:
        return ""
    value = number(figure.value, measure.unit)
    if interval and figure.low is not None and figure.high is not None:
        return f"{value} ({_bounds(figure, measure.unit)})"
    return value


def number(value: float, unit: str) -> str:
    """A value in its unit: `62 %`, `1.384`, `12`; `3.1e+08` where it is very large."""
    if abs(value) >= _LARGE:
        return f"{value:.1e}"
    if unit == "share":
        return f"{100 * value:.1f} %" if 0 < value < 0.0995 else f"{100 * value:.0f} %"
    if unit == "points":
        return f"{100 * value:+.0f}" if round(100 * value) else "0"
    if unit == "count" or (unit == "words" and value == int(value)):
        return f"{value:,.0f}"
    if unit == "perplexity":
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value:.3f}" if unit == "bits" else f"{value:.2f}".replace("-0.00", "0.00")


def _bounds(figure: Figure, unit: str) -> str:
    if max(abs(figure.low or 0.0), abs(figure.high or 0.0)) >= _LARGE:
        return f"{number(figure.low or 0.0, unit)} to {number(figure.high or 0.0, unit)}"
    scale = 100 if unit in ("share", "points") else 1
    low, high = (round(scale * v) for v in (figure.low or 0.0, figure.high or 0.0))
    return f"{low} to {high}" if low < 0 else f"{low}–{high}"
