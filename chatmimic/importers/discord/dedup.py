"""Deduplicates messages of a channel that is in several files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from chatmimic.importers.discord.authors import account
from chatmimic.importers.discord.channels import Channel
from chatmimic.importers.parsing.dedup import SeenMessages, raise_counts
from chatmimic.importers.report import ImportReport
from chatmimic.records import Message

Authored = tuple[Message, str]  # a message, and the name of the account that wrote it

_TELLING = 16  # characters of a text that is hardly written twice
_FARTHEST = 14 * 60  # minutes that a local time may be off …
_STEP = 15  # … in steps of a quarter of an hour
_SUMMER = 60  # minutes between the two offsets of a year in which clocks are changed
_ENOUGH = 3  # messages that agree on how far
_ENOUGH_SHARED = 8  # messages that show that a file is of a channel …
_MOST_SHARED = 2_000  # … of so many that are looked at
# What exporters write in their own ways: links and the marks of bold, code, quotes, lists.
_LINK = re.compile(r"\]\(<?[^\s()<>]{1,2000}>?\)|https?://\S+")
_MARKS = re.compile(r"[\s*_~|`>\\#\[\]()<-]+")


class Deduplicator:
    """The messages yielded so far, by id or, without ids, by minute, author and text.

    `by_words` is for imports with files that have no ids: it takes memory for each message.
    """

    def __init__(self, report: ImportReport, alone: bool, by_words: bool) -> None:
        self._report = report
        self._alone = alone
        self._by_words = by_words
        self._seen = SeenMessages(report, alone)
        self._said: dict[int, int] = {}  # words and minute → how often
        self._minutes: dict[int, int] = {}  # of telling words: when
        # The same of the local times of one shape: files of other shapes may have another zone.
        self._said_here: dict[int, int] = {}
        self._minutes_here: dict[int, int] = {}
        self._spans: dict[str, tuple[int, int]] = {}  # thread → its first and last minute

    def next_shape(self) -> None:
        """Files of another format follow."""
        raise_counts(self._said_here, self._said)
        self._minutes |= self._minutes_here
        self._said_here, self._minutes_here = {}, {}

    def new_of(
        self, found: Iterable[Authored], shifts: Sequence[int] = (0,), exact: bool = True
    ) -> Iterator[Message]:
        """The messages of a file that no earlier file has; the others are counted.

        `exact` says that its times are not local; `shifts` by how many minutes those may be ahead.
        """
        with_id: Counter[int] = Counter()
        met: Counter[int] = Counter()
        met_here: Counter[int] = Counter()
        for message, name in found:
            if self._alone:
                yield message
                continue
            if message.message_id:
                if self._seen.is_new(message):
                    if self._by_words:
                        self._learn(message, _text(message, name, message.thread), True, with_id)
                    yield message
                continue
            words, minute = _text(message, name, message.thread), _minute(message)
            if any(
                _is_seen(_at(words, minute, shift), self._said, met) for shift in shifts
            ) or _is_seen(_at(words, minute), self._said_here, met_here):
                self._report.leave_out("duplicate", message.source)
            else:
                self._learn(message, words, exact, met if exact else met_here)
                yield message
        # Only now: two equal messages of one file are two. Each of these walks what the file
        # had, and never what all before it had: there may be thousands of files.
        for words, times in with_id.items():
            self._said[words] = self._said.get(words, 0) + times
        raise_counts(met, self._said)
        raise_counts(met_here, self._said_here)

    def shifts_of(self, label: str, found: Iterable[Authored]) -> list[int]:
        """The UTC offsets, in minutes, of a file's local times, from messages with known times.

        A fifth of the file must agree, and half of what lies in the time that is known: some
        texts come again every hour. A year has two offsets where clocks are changed.
        """
        votes: Counter[int] = Counter()
        checked: list[tuple[int, str]] = []
        for message, name in found if self._minutes else ():
            if len(message.text) >= _TELLING and message.sent_at is not None:
                minute = message.sent_at // 60_000
                known = self._minutes.get(_text(message, name, message.thread))
                apart = _FARTHEST + 1 if known is None else minute - known
                votes[apart] += abs(apart) <= _FARTHEST and apart % _STEP == 0
                checked.append((minute, message.thread))
        shifts = self._agreed(votes, checked)
        if any(shifts):
            hours = " and ".join(f"{apart / 60:g}" for apart in sorted(shifts) if apart)
            self._report.note(
                f"The times in {label} are {hours} hours ahead of the same messages in another "
                "file; give their time zone with --tz."
            )
        return shifts

    def _agreed(self, votes: Counter[int], checked: Sequence[tuple[int, str]]) -> list[int]:
        """The offset that enough messages agree on, and that of daylight saving time."""
        best = max(votes, key=lambda apart: votes[apart], default=0)
        other = max((best - _SUMMER, best + _SUMMER), key=lambda apart: votes[apart])
        shifts = [apart for apart in (best, other) if votes[apart] >= _ENOUGH]
        within = 0
        for minute, thread in checked:
            first, last = self._spans.get(thread, (1, 0))
            within += any(first <= minute - apart <= last for apart in shifts)
        agree = sum(votes[apart] for apart in shifts)
        return shifts if agree * 2 > within and agree * 5 >= len(checked) else [0]

    def holder(self, channels: Sequence[Channel], found: Iterable[Authored]) -> Channel | None:
        """Which of several channels a file belongs to, by common messages; None for none.

        One id is enough. Without ids, nearly all that was said in the time of the channel must be
        in both.
        """
        within: Counter[str] = Counter()
        shared: Counter[str] = Counter()
        for message, name in islice(found, _MOST_SHARED * len(channels)):
            for channel in channels:
                if message.message_id:
                    if self._seen.holds(message, channel.key):
                        return channel
                    continue
                minute = _minute(message)
                first, last = self._spans.get(channel.key, (1, 0))
                if minute is not None and first <= minute <= last:
                    within[channel.key] += 1
                    words = _at(_text(message, name, channel.key), minute)
                    shared[channel.key] += words in self._said or words in self._said_here
        for channel in sorted(channels, key=lambda one: -shared[one.key]):
            if shared[channel.key] >= _ENOUGH_SHARED:
                return channel if shared[channel.key] * 4 >= within[channel.key] * 3 else None
        return None

    def _learn(self, message: Message, words: int, exact: bool, met: Counter[int]) -> None:
        minute = _minute(message)
        met[_at(words, minute)] += 1
        if not self._by_words or minute is None:
            return
        first, last = self._spans.get(message.thread, (minute, minute))
        self._spans[message.thread] = min(first, minute), max(last, minute)
        if len(message.text) >= _TELLING:
            minutes = self._minutes if exact else self._minutes_here
            minutes[words] = minute


def _is_seen(words: int, seen: dict[int, int], met: Counter[int]) -> bool:
    """Whether earlier files have a message more often than this one so far."""
    if met[words] >= seen.get(words, 0):
        return False
    met[words] += 1
    return True


def _minute(message: Message) -> int | None:
    return None if message.sent_at is None else message.sent_at // 60_000


def _at(words: int, minute: int | None, shift: int = 0) -> int:
    return hash((words, None if minute is None else minute - shift))


def _text(message: Message, name: str, thread: str) -> int:
    return hash((thread, account(name).casefold(), _bare(message.text)))


def _bare(text: str) -> str:
    """The text without markup and links, which exporters write differently.

    Links count where there is nothing else.
    """
    if text.isalnum():
        return text
    unlinked = _LINK.sub("", text) if "/" in text else text
    return _MARKS.sub("", unlinked) or _MARKS.sub("", text) or text
