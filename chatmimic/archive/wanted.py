"""What somebody searches for: words and "phrases", of which nothing is an operator."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from chatmimic.archive.spans import joined
from chatmimic.text import clean

Mark = tuple[int, int]  # from where to where something stands in a text, the end left out

_PARTS = re.compile(r'"([^"]*)"|([^\s"]+)')
# Scripts that are written without spaces, or with endings on their words: the index takes a whole
# run of them for one word. Thai to Myanmar, Khmer, kana, Chinese characters, Hangul.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_BEGIN, _END = "\x01", "\x02"  # in no stored text: clean() takes them out
_MARKED = re.compile(f"{_BEGIN}([^{_END}]*){_END}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a message has to hold: `words` that the index finds, and `pieces` of its text."""

    words: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: str) -> Wanted:
        """What a query asks for. Emoji and signs are no words, and in no index."""
        found = (phrase or word for phrase, word in _PARTS.findall(clean(query)))
        every = [" ".join(part.split()) for part in found if part.strip()]
        return cls(
            tuple(part for part in every if _is_indexed(part)),
            tuple(part for part in every if not _is_indexed(part)),
        )

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.words or self.pieces)

    @property
    def match(self) -> str:
        """The words in FTS5's language, each one quoted: no sign is an operator."""
        return " ".join(f'"{word}"' for word in self.words)

    def marks(self, connection: sqlite3.Connection, row: int, text: str) -> tuple[Mark, ...]:
        """Where it stands in the text of the message in a row; what overlaps is one mark."""
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
            start = found.start() - 2 * number  # signs of the marks before
            yield start, start + len(found[1])

    def _of_pieces(self, text: str) -> Iterator[Mark]:
        for piece in self.pieces:
            for found in re.finditer(re.escape(piece), text):
                yield found.span()


def _is_indexed(part: str) -> bool:
    has_words = any(character.isalnum() for character in part)
    return has_words and not _UNSPACED.search(part)
