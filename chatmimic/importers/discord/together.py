"""One channel in several files: each message is given once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from chatmimic.importers.discord.authors import account
from chatmimic.importers.parsing.seen import Seen
from chatmimic.importers.report import ImportReport
from chatmimic.records import Message

Said = tuple[Message, str]  # a message, and the name of the account that wrote it

_TELLING = 16  # characters of a text that is hardly written twice
_FARTHEST = 14 * 60  # minutes that a local time may be off …
_STEP = 15  # … in steps of a quarter of an hour
_ENOUGH = 3  # messages that agree on how far


class Together:
    """What was given already: told by ids, or by minute, author and words where there are none.

    `by_words` is for imports with files that have no ids: it takes memory for each message.
    """

    def __init__(self, report: ImportReport, alone: bool, by_words: bool) -> None:
        self._report = report
        self._alone = alone
        self._by_words = by_words
        self._seen = Seen(report)
        self._said: Counter[int] = Counter()
        self._minutes: dict[int, int] = {}  # of telling words: when

    def new_of(self, found: Iterable[Said], shifts: Iterable[int] = (0,)) -> Iterator[Message]:
        """The messages of one file that no file before it had; the others are counted.

        `shifts` are the minutes by which the file's local times may be ahead.
        """
        with_id: Counter[int] = Counter()
        without: Counter[int] = Counter()
        for message, name in found:
            new = True
            if not self._alone and message.message_id:
                new = self._seen.is_new(message)
                with_id[_words(message, name)] += new and self._by_words
            elif not self._alone:
                new = self._is_new_by_words(message, name, shifts, without)
            if new:
                self._learn(message, name)
                yield message
        # Only now: two equal messages of one file are two.
        self._said += with_id
        self._said |= without

    def shifts_of(self, label: str, read: Callable[[], Iterable[Said]]) -> list[int]:
        """The minutes by which a file's local times are ahead of the same messages' known ones.

        A year has two of them where clocks are changed.
        """
        if not self._minutes:
            return [0]
        votes: Counter[int] = Counter()
        for message, name in read():
            known = self._minutes.get(_text(message, name))
            apart = None if known is None else (message.sent_at or 0) // 60_000 - known
            if apart is not None and abs(apart) <= _FARTHEST and apart % _STEP == 0:
                votes[apart] += 1
        shifts = [apart for apart, times in votes.items() if times >= _ENOUGH]
        if any(shifts):
            hours = " and ".join(f"{apart / 60:g}" for apart in sorted(shifts) if apart)
            self._report.note(
                f"The times in {label} are {hours} hours ahead of the same messages in another "
                "file; --tz with the zone they are in makes them agree."
            )
        return [0, *(shift for shift in shifts if shift)]

    def _is_new_by_words(
        self, message: Message, name: str, shifts: Iterable[int], met: Counter[int]
    ) -> bool:
        for shift in shifts:
            words = _words(message, name, shift)
            if met[words] < self._said[words]:
                met[words] += 1
                self._report.leave_out("duplicate", message.source)
                return False
        met[_words(message, name)] += 1
        return True

    def _learn(self, message: Message, name: str) -> None:
        telling = self._by_words and len(message.text) >= _TELLING
        if telling and message.sent_at is not None:
            self._minutes[_text(message, name)] = message.sent_at // 60_000


def _words(message: Message, name: str, shift: int = 0) -> int:
    minute = None if message.sent_at is None else message.sent_at // 60_000 - shift
    return hash((_text(message, name), minute))


def _text(message: Message, name: str) -> int:
    return hash((message.thread, account(name).casefold(), tuple(message.text.split())))
