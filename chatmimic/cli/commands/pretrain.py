"""`chatmimic pretrain`: train a base on corpora."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.commands.train import announce_what_stays
from chatmimic.cli.common import (
    INTERRUPTED,
    console,
    home_option,
    json_option,
    print_json,
    say,
)
from chatmimic.cli.interrupt import stoppable
from chatmimic.cli.name_taken import Taking, Wanted, ask_about, check_replace, replace_option
from chatmimic.cli.options import GroupedCommand, GroupedOption, given, settings_options
from chatmimic.corpora import open_corpora
from chatmimic.folders import Label
from chatmimic.home import Home
from chatmimic.text import shown
from chatmimic.training.checkpointing.existing import find_existing
from chatmimic.training.checkpointing.resumable import find_unfinished, the_only, unfinished_in
from chatmimic.training.inputs import PretrainInputs, with_absolute_paths
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.training.settings import DATA

if TYPE_CHECKING:
    from chatmimic.training.pretrain_run import Pretrained

NAMED = "--corpus NAME"


@click.command("pretrain", cls=GroupedCommand)
@click.option(
    "--corpus",
    "corpora",
    metavar="NAME[=WEIGHT]",
    multiple=True,
    cls=GroupedOption,
    group=DATA,
    help="Corpus to train on, and how often a pass reads it (default: once). Repeatable.",
)
@settings_options(PretrainSettings)
@click.option(
    "--name", metavar="NAME", help="Name of the base (default: that of the first corpus)."
)
@click.option("--resume", is_flag=True, help="Resume a run that was stopped or killed.")
@replace_option("base", "pretraining")
@home_option
@json_option
def command(
    home: Home,
    as_json: bool,
    corpora: tuple[str, ...],
    name: str | None,
    resume: bool,
    replace: bool,
    **options: Any,
) -> int:
    """Pretrain a base on public chats, or warm up an existing one.

    `chatmimic import --corpus` makes corpora. People get invented names. Ctrl-C saves the run and
    --resume continues it. A base or an unfinished run of the same name is only replaced with
    --replace or if you confirm.

    \b
    Example:
      chatmimic import --corpus ubuntu ubuntu-logs.tar.xz
      chatmimic pretrain --corpus ubuntu --size small --hours 2
      chatmimic pretrain --corpus ubuntu --base gpt2-medium --steps 1000
      chatmimic train --persona "Ada Lovelace" --base ubuntu
    """
    check_replace(replace, resume)
    explicit = given(options)
    settings = PretrainSettings(**explicit)
    chosen = open_corpora(home, corpora)
    if resume:
        there = unfinished_in(home.pretrainings)
        name = name or (chosen[0].name if chosen else the_only(there, "pretraining", NAMED))
        taking = Taking(resume=find_unfinished(home.pretrainings, name, "pretraining"))
    elif not chosen:
        raise click.UsageError(
            f"No corpus given: add {NAMED} (`chatmimic import {NAMED} PATH` makes one)."
        )
    else:
        taking = _take_name(home, name or chosen[0].name, replace)
    inputs = None
    if taking.resume is not None:
        settings = with_absolute_paths(settings, home, say)
        announce_what_stays(home.pretrainings / taking.resume, settings, explicit)
    else:
        inputs = PretrainInputs.of(settings, chosen, home, say)
    from chatmimic.cli.display.training import training_display

    with stoppable() as stopping, training_display(quiet=as_json) as callbacks:
        from chatmimic.training.pretrain_run import Pretrained, Pretraining

        callbacks = dataclasses.replace(callbacks, stop=lambda: stopping.requested)
        run = Pretraining(home, taking.resume or taking.name or "", callbacks)
        outcome = run.start(inputs, replace=taking.replace) if inputs else run.resume()
    if isinstance(outcome, Pretrained):
        if as_json:
            print_json(facts(outcome))
        else:
            _show(outcome)
        return 0
    print(
        f"Stopped and saved at step {outcome.step} of {outcome.steps}. "
        f"To continue: chatmimic pretrain --name {outcome.name} --resume{home.option}",
        file=sys.stderr,
    )
    return INTERRUPTED


def _take_name(home: Home, name: str, replace: bool) -> Taking:
    """What to do if the name is taken."""
    there = find_existing((home.pretrainings, home.bases), Label(name))
    wanted = Wanted("pretraining", "base", named=True, replace=replace)
    taking = ask_about(there, home.pretrainings, wanted)
    return taking if taking.name else dataclasses.replace(taking, name=name)


def facts(outcome: Pretrained) -> dict[str, Any]:
    """The facts that `--json` prints."""
    kept = ("form", "corpora", "windows", "tokens_a_pass", "passes", "tokens_read", "plan")
    return {
        "base": outcome.name,
        "path": str(outcome.path),
        "held_out": {"loss_before": outcome.before, **outcome.figures.as_dict()},
        "tokens_per_second": outcome.tokens_per_second,
        **{key: outcome.facts[key] for key in kept},
        "notes": list(outcome.notes),
    }


def _show(outcome: Pretrained) -> None:
    """Print the result of a run: the corpora, and the held-out loss before and after."""
    from rich.table import Table

    screen = console()
    table = Table()
    table.add_column("corpus")
    for column in ("weight", "tokens", "shards"):
        table.add_column(column, justify="right")
    for corpus in outcome.facts["corpora"]:
        weight, tokens = f"{corpus['weight']:g}", f"{corpus['tokens']:,}"
        table.add_row(shown(corpus["name"]), weight, tokens, str(corpus["shards"]))
    screen.print(table)
    figures = outcome.figures
    lines = [
        f"Trained on {outcome.facts['tokens_read']:,} tokens, {outcome.facts['passes']:g} passes.",
        f"Held-out loss: {outcome.before:.3f} nats per token before, {figures.loss:.3f} after; "
        f"{figures.bits_per_character:.3f} bits per character.",
        *outcome.notes,
        f"\nThe base is in {outcome.path}.",
        f"Train a mimic from it: chatmimic train --persona NAME --base {outcome.name}",
    ]
    for line in lines:
        screen.print(shown(line))
