"""What a person said about a matter before: exchanges that share rare words with what is said now.

The full-text index ranks them by BM25 (Robertson & Zaragoza 2009); what was said lately counts for
more.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatmimic.archive.reading import COLUMNS, WORDS, message_of
from chatmimic.records import Message

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 24  # of a query, the rarest
_COMMON, _FEW = 0.01, 3  # a word in more messages than that share, and than that many, says little
_HITS = 40  # messages that are looked at
_NEXT_MS = 3_600_000  # an answer comes within an hour
_DAY_MS = 86_400_000
_HALVED_DAYS, _KEPT = 180, 0.7  # the part of a score that never fades, and how fast the rest does


@dataclass(frozen=True, slots=True)
class Recollection:
    """Something a person said, the message that it answered, and how well it fits what is asked.

    The score is BM25's (nats), less for what was said long ago.
    """

    asked: Message | None
    answer: Message
    score: float


def recall(
    connection: sqlite3.Connection, person: int, texts: Sequence[str], before: int, most: int
) -> list[Recollection]:
    """The exchanges before a time (UTC ms) that fit `texts` best, at most `most`, best first."""
    words = _rare(connection, texts)
    if not words:
        return []
    best: dict[int, Recollection] = {}
    for row, score in _hits(connection, person, words, before):
        found = _exchange(connection, person, row, before)
        if found is None:
            continue
        place, asked, answer = found
        faded = score * _weight(before - (answer.sent_at or 0))
        if place not in best or best[place].score < faded:
            best[place] = Recollection(asked, answer, faded)
    return sorted(best.values(), key=lambda one: -one.score)[:most]


def _weight(age_ms: int) -> float:
    return float(_KEPT + (1 - _KEPT) * 0.5 ** (max(0, age_ms) / _DAY_MS / _HALVED_DAYS))


def _rare(connection: sqlite3.Connection, texts: Sequence[str]) -> list[str]:
    """The words that few messages hold, but at least one, the rarest first."""
    words = dict.fromkeys(word for text in texts for word in _WORD.findall(text) if len(word) > 2)
    # Counting a million messages takes half a second; the last number is nearly as good.
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()
    most = max(_FEW, int(_COMMON * last))
    counts = {word: _messages_with(connection, word, most + 1) for word in words}
    known = [word for word, count in counts.items() if 0 < count <= most]
    return sorted(known, key=lambda word: counts[word])[:_MOST_WORDS]


def _messages_with(connection: sqlite3.Connection, word: str, most: int) -> int:
    """The number of messages with a word, at most `most`."""
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM message_text WHERE message_text MATCH ? LIMIT ?)",
        (_quoted(word), most),
    ).fetchone()
    return int(count)


def _quoted(word: str) -> str:
    return f'"{word}"'  # no word holds a quotation mark


def _hits(
    connection: sqlite3.Connection, person: int, words: Sequence[str], before: int
) -> Iterator[tuple[int, float]]:
    """Rows of messages with some of the words, and their BM25, in threads the person wrote in."""
    rows = connection.execute(
        """SELECT message_text.rowid, -bm25(message_text) FROM message_text
        CROSS JOIN message ON message.id = message_text.rowid
        WHERE message_text MATCH ? AND message.sent_at < ? AND message.thread_id IN (
            SELECT DISTINCT thread_id FROM message WHERE alias_id IN (
                SELECT id FROM alias WHERE person_id = ?))
        ORDER BY bm25(message_text), message_text.rowid DESC LIMIT ?""",
        (" OR ".join(map(_quoted, words)), before, person, _HITS),
    )
    yield from rows.fetchall()


def _exchange(
    connection: sqlite3.Connection, person: int, row: int, before: int
) -> tuple[int, Message | None, Message] | None:
    """The answer's row, what it answers, and the answer: the message itself if it is the
    person's, else the next one if that is.
    """
    ((hit, message, own, thread, at),) = _read(connection, "message.id = ?", (row,))
    sign, order = ("<", "DESC") if own == person else (">", "ASC")
    near = _read(
        connection,
        f"thread_id = ? AND {WORDS} AND (placed_at, message.id) {sign} (?, ?) "
        f"ORDER BY placed_at {order}, message.id {order} LIMIT 1",
        (thread, at, hit),
    )
    neighbour = near[0] if near and abs(near[0][4] - at) <= _NEXT_MS else None
    if own == person:
        asked = neighbour[1] if neighbour and neighbour[2] != person else None
        return hit, asked, message
    if neighbour is None or neighbour[2] != person or neighbour[4] >= before:
        return None
    return neighbour[0], message, neighbour[1]


def _read(
    connection: sqlite3.Connection, where: str, values: tuple[int, ...]
) -> list[tuple[int, Message, int, int, int]]:
    """Rows, messages, and the numbers of their people and threads, and places in time."""
    rows = connection.execute(
        f"""SELECT message.id, person.id, message.thread_id, message.placed_at, {COLUMNS}
            FROM message
            CROSS JOIN thread ON thread.id = message.thread_id
            CROSS JOIN alias ON alias.id = message.alias_id
            CROSS JOIN person ON person.id = alias.person_id WHERE {where}""",
        values,
    )
    return [(row, message_of(tuple(rest)), who, where, at) for row, who, where, at, *rest in rows]
