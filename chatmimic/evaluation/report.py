"""An evaluation as a page: its verdict, a plot of each measure, the figures, samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from chatmimic.evaluation import wording
from chatmimic.evaluation.records import Evaluation, Figure, Measure, Question, Source
from chatmimic.owned_file import check_owned, write_owned
from chatmimic.page import signature, text_of, whole_page

MARK = "chatmimic evaluate"  # the creator that its files name
_WIDE, _HIGH, _AXIS = 240, 20, 14  # of a plot and of the scale beneath it, in its own units
_MARGIN = 14
_ORDER = (
    Source.BABBLE,
    Source.PARROT,
    Source.CHANNEL,
    Source.BASE,
    Source.REAL,
    Source.MIMIC,
)
_STYLE = """
section { margin-top: 1.5rem; overflow-x: auto; }
.verdict { font-size: 1.2rem; font-weight: 600; }
.mimic { fill: #b3402f; stroke: #b3402f; } .real { fill: #2f6fb3; } .base { fill: #8a6d1b; }
.channel { fill: #6b6b6b; } .parrot { fill: #2f8a4a; } .babble { fill: #8a4a9e; }
td text { font-size: 9px; }
td svg { width: 15rem; display: inline-block; vertical-align: middle; }
td.figures { white-space: nowrap; }
line.axis { stroke: #80808080; }
.key span { margin-inline-end: 1.2rem; white-space: nowrap; }
.key svg { width: .8rem; display: inline-block; }
blockquote { margin: .8rem 0; padding-inline-start: 1rem;
  border-inline-start: 3px solid #80808050; }
@media (prefers-color-scheme: dark) {
  .mimic { fill: #f0806e; stroke: #f0806e; }
  .real { fill: #6aa9e9; } .base { fill: #d9b84e; }
  .channel { fill: #a5a5a5; } .parrot { fill: #6ecf8b; } .babble { fill: #c98fdb; }
}
"""


def write_report(path: Path, evaluation: Evaluation) -> None:
    """Write the page. Raises ChatmimicError if it cannot, or another's file has that name."""
    write_owned(path, page(evaluation), signature(MARK), "--html", MARK)


def check_report(path: Path) -> None:
    """Raise the error that `write_report` would raise, before the evaluation."""
    check_owned(path, signature(MARK), "--html", MARK)


def page(evaluation: Evaluation) -> str:
    """The page as HTML; whatever people wrote is text in it, never markup."""
    body = [
        f"<h1>{text_of(wording.heading(evaluation))}</h1>",
        f'<p class="verdict">{text_of(evaluation.verdict)}</p>',
        f"<ul>{''.join(f'<li>{text_of(reason)}</li>' for reason in evaluation.reasons)}</ul>",
        f'<p class="soft">{text_of(wording.basis(evaluation))}</p>',
        _key(evaluation),
        *(_table(evaluation, question) for question in Question),
        _samples(evaluation),
        *(f'<p class="soft">{text_of(note)}</p>' for note in evaluation.notes),
    ]
    return whole_page(wording.heading(evaluation), "\n".join(body), MARK, _STYLE)


def _key(evaluation: Evaluation) -> str:
    dot = '<svg viewBox="0 0 10 10"><circle cx="5" cy="5" r="4" class="{}"/></svg>'
    parts = (
        f"<span>{dot.format(source)} {wording.HEADINGS[source]}: "
        f"{escape(wording.MEANINGS[source])}</span>"
        for source in wording.sources_of(evaluation.measures)
    )
    return f'<p class="key">{" ".join(parts)}</p>'


def _table(evaluation: Evaluation, question: Question) -> str:
    measures = wording.measures_of(evaluation, question)
    if not measures:
        return ""
    sources = wording.sources_of(measures)
    head = "".join(f"<th>{wording.HEADINGS[source]}</th>" for source in sources)
    rows = "".join(_row(one, sources) for one in measures)
    return (
        f"<section><h2>{escape(wording.TITLES[question])}</h2>"
        f"<table><thead><tr><th></th><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"
        "</section>"
    )


def _row(one: Measure, sources: list[Source]) -> str:
    cells = "".join(
        f'<td class="figures">{escape(wording.cell(one, s, interval=s is Source.MIMIC))}</td>'
        for s in sources
    )
    note = f'<br><span class="soft">{text_of(one.note)}</span>' if one.note else ""
    return f"<tr><td>{text_of(wording.title(one))}{note}</td><td>{plot(one)}</td>{cells}</tr>"


def plot(one: Measure) -> str:
    """A measure as a plot (SVG): a dot for each source, and the mimic's interval as a line."""
    low, high = _range(one)

    def x(value: float) -> float:
        return _MARGIN + (_WIDE - 2 * _MARGIN) * (value - low) / (high - low)

    middle = _HIGH / 2
    ends = f'x1="{_MARGIN}" x2="{_WIDE - _MARGIN}"'
    parts = [f'<line class="axis" {ends} y1="{middle}" y2="{middle}"/>']
    parts += _scale(one.unit, low, high, x)
    if one.chance is not None and low <= one.chance <= high:
        at = x(one.chance)
        parts.append(
            f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="3" y2="{_HIGH - 3}">'
            f"<title>chance: {escape(wording.number(one.chance, one.unit))}</title></line>"
        )
    for source in _ORDER:
        if figure := one.figures.get(source):
            parts += _dot(one, source, figure, x, middle)
    label = escape(", ".join(f"{wording.HEADINGS[s]} {wording.cell(one, s)}" for s in one.figures))
    box = f'viewBox="0 0 {_WIDE} {_HIGH + _AXIS}"'
    return f'<svg {box} role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _scale(unit: str, low: float, high: float, x: Callable[[float], float]) -> Iterator[str]:
    """Ticks with their values beneath a plot, of all sources."""
    for value in ticks(low, high):
        at = f"{x(value):.1f}"
        yield f'<line class="axis" x1="{at}" x2="{at}" y1="{_HIGH - 4}" y2="{_HIGH}"/>'
        words = wording.number(value, unit) if unit in ("share", "points") else f"{value:,.4g}"
        yield f'<text x="{at}" y="{_HIGH + 10}" text-anchor="middle">{escape(words)}</text>'


def ticks(low: float, high: float) -> list[float]:
    """Three to six round values from `low` to `high`, which differ."""
    step = 10.0 ** math.floor(math.log10(high - low))
    while (high - low) / step < 2:
        step /= 2
    if (high - low) / step > 5:
        step *= 2
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _dot(
    one: Measure, source: Source, figure: Figure, x: Callable[[float], float], middle: float
) -> Iterator[str]:
    if source is Source.MIMIC and figure.low is not None and figure.high is not None:
        yield (
            f'<line class="mimic" stroke-width="2" x1="{x(figure.low):.1f}" '
            f'x2="{x(figure.high):.1f}" y1="{middle}" y2="{middle}"/>'
        )
    title = f"{wording.HEADINGS[source]}: {wording.cell(one, source)}"
    yield (
        f'<circle class="{source}" cx="{x(figure.value):.1f}" cy="{middle}" r="5">'
        f"<title>{escape(title)}</title></circle>"
    )


def _range(one: Measure) -> tuple[float, float]:
    """The range of the plot's axis: from 0 to 1 for shares, else what there is."""
    values = [
        value
        for figure in one.figures.values()
        for value in (figure.value, figure.low, figure.high)
        if value is not None
    ]
    if one.unit == "share" and max(values) > 0.2:
        return 0.0, 1.0
    low, high = min(0.0, *values), max(values)
    return low, high if high > low else low + 1.0


def _samples(evaluation: Evaluation) -> str:
    if not evaluation.samples:
        return ""
    quotes = []
    for sample in evaluation.samples:
        before = "".join(
            f'<p class="soft">{text_of(f"{sender}: {text}")}</p>' for sender, text in sample.before
        )
        quotes.append(
            f"<blockquote>{before}<p><b>Real:</b> {text_of(sample.real)}</p>"
            f"<p><b>Mimic:</b> {text_of(sample.mimic)}</p></blockquote>"
        )
    return f"<section><h2>Samples, unselected</h2>{''.join(quotes)}</section>"
