"""The words of texts, as copies are recognised by them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from hashlib import blake2b

SPAN = 8  # words of the spans that are looked up
_LOOKED_AT = 400  # characters

_NOT_IN_WORDS = re.compile(r"[^\w\s]+|_+")
# Thai to Lao, Burmese, Khmer, kana, Chinese characters: written without spaces between words.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])"
)


def words_of(text: str) -> list[str]:
    """The words of a text, compared without regard to case, width and spacing."""
    return unicodedata.normalize("NFKC", text).casefold().split()


def bare_words(text: str) -> list[str]:
    """The words of a text without punctuation, so that another comma does not hide a copy.

    In scripts without spaces, each character is a word of its own.
    """
    if text.isascii():  # nothing to normalise
        return _NOT_IN_WORDS.sub("", text.lower()).split()
    bare = _NOT_IN_WORDS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return _UNSPACED.sub(r" \1 ", bare).split()


def last_words(text: str, most: int) -> str:
    """The end of a text with at most so many words of `bare_words`."""
    end = text[-_LOOKED_AT:]
    pieces = [piece.start() for piece in re.finditer(r"\S+", end)]
    starts = (at for at in [*pieces, len(end)] if len(bare_words(end[at:])) <= most)
    return end[next(starts) :]


def places_of(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where spans of `bare_words` stand in their text: the first character and the end of each.

    What stands between two spaces is marked as a whole, a sentence in Chinese too.
    """
    pieces: list[tuple[int, int]] = []
    for piece in re.finditer(r"\S+", text):
        pieces += [piece.span()] * len(bare_words(piece[0]))
    for start, end in spans:
        yield pieces[start][0], pieces[end - 1][1]


class Numbers(dict[str, int]):
    """Words as numbers of 64 bits, the same in every process; each is computed once.

    The lowest bit is set for a character of a script without spaces, which counts half a word.
    """

    def __missing__(self, word: str) -> int:
        """Compute the number of a word that is new."""
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = int.from_bytes(digest, "little") & ~1
        self[word] = number | (_UNSPACED.match(word) is not None)
        return self[word]
