"""Deduplicates messages that several files of an export contain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from chatmimic.importers.report import ImportReport
from chatmimic.records import Message


class SeenMessages:
    """Message ids by thread, for threads that an export contains in several formats.

    `SeenIds` finds those of one shape. With one file alone (`alone`) every message is new, and no
    id takes memory.
    """

    def __init__(self, report: ImportReport, alone: bool = False) -> None:
        self._alone = alone
        self._ids: dict[str, set[int]] = {}
        self._report = report

    def is_new(self, message: Message) -> bool:
        """Whether its id is new in its thread; duplicates are counted."""
        if self._alone:
            return True
        return self.is_absent(message, message.thread) and self.add(message, message.thread)

    def is_absent(self, message: Message, thread: str) -> bool:
        """Whether `thread` has no message of its id; duplicates are counted.

        A message without an id is always new: nothing tells.
        """
        if message.message_id and hash(message.message_id) in self._ids.get(thread, ()):
            self._report.leave_out("duplicate", message.source)
            return False
        return True

    def holds(self, message: Message, thread: str) -> bool:
        """Whether `thread` has a message of its id; nothing is counted."""
        return hash(message.message_id) in self._ids.get(thread, ())

    def add(self, message: Message, thread: str) -> bool:
        """Record its id under `thread`. Always returns True."""
        if message.message_id:
            self._ids.setdefault(thread, set()).add(hash(message.message_id))
        return True


class SeenIds:
    """The ids of all messages of an import, by thread.

    Of a very long import the last quarter of a million or two are held: where an id comes twice,
    it does within a page or a file. What is farther apart the archive knows.
    """

    _MOST = 1 << 18  # in one set; as many before them are held

    def __init__(self, report: ImportReport) -> None:
        self._report = report
        self._now: set[int] = set()
        self._before: set[int] = set()

    def is_new(self, message: Message) -> bool:
        """Whether its id is new in its thread; duplicates are counted.

        Only messages that have an id are asked about: of the others nothing tells.
        """
        number = hash((message.service, message.thread, message.message_id))
        now = self._now
        if number in now or number in self._before:
            self._report.leave_out("duplicate", message.source)
            return False
        now.add(number)
        if len(now) >= self._MOST:
            self._now, self._before = set(), now
        return True


def raise_counts(counts: dict[int, int], kept: dict[int, int]) -> None:
    """Raise each kept count to at least this one.

    `kept |= counts` of two Counters does it too, but walks all that is kept, for each of a
    thousand files.
    """
    for key, times in counts.items():
        if times > kept.get(key, 0):
            kept[key] = times


class OverlapFilter:
    """Deduplicates messages without ids in overlapping files, such as two backups of a phone."""

    def __init__(self, report: ImportReport) -> None:
        self._before: Counter[int] = Counter()  # what to tell a message by → times in one file
        self._report = report

    def new_of(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The messages of a file that no earlier file has; the others are counted.

        What one file holds twice was said twice.
        """
        here: Counter[int] = Counter()
        for message in messages:
            key = hash((message.thread, message.sent_at, message.sender_key, message.text))
            here[key] += 1
            if here[key] > self._before[key]:
                yield message
            else:
                self._report.leave_out("duplicate", message.source)
        raise_counts(here, self._before)
