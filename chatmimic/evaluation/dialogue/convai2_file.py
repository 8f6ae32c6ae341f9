"""Files of ConvAI2 (Persona-Chat), such as valid_self_original.txt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chatmimic.errors import EvaluationError
from chatmimic.evaluation.dialogue.f1 import answer_words
from chatmimic.evaluation.dialogue.lines import damaged, read_lines

_OWN, _PARTNERS = "your persona:", "partner's persona:"
_NUMBER = re.compile("[1-9][0-9]{0,8}")
_SILENCE = "__SILENCE__"  # the partner says nothing: the persona begins


@dataclass(frozen=True)
class Example:
    """A reply to predict: what is known of the persona, what was said, and what they answered.

    `turns` are the messages so far, alternating, the partner's last one at the end. `candidates`
    holds the true reply among others; it is empty if the file has none.
    """

    facts: tuple[str, ...]
    turns: tuple[str, ...]
    reply: str
    candidates: tuple[str, ...]


def read_convai2(path: Path) -> list[Example]:
    """Read every reply of a file in the format of ConvAI2, in its order. Raises EvaluationError.

    Lines are numbered from 1 in each dialogue: sentences of the persona first, then
    `text<TAB>reply<TAB><TAB>candidate|candidate…`. What is said of the partner is left out.
    """
    examples: list[Example] = []
    facts: list[str] = []
    turns: list[str] = []
    before = 0
    for place, number, text in _numbered(path):
        if number == 1:
            facts, turns = [], []
        elif number != before + 1:
            raise damaged(path, place, f"it has the number {number} after {before}")
        before = number
        if text.startswith(_OWN):
            facts.append(text.removeprefix(_OWN).strip())
        elif not text.startswith(_PARTNERS):
            said, reply, candidates = _exchange(path, place, text)
            turns += [said] if said != _SILENCE else []
            examples.append(Example(tuple(facts), tuple(turns), reply, candidates))
            turns.append(reply)
    if not examples:
        raise EvaluationError(
            f"{path} has no lines of text<TAB>reply.", "--convai2 takes valid_self_original.txt."
        )
    return examples


def _numbered(path: Path) -> Iterator[tuple[int, int, str]]:
    """The line in the file, the number in the dialogue and the text of each line with one."""
    for place, line in read_lines(path, "--convai2"):
        if not line.strip():
            continue
        number, _, text = line.strip().partition(" ")
        if not _NUMBER.fullmatch(number):
            raise damaged(path, place, "it does not begin with a number and a space")
        yield place, int(number), text.replace("\\n", "\n").strip()


def _exchange(path: Path, place: int, text: str) -> tuple[str, str, tuple[str, ...]]:
    """What the partner said, what the persona replied, and the candidates."""
    parts = [part.strip() for part in text.split("\t")]
    if len(parts) < 2 or not parts[0] or not parts[1]:
        raise damaged(path, place, "it is neither a sentence of a persona nor text<TAB>reply")
    said, reply = parts[:2]
    listed = parts[3] if len(parts) > 3 else ""
    candidates = tuple(one for one in map(str.strip, listed.split("|")) if one)
    if candidates and answer_words(reply) not in map(answer_words, candidates):
        raise damaged(path, place, "the reply is not among its candidates")
    return said, reply, candidates
