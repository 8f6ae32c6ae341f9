"""Finding names of known people in texts, in time independent of their number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from chatmimic.names import COMMON, LEAST, PIECE, SECOND
from chatmimic.privacy.redactor import PLACEHOLDER

# Words that are also names, of people or within a family: names only if the writing shows it.
# Titles and particles are never a name by themselves.
_ALSO_NAMES = """
amber angel april art ash august autumn bay bell berg bill bird bishop black blue bob brook brown
bush carol chance chase chip christian church clay cliff cook crystal daisy dawn dean drew duke
earl eve faith field fischer flora ford forest fox frank gay gene ginger grace grant gray green grey
guy hall harry heather hill holly honor hope hunter ivy jack jade jay jean jesse john joy june king
koch lake lane lang laurel lily long maria mark marsh mason max may meister mercy miles miller neu
nick norm olive otto page pat patience pearl penny pepper peter pierce pink pipe poppy price prince
queen rain randy ray reed rice rich richter ring rob robin rock roman rose ruby rusty sage sally
sandy schneider sky smith sommer sonny spencer star stern stone storm sue summer sunny tag taylor
temple trip van violet wade walker ward weiß wise wolf wood young zimmermann
mom mum mama mami mutti mutter dad daddy papa papi vati vater oma opa nana granny grandma grandpa
sis bro brother sister bruder schwester aunt auntie uncle tante onkel boss baby babe schatz love
handy mobile work office home büro arbeit privat
"""
_WITHIN_NAMES = """
von van der den dem des del della dello de da di do dos das du la le las los el al bin ibn ben ter
ten zu zum zur und and the y e mr mrs ms miss dr prof herr frau mme mlle sir jr sr ii iii
"""
_BETWEEN = frozenset(_WITHIN_NAMES.split())
_WORDS = COMMON | frozenset(_ALSO_NAMES.split()) | _BETWEEN
_TOKEN = re.compile(rf"{PLACEHOLDER.pattern}|{PIECE.pattern}")
_MOST = 64  # names of several words with the same first word
_LONGEST_UNSPACED = 8
# Scripts without spaces between words: Chinese, Japanese, Korean, Thai and similar.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
)


class KnownNames:
    """The names seen so far: whole names, and the words of full names."""

    def __init__(self) -> None:
        self._words: dict[str, bool] = {}  # word in lower case → whether the name has a capital
        self._phrases: dict[str, list[str]] = {}  # first piece → names that begin with it
        self._unspaced: set[str] = set()
        self._met: set[str] = set()

    def add(self, name: str) -> None:
        """Add a name."""
        if name in self._met:
            return
        self._met.add(name)
        plain = SECOND.sub("", name).strip()
        pieces = PIECE.findall(plain)
        if not pieces:
            return
        if len(pieces) == 1:
            self._add_word(pieces[0])
        else:
            self._add_phrase(plain, pieces)

    def _add_phrase(self, plain: str, pieces: list[str]) -> None:
        low = _lower(plain)
        begin = low.find(pieces[0].lower())
        end = low.rfind(pieces[-1].lower()) + len(pieces[-1])
        alike = self._phrases.setdefault(pieces[0].lower(), [])
        if len(alike) < _MOST:
            alike.append(low[max(0, begin) : end])
            alike.sort(key=len, reverse=True)
        for word in plain.split():
            inner = PIECE.findall(word)
            if len(inner) == 1 and inner[0].lower() not in _BETWEEN and len(inner[0]) >= LEAST:
                self._add_word(inner[0])

    def _add_word(self, word: str) -> None:
        if word.isdecimal():
            return
        low = word.lower()
        self._words[low] = self._words.get(low, False) or word[0].isupper()
        if _UNSPACED.search(word) and LEAST <= len(word) <= _LONGEST_UNSPACED:
            self._unspaced.add(word)

    def replace(self, text: str, new: Callable[[str], str]) -> str:
        """The text with every name in it replaced by `new(name)`."""
        if not self._words and not self._phrases:
            return text
        low = _lower(text)
        parts: list[str] = []
        done = 0
        for found in _TOKEN.finditer(text):
            for start, end in self._spans(text, low, found) if found.start() >= done else ():
                parts += text[done:start], new(text[start:end])
                done = end
        return "".join([*parts, text[done:]]) if parts else text

    def _spans(self, text: str, low: str, found: re.Match[str]) -> Iterable[tuple[int, int]]:
        """Positions of names that begin with this word, or inside it in scripts without spaces."""
        start, end = found.span()
        word = low[start:end]
        for phrase in self._phrases.get(word, ()):
            if low.startswith(phrase, start) and not _goes_on(text, start + len(phrase)):
                return [(start, start + len(phrase))]
        if word in self._words:
            return [(start, end)] if self._is_meant(text, word, start, end) else []
        return self._within(word, start) if self._unspaced and _UNSPACED.search(word) else []

    def _is_meant(self, text: str, word: str, start: int, end: int) -> bool:
        if _is_addressed(text, start, end):
            return True
        if len(word) < LEAST and not _UNSPACED.search(word):
            return False
        if word not in _WORDS:
            return True
        if not self._words[word] or not text[start].isupper():
            return False
        return _is_alone(text, start, end) or not _begins_sentence(text, start)

    def _within(self, word: str, start: int) -> Iterator[tuple[int, int]]:
        """Positions of names inside a word of a script without spaces."""
        place = 0
        while place < len(word):
            longest = min(_LONGEST_UNSPACED, len(word) - place)
            for length in range(longest, LEAST - 1, -1):
                if word[place : place + length] in self._unspaced:
                    yield start + place, start + place + length
                    place += length - 1
                    break
            place += 1


def _lower(text: str) -> str:
    """The text in lower case, of the same length: only "İ" would become two characters."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def _goes_on(text: str, end: int) -> bool:
    """Whether the word continues after a name."""
    return text[end : end + 1].isalnum()


def _is_addressed(text: str, start: int, end: int) -> bool:
    """Whether a name is addressed: "@ada", or "ada:" and "ada," at the front."""
    if text[start - 1 : start] in ("@", "\u2068"):
        return True
    return start == 0 and text[end : end + 1] in (":", ",") and not _goes_on(text, end + 1)


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether a name is all there is in its line, as in "Grace?"."""
    after = text[end : end + 5].lstrip("?!.,… ")
    return text[start - 1 : start] in ("", "\n") and after[:1] in ("", "\n")


def _begins_sentence(text: str, start: int) -> bool:
    """Whether a sentence begins here, so that a capital means nothing."""
    before = text[max(0, start - 3) : start].rstrip()
    return not before or before[-1] in '.!?:…\n"“„«(*-' or "\n" in text[max(0, start - 2) : start]
