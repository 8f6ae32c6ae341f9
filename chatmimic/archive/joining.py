"""Joining people who are one, and taking them apart again, exactly as they were.

Who was joined keeps a row, and every alias says whose it is without merges, those of later imports
too. So a merge takes nothing away: `split` puts the aliases back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chatmimic.archive.named import find
from chatmimic.archive.people import new_person, tidy_name
from chatmimic.errors import ArchiveError
from chatmimic.lookup import fold, quoted

# A person, and all who were joined into them, and into those.
PARTS = """WITH RECURSIVE part (id) AS (
    SELECT :person UNION ALL SELECT person.id FROM person JOIN part ON part_of = part.id
) SELECT id FROM part"""


def merge(connection: sqlite3.Connection, keep: str, other: str) -> int:
    """Make `other`'s senders `keep`'s. Gives the row of the person that stays.

    Raises NoSuchPerson, and ArchiveError when both are one person already.
    """
    kept, joined = find(connection, keep), find(connection, other)
    if kept == joined:
        raise ArchiveError(
            f'"{keep}" and "{other}" are one person already.', "`chatmimic people` lists everybody."
        )
    connection.execute("UPDATE alias SET person_id = ? WHERE person_id = ?", (kept, joined))
    connection.execute("UPDATE person SET part_of = ? WHERE id = ?", (kept, joined))
    return kept


@dataclass(frozen=True)
class _Part:
    """What can be taken off a person: somebody who was joined into them, or an account."""

    row: int  # of the one who was joined; for an account of the person's own, theirs
    account: tuple[str, str] | None  # service and key of an account of the person's own
    called: str
    known_by: frozenset[str]  # names, services and accounts, folded


def split(connection: sqlite3.Connection, name: str, which: str | None) -> tuple[int, int]:
    """Take off a person who was joined into the one of that name, or an account of theirs.

    `which`: a name, a service or an account; without it, the only one who was joined. Gives the
    rows of both. Raises NoSuchPerson, and ArchiveError where it is not clear what to take off.
    """
    person = find(connection, name)
    part = _which(name, _name(connection, person), _parts(connection, person), which)
    if part.account is None:
        _put_back(connection, part.row)
        return person, part.row
    return person, _take_out(connection, person, *part.account)


def _put_back(connection: sqlite3.Connection, row: int) -> None:
    connection.execute(
        f"UPDATE alias SET person_id = :person WHERE own_id IN ({PARTS})", {"person": row}
    )
    connection.execute("UPDATE person SET part_of = NULL WHERE id = ?", (row,))


def _take_out(connection: sqlite3.Connection, person: int, service: str, key: str) -> int:
    """Make an account a person of its own, named as it was first seen."""
    theirs = "person_id = ? AND service = ? AND sender_key = ?"
    (seen,) = connection.execute(
        f"SELECT name FROM alias WHERE {theirs} ORDER BY id", (person, service, key)
    ).fetchone()
    row = new_person(connection, seen)
    connection.execute(
        f"UPDATE alias SET person_id = ?, own_id = ? WHERE {theirs}",
        (row, row, person, service, key),
    )
    return row


def _parts(connection: sqlite3.Connection, person: int) -> list[_Part]:
    """Everybody who was joined into a person, then the person's own accounts."""
    joined: dict[int, set[str]] = {}
    own: dict[tuple[str, str], list[str]] = {}
    for row, service, key, seen in connection.execute(
        "SELECT own_id, service, sender_key, name FROM alias WHERE person_id = ? ORDER BY id",
        (person,),
    ):
        if row == person:
            own.setdefault((service, key), []).append(seen)
        else:
            joined.setdefault(row, set()).update(_known_by(service, key, seen))
    parts = []
    for row, known in joined.items():
        called = _name(connection, row)
        parts.append(_Part(row, None, called, _folded({called, *known})))
    for (service, key), names in own.items():
        known_by = _folded(known for seen in names for known in _known_by(service, key, seen))
        parts.append(_Part(person, (service, key), f"{service} {key}", known_by))
    return parts


def _known_by(service: str, key: str, name: str) -> tuple[str, ...]:
    return name, service, key, f"{service} {key}", f"{name} ({service})", f"{name} ({key})"


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, names))


def _which(typed: str, whom: str, parts: Sequence[_Part], which: str | None) -> _Part:
    """The part that is meant. Raises ArchiveError where that is none, or not clear."""
    joined = [part for part in parts if part.account is None]
    own = [part for part in parts if part.account is not None]
    apart = [*joined, *(own if len(own) > 1 else ())]
    if not apart:
        raise ArchiveError(
            f'"{whom}" is one account, and nobody was joined into it.',
            "`chatmimic people` lists everybody.",
        )
    if which is not None:
        found = _called(apart, tidy_name(which))
    else:  # `split ada_l` means ada_l, whoever that is now
        found = [part for part in joined if part.called == tidy_name(typed)] or joined
    if len(found) == 1:
        return found[0]
    raise ArchiveError(
        f"{_unclear(whom, which, bool(found))}.",
        f"Say which: {quoted(part.called for part in found or apart)}.",
    )


def _unclear(whom: str, which: str | None, several: bool) -> str:
    if which is None:
        return f'{"Several were" if several else "Nobody was"} joined into "{whom}"'
    if several:
        return f'Several of "{whom}" may be meant by "{which}"'
    return f'Nothing that can be taken off "{whom}" is called "{which}"'


def _called(parts: Sequence[_Part], which: str) -> list[_Part]:
    """Those called exactly so, else those known by it."""
    exact = [part for part in parts if part.called == which]
    return exact or [part for part in parts if fold(which) in part.known_by]


def _name(connection: sqlite3.Connection, row: int) -> str:
    (name,) = connection.execute("SELECT name FROM person WHERE id = ?", (row,)).fetchone()
    return str(name)
