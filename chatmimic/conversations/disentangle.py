"""Disentangling busy channels, where several conversations go on at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from chatmimic.conversations.linking.is_busy import is_busy
from chatmimic.records import Conversation

if TYPE_CHECKING:
    from chatmimic.conversations.linking.linker import Linker

_BEFORE = 200  # messages before a person's that may matter to it; …
_AFTER = 50  # … and after it
# Messages of busy channels that the networks link, at a millisecond each: a million would delay a
# training by a quarter of an hour.
NEWEST = 5_000


@dataclass
class _Stretch:
    """Messages near a person's, in a conversation; those before `border` are linked by the rule."""

    whole: Conversation
    start: int
    stop: int
    border: int = 0

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def ends_at(self) -> int:
        """The time of its last message that has one, in UTC ms."""
        times = (m.sent_at for m in reversed(self.whole.messages[self.start : self.stop]))
        return next((at for at in times if at is not None), 0)


@dataclass
class Disentangler:
    """Disentangles conversations: in busy channels (None), everywhere, or nowhere.

    `of` limits it to the surroundings of this person's messages; the rest is left as it is. In busy
    channels the `newest` messages are linked by the networks and older ones by the plain rule; if
    disentangling was asked for (True), all of them by the networks.
    """

    wanted: bool | None = None
    of: str | None = None
    notify: Callable[[str], None] = lambda words: None
    newest: int = NEWEST
    threads: int = 0  # the number of busy threads so far

    def __call__(self, found: Sequence[Conversation]) -> Iterator[Conversation]:
        """Split conversations that were cut at silences into the conversations in them."""
        threads = [list(group) for _, group in groupby(found, key=lambda c: (c.service, c.thread))]
        busy = [self._is_wanted(thread) for thread in threads]
        self.threads += sum(busy)
        near = [
            [self._near(whole) for whole in thread] if wanted else None
            for thread, wanted in zip(threads, busy, strict=True)
        ]
        every = [s for places in near if places for stretches in places for s in stretches]
        self._set_borders(every)
        progress = _Progress(self.notify, sum(map(len, every)))
        for thread, places in zip(threads, near, strict=True):
            if places is None:
                yield from thread
                continue
            for whole, stretches in zip(thread, places, strict=True):
                yield from self._parts(stretches, progress) if stretches else [whole]

    def _set_borders(self, stretches: list[_Stretch]) -> None:
        """Leave the oldest messages to the rule, if there are too many for the networks."""
        left = self.newest if self.wanted is None else sum(map(len, stretches))
        for stretch in sorted(stretches, key=lambda s: s.ends_at, reverse=True):
            stretch.border = max(stretch.start, stretch.stop - left)
            left -= stretch.stop - stretch.border

    @cached_property
    def _linker(self) -> Linker:
        from chatmimic.conversations.linking.linker import Linker

        return Linker()

    def _is_wanted(self, thread: Sequence[Conversation]) -> bool:
        if self.wanted is not None:
            return self.wanted
        return is_busy([message.sender for c in thread for message in c.messages])

    def _parts(self, stretches: Sequence[_Stretch], progress: _Progress) -> Iterator[Conversation]:
        for one in stretches:
            service, thread = one.whole.service, one.whole.thread
            older, newer = (one.start, one.border, True), (one.border, one.stop, False)
            for start, stop, by_rule in (part for part in (older, newer) if part[0] < part[1]):
                some = one.whole.messages[start:stop]
                for part in self._linker.disentangle(some, progress.passed, by_rule=by_rule):
                    yield Conversation(tuple(part), service, thread)

    def _near(self, whole: Conversation) -> list[_Stretch]:
        """The stretches of messages near this person's."""
        if self.of is None:
            return [_Stretch(whole, 0, len(whole.messages))]
        near: list[_Stretch] = []
        for i, message in enumerate(whole.messages):
            if message.sender != self.of:
                continue
            start, stop = max(0, i - _BEFORE), min(len(whole.messages), i + _AFTER)
            if near and start <= near[-1].stop:
                near[-1].stop = stop
            else:
                near.append(_Stretch(whole, start, stop))
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
