"""Reactions sent as text messages, from iPhones to phones without reactions."""

from __future__ import annotations

import re

_VERBS = (
    "Loved ", "Liked ", "Disliked ", "Laughed at ", "Emphasized ", "Emphasised ", "Questioned ",
    "Removed a heart from ", "Removed a like from ", "Removed a dislike from ",
    "Removed a laugh from ", "Removed an exclamation from ", "Removed a question mark from ",
)  # fmt: skip
_THINGS = {
    "an image", "a photo", "a movie", "a video", "an audio message", "an attachment", "a sticker",
    "a link", "a contact card", "a location", "a gif", "a file",
}  # fmt: skip
_LAST_WORDS = {thing.rpartition(" ")[2] for thing in _THINGS}
# "Reacted 👍 to “…”" of iPhones, "👍 to “…”" of Android, whose sign is never a word.
_SIGN = re.compile(r"(?:(?:Reacted|Removed) \S{1,12}|[^\w\s“”]{1,12}) (?:to|from) (?=“)")
_HIDDEN = str.maketrans("", "", "\u200a\u200b\u200c\u2060\ufeff")


def is_text_tapback(text: str) -> bool:
    """Whether a text is a reaction in words ("Loved “hello”"); English only."""
    if not text or ("”" not in text and text.rpartition(" ")[2] not in _LAST_WORDS):
        return False  # nearly always
    plain = text.translate(_HIDDEN).strip()
    verb = next((verb for verb in _VERBS if plain.startswith(verb)), None)
    if verb is not None:
        rest = plain[len(verb) :]
        return rest in _THINGS or _is_quoted(rest)
    found = _SIGN.match(plain)
    return found is not None and _is_quoted(plain[found.end() :])


def _is_quoted(text: str) -> bool:
    """Whether the text is in curly quotation marks, which nobody types by hand."""
    return len(text) > 1 and text[0] == "“" and text[-1] == "”"
