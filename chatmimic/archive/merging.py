"""Merging people who are the same, and splitting them again exactly as they were.

A merged person keeps a row, and every alias, of later imports too, records its person without
merges. So a merge loses nothing: `split` puts the aliases back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chatmimic.archive.find_people import find
from chatmimic.archive.people import new_person, tidy_name
from chatmimic.errors import ArchiveError
from chatmimic.lookup import fold, quoted

# A person, and everybody who was merged into them, recursively.
PARTS = """WITH RECURSIVE part (id) AS (
    SELECT :person UNION ALL SELECT person.id FROM person JOIN part ON part_of = part.id
) SELECT id FROM part"""


def merge(connection: sqlite3.Connection, keep: str, other: str) -> int:
    """Give `other`'s senders to `keep`. Returns the row of the person that stays.

    Raises NoSuchPerson, and ArchiveError if both are one person already.
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
    """What can be split off a person: somebody merged into them, or an account."""

    row: int  # of the merged person; for an account of the person's own, of the person
    account: tuple[str, str] | None  # service and key of an account of the person's own
    called: str
    known_by: frozenset[str]  # names, services and accounts, folded


def split(connection: sqlite3.Connection, name: str, which: str | None) -> tuple[int, int]:
    """Split off a person who was merged into the one of that name, or one of their accounts.

    `which` is a name, a service or an account; without it, the only merged person. Returns the rows
    of both. Raises NoSuchPerson, and ArchiveError if it is not clear what to split off.
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
    """Make an account a person of its own, with the name first seen for it."""
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
    """Everybody who was merged into a person, then the person's own accounts."""
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
    """The part to split off. Raises ArchiveError if there is none, or several."""
    joined = [part for part in parts if part.account is None]
    own = [part for part in parts if part.account is not None]
    apart = [*joined, *(own if len(own) > 1 else ())]
    if not apart:
        raise ArchiveError(
            f'"{whom}" is a single account; nobody was merged into it.',
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
        f"Choose one: {quoted(part.called for part in found or apart)}.",
    )


def _unclear(whom: str, which: str | None, several: bool) -> str:
    if which is None:
        return f'{"Several people were" if several else "Nobody was"} merged into "{whom}"'
    if several:
        return f'"{which}" matches several names of "{whom}"'
    return f'Nothing that can be split off "{whom}" is called "{which}"'


def _called(parts: Sequence[_Part], which: str) -> list[_Part]:
    """The parts of exactly that name, else those with it among their other names."""
    exact = [part for part in parts if part.called == which]
    return exact or [part for part in parts if fold(which) in part.known_by]


def _name(connection: sqlite3.Connection, row: int) -> str:
    (name,) = connection.execute("SELECT name FROM person WHERE id = ?", (row,)).fetchone()
    return str(name)
