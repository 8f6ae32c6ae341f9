"""Disentangling busy channels, where several conversations go on at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from chatmimic.conversations.linking.is_busy import is_busy
from chatmimic.records import Conversation, Message

if TYPE_CHECKING:
    from chatmimic.conversations.linking.linker import Linker

_BEFORE = 200  # messages before a person's that may matter to it; …
_AFTER = 50  # … and after it


@dataclass
class Disentangler:
    """Disentangles conversations: in busy channels (None), everywhere, or nowhere.

    `of` limits it to the surroundings of this person's messages; the rest is left as it is.
    """

    wanted: bool | None = None
    of: str | None = None
    notify: Callable[[str], None] = lambda words: None
    threads: int = 0  # the number of busy threads so far

    def __call__(self, found: Sequence[Conversation]) -> Iterator[Conversation]:
        """Split conversations that were cut at silences into the conversations in them."""
        for _, group in groupby(found, key=lambda c: (c.service, c.thread)):
            thread = list(group)
            if not self._is_wanted(thread):
                yield from thread
                continue
            self.threads += 1
            near = [self._near(conversation.messages) for conversation in thread]
            total = sum(stop - start for places in near for start, stop in places)
            progress = _Progress(self.notify, total)
            for conversation, places in zip(thread, near, strict=True):
                yield from self._parts(conversation, places, progress) if places else [conversation]

    @cached_property
    def _linker(self) -> Linker:
        from chatmimic.conversations.linking.linker import Linker

        return Linker()

    def _is_wanted(self, thread: Sequence[Conversation]) -> bool:
        if self.wanted is not None:
            return self.wanted
        return is_busy([message.sender for c in thread for message in c.messages])

    def _parts(
        self, whole: Conversation, places: Sequence[tuple[int, int]], progress: _Progress
    ) -> Iterator[Conversation]:
        for start, stop in places:
            for part in self._linker.disentangle(whole.messages[start:stop], progress.passed):
                yield Conversation(tuple(part), whole.service, whole.thread)

    def _near(self, messages: Sequence[Message]) -> list[tuple[int, int]]:
        """The ranges of messages near this person's."""
        if self.of is None:
            return [(0, len(messages))]
        near: list[tuple[int, int]] = []
        for i, message in enumerate(messages):
            if message.sender != self.of:
                continue
            start, stop = max(0, i - _BEFORE), min(len(messages), i + _AFTER)
            if near and start <= near[-1][1]:
                near[-1] = near[-1][0], stop
            else:
                near.append((start, stop))
        return near


class _Progress:
    """Reports progress, at most twice a second."""

    def __init__(self, notify: Callable[[str], None], total: int) -> None:
        self._notify, self._total, self._done = notify, total, 0
        self._begun = self._told = time.monotonic()

    def passed(self, messages: int) -> None:
        self._done += messages
        now = time.monotonic()
        if now - self._told < 0.5 and self._done < self._total:
            return
        self._told = now
        left = (now - self._begun) * (self._total / self._done - 1)
        self._notify(
            f"disentangling conversations: {self._done / self._total:.0%}"
            + (f", {left / 60:.0f} min left" if left >= 90 else f", {left:.0f} s left")
        )
