"""The output of `chatmimic import --redact-report`: what was replaced, how often, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from chatmimic.privacy import PrivacyFilter


def redaction_table(used: PrivacyFilter) -> RenderableType:
    """A table of redacted types, most frequent first, with masked examples and their places."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    if not used.redacted:
        return shown("Nothing was redacted.")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Redacted")
    table.add_column("Count", justify="right")
    table.add_column("Examples", overflow="fold")
    for type_, times in used.redacted.most_common():
        some = "\n".join(f"{one.masked}  {one.place}" for one in used.examples.get(type_, ()))
        table.add_row(*map(shown, (type_, f"{times:,}", some)))
    return table


def redaction_json(used: PrivacyFilter) -> dict[str, Any]:
    """The facts that `--json` prints: for each type its count and masked examples."""
    return {
        type_: {
            "times": times,
            "examples": [
                {"masked": one.masked, "place": one.place} for one in used.examples.get(type_, ())
            ],
        }
        for type_, times in used.redacted.most_common()
    }
