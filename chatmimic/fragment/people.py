"""Who is meant by the names in a fragment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chatmimic.lookup import fold, meant


def matched(
    senders: Iterable[str], people: Iterable[str], given: Mapping[str, str]
) -> dict[str, str]:
    """The person each sender is: as `given`, else by name; strangers keep the name they have.

    Names match without case and accents, whole or as a first name that nobody shares.
    """
    known = tuple(people)
    return {
        sender: given.get(sender) or person_meant(sender, known) or sender
        for sender in dict.fromkeys(senders)
    }


def person_meant(sender: str, people: Sequence[str]) -> str | None:
    """The one person of that name or first name, without case and accents; else None."""
    named = meant(sender, people) or [p for p in people if fold(p).startswith(f"{fold(sender)} ")]
    return named[0] if len(named) == 1 else None
