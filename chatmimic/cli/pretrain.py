"""`chatmimic pretrain`: from corpora to a base."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import (
    INTERRUPTED,
    console,
    elsewhere,
    home_option,
    json_option,
    print_json,
    say,
)
from chatmimic.cli.options import GroupedCommand, GroupedOption, given, settings_options
from chatmimic.cli.stopping import stoppable
from chatmimic.cli.taken import Taking, Wanted, ask_about, check_replace, replace_option
from chatmimic.cli.train import say_what_stays, whole_path
from chatmimic.corpora import open_corpora
from chatmimic.folders import Label
from chatmimic.home import Home
from chatmimic.text import shown
from chatmimic.training.pretrain_settings import READ, PretrainSettings
from chatmimic.training.standing import standing
from chatmimic.training.unfinished import find_unfinished, the_only, unfinished_in

if TYPE_CHECKING:
    from chatmimic.training.pretraining import Pretrained

NAMED = "--corpus NAME"


@click.command("pretrain", cls=GroupedCommand)
@click.option(
    "--corpus",
    "corpora",
    metavar="NAME[=WEIGHT]",
    multiple=True,
    cls=GroupedOption,
    group=READ,
    help="A corpus of `chatmimic import --corpus`, and how often a pass reads it. May be repeated.",
)
@settings_options(PretrainSettings)
@click.option("--name", help="What to call the base; else the first corpus' name.")
@click.option("--resume", is_flag=True, help="Go on with one that was stopped or killed.")
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
    """Make a base from public chats, or warm one up on them.

    People are shown under invented names. Ctrl-C saves; --resume goes on. Nothing of that name is
    replaced or dropped unasked.

    \b
    Example:
      chatmimic import --corpus ubuntu ubuntu-logs.tar.xz
      chatmimic pretrain --corpus ubuntu --size small --hours 2
      chatmimic pretrain --corpus ubuntu --base gpt2-medium --steps 1000
      chatmimic train --persona "Ada Lovelace" --base ubuntu
    """
    check_replace(replace, resume)
    asked = given(options)
    settings = _with_whole_paths(home, PretrainSettings(**asked))
    chosen = open_corpora(home, corpora)
    if resume:
        there = unfinished_in(home.pretrainings)
        name = name or (chosen[0].name if chosen else the_only(there, "pretraining", NAMED))
        taking = Taking(resume=find_unfinished(home.pretrainings, name, "pretraining"))
    elif not chosen:
        raise click.UsageError(f"Say what to read: {NAMED} (`chatmimic import {NAMED} PATH`).")
    else:
        taking = _take_name(home, name or chosen[0].name, replace)
    if taking.resume is not None:
        say_what_stays(home.pretrainings / taking.resume, settings, asked)
    from chatmimic.cli.training_display import training_display

    if settings.base is not None and taking.resume is None:
        from chatmimic.bases import find_base

        find_base(settings.base, tokenizer=settings.tokenizer)
    with stoppable() as stopping, training_display(quiet=as_json) as watcher:
        from chatmimic.training.pretraining import Pretrained, Pretraining

        watcher = dataclasses.replace(watcher, stop=lambda: stopping.asked)
        run = Pretraining(home, taking.resume or taking.name or "", watcher)
        if taking.resume is not None:
            outcome = run.resume()
        else:
            outcome = run.start(chosen, settings, replace=taking.replace)
    if isinstance(outcome, Pretrained):
        if as_json:
            print_json(facts(outcome))
        else:
            _show(outcome)
        return 0
    print(
        f"Stopped and saved at step {outcome.step} of {outcome.steps}. "
        f"To go on: chatmimic pretrain --name {outcome.name} --resume{elsewhere(home)}",
        file=sys.stderr,
    )
    return INTERRUPTED


def _take_name(home: Home, name: str, replace: bool) -> Taking:
    """What to do about what has the name already."""
    there = standing((home.pretrainings, home.bases), Label(name))
    wanted = Wanted("pretraining", "base", named=True, replace=replace)
    taking = ask_about(there, home.pretrainings, wanted)
    return taking if taking.name else dataclasses.replace(taking, name=name)


def facts(outcome: Pretrained) -> dict[str, Any]:
    """What `--json` prints."""
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
    """The end of a pretraining: what was read, and how well held-out talk is foretold."""
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
        f"Read {outcome.facts['tokens_read']:,} tokens, {outcome.facts['passes']:g} passes.",
        f"Held-out talk: {outcome.before:.3f} nats a token before, {figures.loss:.3f} after; "
        f"{figures.bits_per_character:.3f} bits per character.",
        *outcome.notes,
        f"\nThe base is in {outcome.path}.",
        f"Train a mimic from it: chatmimic train --persona NAME --base {outcome.name}",
    ]
    for line in lines:
        screen.print(shown(line))


def _with_whole_paths(home: Home, settings: PretrainSettings) -> PretrainSettings:
    """Paths written out, so that --resume works from another folder; our own bases' too."""
    from chatmimic.bases import base_here

    base, tokenizer = settings.base, settings.tokenizer
    return dataclasses.replace(
        settings,
        base=base and whole_path(base_here(base, home, say)),
        tokenizer=tokenizer and whole_path(tokenizer),
    )
