"""Reorders files that list the newest message first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import TypeVar

from chatmimic.records import Message

T = TypeVar("T")
_MAX_HELD = 500  # messages of one instant
# Characters of messages without a time: a page whose months are not known has only such.
_MAX_TIMELESS = 16 << 20


def oldest_first(messages: Iterable[T], message_of: Callable[[T], Message]) -> Iterator[T]:
    """Yield the messages of a file, which is mostly newest first, oldest first where ties matter.

    It sorts by time, leaves what is of one instant as it comes, and places a message without a
    time after the one that comes before it: that must be the older one.
    """
    run: list[T] = []  # of one instant
    timeless: list[T] = []  # since then
    waiting: list[T] = []  # without a time, newer than the run
    before: int | None = None
    newest_first, room = True, _MAX_TIMELESS
    for one in messages:
        message = message_of(one)
        at = message.sent_at
        if at is None:
            timeless.append(one)
            room -= len(message.text) + 1
        elif before is not None and at != before:
            newest_first = at < before
        if run and at is not None and (at != before or len(run) >= _MAX_HELD):
            yield from _drained(run, newest_first)
            yield from _drained(waiting, newest_first)
        if timeless and (at is not None or room <= 0):
            if newest_first and room > 0:
                waiting += timeless
                timeless.clear()
            else:
                yield from _drained(timeless, newest_first)
            room = _MAX_TIMELESS
        if at is not None:
            run.append(one)
            before = at
    for some in (run, waiting, timeless):
        yield from _drained(some, newest_first)


def _drained(some: list[T], newest_first: bool) -> Iterator[T]:
    """Yield these messages oldest first, and empty the list."""
    if len(some) == 1:  # nearly always
        yield some[0]
    else:
        yield from reversed(some) if newest_first else some
    some.clear()


def threads_oldest_first(messages: Iterable[Message]) -> Iterator[Message]:
    """The same for a file of many threads, each of them newest first."""
    for _, thread in groupby(messages, key=lambda message: message.thread):
        yield from oldest_first(thread, lambda message: message)
