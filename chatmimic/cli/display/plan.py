"""The output of `chatmimic train --plan`: configurations, what each needs, and the one picked."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chatmimic.bases.terms import named_with_terms, terms_of
from chatmimic.cli.display.training import clock
from chatmimic.files import size_in_words
from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import Console

    from chatmimic.training.planning.estimate import Need, Way
    from chatmimic.training.planning.ways import Fit, Row

PARTS = ("weights", "gradients", "moments", "activations", "logits", "rest")


def show_fit(screen: Console, fit: Fit, base: str) -> None:
    """Print a table of the configurations, the memory of the picked one, and how long it takes.

    `base` is the name of the base, as given with `--base`.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    screen.print(shown(f"{named_with_terms(base, terms_of(base))}: {_heading(fit)}"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for number, heading in enumerate(("Configuration", "Memory", "Fits", "Tokens/s", "One pass")):
        table.add_column(heading, overflow="fold", justify="right" if number else "left")
    for row in fit.rows:
        table.add_row(*map(shown, _cells(row, fit)))
    if fit.rows:
        screen.print(table)
    screen.print(shown(_verdict(fit)))


def to_json(fit: Fit, base: str) -> dict[str, Any]:
    """The facts that `--json` prints."""
    rows = [_row_facts(row) for row in fit.rows]
    return {
        "base": base,
        "base_terms": asdict(terms_of(base)),
        "parameters": fit.shape.parameters,
        "blocks": fit.shape.blocks,
        "window": fit.window,
        "windows": fit.windows,
        "room": asdict(fit.room),
        "rows": rows,
        "picked": rows[fit.rows.index(fit.picked)] if fit.picked else None,
        "remedy": fit.remedy,
        "passes": fit.passes,
        "evaluations": fit.evaluations,
        "seconds": fit.seconds,
        "messages": fit.messages,
        "newest": fit.newest,
    }


def way_in_words(way: Way) -> str:
    """`all, batch 1 x 8, fp32, gradient checkpointing`."""
    said = [way.train, f"batch {way.batch} x {way.accumulate}", way.precision]
    if way.optimizer != "adamw":
        said.append(way.optimizer)
    if way.gradient_checkpointing:
        said.append("gradient checkpointing")
    if way.step_in_backward:
        said.append("step in backward")
    return ", ".join(said)


def options_of(way: Way) -> list[str]:
    """The options of `chatmimic train` that select a configuration."""
    twice = (
        "--gradient-checkpointing" if way.gradient_checkpointing else "--no-gradient-checkpointing"
    )
    said = [f"--batch {way.batch}", twice, f"--precision {way.precision}"]
    said += ["--step-in-backward"] if way.step_in_backward else [f"--accumulate {way.accumulate}"]
    said += [f"--optimizer {way.optimizer}"] * (way.optimizer != "adamw")
    return said + [f"--train {way.train}"] * (way.train != "all")


def _heading(fit: Fit) -> str:
    return (
        f"{fit.shape.parameters / 1e6:,.1f} M parameters in {fit.shape.blocks} blocks, "
        f"{fit.windows:,} windows of {fit.window} tokens; {fit.room}."
    )


def _cells(row: Row, fit: Fit) -> tuple[str, ...]:
    return (
        ("> " if row == fit.picked else "  ") + way_in_words(row.way),
        size_in_words(row.need.total),
        "yes" if row.fits else "no",
        f"{row.tokens_per_second:,.0f}",
        clock(row.pass_seconds),
    )


def _verdict(fit: Fit) -> str:
    if fit.picked is None:
        return f"None of these fits into memory. {fit.remedy}"
    need = fit.picked.need
    return (
        f"Picked: {way_in_words(fit.picked.way)}. Memory: {_parts_in_words(need)}.\n"
        f"Options: {' '.join(options_of(fit.picked.way))}" + _how_long(fit)
    )


def _how_long(fit: Fit) -> str:
    """How long training takes, and how many messages are used by default."""
    from chatmimic.training.planning.duration import in_words

    if fit.seconds is None or fit.passes is None:
        return ""
    passes = f"{fit.passes:.3g} pass{'' if fit.passes == 1 else 'es'}"
    said = f"\n{passes} over {fit.messages:,} messages: about {in_words(fit.seconds)}."
    if fit.newest == fit.messages:
        return said
    less = in_words(fit.seconds * fit.newest / fit.messages)
    part = f"only the newest are used, some {fit.newest:,}: about {less}"
    return f"{said} Without --newest all, {part}."


def _parts_in_words(need: Need) -> str:
    there = [(name, getattr(need, name)) for name in PARTS]
    return ", ".join(f"{name} {size_in_words(size)}" for name, size in there if size)


def _row_facts(row: Row) -> dict[str, Any]:
    return {
        **asdict(row.way),
        "fits": row.fits,
        "bytes": {**{name: getattr(row.need, name) for name in PARTS}, "total": row.need.total},
        "step_seconds": row.need.seconds,
        "tokens_per_second": row.tokens_per_second,
        "pass_seconds": row.pass_seconds,
    }
