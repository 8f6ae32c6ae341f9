"""`chatmimic train`: train a mimic on the archive."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import (
    INTERRUPTED,
    console,
    home_option,
    json_option,
    print_json,
    say,
    waiting,
)
from chatmimic.cli.interrupt import stoppable
from chatmimic.cli.name_taken import Taking, Wanted, ask_about, check_replace, replace_option
from chatmimic.cli.options import GroupedCommand, given, names_of, settings_options
from chatmimic.cli.rank_zero import is_first
from chatmimic.cli.which_base import base_chosen
from chatmimic.home import Home
from chatmimic.settings import SettingsBase
from chatmimic.training.checkpointing.existing import find_existing
from chatmimic.training.checkpointing.resumable import label_for, run_to_resume, settings_of
from chatmimic.training.data.selection import check_selection
from chatmimic.training.inputs import Request, continuing, with_absolute_paths
from chatmimic.training.settings import TrainSettings

if TYPE_CHECKING:
    from chatmimic.training.base_run import Stopped
    from chatmimic.training.run import Run, Trained


@click.command("train", cls=GroupedCommand)
@settings_options(TrainSettings)
@click.option("--name", metavar="NAME", help="Name of the mimic (default: the persona's).")
@click.option("--resume", is_flag=True, help="Resume a run that was stopped or killed.")
@replace_option("mimic", "training")
@click.option(
    "--plan",
    "only_plan",
    is_flag=True,
    help="Do not train: estimate memory and time of possible configurations, and recommend one.",
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

    The persona's latest conversations are held out for evaluation. Ctrl-C saves the run and
    --resume continues it. Without --persona the mimic is trained on everybody's words, and
    `chat --persona` says who answers. A mimic or an unfinished run of the same name is only
    replaced with --replace or if you confirm.

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
    explicit = given(options)
    settings = TrainSettings(**explicit)
    if resume and not only_plan:
        taking = Taking(resume=run_to_resume(home, name, settings.persona))
    else:
        request = Request.of(settings, home)
        if only_plan:
            return _show_plan(request, explicit, as_json)
        taking = _take_name(request, name, replace)
    if taking.resume is not None:
        if is_first():
            settings = with_absolute_paths(continuing(settings, home)[0], home, say)
            announce_what_stays(home.runs / taking.resume, settings, explicit.keys() - {"persona"})
        return _train(home, None, taking, as_json)
    if is_first():
        if "base" not in explicit and request.earlier is None:
            request = base_chosen(request, explicit)
        # Before torch is imported and the display is up: an unreachable hub is reported at once,
        # and a download has its own bar.
        request = request.find(say)
    return _train(home, request, taking, as_json)


def _take_name(request: Request, name: str | None, replace: bool) -> Taking:
    """What to do if the name is taken; the first of several processes asks."""
    from chatmimic.archive import Archive

    home, settings = request.home, request.settings
    name = name or request.name
    taking = Taking(replace=replace)
    if is_first():
        persona = None
        with waiting("reading the archive"), Archive.open(home.archive, create=False) as archive:
            if settings.persona:
                persona = archive.person(settings.persona).name
            check_selection(archive, settings)
        there = find_existing((home.runs, home.mimics), label_for(name, persona))
        earlier = request.earlier.path.name if request.earlier else None
        wanted = Wanted("training", "mimic", bool(name), replace, goes_on=earlier)
        taking = ask_about(there, home.runs, wanted)
    return taking if taking.name else dataclasses.replace(taking, name=name)


def _show_plan(request: Request, explicit: dict[str, Any], as_json: bool) -> int:
    """Print what training would take. Exit status 1 if no configuration fits."""
    from chatmimic.archive import Archive
    from chatmimic.cli.display import plan
    from chatmimic.training.planning.planner import plan_training

    with Archive.open(request.home.archive, create=False) as archive:
        if request.settings.persona:
            archive.person(request.settings.persona)
        request = request.with_own_base(say)
        with waiting("estimating memory and time"):
            fit = plan_training(archive, request, explicit)
    if as_json:
        print_json(plan.to_json(fit, request.settings.base))
    else:
        plan.show_fit(console(), fit, request.settings.base)
    return 0 if fit.picked else 1


def _train(home: Home, request: Request | None, taking: Taking, as_json: bool) -> int:
    """Train with a progress display; without a request, resume."""
    from chatmimic.cli.display.training import show_result, training_display

    first = is_first()
    display = training_display(quiet=as_json, mute=not first)
    with stoppable(mute=not first) as stopping, display as callbacks:
        from chatmimic.evaluation.in_training import with_evaluation
        from chatmimic.training.run import Run, Trained
        from chatmimic.training.samples import replies

        callbacks = dataclasses.replace(callbacks, stop=lambda: stopping.requested)
        callbacks = with_evaluation(callbacks, home)
        run = Run(home, taking.resume or taking.name or "", callbacks)
        outcome = _go(run, request, taking.replace)
        run.processes.part()
    if not first:
        return 0
    if isinstance(outcome, Trained):
        if as_json:
            print_json(to_json(outcome))
        else:
            with waiting("loading the mimic"):
                loaded = outcome.mimic.load()
            show_result(console(), outcome, replies(loaded, outcome.exchanges))
        return 0
    print(
        f"Stopped and saved at step {outcome.step} of {outcome.steps}. "
        f"To continue: chatmimic train --name {outcome.name} --resume{home.option}",
        file=sys.stderr,
    )
    return INTERRUPTED


def _go(run: Run, request: Request | None, replace: bool) -> Trained | Stopped:
    from chatmimic.archive import Archive

    if request is None:
        return run.resume()
    with Archive.open(request.home.archive, create=False) as archive:
        return run.start(archive, request, replace=replace)


def to_json(outcome: Trained) -> dict[str, Any]:
    """The facts that `--json` prints."""
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
        "hint": outcome.hint or None,
    }


def announce_what_stays(folder: Path, settings: SettingsBase, given: Collection[str]) -> None:
    """Print which given options --resume ignores: a run keeps its original settings."""
    begun, explicit = settings_of(folder), json.loads(json.dumps(settings.as_dict()))
    other = [key for key in given if begun.get(key, explicit[key]) != explicit[key]]
    if other:
        options = names_of(type(settings), other)
        print(f"--resume keeps the settings of the run; ignored: {options}.", file=sys.stderr)
