"""What settings of every command share: options from fields, and refusing what cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Self

from chatmimic.errors import TrainingError

PRECISIONS = ("auto", "bf16", "fp32")
THREADS = (
    "Processor threads; else one for each core that other programs leave free. "
    "With another number results differ by rounding."
)


def setting(
    default: Any, sentence: str, group: str = "", *, flag: str = "", value: str | None = None
) -> Any:
    """A field of settings: its default, the sentence that is its help, and where that stands.

    `flag` is the option's name where it is not the field's, `value` what its help calls the value.
    """
    told = {"help": sentence, "group": group, "flag": flag, "value": value}
    return field(default=default, metadata=told)


@dataclass(frozen=True)
class Asked:
    """Settings of a command, checked when they are made."""

    command: ClassVar[str]

    def __post_init__(self) -> None:
        """Refuse what cannot be, all of it at once, by option name. Raises TrainingError.

        One value where several may be given, as from Python, is a list of one.
        """
        for f in fields(self):
            if f.default == () and isinstance(getattr(self, f.name), str):
                object.__setattr__(self, f.name, (getattr(self, f.name),))
        wrong = list(self.complaints())
        if wrong:
            raise TrainingError(" ".join(wrong), f"See `chatmimic {self.command} --help`.")

    def complaints(self) -> Iterator[str]:
        """A sentence for each option that cannot be as it is."""
        yield from ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `as_dict`; unknown names are left out."""
        known = {f.name for f in fields(cls)}
        lists = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**{name: value for name, value in lists.items() if name in known})


def not_one_of(settings: Asked, **allowed: Sequence[str]) -> Iterator[str]:
    """Complaints about words that are none of those allowed."""
    for name, words in allowed.items():
        value = getattr(settings, name)
        if value is not None and value not in words:
            listed = f"{', '.join(words[:-1])} or {words[-1]}"
            yield f'{_option(name)} is "{value}"; it can be {listed}.'


def too_low(settings: Asked, **least: float) -> Iterator[str]:
    """Complaints about numbers below the least they can be, or not finite."""
    for name, bound in least.items():
        value = getattr(settings, name)
        if value is not None and not bound <= value < math.inf:
            yield f"{_option(name)} is {value:g}; it is at least {bound:g}."


def not_above_zero(settings: Asked, *names: str) -> Iterator[str]:
    """Complaints about numbers that are not above 0, or not finite."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and not 0 < value < math.inf:
            yield f"{_option(name)} is {value:g}; it is above 0."


def no_seed(settings: Asked) -> Iterator[str]:
    """A complaint about a seed that is not one of the 64-bit random number generators'."""
    seed = getattr(settings, "seed", 0)
    if not 0 <= seed < 2**63:
        yield f"--seed is {seed}; it must be from 0 to {2**63 - 1}."


def no_share(settings: Asked, *names: str) -> Iterator[str]:
    """Complaints about numbers that are not at least 0 and below 1."""
    for name in names:
        value = getattr(settings, name)
        if not 0 <= value < 1:
            yield f"{_option(name)} is {value:g}; it is at least 0 and below 1."


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
