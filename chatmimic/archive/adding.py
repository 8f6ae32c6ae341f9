"""Adding messages to the archive: each once, however often and however much exports overlap."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from chatmimic.archive import owners
from chatmimic.archive.dedup_key import Occurrences, identity_of
from chatmimic.archive.find_people import namesakes
from chatmimic.archive.imports import Holding, Origin
from chatmimic.archive.merge_suggestions import likely_same
from chatmimic.archive.people import PeopleBook
from chatmimic.archive.threads import ThreadBook
from chatmimic.records import Kind, Message, Person, Reaction
from chatmimic.text import clean

# The size of a batch, in messages and in characters.
_BATCH_MESSAGES = 2_100
_BATCH_CHARACTERS = 4_000_000

_LARGEST_TIME = 2**62  # the limit of a 64-bit integer

_COLUMNS = (
    "thread_id, alias_id, sent_at, placed_at, kind, text, message_id, reply_to, reactions, identity"
)
_WIDTH = 10  # columns; the thread is the first, the identity the last
_ROWS = 300  # rows per statement; one row per statement costs 2 µs more per row


def _statement(rows: int) -> str:
    row = ", ".join("?" * _WIDTH)
    values = ", ".join([f"({row})"] * rows)
    return (
        f"INSERT INTO message ({_COLUMNS}) VALUES {values} "
        "ON CONFLICT (thread_id, identity) DO NOTHING"
    )


@dataclass(frozen=True)
class Added:
    """What one import did. Times are UTC milliseconds; messages are those with words."""

    new: int = 0
    known: int = 0  # in the import, and in the archive before it
    by_kind: Mapping[str, int] = field(default_factory=dict)  # new ones, wordless kinds too
    threads: int = 0  # threads and people of this import, new or not
    people: int = 0
    first_at: int | None = None
    last_at: int | None = None
    likely: tuple[tuple[str, str], ...] = ()  # pairs of people who may be one
    namesakes: tuple[tuple[Person, ...], ...] = ()  # people who share a name


class Adding:
    """One import, inside a write transaction of the caller. Uses constant memory."""

    def __init__(self, connection: sqlite3.Connection, number: int) -> None:
        self._db = connection
        self._number = number
        self._people = PeopleBook(connection, number)
        self._threads = ThreadBook(connection, number)
        self._batch: list[str | int | None] = []  # the columns of one message after another
        self._characters = 0
        self._times: list[int | None] = []  # of the messages with words in the batch
        self._words = 0
        self._first_at: int | None = None
        self._last_at: int | None = None
        self._occurrences = Occurrences(connection)
        self._holding = Holding(connection)
        most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        self._rows = min(_ROWS, most // _WIDTH)
        self._one, self._many = _statement(1), _statement(self._rows)

    def run(self, messages: Iterable[Message], origin: Callable[[], Origin] | None = None) -> Added:
        """Add all messages, record where they came from, and return what was new.

        `origin` is called after the last message was read.
        """
        last_before = self._db.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0]
        full = _BATCH_MESSAGES * _WIDTH
        for message in messages:
            self._take(message)
            if len(self._batch) >= full or self._characters >= _BATCH_CHARACTERS:
                self._flush()
        self._flush()
        self._occurrences.forget()
        added = self._added(last_before)
        source = origin() if origin else Origin()
        self._holding.record(source, self._words, added.new, self._first_at, self._last_at)
        owners.note(self._db, source.owner, self._number)
        return added

    def _take(self, message: Message) -> None:
        text, kind, sent_at = message.text, message.kind, message.sent_at
        if not text.isprintable():
            text = clean(text)
        if sent_at is not None and not -_LARGEST_TIME <= sent_at <= _LARGEST_TIME:
            sent_at = None
        thread = self._threads.of(message)
        if sent_at is not None:
            thread.last_at = sent_at
        if kind is Kind.TEXT or kind is Kind.ACTION:  # has_words, on the hot path
            self._times.append(sent_at)
        message_id = message.message_id and clean(message.message_id)
        if message_id:
            identity = identity_of(message_id, sent_at, "", "")
        else:
            identity = self._occurrences.identity(thread.id, message, sent_at, text)
        self._characters += len(text)
        self._batch += (
            thread.id,
            self._people.of(message),
            sent_at,
            thread.last_at,
            kind.value,  # a plain str: sqlite3 is slow to adapt subclasses
            text,
            message_id,
            message.reply_to and clean(message.reply_to),
            message.reactions and pack_reactions(message.reactions) or "",
            identity,
        )

    def _flush(self) -> None:
        batch, step = self._batch, self._rows * _WIDTH
        whole = len(batch) - len(batch) % step
        for start in range(0, whole, step):
            self._write(self._many, batch[start : start + step])
        for start in range(whole, len(batch), _WIDTH):
            self._write(self._one, batch[start : start + _WIDTH])
        self._batch.clear()
        self._characters = 0
        self._words += len(self._times)
        times = [at for at in (*self._times, self._first_at, self._last_at) if at is not None]
        self._first_at, self._last_at = min(times, default=None), max(times, default=None)
        self._times.clear()

    def _write(self, statement: str, columns: list[str | int | None]) -> None:
        done = self._db.execute(statement, columns)
        if done.rowcount * _WIDTH == len(columns):
            self._holding.inserted(done.lastrowid or 0, done.rowcount)
        else:
            self._holding.met(columns[::_WIDTH], columns[_WIDTH - 1 :: _WIDTH])

    def _added(self, last_before: int) -> Added:
        by_kind = dict(
            self._db.execute(
                "SELECT kind, count(*) FROM message WHERE id > ? GROUP BY kind", (last_before,)
            )
        )
        new = by_kind.get("text", 0) + by_kind.get("action", 0)
        return Added(
            new=new,
            known=self._words - new,
            by_kind=by_kind,
            threads=self._threads.seen(),
            people=self._people.seen(),
            first_at=self._first_at,
            last_at=self._last_at,
            likely=likely_same(self._db),
            namesakes=namesakes(self._db),
        )

    @property
    def changed(self) -> bool:
        """Whether a reader of the archive can see a difference, apart from new messages."""
        return self._people.changed or self._threads.changed


def pack_reactions(reactions: Iterable[Reaction]) -> str:
    """Encode reactions for storage: JSON, or "" for none."""
    pairs = [[clean(reaction.emoji), clean(reaction.sender)] for reaction in reactions]
    return json.dumps(pairs, ensure_ascii=False) if pairs else ""


def unpack_reactions(stored: str) -> tuple[Reaction, ...]:
    """The inverse of `pack_reactions`."""
    if not stored:
        return ()
    return tuple(Reaction(emoji, sender) for emoji, sender in json.loads(stored))
