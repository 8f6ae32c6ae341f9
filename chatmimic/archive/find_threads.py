"""Finding threads by what users type: a title, a person, or a number."""

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

_PAIR = 2  # most people in a thread that a person's name finds
_NAMED = 4  # people of a thread that are listed by name
_SUGGESTED = 3
_SUGGESTED_FROM = 20_000  # names that a mistyped one is compared with
_DIGITS = 19  # digits of SQLite's largest number
_QUALIFIED = re.compile(r"(.+?) \((.+)\)")
Activity = dict[int, list[int]]  # by the number of a thread
_SPOKE = f"FROM message JOIN alias ON alias.id = alias_id WHERE {WORDS}"

# All names of people: as senders, and their own, those of merged people too.
_NAMES = """SELECT person_id, name FROM alias UNION
    SELECT person_id, person.name FROM alias JOIN person ON person.id IN (person_id, own_id)"""


def find(connection: sqlite3.Connection, name: str) -> Thread:
    """The thread that a user means.

    Matches its title, a person if at most two have spoken in it, the service's own key, or its
    number; then ignoring case, accents and a channel's `#`, or with the service (`Tea (irc)`).
    Raises NoSuchThread, with suggestions, for no match or several.
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
    """The matching threads, by the first comparison that matches any."""
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
    """Threads with such a title, and those of two people of whom one has such a name."""
    titled = connection.execute("SELECT id, title FROM thread WHERE title <> ''")
    found = {number for number, title in titled if same(_tidy(title))}
    people = {person for person, name in connection.execute(_NAMES) if same(name)}
    return found.union(*(_alone_with(connection, person) for person in people))


def _alone_with(connection: sqlite3.Connection, person: int) -> set[int]:
    """Threads in which these people and at most one other have spoken."""
    theirs = of_person(connection, person)
    some = f"SELECT DISTINCT person_id {_SPOKE} AND thread_id = ? LIMIT {_PAIR + 1}"
    return {t for t in theirs if len(_numbers(connection, some, t)) <= _PAIR}


def with_names(connection: sqlite3.Connection, some: Iterable[Thread]) -> list[Thread]:
    """The threads with the names of their speakers, the most talkative first, at most 4.

    In a thread of two, the one who speaks in more threads is left out: probably the user.
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
    """The title of the thread of that number, or else its speakers."""
    (title,) = connection.execute("SELECT title FROM thread WHERE id = ?", (number,)).fetchone()
    return _tidy(title) or with_names(connection, threads(connection, numbers=[number]))[0].called


def described(thread: Thread) -> str:
    """A thread in words, to choose among several: `7 ("Tea", irc, 31 messages)`."""
    many = f"{thread.messages:,} message{'' if thread.messages == 1 else 's'}"
    return f'{thread.number} ("{thread.called}", {thread.service}, {many})'


def _near(connection: sqlite3.Connection, wanted: str) -> list[str]:
    """Similar titles and names of people, each of which finds a thread."""
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
    """The service of that name, ignoring case. Raises ArchiveError if nothing is from it."""
    known = [name for (name,) in connection.execute("SELECT DISTINCT service FROM thread")]
    for name in known:
        if fold(name) == fold(typed):
            return name
    near = suggestion(close(typed, known))
    there = f"There are: {', '.join(sorted(known))}." if known else ""
    raise ArchiveError(f'Nothing in the archive is from "{typed}".', near + there)


def activity(connection: sqlite3.Connection, numbers: Iterable[int], spans: int) -> Activity:
    """Messages per thread in each of `spans` equal parts of the archive's time range."""
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
