"""Secrets in texts become typed placeholders: "call [phone]". What was replaced is counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from chatmimic.privacy import keys, network, numbers, passwords, phones, places
from chatmimic.privacy.rules import Rule

# In the order they are tried: what is surest, and what may hold others' shapes, goes first.
RULES: tuple[Rule, ...] = (
    *keys.RULES,
    *passwords.RULES,
    *network.RULES,
    *numbers.RULES,
    *places.RULES,
    *phones.RULES,
    *keys.LATE_RULES,
)
TYPES = tuple(dict.fromkeys(rule.type for rule in RULES))
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(TYPES)}|name)\]")
EXAMPLES = 3  # of each type
_ROUNDS = 8
_MOST_DIGITS = max(rule.digits for rule in RULES)
# Which rules a text with so many digits needs: nearly all texts have few.
_RULES_BY_DIGITS = tuple(
    tuple(rule for rule in RULES if rule.digits <= count) for count in range(_MOST_DIGITS + 1)
)
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Example:
    """One thing that was replaced, masked, and where it stood."""

    masked: str
    place: str  # "file:line"


@dataclass
class Redactor:
    """Redacts texts and keeps count: of each type how often, and where the first few stood."""

    redacted: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)

    def redact(self, text: str, source: str = "") -> str:
        """The text with a placeholder for each secret, counted; `source` is where it stands."""
        return redact(text, lambda type_, secret: self.count(type_, secret, source))

    def count(self, type_: str, secret: str, source: str) -> None:
        """Count one replacement; the first of each type are kept as examples."""
        self.redacted[type_] += 1
        some = self.examples.setdefault(type_, [])
        if len(some) < EXAMPLES:
            # Files are named after people and numbers, too.
            some.append(Example(masked(type_, secret), redact(source)))


def redact(text: str, tell: Callable[[str, str], None] = lambda type_, secret: None) -> str:
    """The text with a placeholder for each secret, whose type and words are told.

    Redacting again changes nothing. Takes time in proportion to the text.
    """
    digits = len(_DIGIT.findall(text))
    for _ in range(_ROUNDS):  # what one replacement lays bare is found in the next round
        before = text
        for rule in _RULES_BY_DIGITS[min(digits, _MOST_DIGITS)]:
            if rule.may(text):
                text = _apply(rule, text, tell)
        if text == before:
            break
    return text


def _apply(rule: Rule, text: str, tell: Callable[[str, str], None]) -> str:
    parts: list[str] = []
    done = 0
    for found in rule.pattern.finditer(text):
        if rule.check(found):
            start, end = found.span(rule.group)
            parts += text[done:start], f"[{rule.type}]"
            done = end
            tell(rule.type, text[start:end])
    return "".join([*parts, text[done:]]) if parts else text


def masked(type_: str, secret: str) -> str:
    """A secret as a report may show it: its first and last sign, of keys and passwords none."""
    plain = secret.strip("\u200e\u200f\u202a\u202c\u2068\u2069 ")
    if type_ in ("key", "password") or len(plain) < 6:
        return "…"
    return f"{plain[0]}…{plain[-1]}"
