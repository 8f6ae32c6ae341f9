"""`chatmimic train`: from the archive to a mimic."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
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
from chatmimic.cli.options import GroupedCommand, flag_of, given, settings_options
from chatmimic.cli.speaking import is_first
from chatmimic.cli.stopping import stoppable
from chatmimic.cli.taken import Taking, Wanted, ask_about, check_replace, replace_option
from chatmimic.cli.which_base import base_chosen
from chatmimic.corpora import open_corpora
from chatmimic.home import Home
from chatmimic.training.asked import Asked
from chatmimic.training.chosen import check_chosen
from chatmimic.training.earlier import facts_for, going_on_from, named_after
from chatmimic.training.settings import Settings
from chatmimic.training.standing import standing
from chatmimic.training.unfinished import label_for, run_to_resume, settings_of

if TYPE_CHECKING:
    from chatmimic.training.run import Run, Trained
    from chatmimic.training.work import Stopped


@click.command("train", cls=GroupedCommand)
@settings_options(Settings)
@click.option("--name", help="What to call the mimic; else the persona's name.")
@click.option("--resume", is_flag=True, help="Go on with a training that was stopped or killed.")
@replace_option("mimic", "training")
@click.option(
    "--plan",
    "only_plan",
    is_flag=True,
    help="Train nothing: say what memory and time each way would take here, and which to take.",
)
@home_option
@json_option
def command(
    home: Home,
    as_json: bool,
    name: str | None,
    resume: bool,
    replace: bool,
    only_plan: bool,
    **options: Any,
) -> int:
    """Train a mimic of one person.

    The persona's latest conversations are held out and tested on. Ctrl-C saves; --resume goes on.
    Without --persona everybody is learnt, and `chat --persona` says who answers. Nothing of that
    name is replaced or dropped unasked.

    \b
    Example:
      chatmimic train --persona "Ada Lovelace" --base starter
      chatmimic train --persona "Ada Lovelace" --base starter --minutes 30
      chatmimic train --persona "Ada Lovelace" --base starter --since 2020 --newest 5000
      chatmimic train --persona "Ada Lovelace" --resume
      chatmimic train --persona "Ada Lovelace" --base starter --corpus ubuntu
      chatmimic train --persona "Ada Lovelace" --plan
    """
    check_replace(replace, resume)
    asked = given(options)
    chosen = run_to_resume(home, name, asked.get("persona", "")) if resume else None
    settings = going_on_from(Settings(**asked), home)
    if only_plan:
        return _show_plan(home, settings, asked, as_json)
    taking = Taking(resume=chosen)
    if chosen is None:
        taking = _take_name(home, settings, name, replace)
    settings = _with_whole_paths(home, settings)  # it may make a base: names are checked by now
    if taking.resume is not None and is_first():
        say_what_stays(home.runs / taking.resume, settings, asked.keys() - {"persona"})
    elif is_first() and "base" not in asked and settings.from_mimic is None:
        settings = base_chosen(home, settings, asked)
    return _train(home, settings, taking, as_json)


def _take_name(home: Home, settings: Settings, name: str | None, replace: bool) -> Taking:
    """What to do about what has the name already; asked by the first of several processes."""
    from chatmimic.archive import Archive

    name = name or named_after(settings, home)
    taking = Taking(replace=replace)
    if is_first():
        persona = None
        with Archive.open(home.archive, create=False) as archive:
            if settings.persona:
                persona = archive.person(settings.persona).name
            check_chosen(archive, settings)
        facts_for(settings, home)
        open_corpora(home, settings.corpus)
        there = standing((home.runs, home.mimics), label_for(name, persona))
        earlier = settings.from_mimic and Path(settings.from_mimic).name
        wanted = Wanted("training", "mimic", bool(name), replace, goes_on=earlier)
        taking = ask_about(there, home.runs, wanted)
    return taking if taking.name else dataclasses.replace(taking, name=name)


def _show_plan(home: Home, settings: Settings, asked: dict[str, Any], as_json: bool) -> int:
    """Say what the training would take. Exit status 1 where no way fits."""
    from chatmimic.archive import Archive
    from chatmimic.cli import plan_display
    from chatmimic.training.planning import plan_training

    with Archive.open(home.archive, create=False) as archive:
        if settings.persona:
            archive.person(settings.persona)
        settings = _with_whole_paths(home, settings)
        fit = plan_training(archive, settings, asked)
    if as_json:
        print_json(plan_display.facts(fit, settings.base))
    else:
        plan_display.show_fit(console(), fit, settings.base)
    return 0 if fit.picked else 1


def _train(home: Home, settings: Settings, taking: Taking, as_json: bool) -> int:
    """Check what is cheap to check, then do the work under a display."""
    from chatmimic.bases import find_base
    from chatmimic.cli.training_display import show_result, training_display

    first = is_first()
    if taking.resume is None and first:
        # Before torch is loaded and the display is up: a hub out of reach is told at once, and a
        # fetch has its own bar.
        find_base(settings.base, tokenizer=settings.tokenizer)
    display = training_display(quiet=as_json, mute=not first)
    with stoppable(mute=not first) as stopping, display as watcher:
        from chatmimic.training.run import Run, Trained
        from chatmimic.training.samples import replies

        watcher = dataclasses.replace(watcher, stop=lambda: stopping.asked)
        run = Run(home, taking.resume or taking.name or "", watcher)
        outcome = _go(run, home, settings, taking)
        run.ranks.part()
    if not first:
        return 0
    if isinstance(outcome, Trained):
        if as_json:
            print_json(facts(outcome))
        else:
            show_result(console(), outcome, replies(outcome.mimic.load(), outcome.exchanges))
        return 0
    print(
        f"Stopped and saved at step {outcome.step} of {outcome.steps}. "
        f"To go on: chatmimic train --name {outcome.name} --resume{elsewhere(home)}",
        file=sys.stderr,
    )
    return INTERRUPTED


def _go(run: Run, home: Home, settings: Settings, taking: Taking) -> Trained | Stopped:
    from chatmimic.archive import Archive

    if taking.resume is not None:
        return run.resume()
    with Archive.open(home.archive, create=False) as archive:
        return run.start(archive, settings, replace=taking.replace)


def facts(outcome: Trained) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "mimic": outcome.mimic.name,
        "path": str(outcome.mimic.path),
        "persona": outcome.mimic.persona,
        "base": outcome.mimic.manifest["base"],
        "base_terms": dataclasses.asdict(outcome.mimic.base_terms),
        "form": outcome.mimic.manifest["form"],
        "steps": outcome.mimic.manifest["plan"]["steps"],
        "best_step": outcome.mimic.manifest["best_step"],
        "learning_rate": outcome.mimic.manifest["learning_rate"],
        "gradient_checkpointing": outcome.mimic.manifest["plan"]["gradient_checkpointing"],
        "held_out": {"base": outcome.base.as_dict(), "mimic": outcome.figures.as_dict()},
        "tokens_per_second": outcome.tokens_per_second,
        "data": outcome.material,
        "notes": list(outcome.notes),
    }


def say_what_stays(folder: Path, settings: Asked, given: Collection[str]) -> None:
    """Options that --resume does not follow: a training keeps the settings it began with."""
    begun, asked = settings_of(folder), json.loads(json.dumps(settings.as_dict()))
    other = [key for key in given if begun.get(key, asked[key]) != asked[key]]
    if other:
        flags = {field.name: flag_of(field) for field in fields(settings)}
        options = ", ".join(flags[key] for key in other)
        print(
            f"--resume keeps the settings it began with; not changed: {options}.", file=sys.stderr
        )


def _with_whole_paths(home: Home, settings: Settings) -> Settings:
    """Paths written out, so that --resume works from another folder; our own bases' too."""
    from chatmimic.bases import base_here

    base, tokenizer = whole_path(base_here(settings.base, home, say)), settings.tokenizer
    return dataclasses.replace(settings, base=base, tokenizer=tokenizer and whole_path(tokenizer))


def whole_path(name: str) -> str:
    """A file or folder from the root; what is neither, such as a name of the hub, as it is."""
    path = Path(name).expanduser()
    return str(path.absolute()) if name != "starter" and os.path.exists(path) else name
