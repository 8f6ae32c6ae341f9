"""What an import has given already, where several files hold the same messages."""

from __future__ import annotations

from chatmimic.importers.report import ImportReport
from chatmimic.records import Message


class Seen:
    """The ids of messages by thread: exports of one thread overlap, and its ids tell."""

    def __init__(self, report: ImportReport) -> None:
        self._ids: dict[str, set[int]] = {}
        self._report = report

    def is_new(self, message: Message) -> bool:
        """Whether no message of its id was seen in its thread; one that was is counted."""
        return self.is_absent(message, message.thread) and self.add(message, message.thread)

    def is_absent(self, message: Message, thread: str) -> bool:
        """Whether `thread` holds no message of its id; one that it holds is counted as duplicate.

        A message without an id is always new: nothing tells.
        """
        if message.message_id and hash(message.message_id) in self._ids.get(thread, ()):
            self._report.leave_out("duplicate", message.source)
            return False
        return True

    def add(self, message: Message, thread: str) -> bool:
        """Keep its id in mind under `thread`. Always true."""
        if message.message_id:
            self._ids.setdefault(thread, set()).add(hash(message.message_id))
        return True
