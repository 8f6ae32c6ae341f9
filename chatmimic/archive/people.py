"""People: which senders are the same person, and statistics of each.

A sender is a service's own key with the names seen for it. Senders of two services with exactly the
same name are one person; two keys of one service are two people, even under one name (the second is
called "Name (2)"). Merges (merging.py) override the rule, and later imports keep to them, because a
person is stored by the senders' keys.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from chatmimic.archive.touched import Seen
from chatmimic.records import Kind, Message, Person
from chatmimic.text import clean, without_invisible

_REMEMBERED = 50_000  # senders held in memory while adding
_LONGEST_NAME = 200
_NAMELESS = "Unknown"
_UNSEEN = "(no visible name)"


class PeopleBook:
    """Finds or creates the alias, and the person, of a message's sender."""

    def __init__(self, connection: sqlite3.Connection, number: int) -> None:
        self._db = connection
        self._known: dict[tuple[str, str, str, bool, bool], int] = {}
        self._seen = Seen(connection, "alias", number)
        self.changed = False

    def of(self, message: Message) -> int:
        """The id of its sender's alias, created if it is new."""
        kind = message.kind
        worded = kind is Kind.TEXT or kind is Kind.ACTION
        key = (message.service, message.sender_key, message.sender, message.is_bot, worded)
        alias = self._known.get(key)
        if alias is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            alias = self._known[key] = self._row(message)
            if message.kind.has_words:
                self._seen.add(alias)
        return alias

    def seen(self) -> int:
        """The number of people who sent something in this import."""
        return int(
            self._db.execute(
                "SELECT count(DISTINCT person_id) FROM alias WHERE id IN "
                "(SELECT id FROM temp.seen WHERE what = 'alias' AND number = ?)",
                (self._seen.number,),
            ).fetchone()[0]
        )

    def _row(self, message: Message) -> int:
        service = clean(message.service)
        name = tidy_name(message.sender or message.sender_key)
        key = clean(message.sender_key)
        if not key or tidy_name(key) == name:  # no account, but a name: the one that is seen
            key = name
        row = self._db.execute(
            "SELECT id, is_bot FROM alias WHERE service = ? AND sender_key = ? AND name = ?",
            (service, key, name),
        ).fetchone()
        if row is None:
            person, own = self._person(service, key, name, message.is_bot)
            made = self._db.execute(
                "INSERT INTO alias (service, sender_key, name, is_bot, person_id, own_id) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (service, key, name, message.is_bot, person, own),
            )
            return int(made.lastrowid or 0)
        if message.is_bot and not row[1]:
            self._db.execute("UPDATE alias SET is_bot = 1 WHERE id = ?", (row[0],))
            self.changed = True
        return int(row[0])

    def _person(self, service: str, key: str, name: str, is_bot: bool) -> tuple[int, int]:
        """The person of a new alias, and the person it has without merges.

        By key, else by name on other services, else a new one.
        """
        by_key = self._db.execute(
            "SELECT person_id, own_id FROM alias WHERE service = ? AND sender_key = ?",
            (service, key),
        ).fetchone()
        if by_key:
            return int(by_key[0]), int(by_key[1])
        by_name = self._db.execute(
            """SELECT person_id, own_id FROM alias AS elsewhere
               WHERE name = ? AND is_bot = ? AND service <> ? AND NOT EXISTS (
                   SELECT 1 FROM alias AS here
                   WHERE here.person_id = elsewhere.person_id AND here.service = ?)
               ORDER BY person_id, own_id""",
            (name, is_bot, service, service),
        ).fetchone()
        if by_name:
            return int(by_name[0]), int(by_name[1])
        made = new_person(self._db, name)
        return made, made


def new_person(connection: sqlite3.Connection, name: str) -> int:
    """Create a person of that name, with a number after it if the name is taken."""
    made = connection.execute(
        "INSERT INTO person (name) VALUES (?)", (free_name(connection, name),)
    )
    return int(made.lastrowid or 0)


def free_name(connection: sqlite3.Connection, name: str) -> str:
    """The name, with a number after it if somebody has it already."""
    number, free = 1, name
    while connection.execute("SELECT 1 FROM person WHERE name = ?", (free,)).fetchone():
        number += 1
        free = f"{name} ({number})"
    return free


def tidy_name(name: str) -> str:
    """A sender's name on one line, as it is seen: at most 200 characters, never empty."""
    seen = without_invisible(clean(name))[:_LONGEST_NAME].strip()
    return seen or (_UNSEEN if name.strip() else _NAMELESS)


_COUNTED = """
    SELECT person.id, person.name, coalesce(sum(said.n), 0), min(said.first), max(said.last),
           min(alias.is_bot)
    FROM person JOIN alias ON alias.person_id = person.id
    LEFT JOIN (SELECT alias_id, count(*) AS n, min(sent_at) AS first, max(sent_at) AS last
               FROM message WHERE kind IN ('text', 'action') GROUP BY alias_id) AS said
        ON said.alias_id = alias.id
    GROUP BY person.id"""


def everybody(connection: sqlite3.Connection) -> list[Person]:
    """Everybody who has sent a message, the most talkative first."""
    senders, parts = _senders(connection), _parts(connection)
    return [
        _person((name, count, first, last), bool(is_bot), senders[row], parts.get(row, ()))
        for row, name, count, first, last, is_bot in connection.execute(
            f"{_COUNTED} HAVING sum(said.n) > 0 ORDER BY sum(said.n) DESC, person.name"
        )
    ]


def one(connection: sqlite3.Connection, person_id: int) -> Person:
    """A person by row, even without any messages."""
    name, is_bot = connection.execute(
        "SELECT person.name, min(is_bot) FROM person JOIN alias ON person_id = person.id "
        "WHERE person.id = ?",
        (person_id,),
    ).fetchone()
    count, first, last = connection.execute(
        "SELECT count(*), min(sent_at), max(sent_at) FROM message WHERE kind IN ('text', 'action') "
        "AND alias_id IN (SELECT id FROM alias WHERE person_id = ?)",
        (person_id,),
    ).fetchone()
    (senders,) = _senders(connection, "WHERE person_id = ?", person_id).values()
    parts = _parts(connection, "AND person_id = ?", person_id).get(person_id, ())
    return _person((name, count, first, last), bool(is_bot), senders, parts)


def names_of(connection: sqlite3.Connection, person_id: int) -> list[str]:
    """All names that this person's messages were sent under."""
    rows = connection.execute("SELECT name FROM alias WHERE person_id = ?", (person_id,))
    return [name for (name,) in rows]


def names_of_each(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """All names of each person, those of merged people too, by the name of the person."""
    found: dict[str, dict[str, None]] = {}
    for name, *seen in connection.execute(
        "SELECT person.name, alias.name, own.name FROM alias "
        "JOIN person ON person.id = person_id LEFT JOIN person AS own ON own.id = own_id"
    ):
        found.setdefault(name, {}).update(dict.fromkeys([name, *filter(None, seen)]))
    return {name: tuple(names) for name, names in found.items()}


_Senders = list[tuple[str, str, str]]  # service, key and name


def _senders(connection: sqlite3.Connection, where: str = "", *values: int) -> dict[int, _Senders]:
    """The senders of each person, by the person's row."""
    found: dict[int, _Senders] = {}
    for row, *sender in connection.execute(
        f"SELECT person_id, service, sender_key, name FROM alias {where} ORDER BY 2, 3, 4", values
    ):
        found.setdefault(row, []).append((sender[0], sender[1], sender[2]))
    return found


def _parts(
    connection: sqlite3.Connection, where: str = "", *values: int
) -> dict[int, tuple[str, ...]]:
    """The names of the people who were merged into each person, by that person's row."""
    found: dict[int, tuple[str, ...]] = {}
    for row, name in connection.execute(
        "SELECT DISTINCT person_id, person.name FROM alias JOIN person ON person.id = own_id "
        f"WHERE own_id <> person_id {where}",
        values,
    ):
        found[row] = (*found.get(row, ()), name)
    return found


def _person(
    of_words: tuple[str, int, int | None, int | None],
    is_bot: bool,
    senders: _Senders,
    parts: Sequence[str],
) -> Person:
    """A person from name, number of messages, and first and last time."""
    seen = {name for _, _, name in senders}
    accounts = (service if key in seen else f"{service} {key}" for service, key, _ in senders)
    return Person(
        *of_words,
        names=tuple(dict.fromkeys([of_words[0], *sorted({*seen, *parts})])),
        services=tuple(dict.fromkeys(service for service, _, _ in senders)),
        is_bot=is_bot,
        accounts=tuple(dict.fromkeys(accounts)),
    )


def activity(connection: sqlite3.Connection, spans: int) -> dict[str, list[int]]:
    """Messages per person in each of `spans` equal parts of the archive's time range."""
    of_words = "FROM message JOIN alias ON alias.id = alias_id WHERE kind IN ('text', 'action')"
    first, last = connection.execute(f"SELECT min(sent_at), max(sent_at) {of_words}").fetchone()
    counts: dict[str, list[int]] = {}
    if first is None:
        return counts
    width = (last - first) // spans + 1
    for name, span, n in connection.execute(
        f"SELECT (SELECT name FROM person WHERE id = person_id), (sent_at - ?) / ? AS span, "
        f"count(*) {of_words} AND sent_at IS NOT NULL GROUP BY person_id, span",
        (first, width),
    ):
        counts.setdefault(name, [0] * spans)[span] = n
    return counts
