"""The statistics as a self-contained HTML page without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from chatmimic.owned_file import write_owned
from chatmimic.page import signature, text_of, whole_page
from chatmimic.stats import wording
from chatmimic.stats.records import Activity, ArchiveStats, PersonStats

MARK = "chatmimic stats"  # the creator that its files name
_MONTHS = 120  # bars at most
_WIDE, _HIGH, _UNDER = 400, 110, 22  # of a chart, in its own units; below the bars are names
_NAMES = 7  # below the bars, at most
_STYLE = """
rect { fill: #2f6fb3; }
@media (prefers-color-scheme: dark) { rect { fill: #6aa9e9; } }
"""


def write_report(path: Path, stats: ArchiveStats | PersonStats) -> None:
    """Write the page. Raises ChatmimicError if it cannot, or a file of something else is there."""
    write_owned(path, page(stats), signature(MARK), "--html", MARK)


def page(stats: ArchiveStats | PersonStats) -> str:
    """The page as HTML; whatever people wrote is text in it, never markup."""
    if isinstance(stats, PersonStats):
        title, listings = stats.name, wording.person_listings(stats)
    else:
        title, listings = "The archive", wording.archive_listings(stats)
    body = [
        f"<h1>{text_of(title)}</h1>",
        f"<p>{text_of(wording.heading(stats.span))}</p>",
        f'<p class="soft">{text_of(wording.clock(stats.span, stats.activity))}</p>',
        f"<div>{''.join(_charts(stats.activity))}</div>",
        f"<div>{''.join(_table(one) for one in listings if one.rows)}</div>",
    ]
    return whole_page(title, "\n".join(body), MARK, _STYLE)


def _table(listing: wording.Listing) -> str:
    head = "".join(f"<th>{text_of(heading)}</th>" for heading in listing.headings)
    head = f"<thead><tr>{head}</tr></thead>" if any(listing.headings) else ""
    rows = "".join(f"<tr>{_cells(row)}</tr>" for row in listing.rows)
    title = f"<h2>{text_of(listing.title)}</h2>"
    return f"<section>{title}<table>{head}<tbody>{rows}</tbody></table></section>\n"


def _cells(row: tuple[str, ...]) -> str:
    return "".join(f"<td>{text_of(cell)}</td>" for cell in row)


def _charts(activity: Activity) -> Iterator[str]:
    if activity.months:
        for bars in wording.bars_of(activity, _MONTHS):
            yield f"<section><h2>{text_of(bars.title)}</h2>{chart(bars)}</section>"


def chart(bars: wording.Bars) -> str:
    """A bar chart (SVG) with some labels below, and counts as tooltips."""
    step, most = _WIDE / len(bars.counts), max(bars.counts) or 1
    drawn = "".join(
        _bar(n * step, step, _HIGH * count / most, f"{name}: {count:,}")
        for n, (name, count) in enumerate(zip(bars.names, bars.counts, strict=True))
    )
    label = escape(f"Messages {bars.title.lower()}, {bars.peak}")
    size = f"0 0 {_WIDE} {_HIGH + _UNDER}"
    return f'<svg viewBox="{size}" role="img" aria-label="{label}">{drawn}{_names(bars)}</svg>'


def _bar(x: float, step: float, height: float, title: str) -> str:
    place = f'x="{x + step / 10:.1f}" y="{_HIGH - height:.1f}"'
    size = f'width="{0.8 * step:.1f}" height="{height:.1f}"'
    return f"<rect {place} {size}><title>{escape(title)}</title></rect>"


def _names(bars: wording.Bars) -> str:
    """About seven labels, each centred below its bar."""
    step, every = _WIDE / len(bars.names), -(-len(bars.names) // _NAMES)
    return "".join(
        f'<text x="{(n + 0.5) * step:.1f}" y="{_HIGH + 16}" text-anchor="middle">'
        f"{escape(bars.names[n])}</text>"
        for n in range(every // 2, len(bars.names), every)
    )
