"""Lookup of names that users type: exact, ignoring case and accents, by prefix, or similar."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_SUGGESTED = 3
# Accents and invisible characters: joiners, direction marks, variation selectors.
_UNCOMPARED = re.compile("[\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f]")
# Letters with strokes, and ligatures, that Unicode does not decompose.
_PLAIN = str.maketrans("ıłøđħŧð", "ilodhtd") | str.maketrans({"æ": "ae", "œ": "oe", "þ": "th"})


def fold(name: str) -> str:
    """A name without case, accents and invisible characters, for comparison."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return " ".join(_UNCOMPARED.sub("", apart).translate(_PLAIN).split()) or name


def meant(wanted: str, names: Iterable[str]) -> list[str]:
    """The names that match: the exact one, else those that differ only in case and accents."""
    known = list(dict.fromkeys(names))
    if wanted in known:
        return [wanted]
    folded = fold(wanted)
    return [name for name in known if fold(name) == folded]


def begun(wanted: str, names: Iterable[str]) -> list[str]:
    """The names that begin with the one typed, ignoring case and accents."""
    folded = fold(wanted)
    return [name for name in dict.fromkeys(names) if folded and fold(name).startswith(folded)]


def close(wanted: str, names: Iterable[str]) -> list[str]:
    """Names that are similar to the one typed, closest first, then those that begin with it."""
    known: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        known.setdefault(fold(name), []).append(name)
    near = get_close_matches(fold(wanted), known, n=_SUGGESTED)
    likely = [name for folded in near for name in known[folded]]
    longer = [name for all_so in known.values() for name in begun(wanted, all_so)]
    return list(dict.fromkeys([*likely, *longer]))[:_SUGGESTED]


def suggestion(names: Iterable[str]) -> str:
    """The question at the head of a hint: `Did you mean "Ada"? `; nothing without names."""
    requested = quoted(names)
    return f"Did you mean {requested}? " if requested else ""


def quoted(names: Iterable[str]) -> str:
    """Names in a sentence: `"Ada", "Bob"`."""
    return ", ".join(f'"{name}"' for name in names)
