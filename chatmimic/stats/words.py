"""Counts of words and emoji, words that a person prefers, and laughter.

Who prefers which word is told by the log-odds ratio with an informative Dirichlet prior of Monroe,
Colaresi and Quinn, "Fightin' Words" (Political Analysis 16, 2008, equations 16, 20 and 22). With
`y` the counts of a word, `n` of all words, of the person (i) and of everybody else (j), and the
counts of everybody, the person included, as the prior `a` (`a0` for all words):

    delta = log((yi + a) / (ni + a0 - yi - a)) - log((yj + a) / (nj + a0 - yj - a))
    variance = 1 / (yi + a) + 1 / (yj + a)
    z = delta / sqrt(variance)

From 1.96 on it is hardly chance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chatmimic.stats.records import Count, Favourite

CLEAR_Z = 1.96
# Marks that belong to letters, which Python does not count to words: accents, points, vowel signs.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e"
_WORD = re.compile(rf"[\w{_MARKS}]+(?:'[\w{_MARKS}]+)*")
LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_PICTURE = "[\u231a-\u23ff\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff]"
_DRESSED = f"{_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]*"
EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|{_DRESSED}(?:\u200d{_DRESSED})*")
_LAUGHS = {
    "haha": r"a*(?:ha+){2,}h?|bwa+(?:ha+)+",
    "hehe": r"(?:he+){2,}h?",
    "hihi": r"(?:hi+){2,}h?",
    "hoho": r"(?:ho){2,}",
    "jaja": r"(?:ja+){2,}j?|(?:je){2,}",
    "lol": r"lo+l(?:[sz]|ol)*",
    "lmao": r"lmf?ao+",
    "rofl": r"rofl(?:mao)?",
    "xd": r"xd+",
    "kkk": r"k{3,}",
    "mdr": r"mdr+",
    "ахаха": r"а?(?:ха){2,}х?",
    "ㅋㅋ": r"ㅋ{2,}",
    "ㅎㅎ": r"ㅎ{2,}",
    "ههه": r"ه{3,}",
    "חחח": r"ח{3,}",
}
_LAUGH = re.compile("|".join(f"(?P<_{n}>{way})" for n, way in enumerate(_LAUGHS.values())))
_LAUGHING = frozenset("😂🤣😆😹")


@dataclass
class Tally:
    """Counts of whitespace-separated pieces, and of the words and emoji in them."""

    pieces: Counter[str] = field(default_factory=Counter)

    def add(self, texts: Iterable[str]) -> None:
        """Count the pieces of some texts."""
        # The words are told apart later, in what is different: most is written many times.
        self.pieces.update(tidy("\n".join(texts)).split())

    @cached_property
    def words(self) -> Counter[str]:
        """Counts of words, lower-cased."""
        return self._parts(words_in)

    @cached_property
    def emoji(self) -> Counter[str]:
        """Counts of emoji."""
        return self._parts(emoji_in)

    @property
    def everything(self) -> Counter[str]:
        """Counts of words and emoji together."""
        return Counter({**self.words, **self.emoji})

    def _parts(self, parts_of: Callable[[str], list[str]]) -> Counter[str]:
        found = Counter[str]()
        for piece, count in self.pieces.items():
            for part in parts_of(piece):
                found[part] += count
        return found


def tidy(text: str) -> str:
    """The text lower-cased, with one kind of apostrophe."""
    return text.lower().replace("\u2019", "'")


def words_in(piece: str) -> list[str]:
    """The words in a tidy text without spaces; links and numbers are not words."""
    if piece.isalpha():
        return [piece]
    return [word for word in _WORD.findall(LINK.sub("", piece)) if _is_word(word)]


def emoji_in(text: str) -> list[str]:
    """The emoji in a text, each with its skin tone and joined parts."""
    return [] if text.isascii() else EMOJI.findall(text)


def log_odds(
    mine: NDArray[np.int64], everybody: NDArray[np.int64], n_mine: int, n_everybody: int
) -> NDArray[np.float64]:
    """z-scores of words by the formula at the top of this module.

    `mine` and `everybody` are the counts of each word, the `n_` those of all words; everybody's
    include mine. There must be at least two different words.
    """
    others, n_others = everybody - mine, n_everybody - n_mine
    own, theirs = mine + everybody, others + everybody
    delta = np.log(own / (n_mine + n_everybody - own))
    delta -= np.log(theirs / (n_others + n_everybody - theirs))
    return delta / np.sqrt(1 / own + 1 / theirs)


def favourites(mine: Counter[str], others: Counter[str], most: int) -> tuple[Favourite, ...]:
    """The words that a person significantly prefers, highest z-score first, at most `most`."""
    found = [one for one in compared(mine, others) if one.z >= CLEAR_Z and _is_word(one.word)]
    found.sort(key=lambda one: (-one.z, one.word))
    return tuple(found[:most])


def compared(mine: Counter[str], others: Counter[str]) -> Iterator[Favourite]:
    """Each word of a person with its z-score against everybody else."""
    words = list(mine)
    if len(mine | others) < 2:
        return
    own = np.array([mine[word] for word in words])
    theirs = np.array([others[word] for word in words])
    n_mine = mine.total()
    z = log_odds(own, own + theirs, n_mine, n_mine + others.total())
    yield from map(Favourite, words, own.tolist(), theirs.tolist(), z.tolist())


def _is_word(text: str) -> bool:
    return any(map(str.isalpha, text))


def most_used_emoji(mine: Tally, others: Tally, most: int) -> tuple[Favourite, ...]:
    """The emoji that a person uses most, each with its z-score among words and emoji."""
    z = {one.word: one.z for one in compared(mine.everything, others.everything)}
    return tuple(
        Favourite(char, count, others.emoji[char], z.get(char, 0.0))
        for char, count in mine.emoji.most_common(most)
    )


def laughter(mine: Tally) -> tuple[Count, ...]:
    """Counts of laughter, most frequent first; `hahaha` counts as `haha`."""
    ways, names = Counter[str](), list(_LAUGHS)
    for word, count in mine.words.items():
        if found := _LAUGH.fullmatch(word):
            ways[names[int((found.lastgroup or "_0")[1:])]] += count
    for char, count in mine.emoji.items():
        if char[0] in _LAUGHING:
            ways[char] += count
    return counts(ways)


def counts(counter: Counter[str], most: int | None = None) -> tuple[Count, ...]:
    """The most frequent entries of a counter."""
    return tuple(Count(name, count) for name, count in counter.most_common(most))
