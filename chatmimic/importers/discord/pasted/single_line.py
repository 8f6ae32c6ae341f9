"""Pasted chats that lost their line ends: where names begin is guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatmimic.importers.discord.pasted.headings import DisplayedTime, marks_within

_MOST_WORDS = 4  # of a name


@dataclass(frozen=True, slots=True)
class Piece:
    """One message in such a line."""

    name: str
    is_bot: bool
    when: DisplayedTime
    text: str


def split(line: str) -> Iterator[Piece]:
    """Split a line into messages.

    Before each time stands a name, and before that the text of the message above: a name is what
    comes again before several times, as long as it may be.
    """
    marks = marks_within(line)
    ends = [0, *(end for _, end, _, _ in marks)]
    chunks = [line[end : mark[0]] for end, mark in zip(ends, marks, strict=False)]
    chunks.append(line[ends[-1] :])
    counts = _counted(chunks[:-1])
    names = [_name(chunk, counts, first=n == 0) for n, chunk in enumerate(chunks[:-1])]
    for number, (_, _, is_bot, when) in enumerate(marks):
        below = names[number + 1] if number + 1 < len(names) else ""
        text = chunks[number + 1].removesuffix(below).strip()
        yield Piece(names[number], is_bot, when, text)


def _counted(chunks: Sequence[str]) -> Counter[str]:
    """Count how often the last one to four words of chunks occur."""
    counts: Counter[str] = Counter()
    for chunk in chunks:
        words = chunk.split()[-_MOST_WORDS:]
        counts.update(" ".join(words[-n:]) for n in range(1, len(words) + 1))
    return counts


def _name(chunk: str, counts: Counter[str], first: bool) -> str:
    words = chunk.split()[-_MOST_WORDS:]
    if first and len(chunk.split()) <= _MOST_WORDS:
        return " ".join(words)  # nothing but a name stands there
    name = words[-1] if words else ""
    for count in range(2, len(words) + 1):
        longer = " ".join(words[-count:])
        # "ok Ada" may come twice by chance, but not half as often as "Ada".
        if counts[longer] < 2 or counts[longer] * 2 < counts[name]:
            break
        name = longer
    return name
