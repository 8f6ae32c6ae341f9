"""Plots of the statistics, as SVG files (matplotlib)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.errors import ChatmimicError
from chatmimic.files import private_folder
from chatmimic.owned_file import write_owned
from chatmimic.stats import wording
from chatmimic.stats.records import ArchiveStats, PersonStats
from chatmimic.stats.report import MARK
from chatmimic.text import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGNATURE = f"<dc:title>{MARK}</dc:title>"  # of matplotlib's metadata
_MONTHS = 120  # bars at most
_FILES = ("months.svg", "hours.svg", "weekdays.svg")
_TEXT = {"svg.fonttype": "none", "svg.hashsalt": MARK}  # text stays text; the same file each time


def write_plots(folder: Path, stats: ArchiveStats | PersonStats) -> list[Path]:
    """Plot messages by month, hour and weekday into a folder. Returns the files written.

    None where no message has a time. Raises ChatmimicError where matplotlib is not installed, or
    another's file is there.
    """
    matplotlib = needed()
    if not stats.activity.months:
        return []
    written = []
    _make(folder)
    with matplotlib.rc_context(_TEXT):
        for name, figure in zip(_FILES, _figures(stats), strict=True):
            write_owned(folder / name, _svg(figure), SIGNATURE, "--plot", MARK)
            written.append(folder / name)
    return written


def needed() -> Any:
    """Import matplotlib. Raises ChatmimicError if it is not installed."""
    try:
        import matplotlib.figure
    except ImportError as error:
        raise ChatmimicError(
            f"--plot needs the package matplotlib, which cannot be loaded ({error}).",
            "Install it: pip install 'chatmimic[plots]'. --html draws without it.",
        ) from error
    return matplotlib


def _make(folder: Path) -> None:
    try:
        private_folder(folder)
    except OSError as error:
        why = error.strerror or str(error)
        raise ChatmimicError(
            f"Cannot make {folder}: {why}.", "Give --plot another place."
        ) from error


def _figures(stats: ArchiveStats | PersonStats) -> Iterator[Figure]:
    whose = visible(stats.name) if isinstance(stats, PersonStats) else "The archive"
    for bars in wording.bars_of(stats.activity, _MONTHS):
        yield figure_of(bars, f"{whose}: messages {bars.title.lower()}")


def figure_of(bars: wording.Bars, title: str) -> Figure:
    """A bar chart with about eight tick labels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(len(bars.counts)), bars.counts, width=0.8)
    ticks = range(0, len(bars.names), -(-len(bars.names) // 8))
    axes.set_xticks(ticks, [bars.names[n] for n in ticks])
    axes.set_title(title, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _svg(figure: Figure) -> str:
    import warnings

    out = io.StringIO()
    with warnings.catch_warnings():  # of letters its font lacks: the reader's font draws them
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(out, format="svg", metadata={"Creator": MARK, "Date": None})
    return out.getvalue()
