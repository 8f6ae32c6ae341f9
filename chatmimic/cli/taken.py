"""What becomes of what has the name of a new mimic or base already: asked at a terminal, said by
`--replace` in scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from chatmimic.cli.common import ask_which, is_anybody_there
from chatmimic.mimic import EVERYBODY
from chatmimic.text import visible
from chatmimic.training.standing import Standing, described, refuse_busy, refuse_unfinished

Command = TypeVar("Command", bound=Callable[..., Any])
GO_ON, ANEW, REPLACE, KEEP, STOP = "go on", "anew", "replace", "keep", "stop"


@dataclass(frozen=True)
class Wanted:
    """The words for what is made, and what was said of its name.

    `named`: it was chosen, and is not only that of a person. `goes_on`: the folder of the mimic
    that is gone on from.
    """

    training: str
    makes: str
    named: bool
    replace: bool
    goes_on: str | None = None


@dataclass(frozen=True)
class Taking:
    """What to do: go on with a run; or begin one, under another name, or in place of what is."""

    resume: str | None = None
    name: str | None = None
    replace: bool = False


def replace_option(makes: str, training: str) -> Callable[[Command], Command]:
    """Add `--replace`; the command's `replace` argument is a bool."""
    text = (
        f"Replace the {makes} of that name when the new one is finished; drop an unfinished "
        f"{training}."
    )
    return click.option("--replace", is_flag=True, help=text)


def check_replace(replace: bool, resume: bool) -> None:
    """Raise UsageError for what cannot be said at once."""
    if replace and resume:
        raise click.UsageError("--resume goes on with what --replace drops; choose one.")


def ask_about(there: Standing, runs: Path, wanted: Wanted) -> Taking:
    """What to do about what is there. Raises click's Abort for nothing.

    Where nobody can be asked the new one gets a name beside what is finished, and TrainingError is
    raised for what is unfinished.
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


def _told(there: Standing, wanted: Wanted) -> Iterator[str]:
    """What there is, in sentences."""
    if there.made is not None:
        older = described(wanted.makes, there.name, there.made)
        more = ", and the new one goes on from it" if there.name == wanted.goes_on else ""
        yield f"{older[0].upper()}{older[1:]} is there already{more}."
    if there.unfinished is not None:
        yield f"The {wanted.training} {there.unfinished} was begun and is not finished."
    if there.of_another is not None:
        whose = there.of_another.persona or there.of_another.called or EVERYBODY
        yield f"That is the name of the {wanted.makes} of {whose} already."


def _ways(there: Standing) -> Iterator[tuple[str, str]]:
    """What can be done, and what each comes to."""
    if there.unfinished is not None:
        yield GO_ON, f"go on with {there.unfinished}, with the settings that it began with"
    at_the_end = f"put the new one in place of {there.name} when it is finished"
    if there.unfinished is not None and there.unfinished == there.name:
        then = f", and {at_the_end}" if there.made is not None else ""
        yield ANEW, f"drop what was begun and start afresh{then}"
    elif there.made is not None:
        yield REPLACE, at_the_end
    yield KEEP, f"leave it as it is; the new one is called {there.beside.called}"
    yield STOP, "do nothing"


def _taking(way: str, there: Standing) -> Taking:
    if way == STOP:
        raise click.Abort
    if way == GO_ON:
        return Taking(resume=there.unfinished)
    if way == KEEP:
        return Taking(name=there.beside.called)
    return Taking(replace=True)
