"""Public conversations that benchmarks read: what the starter has learnt from, what it has not.

A corpus is a `.tsv.xz` without a header: document, time, speaker, text; nothing is quoted. The
starter has read those in the folder `starter`, of the Ubuntu channels only documents that begin
with `train/`. It has never read `dev/`, nor anything in the folder `duraspace-irc`.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from chatmimic.records import Conversation, Message
from chatmimic.text import clean

DURASPACE = Path("duraspace-irc", "duraspace-irc.tsv.xz")
UBUNTU = Path("starter", "ubuntu-irc-disentanglement.tsv.xz")
NOT_LEARNT = ("bitcoin-transcripts",)
LONGEST = 450  # bytes of a message that the starter was trained on


def messages(file: Path, part: str = "") -> Iterator[Message]:
    """The messages of a corpus, in the order of the file; `part` is how their documents begin."""
    with lzma.open(file, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            document, _, speaker, text = line.rstrip("\n").split("\t", 3)
            if document.startswith(part):
                # As in an archive. A line has to stay one.
                yield Message(speaker, clean(text).replace("\n", " "), thread=document)


def held_out(corpora: Path, most: int) -> dict[str, list[Message]]:
    """The sets that the starter never saw: the last `most` messages of DuraSpace, and Ubuntu's."""
    return {
        "duraspace": list(messages(corpora / DURASPACE))[-most:],
        "ubuntu_dev": list(messages(corpora / UBUNTU, "dev/")),
    }


def documents(found: Sequence[Message]) -> list[Conversation]:
    """A conversation for each document: a day of a channel, or an hour or so of it."""
    runs = groupby(found, key=lambda message: message.thread)
    return [Conversation(tuple(run), thread=document) for document, run in runs]


def as_text(found: Sequence[Message]) -> bytes:
    """A file with a line for each message: only the texts, and a newline where each ends."""
    return b"".join(message.text.encode() + b"\n" for message in found)


def learnt_text(corpora: Path, most: int) -> bytes:
    """At most about `most` bytes of what the starter was trained on, a line for each message.

    Small corpora are there whole, and large ones with equal shares of the rest, their messages
    taken evenly: a corpus of chats is not drowned by one of podcasts.
    """
    sources = [_lines(file) for file in sorted((corpora / "starter").glob("*.tsv.xz"))]
    sources.sort(key=_size)
    taken: list[bytes] = []
    for number, lines in enumerate(sources):
        share = most // (len(sources) - number)
        part = b"".join(_evenly(lines, share))
        most -= len(part)
        taken.append(part)
    return b"".join(taken)


def _lines(file: Path) -> list[bytes]:
    """The texts of a corpus that may be learnt from, cut short, each with its newline."""
    if file.name.startswith(NOT_LEARNT):
        return []
    part = "train/" if file.name == UBUNTU.name else ""
    return [_cut(message.text) + b"\n" for message in messages(file, part)]


def _cut(text: str) -> bytes:
    """The first bytes of a text, with no half of a letter at the end."""
    return text.encode()[:LONGEST].decode("utf-8", "ignore").encode()


def _evenly(lines: Sequence[bytes], share: int) -> Iterator[bytes]:
    """About `share` bytes of lines, every so many of them; all of them where there is room."""
    part = min(1.0, share / max(1, _size(lines)))
    for number, line in enumerate(lines):
        if int((number + 1) * part) > int(number * part):
            yield line


def _size(lines: Sequence[bytes]) -> int:
    return sum(map(len, lines))
