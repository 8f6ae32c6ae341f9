"""How a reply is drawn from the model's next-token distribution: the options and their bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar

from chatmimic.errors import SettingsError
from chatmimic.settings import Setting, SettingsBase, between, setting, settings_of

if TYPE_CHECKING:
    from chatmimic.mimic import Mimic


@dataclass(frozen=True)
class Decoding(SettingsBase):
    """The options of one reply. Raises SettingsError, a ValueError, when one is out of bounds."""

    command: ClassVar[str] = "reply"

    temperature: float = setting(
        0.9, "Sampling temperature; 0 always takes the likeliest token.", bounds=between(0, 5)
    )
    top_p: float = setting(
        0.95,
        "Nucleus sampling: only the likeliest tokens that make up this probability.",
        bounds=between(0.01, 1),
    )
    top_k: int = setting(
        0, "Sample from the K likeliest tokens; 0: from all.", bounds=between(0, 100_000)
    )
    min_p: float = setting(
        0.0,
        "Only tokens at least this many times as likely as the likeliest; 0: off.",
        bounds=between(0, 1),
    )
    typical_p: float = setting(
        1.0,
        "Typical sampling: only the tokens closest to the expected surprise that make up this "
        "probability; 1: off.",
        bounds=between(0.01, 1),
    )
    repetition_penalty: float = setting(
        1.0,
        "Divide the scores of tokens that are already in the reply; 1: off.",
        bounds=between(1, 5),
    )
    presence_penalty: float = setting(
        0.0,
        "Subtract this from the scores of tokens that are already in the reply.",
        bounds=between(-5, 5),
    )
    frequency_penalty: float = setting(
        0.0,
        "Subtract this once for each time that a token is already in the reply.",
        bounds=between(-5, 5),
    )
    no_repeat_ngram: int = setting(
        0, "Never repeat an n-gram of this many tokens in a reply; 0: off.", bounds=between(0, 20)
    )
    bad_words: str = setting("", "Words never to write, separated by commas.")
    beams: int = setting(
        1,
        "Beam search: keep this many likeliest continuations and sample none; 1: off.",
        bounds=between(1, 32),
    )
    end_bias: float = setting(
        0.0,
        "Add this to the score of the end of a message: above 0, messages are shorter.",
        bounds=between(-10, 10),
    )
    turn_bias: float = setting(
        0.0,
        "Add this to the log-odds of one more message: above 0, more messages in a row.",
        bounds=between(-10, 10),
    )
    max_tokens: int = setting(80, "Maximum length of a message in tokens.", bounds=between(1, 4096))
    min_tokens: int = setting(1, "Minimum length of a message in tokens.", bounds=between(0, 1024))
    seed: int | None = setting(
        None, "Random seed: same seed, same reply.", bounds=between(0, 2**32 - 1)
    )

    @classmethod
    def called(cls, one: Setting) -> str:
        """What messages call a setting: its name, as `/set` and Python write it."""
        return one.name

    def conflicts(self) -> Iterator[str]:
        """A sentence for each rule about several settings that is broken."""
        if self.min_tokens > self.max_tokens:
            yield (
                f"min_tokens ({self.min_tokens}) must not be above max_tokens ({self.max_tokens})."
            )

    def with_values(self, written: Iterable[tuple[str, str]]) -> Decoding:
        """These options with some changed, as a user wrote them: names and values.

        They are checked together, so their order does not matter. Raises SettingsError.
        """
        changed: dict[str, Any] = {}
        for name, text in written:
            one = find_setting(name)
            changed[one.name] = one.read(text)
        return replace(self, **changed)


SETTINGS = settings_of(Decoding)
SMALL = 50_000_000  # parameters; smaller models invent words at the usual temperature
# Decoding settings of a small model (`benchmarks/decoding.py`).
GENTLE: dict[str, float] = {"temperature": 0.8, "top_p": 0.9}


def fitted_to(mimic: Mimic) -> dict[str, float]:
    """The settings that were fitted to the person's messages at the end of a mimic's training.

    Empty if there are none, or if they are damaged.
    """
    fitted = mimic.manifest.get("decoding")
    said = fitted.get("settings") if isinstance(fitted, dict) else None
    try:
        return dict(said) if isinstance(said, dict) and Decoding.checked(**said) else {}
    except (TypeError, ValueError):
        return {}


def decoding_of(mimic: Mimic, **changes: Any) -> Decoding:
    """The decoding of a mimic: what was fitted, else what suits its size, with some changes.

    Raises SettingsError if the changes are out of bounds or conflict.
    """
    parameters = mimic.manifest.get("parameters")
    is_small = isinstance(parameters, int) and parameters < SMALL
    usual = fitted_to(mimic) or (GENTLE if is_small else {})
    return Decoding.checked(**{**usual, **changes})


def find_setting(name: str) -> Setting:
    """The setting of that name. Raises SettingsError, with a similar name, if there is none."""
    wanted = name.strip().lower().replace("-", "_")
    found = next((one for one in SETTINGS if one.name == wanted), None)
    if found is None:
        near = get_close_matches(wanted, [one.name for one in SETTINGS], n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise SettingsError(f"There is no setting {name.strip()!r}{hint}")
    return found
