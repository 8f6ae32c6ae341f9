"""`chatmimic runs`: list, show or remove trainings and pretrainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import console, home_option, json_option, print_json
from chatmimic.cli.removing import remove_folder, yes_option
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.mimic import EVERYBODY
from chatmimic.text import shown
from chatmimic.upkeep.runs import (
    BROKEN,
    PRETRAINING,
    RUNNING,
    TRAINING,
    UNFINISHED,
    StoredRun,
    check_idle,
    facts_of,
    find_run,
    list_runs,
    resuming,
)

if TYPE_CHECKING:
    from rich.table import Table

_ROOMY = 70  # terminal columns needed for what a run holds

kind_option = click.option(
    "--kind",
    type=click.Choice([TRAINING, PRETRAINING]),
    help="Which one, if a training and a pretraining have the same name.",
)


@click.group("runs", invoke_without_command=True)
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, home: Home) -> None:
    """List, show or remove trainings and pretrainings.

    An unfinished run holds chats as token arrays, and checkpoints trained on them: it is as private
    as the chats. A finished one keeps only its log and sample replies.

    \b
    Example:
      chatmimic runs
      chatmimic runs show ada-lovelace
      chatmimic runs remove ada-lovelace
    """
    ctx.ensure_object(dict)["home"] = str(home.path)
    if ctx.invoked_subcommand is not None:
        return
    runs = list_runs(home)
    if as_json:
        print_json([to_json(run) for run in runs])
    elif runs:
        console().print(_table(runs))
    else:
        console().print("There are no runs yet.")


@command.command("show")
@click.argument("name")
@kind_option
@json_option
@home_option
def show(name: str, kind: str | None, as_json: bool, home: Home) -> None:
    """Show whose chats a run holds, its size, and how far it got.

    \b
    Example:
      chatmimic runs show ada-lovelace
    """
    run = find_run(home, name, kind)
    if as_json:
        print_json({**to_json(run), "settings": facts_of(run).get("settings")})
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    for label, value in _details(run, home):
        if value:
            table.add_row(shown(label, "bold"), shown(value))
    console().print(table)


@command.command("remove")
@click.argument("name")
@kind_option
@yes_option
@json_option
@home_option
def remove_command(name: str, kind: str | None, yes: bool, as_json: bool, home: Home) -> None:
    """Permanently remove a run.

    An unfinished run can then no longer be resumed. The mimic or base made by a finished one stays.

    \b
    Example:
      chatmimic runs remove ada-lovelace
      chatmimic runs remove ada-lovelace --yes
    """
    run = find_run(home, name, kind)
    check_idle(run.path)
    whose = f", an {UNFINISHED} {run.kind}" if run.state == UNFINISHED else ""
    remove_folder(
        "run", run.path, yes=yes, as_json=as_json, whose=whose, remove=lambda _: run.remove()
    )


def to_json(run: StoredRun) -> dict[str, Any]:
    """The facts of a run that `--json` prints."""
    facts = facts_of(run)
    people = facts.get("people")
    return {
        "name": run.name,
        "kind": run.kind,
        "state": run.state,
        "persona": run.persona,
        "people": people if isinstance(people, list) else [],
        "holds": list(run.holds),
        "step": run.step,
        "steps": _steps(facts),
        "bytes": run.size,
        "holder": run.holder or None,
        "path": str(run.path),
    }


def _steps(facts: dict[str, Any]) -> int | None:
    plan = facts.get("plan")
    steps = plan.get("steps") if isinstance(plan, dict) else None
    return steps if type(steps) is int else None


def _table(runs: Sequence[StoredRun]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("Run", "Whose", "State"):
        table.add_column(heading, overflow="fold")
    table.add_column("Size", justify="right", no_wrap=True)
    if console().width >= _ROOMY:
        table.add_column("Holds", overflow="fold")
    for run in runs:
        cells = [run.name, _whose(run), _state(run), size_in_words(run.size), ", ".join(run.holds)]
        table.add_row(*map(shown, cells[: len(table.columns)]))
    return table


def _whose(run: StoredRun) -> str:
    if run.kind == PRETRAINING:
        return PRETRAINING
    return run.persona or EVERYBODY


def _state(run: StoredRun) -> str:
    at = f", step {run.step:,}" if run.step is not None and run.state != RUNNING else ""
    return run.state + at


def _details(run: StoredRun, home: Home) -> list[tuple[str, str]]:
    known = to_json(run)
    steps = f" of {known['steps']:,}" if known["steps"] else ""
    return [
        ("Run", run.name),
        ("Whose", _whose(run)),
        ("People", ", ".join(map(str, known["people"]))),
        ("State", _state(run) + (steps if run.step is not None else "")),
        ("By", run.holder),
        ("Holds", ", ".join(run.holds)),
        ("Size", size_in_words(run.size)),
        ("Folder", str(run.path)),
        ("To resume", resuming(run) + home.option if run.state == UNFINISHED else ""),
        ("Note", "it was broken off and cannot be resumed" if run.state == BROKEN else ""),
    ]
