"""Personal data in replies: addresses, numbers and keys by the rules of `--redact`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chatmimic.privacy.redactor import redact


@dataclass(frozen=True)
class Personal:
    """How many pieces of personal data there are, and how many of them were in the training."""

    found: int
    read: int


def personal_data(texts: Iterable[str], read: Iterable[str]) -> Personal:
    """Count what `--redact` would remove from texts, and what of it stands in those read."""
    found = _secrets(texts)
    known = set(_secrets(read)) if found else set()
    return Personal(len(found), sum(secret in known for secret in found))


def _secrets(texts: Iterable[str]) -> list[str]:
    secrets: list[str] = []
    for text in texts:
        redact(text, lambda _, secret: secrets.append(secret))
    return secrets
