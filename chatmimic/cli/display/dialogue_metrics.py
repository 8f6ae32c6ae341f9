"""The figures of `chatmimic score` on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chatmimic.cli.common import console, print_table
from chatmimic.text import perplexity_in_words, shown

if TYPE_CHECKING:
    from chatmimic.evaluation.dialogue.convai2 import ConvAI2Scores
    from chatmimic.evaluation.dialogue.dstc import Row

_WIDE = 80  # terminal columns that the table takes as papers print it, a row for each
_ROW = {
    "nist_2": "NIST-2",
    "nist_4": "NIST-4",
    "bleu_2": "BLEU-2",
    "bleu_4": "BLEU-4",
    "meteor": "METEOR",
    "entropy_4": "Ent-4",
    "distinct_1": "Dist-1",
    "distinct_2": "Dist-2",
    "average_length": "Length",
}
_SHARES = {"bleu_2", "bleu_4", "meteor", "distinct_1", "distinct_2"}


def print_rows(rows: Mapping[str, Row]) -> None:
    """Print the figures of each set of replies: a row for each, or a column if it is narrow."""
    names = list(rows)
    cells = [[_figure(field, getattr(row, field)) for field in _ROW] for row in rows.values()]
    if console().width >= _WIDE:
        lines = ([name, *line] for name, line in zip(names, cells, strict=True))
        print_table("", list(_ROW.values()), lines)
    else:
        print_table("", names, zip(_ROW.values(), *cells, strict=True))


def print_convai2(scores: ConvAI2Scores) -> None:
    """Print perplexity, hits@1 and F1, a line for each, shares with their 95 % interval."""
    from rich.table import Table

    hits, chance = "no candidates", ""
    if scores.hits_at_1 is not None and scores.chance is not None:
        hits = f"{100 * scores.hits_at_1:.1f}%"
        chance = f"{_interval(scores.hits_at_1_interval)} (chance: {100 * scores.chance:.1f})"
    rows = [
        ("perplexity per token", perplexity_in_words(scores.perplexity_per_token), ""),
        ("perplexity per word", perplexity_in_words(scores.perplexity_per_word), ""),
        ("hits@1", hits, chance),
        ("F1", f"{100 * scores.f1:.1f}%", _interval(scores.f1_interval)),
    ]
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for row in rows:
        table.add_row(*map(shown, row))
    console().print(table)


def _figure(name: str, value: float) -> str:
    if name in _SHARES:
        return "100%" if value == 1 else f"{100 * value:.2f}%"
    return f"{value:.1f}" if name == "average_length" else f"{value:.2f}"


def _interval(bounds: Sequence[float] | None) -> str:
    return "–".join(f"{100 * bound:.1f}" for bound in bounds or ())
