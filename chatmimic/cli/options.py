"""Command-line options generated from settings classes: one per field, with its help text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

import click

from chatmimic.settings import Bounds, Setting, SettingsBase, settings_of

S = TypeVar("S", bound=SettingsBase)


class GroupedOption(click.Option):
    """An option that belongs to a group of the help and shows its default and its bounds."""

    def __init__(
        self,
        *args: Any,
        group: str = "",
        default_text: str = "",
        bounds: Bounds | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        self.default_text = default_text
        self.bounds = bounds

    def get_help_extra(self, ctx: click.Context) -> click.types.OptionHelpExtra:
        """Default and range, which click prints in brackets after the help text."""
        extra = super().get_help_extra(ctx)
        if self.default_text:
            extra["default"] = self.default_text
        if self.bounds:
            extra["range"] = self.bounds.notation
            if not extra["range"]:
                del extra["range"]
        return extra


class GroupedCommand(click.Command):
    """A command whose help lists options by group; those without a group come last, or first."""

    ungrouped_first = False

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "group", "") or "Other", []).append(record)
        rest = groups.pop("Other", [])
        sections = list(groups.items())
        if self.ungrouped_first or not groups:
            sections.insert(0, ("Options", rest))
        else:
            sections.append(("Other", rest))
        for heading, records in sections:
            with formatter.section(heading):
                formatter.write_dl(records)


def settings_options(
    kind: type[Any], group: str = "", only: Collection[str] = (), **defaults: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an option for each field of a settings class; one that is not given is None or ().

    `group` is their heading in the help, if the settings have none of their own; `only` names some
    of the fields (default: all). `defaults` describes, by field name, defaults that are not a
    single value.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        chosen = [one for one in settings_of(kind) if not only or one.name in only]
        for one in reversed(chosen):
            default = defaults.get(one.name, _default(one.default))
            command = _option(one, default, group)(command)
        return command

    return decorate


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given on the command line."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def settings_among(kind: type[S], options: dict[str, Any], **more: Any) -> S:
    """Make settings of class `kind` from the given options that it has. Raises SettingsError."""
    own = {one.name for one in settings_of(kind)}
    return kind(**{n: value for n, value in given(options).items() if n in own}, **more)


def names_of(kind: type[Any], fields: Iterable[str]) -> str:
    """The options of some fields, as typed: `--batch, --seed`."""
    options = {one.name: one.option for one in settings_of(kind)}
    return ", ".join(options[field] for field in fields)


def _option(
    one: Setting, default: str, group: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    facts: dict[str, Any] = {
        "cls": GroupedOption,
        "group": one.group or group,
        "help": one.help,
        "default_text": default,
        "bounds": one.bounds,
    }
    if one.kind is bool and one.default is False:
        return click.option(one.option, one.name, is_flag=True, default=None, **facts)
    if one.kind is bool:
        return click.option(f"{one.option}/--no-{one.option[2:]}", one.name, default=None, **facts)
    facts |= {"metavar": one.metavar or _metavar(one), "multiple": one.several}
    return click.option(one.option, one.name, type=_type(one), **facts)


def _type(one: Setting) -> Any:
    """The click type of a setting, which enforces its bounds.

    Infinity and NaN are refused by the setting itself.
    """
    if one.choices:
        return click.Choice(one.choices)
    if one.bounds is None or one.kind not in (int, float):
        return one.kind
    kind = click.IntRange if one.kind is int else click.FloatRange
    return kind(**_range(one.bounds, one.kind))


def _range(bounds: Bounds, kind: type[int] | type[float]) -> dict[str, Any]:
    high = None if bounds.high == float("inf") else kind(bounds.high)
    opened = {"min_open": bounds.low_open, "max_open": bounds.high_open}
    return {"min": kind(bounds.low), "max": high, **opened}


def _metavar(one: Setting) -> str | None:
    """The metavar of a number, in place of click's "INTEGER RANGE"."""
    if one.choices:
        return None
    return {int: "INTEGER", float: "FLOAT"}.get(one.kind)


def _default(value: Any) -> str:
    """The default as text; "" if there is none or the help text names it."""
    if value is None or value is False or value in ("", ()):
        return ""
    return "on" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
