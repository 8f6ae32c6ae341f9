"""Options made of settings: one for each field, in groups, its sentence as its help."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, get_args, get_origin, get_type_hints

import click


class GroupedOption(click.Option):
    """An option that stands under a heading in the help."""

    group: str = ""


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


def _option(field: Field[Any], kind: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    flag = field.metadata["flag"] or field.name.replace("_", "-")
    text = field.metadata["help"]
    several = get_origin(kind) is tuple
    kinds = set(get_args(kind)) - {type(None), ...} if _is_composed(kind) else {kind}
    shown = f"  [default: {field.default}]" if field.default not in (None, "", (), False) else ""

    class Option(GroupedOption):
        group = field.metadata["group"]

    if kinds == {bool}:
        names = f"--{flag}/--no-{flag}"
        return click.option(names, field.name, cls=Option, default=None, help=text)
    return click.option(
        f"--{flag}", field.name, cls=Option, type=kinds.pop(), multiple=several, help=text + shown
    )


def _is_composed(kind: Any) -> bool:
    return isinstance(kind, types.UnionType) or get_origin(kind) is tuple
