"""Replacing secrets in texts by typed placeholders: "call [phone]", and counting them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from chatmimic.privacy import keys, network, numbers, passwords, phones, places
from chatmimic.privacy.rules import Rule

# In the order they are tried: the most certain, and those that contain others, come first.
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
# The rules that apply to a text with so many digits: nearly all texts have few.
_RULES_BY_DIGITS = tuple(
    tuple(rule for rule in RULES if rule.digits <= count) for count in range(_MOST_DIGITS + 1)
)
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Example:
    """One replaced secret, masked, and its place."""

    masked: str
    place: str  # "file:line"


@dataclass
class Redactor:
    """Redacts texts, and counts replacements by type, with the places of the first few."""

    redacted: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)

    def redact(self, text: str, source: str = "") -> str:
        """Replace each secret by a placeholder and count it; `source` is the text's place."""
        return redact(text, lambda type_, secret: self.count(type_, secret, source))

    def count(self, type_: str, secret: str, source: str) -> None:
        """Count one replacement; the first few of each type are kept as examples."""
        self.redacted[type_] += 1
        some = self.examples.setdefault(type_, [])
        if len(some) < EXAMPLES:
            # Files are named after people and numbers, too.
            some.append(Example(masked(type_, secret), redact(source)))


def redact(text: str, notify: Callable[[str, str], None] = lambda type_, secret: None) -> str:
    """Replace each secret by a placeholder; `notify` is called with its type and text.

    Idempotent. Takes time linear in the length of the text.
    """
    digits = len(_DIGIT.findall(text))
    for _ in range(_ROUNDS):  # what one replacement exposes is found in the next round
        before = text
        for rule in _RULES_BY_DIGITS[min(digits, _MOST_DIGITS)]:
            if rule.may(text):
                text = _apply(rule, text, notify)
        if text == before:
            break
    return text


def _apply(rule: Rule, text: str, notify: Callable[[str, str], None]) -> str:
    parts: list[str] = []
    done = 0
    for found in rule.pattern.finditer(text):
        if rule.check(found):
            start, end = found.span(rule.group)
            parts += text[done:start], f"[{rule.type}]"
            done = end
            notify(rule.type, text[start:end])
    return "".join([*parts, text[done:]]) if parts else text


def masked(type_: str, secret: str) -> str:
    """A secret for a report: its first and last character, none of keys and passwords."""
    plain = secret.strip("\u200e\u200f\u202a\u202c\u2068\u2069 ")
    if type_ in ("key", "password") or len(plain) < 6:
        return "…"
    return f"{plain[0]}…{plain[-1]}"
