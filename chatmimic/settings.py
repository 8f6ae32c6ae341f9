"""Settings: the type, default, bounds, choices and help of each option, declared once.

Command-line options and their help, validation, the contents of `mimic.json` and the keywords of
the Python API are all derived from the fields of such a class::

    @dataclass(frozen=True)
    class Brewing(SettingsBase):
        command = "brew"
        minutes: float = setting(3.0, "Steeping time.", bounds=above(0))
        tea: str = setting("green", "Kind of tea.", choices=("green", "black"))

Only rules that concern several settings are code: `SettingsBase.conflicts`.
"""

from __future__ import annotations

import math
import os
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints

from chatmimic.errors import SettingsError

_SEED_END = 2**63  # of random number generators with 64 bits
_TOO_LARGE = 10**30  # beyond any use, and still a float
_MACHINE = 2**31  # upper bounds from here on are not worth showing
_KNOWN: dict[type[Any], tuple[Setting, ...]] = {}  # a cache: evaluating type hints is slow


@dataclass(frozen=True)
class Bounds:
    """The allowed numbers of a setting. NaN and infinity are never allowed."""

    low: float
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above_low = self.low < value if self.low_open else self.low <= value
        below_high = value < self.high if self.high_open else value <= self.high
        return above_low and below_high and value < math.inf

    @property
    def notation(self) -> str:
        """As shown in `--help`: `x>=1`, `0<=x<1`; "" for bounds that only a machine cares about."""
        if self.high == math.inf:
            return f"x{'>' if self.low_open else '>='}{self.low:g}"
        if self.high >= _MACHINE:
            return ""
        less = "<" if self.high_open else "<="
        return f"{self.low:g}{'<' if self.low_open else '<='}x{less}{self.high:g}"

    def __str__(self) -> str:
        """In words: `at least 1`, `above 0`, `from 0 to 1`."""
        if self.high == math.inf:
            return f"{'above' if self.low_open else 'at least'} {self.low:g}"
        if self.high_open:
            return f"at least {self.low:g} and below {self.high:g}"
        return f"from {self.low:g} to {self.high:.10g}"


def at_least(low: float) -> Bounds:
    """Numbers of at least `low`."""
    return Bounds(low)


def above(low: float) -> Bounds:
    """Numbers greater than `low`."""
    return Bounds(low, low_open=True)


def between(low: float, high: float) -> Bounds:
    """Numbers from `low` to `high`, both included."""
    return Bounds(low, high)


SHARE = Bounds(0, 1, high_open=True)
SEED = between(0, _SEED_END - 1)


def setting(
    default: Any,
    help: str,
    group: str = "",
    *,
    flag: str = "",
    metavar: str | None = None,
    choices: Sequence[str] = (),
    bounds: Bounds | None = None,
) -> Any:
    """Declare a field of a settings class.

    `help` is its text in `--help`, `group` the heading above it. `flag` is the option's name if it
    differs from the field's, `metavar` the name of the value in `--help`.
    """
    facts = {"help": help, "group": group, "flag": flag, "metavar": metavar}
    return field(default=default, metadata={**facts, "choices": tuple(choices), "bounds": bounds})


@dataclass(frozen=True)
class Setting:
    """One field of a settings class, described for whatever is derived from it."""

    name: str
    kind: type[Any]  # bool, int, float or str
    default: Any
    help: str
    group: str
    flag: str
    metavar: str | None
    choices: tuple[str, ...]
    bounds: Bounds | None
    optional: bool  # may be None, for a default that depends on other things
    several: bool  # holds a tuple of values

    @property
    def option(self) -> str:
        """The command-line option, such as `--top-p`."""
        return f"--{self.flag or self.name.replace('_', '-')}"

    def read(self, text: str) -> Any:
        """Parse a value typed by a user; "none" is None, or no text, if allowed. SettingsError."""
        if text.strip().lower() == "none" and (self.optional or self.default == ""):
            return None if self.optional else ""
        try:
            return self.kind(text)
        except ValueError:
            wrong = f"{self.name} is {text.strip()!r}; it must be {self.noun}."
            raise SettingsError(wrong) from None

    @property
    def noun(self) -> str:
        """The allowed values in words: `a number from 0 to 1`."""
        if self.kind in (bool, str):
            return "true or false" if self.kind is bool else "text"
        noun = "a whole number" if self.kind is int else "a number"
        if self.bounds is None:
            return noun
        return f"{noun} {'of ' * str(self.bounds).startswith('at least')}{self.bounds}"

    def converted(self, value: Any) -> Any:
        """A value as Python code may pass it, in the type of the setting where that is clear.

        NumPy scalars become numbers, paths and whole numbers text, and one value where several are
        allowed a tuple.
        """
        if getattr(value, "shape", None) == () and hasattr(value, "item"):
            value = value.item()
        if self.several:
            many = value if isinstance(value, list | tuple) else (value,)
            return tuple(map(self._converted_one, many))
        return self._converted_one(value)

    def _converted_one(self, value: Any) -> Any:
        if self.kind is not str:
            return value
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        return str(value) if type(value) is int else value

    def mistyped(self, value: Any, called: str) -> str | None:
        """A sentence for a value of the wrong type, or None. `called` is the setting's name."""
        if value is None and not self.several:
            return None if self.optional else f"{called} must have a value."
        wrong = [v for v in (value if self.several else (value,)) if not self._is_typed(v)]
        return f"{called} is {wrong[0]!r}; it must be {self.noun}." if wrong else None

    def _is_typed(self, value: Any) -> bool:
        if self.kind is str:
            return isinstance(value, str)
        if isinstance(value, bool):
            return self.kind is bool
        return isinstance(value, int | float if self.kind is float else self.kind)

    def out_of_bounds(self, value: Any, called: str) -> str | None:
        """A sentence for a value of the right type that is not allowed, or None."""
        if self.choices and value is not None and value not in self.choices:
            return f'{called} is "{value}"; it must be {_either(self.choices)}.'
        if isinstance(value, int) and abs(value) >= _TOO_LARGE:
            return f"{called} is too large."
        if isinstance(value, float) and not math.isfinite(value):
            return f"{called} is {value:g}; it must be a finite number."
        if self.bounds and value is not None and value not in self.bounds:
            shown = f"{value:g}" if isinstance(value, float) else value
            return f"{called} is {shown}; it must be {self.bounds}."
        return None


class SettingsBase:
    """Settings of a command, validated on creation. Subclasses are frozen dataclasses."""

    command: ClassVar[str]
    renamed: ClassVar[dict[str, str]] = {}  # old names in JSON → today's

    def __post_init__(self) -> None:
        """Convert and validate all settings. Raises one SettingsError for all that is wrong."""
        for each in settings_of(type(self)):
            given = getattr(self, each.name)
            if (value := each.converted(given)) is not given:
                object.__setattr__(self, each.name, value)
        # Rules about several settings and bounds can only be checked on values of the right type.
        wrong = self._complaints(Setting.mistyped)
        wrong = wrong or [*self._complaints(Setting.out_of_bounds), *self.conflicts()]
        if wrong:
            raise SettingsError(" ".join(wrong), f"See `chatmimic {self.command} --help`.")

    def _complaints(self, check: Callable[[Setting, Any, str], str | None]) -> list[str]:
        """What a check of single settings finds wrong."""
        known = settings_of(type(self))
        found = (check(each, getattr(self, each.name), self.called(each)) for each in known)
        return [wrong for wrong in found if wrong]

    def conflicts(self) -> Iterator[str]:
        """Yield a sentence for each broken rule that concerns several settings."""
        yield from ()

    @classmethod
    def called(cls, one: Setting) -> str:
        """The name of a setting in messages: its option."""
        return one.option

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)  # type: ignore[call-overload]  # a dataclass

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `as_dict`. Unknown names are ignored, old names are understood."""
        known = {each.name for each in settings_of(cls)}
        new = with_new_names(values, cls.renamed)
        lists = {name: tuple(v) if isinstance(v, list) else v for name, v in new.items()}
        return cls(**{name: value for name, value in lists.items() if name in known})

    @classmethod
    def checked(cls, **values: Any) -> Self:
        """Create settings from keywords. Raises TypeError for unknown ones, naming the nearest."""
        known = [each.name for each in settings_of(cls)]
        for name in values:
            if name not in known:
                near = [cls.renamed[name]] if name in cls.renamed else None
                near = near or get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise TypeError(f"{cls.command} has no setting {name!r}{hint}")
        return cls(**values)


def with_new_names(values: dict[str, Any], renamed: dict[str, str]) -> dict[str, Any]:
    """Values that an older version wrote, under today's names."""
    return {renamed.get(name, name): value for name, value in values.items()}


def settings_of(kind: type[Any]) -> tuple[Setting, ...]:
    """The settings of a class, in order."""
    known: tuple[Setting, ...] | None = _KNOWN.get(kind)
    if known is None:
        known = _KNOWN[kind] = _read_fields(kind)
    return known


def _read_fields(kind: type[Any]) -> tuple[Setting, ...]:
    hints = get_type_hints(kind)
    return tuple(
        Setting(name=f.name, default=f.default, **_kind_of(hints[f.name]), **f.metadata)
        for f in fields(kind)
        if "bounds" in f.metadata
    )


def _kind_of(hint: Any) -> dict[str, Any]:
    """The facts about a setting that follow from its type hint."""
    several = get_origin(hint) is tuple
    parts = set(get_args(hint)) if several or isinstance(hint, types.UnionType) else {hint}
    optional = type(None) in parts
    kind = (parts - {type(None), ...}).pop()
    return {"kind": kind, "optional": optional, "several": several}


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
