"""What to do if the name of a new mimic or base is taken: asked on a terminal, `--replace` in
scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from chatmimic.cli.common import ask_which, is_anybody_there
from chatmimic.mimic import EVERYBODY
from chatmimic.text import visible
from chatmimic.training.checkpointing.existing import (
    ExistingName,
    described,
    refuse_busy,
    refuse_unfinished,
)

Command = TypeVar("Command", bound=Callable[..., Any])
GO_ON, ANEW, REPLACE, KEEP, STOP = "continue", "restart", "replace", "keep", "stop"


@dataclass(frozen=True)
class Wanted:
    """What is to be made, in words, and how it was named.

    `named`: the name was given by the user, not taken from a person. `goes_on`: the folder of the
    mimic that training continues from.
    """

    training: str
    makes: str
    named: bool
    replace: bool
    goes_on: str | None = None


@dataclass(frozen=True)
class Taking:
    """What to do: resume a run, or start one, under another name or replacing what exists."""

    resume: str | None = None
    name: str | None = None
    replace: bool = False


def replace_option(makes: str, training: str) -> Callable[[Command], Command]:
    """Add `--replace`; the command's `replace` argument is a bool."""
    text = (
        f"Replace the {makes} of the same name when the new one is finished, and discard an "
        f"unfinished {training} run."
    )
    return click.option("--replace", is_flag=True, help=text)


def check_replace(replace: bool, resume: bool) -> None:
    """Raise UsageError if both options were given."""
    if replace and resume:
        raise click.UsageError("--resume continues the run that --replace discards; choose one.")


def ask_about(there: ExistingName, runs: Path, wanted: Wanted) -> Taking:
    """Ask what to do about what exists. Raises click.Abort if the user stops.

    Without a terminal a finished mimic or base is kept and the new one gets another name; for an
    unfinished run TrainingError is raised.
    """
    taken = wanted.named and there.of_another is not None
    if wanted.replace or not (there.made is not None or there.unfinished or taken):
        return Taking(replace=wanted.replace)
    if not is_anybody_there():
        refuse_unfinished(runs, there, wanted.training)
        return Taking()
    refuse_busy(runs, there)
    for line in _told(there, wanted):
        click.echo(visible(line), err=True)
    return _taking(ask_which(dict(_ways(there)), default=STOP), there)


def _told(there: ExistingName, wanted: Wanted) -> Iterator[str]:
    """What exists, in sentences."""
    if there.made is not None:
        older = described(wanted.makes, there.name, there.made)
        more = ", and the new one continues from it" if there.name == wanted.goes_on else ""
        yield f"{older[0].upper()}{older[1:]} already exists{more}."
    if there.unfinished is not None:
        yield f"The {wanted.training} run {there.unfinished} is unfinished."
    if there.of_another is not None:
        whose = there.of_another.persona or there.of_another.called or EVERYBODY
        yield f"The name is taken by the {wanted.makes} of {whose}."


def _ways(there: ExistingName) -> Iterator[tuple[str, str]]:
    """The choices, each with its meaning."""
    if there.unfinished is not None:
        yield GO_ON, f"resume {there.unfinished} with its original settings"
    at_the_end = f"replace {there.name} when the new one is finished"
    if there.unfinished is not None and there.unfinished == there.name:
        then = f", and {at_the_end}" if there.made is not None else ""
        yield ANEW, f"discard the unfinished run and start over{then}"
    elif there.made is not None:
        yield REPLACE, at_the_end
    yield KEEP, f"keep it; the new one is called {there.free_label.called}"
    yield STOP, "do nothing"


def _taking(way: str, there: ExistingName) -> Taking:
    if way == STOP:
        raise click.Abort
    if way == GO_ON:
        return Taking(resume=there.unfinished)
    if way == KEEP:
        return Taking(name=there.free_label.called)
    return Taking(replace=True)
