"""Options made of settings: one for each field, in groups, its sentence as its help."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, get_args, get_origin, get_type_hints

import click


class GroupedOption(click.Option):
    """An option that stands under a heading in the help."""

    def __init__(self, *args: Any, group: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose help has a heading for each group of its options; the rest comes last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "group", "") or "Other", []).append(record)
        rest = groups.pop("Other", [])
        for heading, records in (*groups.items(), ("Options" if not groups else "Other", rest)):
            with formatter.section(heading):
                formatter.write_dl(records)


def settings_options(settings: type[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option for each field of a settings class; what was not given is None or ()."""
    hints = get_type_hints(settings)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for field in reversed(fields(settings)):
            command = _option(field, hints[field.name])(command)
        return command

    return decorate


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that were given."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def flag_of(field: Field[Any]) -> str:
    """The option of a field of settings, as it is typed."""
    return f"--{field.metadata['flag'] or field.name.replace('_', '-')}"


def _option(field: Field[Any], kind: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    flag = flag_of(field)
    several = get_origin(kind) is tuple
    kinds = set(get_args(kind)) - {type(None), ...} if _is_composed(kind) else {kind}
    given: dict[str, Any] = {
        "cls": GroupedOption,
        "group": field.metadata["group"],
        "help": field.metadata["help"] + _default(field.default),
    }
    if kinds == {bool}:
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, default=None, **given)
    given |= {"metavar": field.metadata["value"], "multiple": several}
    return click.option(flag, field.name, type=kinds.pop(), **given)


def _default(value: Any) -> str:
    """What is taken where an option is not given; nothing where the sentence before it says so."""
    if value is None or value is False or value in ("", ()):
        return ""
    return f"  [default: {'on' if value is True else value}]"


def _is_composed(kind: Any) -> bool:
    return isinstance(kind, types.UnionType) or get_origin(kind) is tuple
