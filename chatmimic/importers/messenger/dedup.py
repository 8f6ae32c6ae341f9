"""Deduplicates overlapping exports of a thread, keeping genuine repeats."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, replace

from chatmimic.importers.parsing.dedup import raise_counts
from chatmimic.importers.report import ImportReport
from chatmimic.records import Kind, Message

EDITED = " (edited)"
_EDIT_MS = 16 * 60_000  # Instagram lets its users edit for 15 minutes
# Minutes that a local time may lie off UTC, and an hour more.
_ZONES = [sign * quarter * 15 for quarter in range(61) for sign in (1, -1)]
_ALIKE = 3  # characters that an edited message keeps of the old one, at the least


class ExactDedup:
    """For JSON: duplicates have the same sender, text and millisecond."""

    def __init__(self) -> None:
        self._before: Counter[int] = Counter()  # given by earlier editions
        self._now: Counter[int] = Counter()

    def is_new(self, message: Message) -> bool:
        """Whether earlier exports had it less often than this one so far."""
        key = hash((message.sent_at, message.sender, message.text))
        self._now[key] += 1
        return self._now[key] > self._before[key]

    def next_edition(self) -> None:
        """Begin the next export."""
        raise_counts(self._now, self._before)
        self._now = Counter()


class FuzzyDedup:
    """For HTML: duplicates have the same sender and text, and times that differ by a zone.

    A page gives local times without seconds or without a zone. Zones lie whole quarters of an
    hour apart, so that the minute within the quarter is the same.
    """

    def __init__(self) -> None:
        self._words: set[int] = set()  # who said what, given by earlier editions
        self._given: Counter[int] = Counter()  # the same, by the minute
        self._now: list[tuple[int, int | None]] = []
        self._moved = 0  # minutes: what the last one found was off

    def add(self, message: Message) -> None:
        """Add a message of this export."""
        self._now.append((_words(message), _minute(message)))

    def next_edition(self) -> None:
        """Begin the next export."""
        for words, at in self._now:
            self._words.add(words)
            self._given[hash((words, at))] += 1
        self._now = []

    def is_new(self, message: Message) -> bool:
        """Whether earlier exports lack it; each of their messages matches only one."""
        words, at = _words(message), _minute(message)
        for moved in (self._moved, *_ZONES) if words in self._words else ():
            key = hash((words, at if at is None else at + moved))
            if self._given[key] > 0:
                self._given[key] -= 1
                self._moved = moved
                return False
        return True


def _words(message: Message) -> int:
    """A hash of sender and text."""
    return hash((message.sender, " ".join(message.text.split())))


def _minute(message: Message) -> int | None:
    return None if message.sent_at is None else message.sent_at // 60_000


@dataclass(frozen=True, slots=True)
class _Edit:
    text: str
    at: int | None


class Edits:
    """Drops old versions of edited messages, which are exported besides the new, marked ones.

    Files are newest first: the new wording comes before the old.
    """

    def __init__(self, report: ImportReport) -> None:
        self._report = report
        self._edits: dict[str, deque[_Edit]] = defaultdict(lambda: deque(maxlen=8))

    def taken(self, message: Message) -> Message | None:
        """The message without the mark; None (and counted) for an old version."""
        if message.kind is not Kind.TEXT:
            return message
        marked = message.text.endswith(EDITED) and message.text != EDITED
        if not marked and message.sender not in self._edits:
            return message
        text = message.text.removesuffix(EDITED) if marked else message.text
        newer = self._newer(message, text)
        if marked and newer is None:
            self._report.repairs["edit marks"] += 1
            self._edits[message.sender].append(_Edit(text, message.sent_at))
        if newer is not None:
            self._report.leave_out("duplicate", message.source)
            if not marked:  # that was the first wording
                self._edits[message.sender].remove(newer)
            return None
        return replace(message, text=text) if marked else message

    def _newer(self, message: Message, text: str) -> _Edit | None:
        """The edited version of this message, if it came before in the file."""
        for edit in reversed(self._edits[message.sender]):
            timed = edit.at is not None and message.sent_at is not None
            if timed and not 0 <= (edit.at or 0) - (message.sent_at or 0) <= _EDIT_MS:
                continue
            if _alike(edit.text, text):
                return edit
        return None


def _alike(new: str, old: str) -> bool:
    """Whether one may be an edit of the other: beginning and end are the same."""
    if new == old or (len(old) > 1 and new.startswith(old)):
        return True
    least = min(len(new), len(old))
    start = next((n for n in range(least) if new[n] != old[n]), least)
    left = least - start
    end = next((n for n in range(left) if new[-1 - n] != old[-1 - n]), left)
    return start + end >= _ALIKE and (start + end) * 2 >= max(len(new), len(old))
