"""Search queries: words and "phrases"; nothing is an operator."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from chatmimic.archive.spans import joined
from chatmimic.text import clean

Mark = tuple[int, int]  # start and end of a match in a text, the end exclusive

_PARTS = re.compile(r'"([^"]*)"|([^\s"]+)')
# Scripts without spaces, or with suffixes on their words: the index takes a whole run for one word.
# Thai to Myanmar, Khmer, kana, Chinese characters, Hangul.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_BEGIN, _END = "\x01", "\x02"  # in no stored text: clean() takes them out
_MARKED = re.compile(f"{_BEGIN}([^{_END}]*){_END}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a message must contain: `words` that the index finds, and `pieces` of its text."""

    words: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: str) -> Wanted:
        """Parse a query. Emoji and punctuation are not in the index."""
        found = (phrase or word for phrase, word in _PARTS.findall(clean(query)))
        every = [" ".join(part.split()) for part in found if part.strip()]
        return cls(
            tuple(part for part in every if _is_indexed(part)),
            tuple(part for part in every if not _is_indexed(part)),
        )

    def __bool__(self) -> bool:
        """Whether the query is not empty."""
        return bool(self.words or self.pieces)

    @property
    def match(self) -> str:
        """The words in FTS5's syntax, each one quoted, so that nothing is an operator."""
        return " ".join(f'"{word}"' for word in self.words)

    def marks(self, connection: sqlite3.Connection, row: int, text: str) -> tuple[Mark, ...]:
        """Positions of the matches in the text of a message; overlapping ones are joined."""
        marks = [*self._of_words(connection, row), *self._of_pieces(text)]
        spans = joined(sorted((start, end - 1) for start, end in marks))
        return tuple((first, last + 1) for first, last in spans)

    def _of_words(self, connection: sqlite3.Connection, row: int) -> Iterator[Mark]:
        if not self.words:
            return
        (text,) = connection.execute(
            "SELECT highlight(message_text, 0, ?, ?) FROM message_text "
            "WHERE message_text MATCH ? AND rowid = ?",
            (_BEGIN, _END, self.match, row),
        ).fetchone()
        for number, found in enumerate(_MARKED.finditer(text)):
            start = found.start() - 2 * number  # characters of the earlier marks
            yield start, start + len(found[1])

    def _of_pieces(self, text: str) -> Iterator[Mark]:
        for piece in self.pieces:
            for found in re.finditer(re.escape(piece), text):
                yield found.span()


def _is_indexed(part: str) -> bool:
    has_words = any(character.isalnum() for character in part)
    return has_words and not _UNSPACED.search(part)
