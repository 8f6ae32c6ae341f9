"""Rules of redaction: a type, a fast test, a pattern and a check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


def always(_: re.Match[str]) -> bool:
    """The check of a pattern that needs none: always True."""
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret. Every pattern takes time linear in the length of the text.

    Most texts contain no secret and are skipped: those with fewer than `digits` digits, and those
    for which the fast test `may` fails. The group "secret" of the pattern is replaced, or else the
    whole match.
    """

    type: str  # the text of the placeholder
    digits: int  # least number of digits in a match
    may: Callable[[str], object]
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str]], bool] = always

    @property
    def group(self) -> int | str:
        """The group of the pattern that is replaced."""
        return "secret" if "secret" in self.pattern.groupindex else 0


def has(*parts: str) -> Callable[[str], object]:
    """A fast test: whether a text contains any of these strings."""
    if len(parts) == 1:
        return lambda text: parts[0] in text
    return lambda text: any(part in text for part in parts)


def says(*words: str) -> Callable[[str], object]:
    """A fast test: whether a text contains any of these lower-case words, in any case."""

    def in_lower_case(text: str) -> bool:
        low = text.lower()
        return any(word in low for word in words)

    return in_lower_case


def shows(pattern: str, flags: int = 0) -> Callable[[str], object]:
    """A fast test with a pattern that fails early."""
    return re.compile(pattern, flags).search


def digits_of(text: str) -> str:
    """The digits of a text as ASCII, from any script."""
    return "".join(str(int(char)) for char in text if char.isdecimal())


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others."""
    odd = sum(int(digit) for digit in digits[-1::-2])
    return (odd + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])) % 10 == 0


def grouped(text: str) -> list[str]:
    """The runs of digits of a text."""
    return re.findall(r"\d+", text)
