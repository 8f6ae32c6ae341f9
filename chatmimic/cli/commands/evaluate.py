"""`chatmimic evaluate`: how well a mimic imitates its person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatmimic.cli.chat_options import decoding_for, decoding_options, find_mimic
from chatmimic.cli.common import console, home_option, json_option, print_json, say_written
from chatmimic.cli.which_archive import opened
from chatmimic.errors import ChatmimicError
from chatmimic.home import Home
from chatmimic.text import shown

if TYPE_CHECKING:
    from chatmimic.evaluation.records import Evaluation
    from chatmimic.mimic import Mimic

REPLIES = 120  # about two minutes for a base of 135 million parameters on two cores


@click.command("evaluate")
@click.argument("mimic", required=False)
@click.option(
    "--replies",
    metavar="N",
    type=click.IntRange(20, 10_000),
    default=REPLIES,
    show_default=True,
    help="Maximum number of replies to generate; more narrow the intervals.",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a self-contained HTML page.",
)
@decoding_options
@json_option
@home_option
def command(
    mimic: str | None,
    replies: int,
    html: Path | None,
    overrides: dict[str, float],
    as_json: bool,
    home: Home,
) -> None:
    """Judge how well a mimic imitates its person.

    MIMIC is the name of a mimic or of its persona; the default is the newest mimic. It replies at
    places from after its training data ends, where the person really replied. Three questions are
    answered: do the replies read like theirs (style), do they answer (sense), and does it recite
    its training data (secrecy)? Every figure stands beside those of the real replies and of
    controls that must fail somewhere. The figures, without any text, are kept with the mimic.

    \b
    Example:
      chatmimic evaluate
      chatmimic evaluate ada-lovelace --html ada.html
      chatmimic evaluate ada-lovelace --temperature 1 --replies 300
    """
    found = find_mimic(home, mimic)
    if html is not None:
        from chatmimic.evaluation.report import check_report

        check_report(html)
    seed = int(overrides.pop("seed", 0))
    evaluation = evaluated(home, found, replies, seed, overrides, quiet=as_json)
    # What took minutes is kept before anything can fail; then each way of showing it is tried.
    if not overrides:
        keep(found, evaluation)
    failed = None if html is None else _write(html, evaluation)
    if as_json:
        print_json(evaluation.as_dict())
    else:
        from chatmimic.cli.display.evaluation import print_evaluation

        print_evaluation(evaluation)
    if failed is not None:
        raise failed


def keep(mimic: Mimic, evaluation: Evaluation) -> None:
    """Keep an evaluation with its mimic, or say on standard error why it is not."""
    from chatmimic.evaluation import stored

    if note := stored.keep(mimic, evaluation):
        console(stderr=True).print(shown(note), soft_wrap=True)


def _write(html: Path, evaluation: Evaluation) -> ChatmimicError | None:
    """Write the page; returns the error where it cannot be written."""
    from chatmimic.evaluation.report import write_report

    try:
        write_report(html, evaluation)
    except ChatmimicError as error:
        return error
    say_written(html)
    return None


def evaluated(
    home: Home,
    mimic: Mimic,
    replies: int,
    seed: int,
    overrides: dict[str, float],
    *,
    quiet: bool = False,
) -> Evaluation:
    """Evaluate a mimic with its usual decoding, or another; progress on standard error.

    `quiet` leaves out the lines of progress that are printed where there is no terminal.
    """
    from chatmimic.cli.display.stages import stages
    from chatmimic.evaluation.evaluate import check, evaluate
    from chatmimic.evaluation.study import Progress
    from chatmimic.machine import reply_threads, use_threads

    check(mimic)
    decoding = decoding_for(mimic, overrides)
    use_threads(reply_threads(mimic.count_parameters()))
    with opened(home, None) as archive, stages(console(stderr=True), quiet=quiet) as at:
        progress = Progress(at.stage, at.passed, at.note)
        return evaluate(
            archive, mimic, replies=replies, seed=seed, decoding=decoding, progress=progress
        )
