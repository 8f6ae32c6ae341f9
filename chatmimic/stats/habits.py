"""Writing habits: shares and percentiles over messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import numpy as np

from chatmimic.stats.records import Habits, Spread
from chatmimic.stats.words import LINK, emoji_in, tidy, words_in

if TYPE_CHECKING:
    import pandas as pd

_FULL_STOPS = (".", "\u3002", "\u0964")
_QUESTION, _EXCLAMATION = "[?\u061f\uff1f]", "[!\uff01]"
_MAY_BE_LINK = re.compile("://|www", re.IGNORECASE)
_CALL = re.compile(r"\s*@?(\S+?)[:,]\s+")


def spread(numbers: np.ndarray) -> Spread | None:
    """The median, 10th and 90th percentile of some numbers, without NaN; None if there are none."""
    known = numbers[np.isfinite(numbers)]
    return _spread(known) if len(known) else None


def _spread(numbers: np.ndarray) -> Spread:
    p10, median, p90 = np.percentile(numbers, (10, 50, 90)).tolist()
    return Spread(median=median, p10=p10, p90=p90)


def words_of(texts: pd.Series) -> np.ndarray:
    """The number of words in each text, separated by whitespace."""
    return np.array([len(text.split()) for text in texts], dtype=np.int64)


def habits(texts: pd.Series) -> Habits | None:
    """The writing habits in some texts; None if there are no texts."""
    if texts.empty:
        return None
    plain, words = _without_links(texts), words_of(texts)
    return Habits(
        characters=_spread(texts.str.len().to_numpy(np.float64)),
        words=float(words.mean()),
        one_word=float((words == 1).mean()),
        capital=_capital(plain),
        full_stop=_full_stop(plain),
        question=float(plain.str.contains(_QUESTION).mean()),
        exclamation=float(plain.str.contains(_EXCLAMATION).mean()),
        emoji=float(np.mean([bool(emoji_in(text)) for text in texts])),
    )


def _without_links(texts: pd.Series) -> pd.Series:
    """The texts without links, whose punctuation and words are nobody's habit."""
    return texts.map(lambda text: LINK.sub("", text) if _MAY_BE_LINK.search(text) else text)


def _full_stop(texts: pd.Series) -> float:
    """The share that ends with a single full stop (not an ellipsis)."""
    ends = texts.str.rstrip()
    return float((ends.str.endswith(_FULL_STOPS) & ~ends.str.endswith("..")).mean())


def _capital(texts: pd.Series) -> float | None:
    """The share that begins with a capital, of texts that begin with a cased letter."""
    first = texts.str.lstrip().str.slice(0, 1)
    cased = first.str.lower() != first.str.upper()
    if not cased.any():
        return None
    return float((first[cased] == first[cased].str.upper()).mean())


def openings(texts: Iterable[str], called: Collection[str]) -> Counter[str]:
    """Counts of the first words of texts, lower-cased, after names in `called` that open them."""
    return _ends((_after_call(tidy(text), called).split() for text in texts), 0)


def closings(texts: Iterable[str]) -> Counter[str]:
    """Counts of the last words of texts, lower-cased."""
    return _ends((tidy(text).split()[::-1] for text in texts), -1)


def _after_call(text: str, called: Collection[str]) -> str:
    """The text after an opening name and colon or comma, as in `ada: yes`."""
    found = _CALL.match(text)
    return text[found.end() :] if found and found[1] in called else text


def _ends(texts: Iterable[Iterable[str]], end: int) -> Counter[str]:
    """Counts of the word or emoji at one end of each text, whose pieces come from that end."""
    found = (next(filter(None, map(_parts, pieces)), None) for pieces in texts)
    return Counter(parts[end] for parts in found if parts)


def _parts(piece: str) -> list[str]:
    """The words of a piece, or else its emoji; nothing for a piece with digits."""
    if any(map(str.isdigit, piece)):
        return []
    return words_in(piece) or emoji_in(piece)
