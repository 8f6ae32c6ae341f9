"""Files of the DSTC-7 evaluation: contexts with their references, and the replies to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatmimic.errors import EvaluationError
from chatmimic.evaluation.dialogue.lines import damaged, read_lines

_NEXT_TURN = re.compile(r"\s+EOS\s+")
_SCORE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\|")  # likes, which DSTC-7 puts before a reference
_KEY = re.compile(r"(?=\S*\d)\S+")  # no words: the hash of a context that is in another file


@dataclass(frozen=True)
class Exchange:
    """A context and what people answered. `key` is the context as it stands in the file."""

    key: str
    references: tuple[str, ...]

    @property
    def turns(self) -> tuple[str, ...]:
        """The messages of the context, the one to answer last; ` EOS ` stands between them."""
        turns = _NEXT_TURN.split(re.sub(r"\s+EOS\s*$", "", self.key))
        return tuple(turn for turn in map(str.strip, turns) if turn)


def read_references(path: Path) -> list[Exchange]:
    """Read the contexts of a file such as DialoGPT's test.refs.txt, in its order.

    Each line is a context, then its references, separated by tabs; a number with a bar may stand
    before a reference (`12|Sounds good`). Raises EvaluationError.
    """
    found = []
    for number, line in read_lines(path, "--references"):
        key, *rest = (part.strip() for part in line.split("\t"))
        references = tuple(text for text in (_SCORE.sub("", one, count=1) for one in rest) if text)
        if not key or not references:
            missing = "context" if not key else "reference after a tab"
            raise damaged(path, number, f"it has no {missing}")
        found.append(Exchange(key, references))
    return found


def check_contexts(path: Path, exchanges: Sequence[Exchange]) -> None:
    """Raise EvaluationError if the file names its contexts by keys only: nobody can answer those.

    DSTC-7 keeps what was said in another file.
    """
    if all(_KEY.fullmatch(one.key) for one in exchanges):
        raise EvaluationError(
            f"The first column of {path} holds keys ({exchanges[0].key[:40]} …), not contexts.",
            "Put in what was said, turns separated by EOS, or give a file of replies to score.",
        )


def read_replies(path: Path, exchanges: Sequence[Exchange]) -> list[tuple[Exchange, str]]:
    """Read the replies: one on each line, in the order of the exchanges, or `key<TAB>reply`.

    With keys, the last column is the reply, as in submissions to DSTC-7, and contexts may be left
    out. Returns the exchanges that have a reply, in their order, with it. Raises EvaluationError.
    """
    lines = list(read_lines(path, "REPLIES"))
    if "\t" in lines[0][1]:
        return _by_key(path, lines, exchanges)
    for number, line in lines:
        if "\t" in line:
            raise damaged(path, number, "it has a tab, while lines before it have none")
    if len(lines) != len(exchanges):
        raise EvaluationError(
            f"{path} has {len(lines):,} lines, but there are {len(exchanges):,} contexts.",
            "Write one reply on each line, in the order of --references, or key<TAB>reply.",
        )
    return [(one, line.strip()) for one, (_, line) in zip(exchanges, lines, strict=True)]


def _by_key(
    path: Path, lines: Sequence[tuple[int, str]], exchanges: Sequence[Exchange]
) -> list[tuple[Exchange, str]]:
    known = {one.key for one in exchanges}
    replies: dict[str, str] = {}
    for number, line in lines:
        key, *rest = (part.strip() for part in line.split("\t"))
        if not rest:
            raise damaged(path, number, "it has no tab, while lines before it have a key and a tab")
        if key not in known:
            raise damaged(path, number, f'"{key[:40]}" is not in the file of references')
        if key in replies:
            raise damaged(path, number, f'there is a reply to "{key[:40]}" already')
        replies[key] = rest[-1]
    return [(one, replies[one.key]) for one in exchanges if one.key in replies]
