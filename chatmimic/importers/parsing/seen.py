"""What an import has given already, where several files hold the same messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from chatmimic.importers.report import ImportReport
from chatmimic.records import Message


class Seen:
    """The ids of messages by thread: exports of one thread overlap, and its ids tell.

    With one file alone (`alone`) every message is new, and no id takes memory.
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
        self._before |= here
