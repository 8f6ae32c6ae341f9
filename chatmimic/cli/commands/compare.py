"""`chatmimic compare`: mimics side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.chat_options import find_mimic
from chatmimic.cli.common import console, home_option, json_option, print_json, say
from chatmimic.cli.which_archive import opened
from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.evaluation.ownership import Ownership
    from chatmimic.evaluation.records import Evaluation
    from chatmimic.mimic import Mimic


@click.command("compare")
@click.argument("names", metavar="MIMIC...", nargs=-1, required=True)
@click.option(
    "--again", is_flag=True, help="Evaluate all of them, also those that were evaluated before."
)
@json_option
@home_option
def command(names: tuple[str, ...], again: bool, as_json: bool, home: Home) -> None:
    """Compare mimics: their settings and the figures of `chatmimic evaluate`, side by side.

    Mimics that have not been evaluated yet are evaluated first, which takes minutes each. Mimics of
    different people are also tried on each other's words: everybody's should be cheapest under
    their own mimic.

    \b
    Example:
      chatmimic compare ada-starter ada-smollm2
      chatmimic compare ada bob zoe --json
    """
    mimics = list({m.name: m for m in (find_mimic(home, name) for name in names)}.values())
    if len(mimics) < 2:
        raise click.UsageError("Give the names of two mimics or more (see `chatmimic mimics`).")
    evaluations = [_evaluated(home, mimic, again, as_json) for mimic in mimics]
    matrix = _ownership(home, mimics, as_json)
    if as_json:
        print_json(_facts(mimics, evaluations, matrix))
    else:
        from chatmimic.cli.display.comparison import print_comparison

        print_comparison(mimics, evaluations, matrix)


def _evaluated(home: Home, mimic: Mimic, again: bool, quiet: bool) -> Evaluation:
    """The evaluation that is kept with the mimic, or a new one, which is kept."""
    from chatmimic.cli.commands.evaluate import REPLIES, evaluated, keep
    from chatmimic.evaluation.stored import stored

    kept = None if again else stored(mimic)
    if kept is None:
        say(f"Evaluating {mimic.name}")
        kept = evaluated(home, mimic, REPLIES, 0, {}, quiet=quiet)
        keep(mimic, kept)
    return kept


def _ownership(home: Home, mimics: Sequence[Mimic], quiet: bool) -> Ownership | None:
    """The matrix of mimics and people; None for mimics of one person."""
    if len({mimic.persona for mimic in mimics}) < len(mimics):
        return None
    from chatmimic.cli.display.stages import stages
    from chatmimic.evaluation.ownership import ownership

    with opened(home, None) as archive, stages(console(stderr=True), quiet=quiet) as at:
        at.stage("trying each on everybody's words")
        total = len(mimics) ** 2
        return ownership(archive, mimics, passed=lambda done: at.passed(done, total))


def _facts(
    mimics: Sequence[Mimic], evaluations: Sequence[Evaluation], matrix: Ownership | None
) -> dict[str, Any]:
    from dataclasses import asdict

    from chatmimic.cli.commands.mimics import to_json

    rows = []
    for mimic, evaluation in zip(mimics, evaluations, strict=True):
        figures = evaluation.as_dict()
        del figures["samples"]
        rows.append({**to_json(mimic), "evaluation": figures})
    whole = None if matrix is None else {**asdict(matrix), "owned": matrix.owned}
    return {"mimics": rows, "ownership": whole}
