"""How a reply is drawn from what the model expects: the options, their ranges, their words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True)
class Setting:
    """What one option is: its type, its range and the sentence that explains it everywhere."""

    name: str
    kind: type[int] | type[float]
    low: float
    high: float
    default: float | None
    meaning: str

    @property
    def option(self) -> str:
        """The name on a command line: `--top-p`."""
        return "--" + self.name.replace("_", "-")

    def read(self, text: str) -> float | None:
        """The value that a user wrote. ValueError with the range when it is none."""
        if self.default is None and text.strip().lower() == "none":
            return None
        try:
            value = self.kind(text)
        except ValueError:
            raise ValueError(f"{self.name} must be {self.range}, not {text.strip()!r}") from None
        self.check(value)
        return value

    def check(self, value: float | None) -> None:
        """ValueError when a value is out of range (a NaN always is)."""
        if value is None and self.default is None:
            return
        if value is None or not self.low <= value <= self.high:
            raise ValueError(f"{self.name} must be {self.range}, not {value}")

    @property
    def range(self) -> str:
        """The range in words: `a number from 0 to 5`."""
        noun = "a whole number" if self.kind is int else "a number"
        return f"{noun} from {self.low:g} to {self.high:.10g}"


def _option(default: Any, low: float, high: float, meaning: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "meaning": meaning})


@dataclass(frozen=True)
class Decoding:
    """The options of one reply. ValueError when one is out of its range."""

    temperature: float = _option(0.8, 0, 5, "How daring: 0 takes the likeliest word each time.")
    top_p: float = _option(0.9, 0.01, 1, "Draw from the likeliest words that make up this share.")
    top_k: int = _option(0, 0, 100_000, "Draw from this many likeliest words; 0 is all of them.")
    repetition_penalty: float = _option(
        1.1, 1, 5, "Make words already in the reply less likely; 1 changes nothing."
    )
    no_repeat_ngram: int = _option(
        0, 0, 20, "Never say this many tokens in a row twice in a reply; 0 is off."
    )
    max_tokens: int = _option(80, 1, 4096, "The longest a message gets, in tokens.")
    min_tokens: int = _option(1, 0, 1024, "The shortest a message is, in tokens.")
    seed: int | None = _option(None, 0, 2**32 - 1, "The same seed gives the same reply.")

    def __post_init__(self) -> None:
        for setting in SETTINGS:
            setting.check(getattr(self, setting.name))
        if self.min_tokens > self.max_tokens:
            raise ValueError(
                f"min_tokens ({self.min_tokens}) must not be above max_tokens ({self.max_tokens})"
            )

    def with_values(self, written: Iterable[tuple[str, str]]) -> Decoding:
        """These options with some changed, as a user wrote them: names and values.

        ValueError says what is wrong with them, one by one or together; their order is nothing.
        """
        changed: dict[str, Any] = {}
        for name, text in written:
            setting = find_setting(name)
            changed[setting.name] = setting.read(text)
        return replace(self, **changed)


def find_setting(name: str) -> Setting:
    """The setting that a user named. ValueError, with a near one, where there is none."""
    wanted = name.strip().lower().replace("-", "_")
    found = next((setting for setting in SETTINGS if setting.name == wanted), None)
    if found is None:
        near = get_close_matches(wanted, [setting.name for setting in SETTINGS], n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no setting {name.strip()!r}{hint}")
    return found


def sentence(error: ValueError) -> str:
    """What is wrong with a setting, as a sentence of its own."""
    text = str(error)
    return text[0].upper() + text[1:] + ("" if text.endswith("?") else ".")


def _settings() -> tuple[Setting, ...]:
    return tuple(
        Setting(
            option.name,
            float if isinstance(option.default, float) else int,
            option.metadata["low"],
            option.metadata["high"],
            getattr(Decoding, option.name),
            option.metadata["meaning"],
        )
        for option in fields(Decoding)
    )


SETTINGS = _settings()
