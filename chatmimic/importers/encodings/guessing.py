"""Guessing the encoding of non-UTF-8 text: the one in which it looks most like a language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import log

from chatmimic.importers.encodings.languages import common_words, languages, shape
from chatmimic.importers.encodings.names import holds_ascii

_SURE = 4.0  # margin of the best over the next, in log-likelihood, for certainty
_ASCII = -log(64)  # log-likelihood of any ASCII character, in any language
_BROKEN = -14.0  # penalty for each invalid byte
_IMPLAUSIBLE = -8.5  # threshold per non-ASCII byte: below it no known language fits
_LONG = 300  # bytes at the end of a piece that may be part of a character
_FIRST = 1_000  # bytes on which all encodings are tried, …
_MOST = 12_000  # … and those for the best few
_FEW = 4
_BESIDE = 2.0  # prior that files side by side have one encoding
_A_WORD = 1.5  # of a common word
_WORDS = 8  # words that count

_WEST = (
    "English", "German", "French", "Spanish", "Portuguese", "Italian", "Catalan", "Swedish",
    "Danish", "Finnish", "Icelandic", "Dutch",
)  # fmt: skip
_EAST = ("Polish", "Czech", "Slovak", "Hungarian", "Romanian", "Croatian", "German")
_BALTIC = ("Lithuanian", "Latvian", "Estonian")
_SLAVIC = ("Russian", "Ukrainian", "Bulgarian", "Serbian")
# Codec, prior log-probability, and languages written in it.
_KNOWN = (
    ("cp1252", 0.0, _WEST),
    ("gb18030", -0.5, ("Chinese",)),
    ("cp950", -0.7, ("traditional Chinese",)),
    ("big5hkscs", -1.5, ("traditional Chinese",)),
    ("cp932", -0.5, ("Japanese",)),
    ("euc_jp", -1.0, ("Japanese",)),
    ("cp949", -0.5, ("Korean",)),
    ("cp1251", -0.5, _SLAVIC),
    ("koi8_r", -1.0, ("Russian", "Bulgarian")),
    ("koi8_u", -1.5, ("Ukrainian",)),
    ("cp866", -2.0, _SLAVIC),
    ("iso8859_5", -2.5, _SLAVIC),
    ("mac_cyrillic", -3.0, _SLAVIC),
    ("cp1250", -1.0, _EAST),
    ("iso8859_2", -1.5, _EAST),
    ("cp852", -3.0, _EAST),
    ("cp1253", -1.0, ("Greek",)),
    ("iso8859_7", -1.5, ("Greek",)),
    ("cp1254", -1.0, ("Turkish",)),
    ("cp857", -3.0, ("Turkish",)),
    ("cp1255", -1.0, ("Hebrew",)),
    ("cp862", -3.0, ("Hebrew",)),
    ("cp1256", -1.0, ("Arabic", "Persian")),
    ("iso8859_6", -2.0, ("Arabic",)),
    ("cp1257", -1.5, _BALTIC),
    ("cp1258", -6.0, ("Vietnamese",)),
    ("cp874", -0.5, ("Thai",)),
    ("mac_roman", -2.5, _WEST),
    ("cp850", -2.5, _WEST),
)
# Separates words, and is never the second byte of a character.
_SEPARATED_WORDS = re.compile(rb"[\x00-\x20\"#(),.:;<=>]+")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Guess:
    """The most likely encoding."""

    codec: str
    language: str  # its most likely language; "" if none fits
    sure: bool
    next: str  # the most likely codec that gives a different text; "" for none


@dataclass
class _Trial:
    """A text decoded in one encoding."""

    codec: str
    language: str
    text: str
    score: float
    letters: float  # its non-ASCII part


def guessed(pieces: Sequence[bytes], likely: str = "") -> Guess:
    """Guess the encoding of non-UTF-8 pieces. `likely` is that of the files beside it."""
    pieces = _distinct(pieces)
    some = _some(pieces, _FIRST)
    trials = _ranked(some, [known[0] for known in _KNOWN], likely)
    more = _some(pieces, _MOST)
    if len(more) > len(some):
        trials = _ranked(more, [trial.codec for trial in trials[:_FEW]], likely)
    best = trials[0]
    others = [trial for trial in trials if trial.text != best.text]
    gap = best.score - others[0].score if others else _SURE
    high = sum(byte > 127 for piece in more for byte in piece)
    if best.letters < _IMPLAUSIBLE * high:
        return Guess(_needed(more, best.codec), "", False, best.codec)
    return Guess(best.codec, best.language, gap >= _SURE, others[0].codec if others else "")


def is_likelier_utf8(pieces: Sequence[bytes], codec: str) -> bool:
    """Whether valid UTF-8 text is UTF-8 by intent, rather than in this encoding."""
    some = _some(pieces, _FIRST)
    as_utf8 = _trial(some, "utf-8", tuple(languages()), 0)
    written_in = next((known[2] for known in _KNOWN if known[0] == codec), tuple(languages()))
    return as_utf8.score >= _trial(some, codec, written_in, 0).score


def _ranked(pieces: Sequence[bytes], codecs: Collection[str], likely: str) -> list[_Trial]:
    """The text in each of these encodings, the most likely first."""
    trials = [
        _trial(pieces, codec, written_in, prior + _BESIDE * (codec == likely))
        for codec, prior, written_in in _KNOWN
        if codec in codecs
    ]
    return sorted(trials, key=lambda trial: -trial.score)


def _distinct(pieces: Sequence[bytes]) -> list[bytes]:
    """The words of a text, each once: a name in every line is no further evidence."""
    return list(
        dict.fromkeys(word for piece in pieces for word in _SEPARATED_WORDS.split(piece) if word)
    )


def _some(pieces: Sequence[bytes], most: int) -> list[bytes]:
    """Pieces from everywhere in the list, of about `size` bytes together."""
    step = max(1, sum(map(len, pieces)) // most)
    return list(pieces[::step])


def _trial(pieces: Sequence[bytes], codec: str, written_in: Sequence[str], prior: float) -> _Trial:
    texts, broken = [], 0
    for piece in pieces:
        try:
            texts.append(piece.decode(codec))
        except UnicodeDecodeError as error:
            cut = error.reason == "incomplete multibyte sequence" and len(piece) >= _LONG
            broken += 0 if cut else sum(byte > 127 for byte in piece)
            texts.append(piece.decode(codec if cut else "ascii", "ignore"))
    text = " ".join(texts)
    counts = Counter(text)
    plain = sum(count for character, count in counts.items() if character.isascii())
    against = broken * _BROKEN + shape(text)
    foreign = [(c, count) for c, count in counts.items() if not c.isascii()]
    hits: Counter[str] = Counter()
    for word in _WORD.findall(text.lower()):
        hits.update(common_words().get(word, ()))
    best_hits = min(_WORDS, max(hits.values(), default=0))
    ranked = []
    for name in written_in:
        of = languages()[name].of
        known = _A_WORD * min(_WORDS, hits[name])
        ranked.append((sum(count * of(c) for c, count in foreign) + known, name))
    best, language = max(ranked)
    # Words distinguish languages, but do not prove that there is one.
    letters = against + best - _A_WORD * best_hits
    return _Trial(codec, language, text, prior + plain * _ASCII + letters, letters)


def _needed(pieces: Sequence[bytes], otherwise: str) -> str:
    """The guess of charset-normalizer, if no known language fits."""
    from charset_normalizer import from_bytes

    wide = ["utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "utf_7"]
    found = from_bytes(b"\n".join(pieces), cp_exclusion=wide).best()
    known = found is not None and holds_ascii(found.encoding)
    return found.encoding if found is not None and known else otherwise
