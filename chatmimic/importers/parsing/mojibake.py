"""Repairs mojibake: text that was encoded twice, as in Facebook's exports."""

from __future__ import annotations


def repaired(text: str) -> str:
    """Undo one round of "UTF-8 read as Latin-1"; other text is returned unchanged.

    Facebook writes every byte of a UTF-8 string as a character of its own ("Ã©" for "é").
    Both steps back must succeed for the whole string, so that text which is already right
    ("’", "é", an emoji) is left alone. Never raises.
    """
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
