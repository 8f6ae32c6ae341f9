"""What `chatmimic import --redact-report` shows: what was replaced, how often, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from chatmimic.privacy import Door


def redaction_table(door: Door) -> RenderableType:
    """A table of types, the most frequent first, with a few masked examples and their places."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    if not door.redacted:
        return shown("Nothing was redacted.")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Redacted")
    table.add_column("Times", justify="right")
    table.add_column("For example", overflow="fold")
    for type_, times in door.redacted.most_common():
        some = "\n".join(f"{one.masked}  {one.place}" for one in door.examples.get(type_, ()))
        table.add_row(*map(shown, (type_, f"{times:,}", some)))
    return table


def redaction_facts(door: Door) -> dict[str, Any]:
    """What `--json` prints of it: for each type how often, and the masked examples."""
    return {
        type_: {
            "times": times,
            "examples": [
                {"masked": one.masked, "place": one.place} for one in door.examples.get(type_, ())
            ],
        }
        for type_, times in door.redacted.most_common()
    }
