"""What a rule of redaction is: a type, how to see that a text may hold one, and how to be sure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


def always(_: re.Match[str]) -> bool:
    """The check of a pattern that is sure by itself."""
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One shape of secret. Every pattern takes time in proportion to the text, whatever it holds.

    Most texts hold nothing, and no pattern is tried on them: those with fewer than `digits` digits,
    and those that `may` rules out at a glance. What is replaced is the group "secret" of the
    pattern, or else all it matched.
    """

    type: str  # what the placeholder says
    digits: int  # that a match has at least
    may: Callable[[str], object]
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str]], bool] = always

    @property
    def group(self) -> int | str:
        """The group of the pattern that is replaced."""
        return "secret" if "secret" in self.pattern.groupindex else 0


def has(*signs: str) -> Callable[[str], object]:
    """A glance: whether any of these strings is in a text."""
    if len(signs) == 1:
        return lambda text: signs[0] in text
    return lambda text: any(sign in text for sign in signs)


def says(*words: str) -> Callable[[str], object]:
    """A glance: whether any of these, in lower case, is in a text in whatever case."""

    def look(text: str) -> bool:
        low = text.lower()
        return any(word in low for word in words)

    return look


def shows(pattern: str, flags: int = 0) -> Callable[[str], object]:
    """A glance with a pattern, one that fails fast."""
    return re.compile(pattern, flags).search


def digits_of(text: str) -> str:
    """The digits of a text as ASCII, whatever script they are written in."""
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others by Luhn's rule."""
    odd = sum(int(digit) for digit in digits[-1::-2])
    return (odd + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])) % 10 == 0


def grouped(text: str) -> list[str]:
    """The runs of digits of a text."""
    return re.findall(r"\d+", text)
