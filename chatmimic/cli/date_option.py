"""`--since`, `--until` and `--date`: dates that are typed, as the time they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from chatmimic.dates import span_of
from chatmimic.writing.plain import LATEST

_NOON_MS = 12 * 3_600_000

Command = TypeVar("Command", bound=Callable[..., Any])


def _span(
    _: click.Context, __: click.Parameter, value: str | None
) -> tuple[int, int] | tuple[None, None]:
    if value is None:
        return None, None
    try:
        return span_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def since_option(command: Command) -> Command:
    """Add `--since DATE`; the command's `since` is from when to when that date goes, or Nones."""
    return click.option(
        "--since", metavar="DATE", callback=_span, help="Only from this date on (2019-05)."
    )(command)


def until_option(command: Command) -> Command:
    """Add `--until DATE`; the command's `until` is from when to when that date goes, or Nones."""
    return click.option(
        "--until", metavar="DATE", callback=_span, help="Only up to the end of this date."
    )(command)


def date_option(meaning: str) -> Callable[[Command], Command]:
    """Add `--date DATE`; the command's `date` is when that date begins (UTC milliseconds), or None.

    A day without a time of day begins at noon, when people are awake.
    """
    return click.option("--date", metavar="DATE", callback=_beginning, help=meaning)


def _beginning(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    start, end = _span(context, option, value)
    if start is None or end is None:
        return None
    if not 0 <= start < LATEST:
        raise click.BadParameter("it must be between 1970 and 2999.")
    return start + _NOON_MS if end - start > _NOON_MS else start
