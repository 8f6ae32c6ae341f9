"""Cutting threads into conversations at silences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from chatmimic.archive import Archive
from chatmimic.conversations.disentangle import Disentangler
from chatmimic.conversations.gaps import choose_gap
from chatmimic.records import Conversation, Message

Read = Callable[[Archive], Iterator[Message]]  # reads all messages of an archive, or some


def cut(
    messages: Iterable[Message], gap_ms: int | None = None, *, most: int | None = None
) -> Iterator[Conversation]:
    """Cut at silences longer than `gap_ms`, and between threads.

    Messages are ordered by thread and time, as from `Archive.stream`. If `gap_ms` is None, each
    thread gets its own gap, with one thread in memory at a time. A message without a time belongs
    to the previous one; messages without words are left out.
    """
    with_words = (message for message in messages if message.kind.has_words)
    for (service, thread), run in groupby(with_words, key=lambda m: (m.service, m.thread)):
        for part in _cut_thread(run, gap_ms, most):
            yield Conversation(tuple(part), service, thread)


def _cut_thread(
    messages: Iterable[Message], gap_ms: int | None, most: int | None
) -> Iterator[list[Message]]:
    if gap_ms is None:
        messages = list(messages)
        gap_ms = choose_gap([m.sent_at for m in messages if m.sent_at is not None])
    part: list[Message] = []
    latest: int | None = None  # not the last one's time: a clock set back is no silence
    for message in messages:
        at = message.sent_at
        silent = at is not None and latest is not None and at - latest > gap_ms
        if part and (silent or len(part) == most):
            yield part
            part = []
        part.append(message)
        if at is not None:
            latest = at if latest is None else max(latest, at)
    if part:
        yield part


def conversations(
    archive: Archive,
    gap_ms: int | None = None,
    apart: Disentangler | None = None,
    read: Read = Archive.stream,
) -> list[Conversation]:
    """All conversations of the archive by start time; those without a time come last.

    `apart` disentangles busy channels; `read` reads the messages.
    """
    found = list(cut(read(archive), gap_ms))
    found = found if apart is None else list(apart(found))
    found.sort(key=lambda c: (c.starts_at is None, c.starts_at or 0, c.service, c.thread))
    return found


def thread_gaps(archive: Archive, read: Read = Archive.stream) -> dict[tuple[str, str], int]:
    """The gap, in milliseconds, that `cut` chooses for each (service, thread)."""
    gaps = {}
    for key, run in groupby(read(archive), key=lambda m: (m.service, m.thread)):
        gaps[key] = choose_gap([m.sent_at for m in run if m.sent_at is not None])
    return gaps
