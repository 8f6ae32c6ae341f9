"""Threads by what users type: a title, whom they are with, or a number."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from chatmimic.archive.reading import WORDS, Thread, threads
from chatmimic.errors import ArchiveError, NoSuchThread
from chatmimic.lookup import close, fold, suggestion
from chatmimic.text import clean

_PAIR = 2  # people in a thread that bears a person's name
_NAMED = 4  # people of a thread that are told by name
_SUGGESTED = 3
_SUGGESTED_FROM = 20_000  # names that a mistyped one is compared with
_DIGITS = 19  # of the largest number that SQLite has
_QUALIFIED = re.compile(r"(.+?) \((.+)\)")
Activity = dict[int, list[int]]  # by the number of a thread
_SPOKE = f"FROM message JOIN alias ON alias.id = alias_id WHERE {WORDS}"

# What people go by: as senders, and what they are and were called, merged ones too.
_NAMES = """SELECT person_id, name FROM alias UNION
    SELECT person_id, person.name FROM alias JOIN person ON person.id IN (person_id, own_id)"""


def find(connection: sqlite3.Connection, name: str) -> Thread:
    """The thread called so.

    By its title, by who it is with if no more than two have spoken in it, by the service's own key
    or its number; also in other case and accents, without the sign of a channel, or with the
    service (`Tea (irc)`). Raises NoSuchThread, with suggestions, for none and for several.
    """
    wanted = _tidy(name)
    for numbers in _found(connection, wanted) if wanted else ():
        if numbers:
            found = threads(connection, numbers=numbers)
            if len(found) == 1:
                return with_names(connection, found)[0]
            found.sort(key=lambda thread: (-thread.messages, thread.number))
            raise NoSuchThread(wanted, several=map(described, with_names(connection, found)))
    raise NoSuchThread(wanted, _near(connection, wanted))


def _found(connection: sqlite3.Connection, wanted: str) -> Iterator[set[int]]:
    """The threads that may be meant, by one way of comparing after the other."""
    folded = fold(wanted)
    yield _called(connection, lambda name: name == wanted)
    yield _numbers(connection, "SELECT id FROM thread WHERE key = ?", wanted)
    if wanted.isdecimal() and len(wanted) < _DIGITS:
        yield _numbers(connection, "SELECT id FROM thread WHERE id = ?", int(wanted))
    yield _called(connection, lambda name: fold(name) == folded)
    plain = folded.lstrip("#")
    yield _called(connection, lambda name: fold(name).lstrip("#") == plain)
    if qualified := _QUALIFIED.fullmatch(wanted):
        own, service = fold(qualified[1]), qualified[2].casefold()
        yield _called(connection, lambda name: fold(name) == own) & _numbers(
            connection, "SELECT id FROM thread WHERE service = ?", service
        )


def _numbers(connection: sqlite3.Connection, query: str, *values: str | int) -> set[int]:
    return {number for (number,) in connection.execute(query, values)}


def _called(connection: sqlite3.Connection, same: Callable[[str], bool]) -> set[int]:
    """Threads of such a title, and those of two where one has such a name."""
    titled = connection.execute("SELECT id, title FROM thread WHERE title <> ''")
    found = {number for number, title in titled if same(_tidy(title))}
    people = {person for person, name in connection.execute(_NAMES) if same(name)}
    return found.union(*(_alone_with(connection, person) for person in people))


def _alone_with(connection: sqlite3.Connection, person: int) -> set[int]:
    """Threads in which they have spoken, and no more than one other."""
    theirs = of_person(connection, person)
    some = f"SELECT DISTINCT person_id {_SPOKE} AND thread_id = ? LIMIT {_PAIR + 1}"
    return {t for t in theirs if len(_numbers(connection, some, t)) <= _PAIR}


def with_names(connection: sqlite3.Connection, some: Iterable[Thread]) -> list[Thread]:
    """The threads with the names of who spoke in them, the most talkative first, at most 4.

    Of two the one who speaks in more threads, whose archive it must be, is left out.
    """
    busy: dict[int, int] = {}
    return [replace(t, names=_names(connection, t, busy)) for t in some]


def _names(connection: sqlite3.Connection, thread: Thread, busy: dict[int, int]) -> tuple[str, ...]:
    spoke = connection.execute(
        f"SELECT person_id, (SELECT name FROM person WHERE id = person_id) AS name {_SPOKE} "
        f"AND thread_id = ? GROUP BY person_id ORDER BY count(*) DESC, name LIMIT {_NAMED}",
        (thread.number,),
    ).fetchall()
    if len(spoke) == _PAIR:
        counts = [_threads_of(connection, person, busy) for person, _ in spoke]
        least = min(counts)
        spoke = [one for one, count in zip(spoke, counts, strict=True) if count == least]
    return tuple(name for _, name in spoke)


def _threads_of(connection: sqlite3.Connection, person: int, known: dict[int, int]) -> int:
    if person not in known:
        count = f"SELECT count(DISTINCT thread_id) {_SPOKE} AND person_id = ?"
        known[person] = connection.execute(count, (person,)).fetchone()[0]
    return known[person]


def called(connection: sqlite3.Connection, number: int) -> str:
    """What the thread of that number is called; nothing is counted where it has a title."""
    (title,) = connection.execute("SELECT title FROM thread WHERE id = ?", (number,)).fetchone()
    return _tidy(title) or with_names(connection, threads(connection, numbers=[number]))[0].called


def described(thread: Thread) -> str:
    """A thread told apart from others of the name: `7 ("Tea", irc, 31 messages)`."""
    many = f"{thread.messages:,} message{'' if thread.messages == 1 else 's'}"
    return f'{thread.number} ("{thread.called}", {thread.service}, {many})'


def _near(connection: sqlite3.Connection, wanted: str) -> list[str]:
    """Titles and people's names that look like it, each of which finds a thread."""
    names = (
        "SELECT title FROM thread WHERE title <> '' UNION SELECT name FROM person "
        f"LIMIT {_SUGGESTED_FROM}"
    )
    known = {_tidy(name): None for (name,) in connection.execute(names)}
    words = {word: name for name in known for word in name.split()}
    near = [*close(wanted, known), *(words[word] for word in close(wanted, words))]
    unique = (name for name in dict.fromkeys(near) if _called(connection, name.__eq__))
    return [name for name, _ in zip(unique, range(_SUGGESTED), strict=False)]


def _tidy(name: str) -> str:
    return " ".join(clean(name).split())


def of_person(connection: sqlite3.Connection, person: int) -> set[int]:
    """The threads in which a person has spoken."""
    return _numbers(connection, f"SELECT DISTINCT thread_id {_SPOKE} AND person_id = ?", person)


def service(connection: sqlite3.Connection, typed: str) -> str:
    """The service that is meant, in any case. Raises ArchiveError where nothing is from it."""
    known = [name for (name,) in connection.execute("SELECT DISTINCT service FROM thread")]
    for name in known:
        if fold(name) == fold(typed):
            return name
    near = suggestion(close(typed, known))
    there = f"There are: {', '.join(sorted(known))}." if known else ""
    raise ArchiveError(f'Nothing in the archive is from "{typed}".', near + there)


def activity(connection: sqlite3.Connection, numbers: Iterable[int], spans: int) -> Activity:
    """Messages of threads in each of `spans` equal stretches of the archive's time."""
    words = f"FROM message WHERE {WORDS}"
    first, last = connection.execute(f"SELECT min(sent_at), max(sent_at) {words}").fetchone()
    counts: Activity = {number: [0] * spans for number in numbers}
    if first is None:
        return counts
    width = (last - first) // spans + 1
    for number, span, n in connection.execute(
        f"SELECT thread_id, (sent_at - ?) / ? AS span, count(*) {words} AND sent_at IS NOT NULL "
        "AND thread_id IN (SELECT value FROM json_each(?)) GROUP BY thread_id, span",
        (first, width, json.dumps(list(counts))),
    ):
        counts[number][span] = n
    return counts
