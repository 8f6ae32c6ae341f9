"""People who may be the same: a name spelt differently, or a first name beside a full one."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

_MOST_PEOPLE = 400  # a public channel has thousands of nicks, where similar names mean nothing
_MOST_PAIRS = 5
_LEAST_LETTERS = 3  # shorter names are similar by chance


def likely_same(connection: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """Pairs of people, the more talkative first, who are the same person judging by their names.

    Two people in one thread are different, unless their names differ only in case, accents and
    punctuation.
    """
    people = dict(connection.execute("SELECT id, name FROM person LIMIT ?", (_MOST_PEOPLE + 1,)))
    if len(people) > _MOST_PEOPLE:
        return ()
    counted = dict(
        connection.execute(
            "SELECT person_id, count(*) FROM alias JOIN message ON alias_id = alias.id "
            "WHERE kind IN ('text', 'action') AND NOT is_bot GROUP BY person_id"
        )
    )
    names = {row: name for row, name in people.items() if row in counted}
    pairs = list(dict.fromkeys([*_written_otherwise(names), *_parts(connection, names)]))
    pairs.sort(key=lambda pair: -min(counted[row] for row in pair))
    ordered = [sorted(pair, key=lambda row: -counted[row]) for pair in pairs[:_MOST_PAIRS]]
    return tuple((names[one], names[other]) for one, other in ordered)


def _plain(name: str) -> str:
    """A name without case, accents, punctuation and trailing digits."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[\W_]", "", letters).rstrip("0123456789")


def _written_otherwise(names: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    same: dict[str, list[int]] = defaultdict(list)
    for row, name in names.items():
        if len(_plain(name)) >= _LEAST_LETTERS:
            same[_plain(name)].append(row)
    for rows in same.values():
        yield from combinations(sorted(rows), 2)


def _parts(connection: sqlite3.Connection, names: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """Pairs of a one-word name and the only longer name it begins, if no thread has both."""
    words = {row: [_plain(word) for word in name.split()] for row, name in names.items()}
    for row, own in words.items():
        if len(own) != 1 or len(own[0]) < _LEAST_LETTERS:
            continue
        longer = [other for other, its in words.items() if len(its) > 1 and its[0] == own[0]]
        if len(longer) == 1 and not _together(connection, row, longer[0]):
            yield min(row, longer[0]), max(row, longer[0])


def _together(connection: sqlite3.Connection, *people: int) -> bool:
    """Whether both have spoken in the same thread."""
    one, other = (_threads(connection, person) for person in people)
    return bool(one & other)


def _threads(connection: sqlite3.Connection, person: int) -> set[int]:
    rows: Sequence[tuple[int]] = connection.execute(
        "SELECT DISTINCT thread_id FROM message WHERE alias_id IN "
        "(SELECT id FROM alias WHERE person_id = ?)",
        (person,),
    ).fetchall()
    return {thread for (thread,) in rows}
