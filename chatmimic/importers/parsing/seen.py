"""What an import has given already, where several files hold the same messages."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator

from chatmimic.importers.report import ImportReport
from chatmimic.records import Message


class Seen:
    """The ids of messages by thread, for files of one thread in several shapes.

    `Ids` finds those of one shape. With one file alone (`alone`) every message is new, and no id
    takes memory.
    """

    def __init__(self, report: ImportReport, alone: bool = False) -> None:
        self._alone = alone
        self._ids: dict[str, set[int]] = {}
        self._report = report

    def is_new(self, message: Message) -> bool:
        """Whether no message of its id was seen in its thread; one that was is counted."""
        if self._alone:
            return True
        return self.is_absent(message, message.thread) and self.add(message, message.thread)

    def is_absent(self, message: Message, thread: str) -> bool:
        """Whether `thread` holds no message of its id; one that it holds is counted as duplicate.

        A message without an id is always new: nothing tells.
        """
        if message.message_id and hash(message.message_id) in self._ids.get(thread, ()):
            self._report.leave_out("duplicate", message.source)
            return False
        return True

    def holds(self, message: Message, thread: str) -> bool:
        """Whether `thread` holds a message of its id; nothing is counted."""
        return hash(message.message_id) in self._ids.get(thread, ())

    def add(self, message: Message, thread: str) -> bool:
        """Keep its id in mind under `thread`. Always true."""
        if message.message_id:
            self._ids.setdefault(thread, set()).add(hash(message.message_id))
        return True


class Ids:
    """The ids of all messages of an import by their threads, in 16 bytes or so each.

    Of a very long import the last million or two are held: where an id comes twice, it does within
    a page or a file. What is farther apart the archive knows.
    """

    _MOST = 1 << 20  # in one table; as many before them are held

    def __init__(self, report: ImportReport) -> None:
        self._report = report
        self._now, self._before = _Numbers(), _Numbers()

    def is_new(self, message: Message) -> bool:
        """Whether no message of its id came in its thread; one that did is counted as duplicate."""
        if not message.message_id:
            return True
        number = hash((message.service, message.thread, message.message_id)) & _ALL_BITS or 1
        if number in self._before or not self._now.add(number):
            self._report.leave_out("duplicate", message.source)
            return False
        if self._now.count >= self._MOST:
            self._now, self._before = _Numbers(), self._now
        return True


_ALL_BITS = (1 << 64) - 1


class _Numbers:
    """A set of numbers of 64 bits but for 0, in a fifth of the memory of Python's own."""

    def __init__(self) -> None:
        self.count = 0
        self._slots = array("Q", bytes(8 << 10))  # 0 is an empty one; half of them are

    def __contains__(self, number: int) -> bool:
        slots, mask = self._slots, len(self._slots) - 1
        at = number & mask
        while (held := slots[at]) and held != number:
            at = (at + 1) & mask
        return held != 0

    def add(self, number: int) -> bool:
        """Add a number. Whether it was not there."""
        slots, mask = self._slots, len(self._slots) - 1
        at = number & mask
        while held := slots[at]:
            if held == number:
                return False
            at = (at + 1) & mask
        slots[at] = number
        self.count += 1
        if self.count * 2 > mask:
            self._grow()
        return True

    def _grow(self) -> None:
        held = [number for number in self._slots if number]
        self._slots = array("Q", bytes(16 * len(self._slots)))
        slots, mask = self._slots, len(self._slots) - 1
        for number in held:
            at = number & mask
            while slots[at]:
                at = (at + 1) & mask
            slots[at] = number


def keep_most(counts: dict[int, int], kept: dict[int, int]) -> None:
    """Raise the counts that are kept to these.

    `kept |= counts` of two Counters does it too, but walks all that is kept, for each of a
    thousand files.
    """
    for key, times in counts.items():
        if times > kept.get(key, 0):
            kept[key] = times


class Overlap:
    """Messages without ids that several files hold, as two backups of one telephone do."""

    def __init__(self, report: ImportReport) -> None:
        self._before: Counter[int] = Counter()  # what to tell a message by → times in one file
        self._report = report

    def new_of(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The messages of one file that no file before it holds; the others are counted.

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
        keep_most(here, self._before)
