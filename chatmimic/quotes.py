"""A person's words in what others write: names in notices, forwarded copies, quotes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from chatmimic.lookup import fold
from chatmimic.names import COMMON, LEAST, PIECE, SECOND
from chatmimic.records import OWNER, Kind

REMOVED, NAME = "[removed]", "[name]"  # what is put in the place of words, and of a name
_TELLING = 5  # letters of a name that hardly occur inside another word
_SPAN = 8  # words in a row that are no coincidence
# A word; in scripts without spaces between words, a character.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")
_QUOTED = re.compile(r"[ \t]*(?:>[ \t]?|[│|][ \t])+")
_MAY_QUOTE = re.compile("[>│|:]")
_NAMELESS = frozenset({OWNER.casefold(), "unknown", "you"})
_Span = tuple[int, int]  # of characters


def both_forms(names: Iterable[str]) -> list[str]:
    """Names with composed and with decomposed accents, because texts have either; longest first."""
    forms = {unicodedata.normalize(form, name) for name in names for form in ("NFC", "NFD")}
    return sorted(forms, key=len, reverse=True)


class Named:
    """Finds the names of people in texts that a service writes: notices, titles, keys."""

    def __init__(self, names: Iterable[str]) -> None:
        plain = {" ".join(SECOND.sub("", name).split()) for name in names}
        telling = {name for name in {*plain, *names} if name and name.casefold() not in _NAMELESS}
        self._pieces = [pieces for name in telling if (pieces := PIECE.findall(fold(name)))]
        loose = [n for n in telling if n.casefold() not in COMMON and len(n) >= LEAST]
        self._exactly = _pattern(telling, re.NOFLAG)
        self._in_any_case = _pattern(loose, re.IGNORECASE)

    def without(self, text: str) -> str:
        """The text with `[name]` in the place of each name."""
        for pattern in (self._in_any_case, self._exactly):
            text = pattern.sub(NAME, text)
        return text

    def occurs_in(self, key: str) -> bool:
        """Whether a name is in a key of a service, spelt with or without spaces."""
        pieces = PIECE.findall(fold(key))
        spaced, together = f" {' '.join(pieces)} ", "".join(pieces)
        return any(
            f" {' '.join(name)} " in spaced
            or (len("".join(name)) >= _TELLING and "".join(name) in together)
            for name in self._pieces
        )


def _pattern(names: Iterable[str], flags: re.RegexFlag) -> re.Pattern[str]:
    spelt = "|".join(r"\s+".join(map(re.escape, name.split())) for name in both_forms(names))
    return re.compile(rf"(?<!\w)(?:{spelt})(?!\w)" if spelt else r"(?!)", flags)


class Quotes:
    """Recognises the messages of people where others repeat them.

    What is recognised: forwarded copies, quoted lines ("> …", "<Name> …"), and eight words in a row
    from an earlier message. No text is kept, only hashes.
    """

    def __init__(self, names: Iterable[str]) -> None:
        spelt = "|".join(map(re.escape, both_forms(filter(None, names)))) or r"(?!)"
        # "<Eve> …", and "Eve: …" where the line is quoted anyway.
        when = r"\s*(?:\[[^\]\n]{1,40}\]\s*)?"
        self._theirs = re.compile(rf"{when}<[ @+%&~!]?(?:{spelt})>", re.IGNORECASE)
        self._said_by = re.compile(rf"{when}(?:{spelt})\s*(?:wrote|said)?:", re.IGNORECASE)
        self._lines: set[int] = set()
        self._spans: dict[int, float] = {}  # when each was first said

    def add(self, text: str, at: int | None) -> None:
        """Learn a message of theirs, sent at `at` (UTC ms; None: not known)."""
        for line in {text, *text.split("\n")}:
            if words := tuple(_words(line)):
                self._lines.add(hash(words))
        when = float("-inf") if at is None else at
        for span, _ in _spans(text):
            self._spans[span] = min(when, self._spans.get(span, when))

    def without(self, text: str, kind: Kind, at: int | None) -> str | None:
        """A message of somebody else without their words; None if nothing else is in it."""
        if not kind.has_words and kind is not Kind.FORWARDED:
            return text
        found = [*self._runs(text, at), *self._quoted(text, kind)]
        if not found:
            return text
        left = _cut(text, found)
        return left if _WORD.search(left.replace(REMOVED, "")) else None

    def _runs(self, text: str, at: int | None) -> Iterator[_Span]:
        """Where the text has eight words in a row from a message that was sent earlier."""
        when = float("inf") if at is None else at
        return (place for span, place in _spans(text) if self._spans.get(span, when) < when)

    def _quoted(self, text: str, kind: Kind) -> Iterator[_Span]:
        """The lines of the text that quote them, or all of it if it was forwarded from them."""
        if kind is Kind.FORWARDED and self._is_line(text):
            yield 0, len(text)
        if kind is not Kind.FORWARDED and not _MAY_QUOTE.search(text):
            return
        start = 0
        for line in text.split("\n"):
            mark = _QUOTED.match(line)
            said = line[mark.end() :] if mark else line
            quotes = mark is not None or kind is Kind.FORWARDED
            if self._theirs.match(said) or self._is_quoted(said, sure=quotes):
                yield start, start + len(line)
            start += len(line) + 1

    def _is_quoted(self, line: str, *, sure: bool) -> bool:
        """Whether a line is theirs. "Eve: hello" may also address them, unless it is a quote."""
        name = self._said_by.match(line)
        if sure:
            return name is not None or self._is_line(line)
        return name is not None and self._is_line(line[name.end() :])

    def _is_line(self, line: str) -> bool:
        return hash(tuple(_words(line))) in self._lines


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _spans(text: str) -> Iterator[tuple[int, _Span]]:
    """Each eight words in a row, as a number, and where they stand."""
    if len(text) < _SPAN:
        return
    found = list(_WORD.finditer(text))
    words = [one.group().casefold() for one in found]
    for first in range(len(words) - _SPAN + 1):
        last = first + _SPAN
        yield hash(tuple(words[first:last])), (found[first].start(), found[last - 1].end())


def _cut(text: str, places: Iterable[_Span]) -> str:
    """The text with `[removed]` in the place of these parts, which may overlap."""
    joined: list[list[int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([start, end])
    borders = [0, *(place for pair in joined for place in pair), len(text)]
    kept = [text[start:end] for start, end in list(pairwise(borders))[::2]]
    return REMOVED.join(kept)
