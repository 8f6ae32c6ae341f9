"""An evaluation on the screen: the verdict, a table for each question, samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatmimic.cli.common import console
from chatmimic.evaluation import wording
from chatmimic.evaluation.records import Evaluation, Measure, Question, Source
from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import Console

_NARROW = 72  # columns; with fewer, only the mimic and the real replies are shown
_LEFT_OUT = f"The controls need a terminal of {_NARROW} columns; --html FILE and --json have them."


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the page of an evaluation."""
    screen = console()
    screen.print(shown(evaluation.verdict, "bold"))
    for reason in evaluation.reasons:
        screen.print(shown(f"  {reason}"))
    screen.print(shown(wording.basis(evaluation), "dim"))
    for question in Question:
        measures = wording.measures_of(evaluation, question)
        if measures:
            _print_table(screen, wording.TITLES[question], measures)
    _print_key(screen, evaluation)
    _print_samples(screen, evaluation)
    for note in evaluation.notes:
        screen.print(shown(note, "dim"))


def _print_table(screen: Console, title: str, measures: list[Measure]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", overflow="fold", ratio=1)
    sources = _shown_sources(screen, measures)
    for source in sources:
        table.add_column(wording.HEADINGS[source], justify="right", no_wrap=True)
    for one in measures:
        cells = [wording.cell(one, s, interval=s is Source.MIMIC) for s in sources]
        table.add_row(*map(shown, (wording.title(one), *cells)))
    screen.print()
    screen.print(shown(title, "bold"))
    screen.print(table)


def _shown_sources(screen: Console, measures: Sequence[Measure]) -> list[Source]:
    sources = wording.sources_of(measures)
    if screen.width >= _NARROW:
        return sources
    return [source for source in sources if source in (Source.MIMIC, Source.REAL)]


def _print_key(screen: Console, evaluation: Evaluation) -> None:
    screen.print()
    shown_here = _shown_sources(screen, evaluation.measures)
    for source in shown_here:
        line = f"{wording.HEADINGS[source] + ':':8}{wording.MEANINGS[source]}"
        screen.print(shown(line, "dim"))
    if screen.width < _NARROW and wording.sources_of(evaluation.measures) != shown_here:
        screen.print(shown(_LEFT_OUT, "dim"))


def _print_samples(screen: Console, evaluation: Evaluation) -> None:
    if evaluation.samples:
        screen.print()
        screen.print(shown("Samples, unselected", "bold"))
    for sample in evaluation.samples:
        for sender, text in sample.before[-1:]:
            screen.print(shown(f"  {sender}: {text}", "dim"))
        screen.print(shown(f"  Real:  {sample.real}"))
        screen.print(shown(f"  Mimic: {sample.mimic}"))
        screen.print()
