"""Answers of friends, as the page of an exported test gives them: a code, or a file with one.

A code is `ID-ATTEMPT-LETTERS-UNDONE-CHECK`, such as `0f3a9c2b71-5d2e90ab-abba0-1-8c1f02d4`: the
test, a random number of whoever took it, a letter for each round (0: not answered), how many
answers were taken back, and a checksum of all that.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatmimic.errors import BlindTestError
from chatmimic.evaluation.blind.key import LETTERS, Key
from chatmimic.evaluation.blind.score import Score
from chatmimic.files import read_up_to

_CODE = re.compile(r"\b([0-9a-f]{10})-([0-9a-f]{8})-([a-d0]{1,200})-([0-9]{1,4})-([0-9a-f]{8})\b")
_LIKE_A_CODE = re.compile(r"\b[0-9a-f]{10}-[0-9a-f]{8}-")
_LARGEST = 1 << 20  # bytes of a file of answers
_NAME = 40  # characters


@dataclass(frozen=True)
class Answers:
    """The answers of one friend: a letter for each round."""

    who: str
    id: str
    attempt: str
    letters: str
    undone: int

    @property
    def answered(self) -> int:
        """The number of rounds that are answered."""
        return len(self.letters) - self.letters.count("0")

    def score(self, key: Key) -> Score:
        """The score. Raises BlindTestError if the answers do not fit the rounds of the test."""
        allowed = LETTERS[: key.choices] + "0"
        if len(self.letters) != len(key.right) or not set(self.letters) <= set(allowed):
            raise BlindTestError(
                f"The answers of {self.who} do not fit the rounds of the test.",
                "Ask for them again.",
            )
        right = sum(
            letter == LETTERS[one] for letter, one in zip(self.letters, key.right, strict=True)
        )
        return Score(right, self.answered, key.chance, key.kind)


def checksum(text: str) -> int:
    """The 32-bit FNV-1a hash of an ASCII text (Fowler, Noll and Vo, 1991).

    The page computes it too, where a browser may lack a cryptographic hash; nothing depends on it
    being hard to invert.
    """
    value = 0x811C9DC5
    for byte in text.encode("ascii"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def read_answers(given: Sequence[str]) -> list[Answers]:
    """The answers in files and codes, those of each attempt once, with the most rounds answered.

    Raises BlindTestError for what contains none, is damaged, or belongs to different tests.
    """
    found: dict[str, Answers] = {}
    for number, one in enumerate(given, 1):
        for answers in _read(one, f"code {number}"):
            known = found.get(answers.attempt)
            if known is None or known.answered < answers.answered:
                found[answers.attempt] = answers
    if len({answers.id for answers in found.values()}) > 1:
        tests = ", ".join(f"{answers.who}: {answers.id}" for answers in found.values())
        raise BlindTestError(
            f"These answers belong to different tests ({tests}).", "Score each test by itself."
        )
    return list(found.values())


def _read(one: str, called: str) -> list[Answers]:
    """The answers in a file, or in a text with codes."""
    if os.path.isfile(one):
        text = _text_of(Path(one))
        return _codes(text, one, _name_in(text) or Path(one).stem)
    if _LIKE_A_CODE.search(one.casefold()):
        return _codes(one, "the code", called)
    raise BlindTestError(
        f"There is no file {one}.", "Give the files or the codes that your friends sent."
    )


def _text_of(path: Path) -> str:
    try:
        return read_up_to(path, _LARGEST).decode("utf-8", "replace")
    except OSError as error:
        raise BlindTestError(f"Cannot read {path}: {error.strerror or error}.") from error


def _name_in(text: str) -> str:
    """The name that a friend gave, in a file of the page."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    name = facts.get("name") if isinstance(facts, dict) else None
    return " ".join(name.split())[:_NAME] if isinstance(name, str) else ""


def _codes(text: str, where: str, who: str) -> list[Answers]:
    text = text.casefold()
    codes = list(_CODE.finditer(text))
    if len(codes) < len(_LIKE_A_CODE.findall(text)):
        raise _damaged(where)
    if not codes:
        raise BlindTestError(
            f"{where} contains no answers to a blind test.",
            "They come from the end of the page that `chatmimic turing --export` makes.",
        )
    found = []
    for number, code in enumerate(codes, 1):
        id, attempt, letters, undone, check = code.groups()
        if int(check, 16) != checksum("-".join(code.groups()[:-1])):
            raise _damaged(where)
        name = who if len(codes) == 1 else f"{who} {number}"
        found.append(Answers(name, id, attempt, letters, int(undone)))
    return found


def _damaged(where: str) -> BlindTestError:
    return BlindTestError(
        f"The answers in {where} are damaged: the checksum does not fit.",
        "Ask for the whole code or the file again.",
    )
