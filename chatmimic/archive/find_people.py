"""Finding people by the names that users type, and numbering people who share a name."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator

from chatmimic.archive.people import everybody, one, tidy_name
from chatmimic.errors import NoSuchPerson
from chatmimic.lookup import close, fold
from chatmimic.records import Person

_SUGGESTED_FROM = 5_000  # the most talkative people, with whom a mistyped name is compared
_SUGGESTED = 3
_MOST_NAMESAKES = 1_000  # people with a number in their name that are considered
_NUMBERED = re.compile(r"(.+) \(\d+\)")
_QUALIFIED = re.compile(r"(.+?) \((.+)\)")
# Names of people, and their other names: as senders, and before they were merged.
_NAMES = "SELECT id AS row, name FROM person WHERE part_of IS NULL"
_OTHER_NAMES = """SELECT person_id AS row, name FROM alias UNION ALL
    SELECT person_id, person.name FROM alias JOIN person ON person.id = own_id
    WHERE own_id <> person_id"""


def find(connection: sqlite3.Connection, name: str) -> int:
    """The row of the person of that name.

    Matches a person's or a sender's name, either with a service or an account (`Alex (discord)`);
    then ignoring case and accents. Raises NoSuchPerson, with suggestions, for no match or several.
    """
    wanted = tidy_name(name)
    for people in _found(connection, wanted):
        if len(people) == 1:
            return people.pop()
        if people:
            several = sorted((one(connection, row) for row in people), key=lambda p: p.name)
            raise NoSuchPerson(wanted, [p.name for p in several], map(described, several))
    raise NoSuchPerson(wanted, _near(connection, wanted))


def _found(connection: sqlite3.Connection, wanted: str) -> Iterator[set[int]]:
    """The matching people, by the first comparison that matches any."""
    for query in (_NAMES, _OTHER_NAMES):
        named = f"SELECT DISTINCT row FROM ({query}) WHERE name = ?"
        yield {row for (row,) in connection.execute(named, (wanted,))}
    qualified = _QUALIFIED.fullmatch(wanted)
    if qualified:
        yield _with_account(connection, *qualified.groups())
    folded = fold(wanted)
    # In Python: SQLite's own NOCASE knows ASCII only.
    for query in (_NAMES, _OTHER_NAMES):
        yield {row for row, name in connection.execute(query) if fold(name) == folded}


def _with_account(connection: sqlite3.Connection, name: str, which: str) -> set[int]:
    """People of a name who wrote on a service or from an account; "1" is the first."""
    folded, which = fold(name), which.casefold()
    found = set()
    for row, person, seen, service, key in connection.execute(
        "SELECT person_id, person.name, alias.name, service, sender_key FROM alias "
        "JOIN person ON person.id = person_id"
    ):
        accounts = (service, key, f"{service} {key}", "1" if person == name else service)
        if folded in (fold(person), fold(seen)) and which in map(str.casefold, accounts):
            found.add(row)
    return found


def _near(connection: sqlite3.Connection, wanted: str) -> list[str]:
    known = {
        name: person.name
        for person in reversed(everybody(connection)[:_SUGGESTED_FROM])  # the talkative win
        for name in (*person.names, *person.name.split())
    }
    plain = _QUALIFIED.fullmatch(wanted)  # a name with a service that the person is not on
    near = [*(close(plain[1], known) if plain else ()), *close(wanted, known)]
    return list(dict.fromkeys(known[name] for name in near))[:_SUGGESTED]


def described(person: Person) -> str:
    """A person in words, to choose among namesakes: `"Alex (2)" (discord 18, 31 messages)`."""
    accounts = ", ".join(person.accounts or person.services)
    many = f"{person.messages:,} message{'' if person.messages == 1 else 's'}"
    return f'"{person.name}" ({f"{accounts}, " if accounts else ""}{many})'


def numbered(people: Iterable[Person]) -> dict[str, list[Person]]:
    """Those of several people whose names are equal except for the number in them."""
    groups: dict[str, list[Person]] = {}
    for person in people:
        found = _NUMBERED.fullmatch(person.name)
        own = found[1] if found and found[1] in person.names else person.name
        groups.setdefault(own, []).append(person)
    return {name: group for name, group in groups.items() if len(group) > 1}


def namesakes(connection: sqlite3.Connection) -> tuple[tuple[Person, ...], ...]:
    """Groups of people who share a name and have sent messages, the most talkative first."""
    rows = connection.execute(f"{_NAMES} AND name GLOB '* ([0-9]*)' LIMIT ?", (_MOST_NAMESAKES,))
    people = {row: name for row, name in rows if _NUMBERED.fullmatch(name)}
    for name in {found[1] for name in people.values() if (found := _NUMBERED.fullmatch(name))}:
        rows = connection.execute(f"{_NAMES} AND name = ?", (name,))
        people |= dict(rows.fetchall())
    spoke = [person for row in people if (person := one(connection, row)).messages]
    groups = [sorted(group, key=lambda p: -p.messages) for group in numbered(spoke).values()]
    return tuple(map(tuple, sorted(groups, key=lambda group: -group[0].messages)))
