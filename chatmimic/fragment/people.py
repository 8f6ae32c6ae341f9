"""Who is meant by the names in a fragment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chatmimic.lookup import fold, meant


def matched(
    senders: Iterable[str], people: Iterable[str], given: Mapping[str, str]
) -> dict[str, str]:
    """The person each sender is: as `given`, else by name; strangers keep the name they have.

    Names match without case and accents, whole or as a first name that nobody shares.
    """
    known = tuple(people)
    return {
        sender: given.get(sender) or _meant(sender, known) or sender
        for sender in dict.fromkeys(senders)
    }


def _meant(sender: str, people: tuple[str, ...]) -> str | None:
    named = meant(sender, people) or [p for p in people if fold(p).startswith(f"{fold(sender)} ")]
    return named[0] if len(named) == 1 else None
