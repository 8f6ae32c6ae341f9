"""F1 of words between a reply and the true one, and normalisation, as ConvAI2 defines them."""

from __future__ import annotations

import re
from collections import Counter

_PUNCTUATION = re.compile(r"[!\"#$%&()*+,\-./:;<=>?@\[\]\\^`{|}~_']")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def answer_words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation and English articles.

    ParlAI's normalisation of answers, after that of SQuAD: a punctuation mark becomes a space, so
    that don't is the two words don and t.
    """
    return _ARTICLES.sub(" ", _PUNCTUATION.sub(" ", text.lower())).split()


def f1(reply: str, true: str) -> float:
    """The harmonic mean of precision and recall of the reply's words, between 0 and 1.

    A word counts as often as it is in both. 0 if they share none.
    """
    given, wanted = Counter(answer_words(reply)), Counter(answer_words(true))
    shared = (given & wanted).total()
    return 2 * shared / (given.total() + wanted.total()) if shared else 0.0
