"""Mimics side by side on the screen: a column for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chatmimic.bases.terms import short_name
from chatmimic.cli.commands.mimics import held_out_key
from chatmimic.cli.common import console
from chatmimic.evaluation import wording
from chatmimic.evaluation.ownership import Ownership
from chatmimic.evaluation.records import Evaluation, Question, Source, is_number
from chatmimic.mimic import Mimic
from chatmimic.text import shown

# Settings that are shown where they differ; the others are in `chatmimic mimics show --json`.
_SETTINGS = (
    "form",
    "train",
    "learn",
    "epochs",
    "steps",
    "minutes",
    "learning_rate",
    "lora_rank",
    "window",
    "context",
    "others_weight",
    "corpus",
    "seed",
)


def print_comparison(
    mimics: Sequence[Mimic], evaluations: Sequence[Evaluation], matrix: Ownership | None
) -> None:
    """Print a table of facts and figures, and the matrix if there is one."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    screen = console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", overflow="fold")
    other = [m.name for m in mimics if held_out_key(m) != held_out_key(mimics[0])]
    for mimic in mimics:
        heading = mimic.name + (" †" if mimic.name in other else "")
        table.add_column(shown(heading), justify="right", overflow="fold")
    for row in _facts(mimics):
        table.add_row(*map(shown, row))
    for question in Question:
        table.add_section()
        table.add_row(shown(str(question).capitalize(), "bold"))
        for row in _figures(evaluations, question):
            table.add_row(*map(shown, row))
    screen.print(table)
    if other:
        words = f"† evaluated on other messages than {mimics[0].name}: compare only roughly."
        screen.print(shown(words, "dim"))
    for mimic, evaluation in zip(mimics, evaluations, strict=True):
        screen.print(shown(f"{mimic.name}: {evaluation.verdict}", "bold"))
    if matrix is not None:
        _print_matrix(matrix)


def _facts(mimics: Sequence[Mimic]) -> Iterator[tuple[str, ...]]:
    yield ("Persona", *(mimic.persona for mimic in mimics))
    yield ("Base", *(short_name(str(mimic.manifest.get("base", "?"))) for mimic in mimics))
    data = [_object(mimic, "data") for mimic in mimics]
    counts = [one.get("messages") for one in data]
    yield ("Trained on", *(f"{n:,} messages" if is_number(n) else "–" for n in counts))
    for name in _SETTINGS:
        values = [_object(mimic, "settings").get(name) for mimic in mimics]
        if len(set(map(str, values))) > 1:
            label = name.replace("_", " ").capitalize()
            yield (label, *("–" if v in (None, "", [], ()) else str(v) for v in values))


def _object(mimic: Mimic, key: str) -> dict[str, Any]:
    value = mimic.manifest.get(key)
    return value if isinstance(value, dict) else {}


def _figures(evaluations: Sequence[Evaluation], question: Question) -> Iterator[tuple[str, ...]]:
    """A row for each measure that any of them has; the real replies' figure in brackets."""
    titles = {
        one.name: wording.title(one).replace(evaluation.person, "the person")
        for evaluation in evaluations
        for one in wording.measures_of(evaluation, question)
        # Perplexities cannot be compared between tokenisers, nor between texts: bits can.
        if one.unit != "perplexity"
    }
    for name, title in titles.items():
        cells = []
        for evaluation in evaluations:
            found = evaluation.measure(name)
            value = "" if found is None else wording.cell(found, Source.MIMIC)
            real = "" if found is None else wording.cell(found, Source.REAL)
            cells.append(f"{value} (real {real})" if value and real else value or "–")
        yield (title, *cells)


def _print_matrix(matrix: Ownership) -> None:
    from chatmimic.cli.common import print_table

    rows = []
    for person, row in zip(matrix.people, matrix.bits, strict=True):
        rows.append([person, *(f"{v:.3f}{' *' if v == min(row) else '  '}" for v in row)])
    print_table("Bits per character of …", matrix.mimics, rows)
    console().print(
        f"* cheapest: {matrix.owned} of {len(matrix.people)} people's words under their own mimic."
    )
