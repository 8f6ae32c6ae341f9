"""Words that are never to be written, as the tokens that would complete one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


class BadWords:
    """The spellings of some words in tokens: as they are, capitalised and in capitals, each at the
    beginning of a text and after a space.

    A tokenizer may know further ways to write a word, in smaller pieces; a model hardly ever does.
    """

    def __init__(self, words: str, tokenizer: Any) -> None:
        """`words` are separated by commas."""
        self.words = words
        self._spellings: set[tuple[int, ...]] = set()
        for word in filter(None, (part.strip() for part in words.split(","))):
            for form in {word, word.lower(), word.capitalize(), word.upper()}:
                for before in ("", " "):
                    ids = tokenizer.encode(before + form, add_special_tokens=False)
                    self._spellings.add(tuple(ids))

    def next_of(self, ids: Sequence[int]) -> Iterator[int]:
        """The tokens that would complete a word after `ids`."""
        for spelling in self._spellings:
            begun = spelling[:-1]
            if spelling and tuple(ids[len(ids) - len(begun) :]) == begun:
                yield spelling[-1]
