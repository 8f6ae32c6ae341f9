"""Times of a pasted chat: "Yesterday at 9:27 AM" depends on the day of the paste."""

from __future__ import annotations

from copy import copy
from datetime import date, datetime, time, timedelta

from chatmimic.importers.base import Context
from chatmimic.importers.discord.pasted.headings import DisplayedTime
from chatmimic.importers.parsing.dates.date_order import date_of
from chatmimic.importers.parsing.dates.times import LocalClock

_DAY = timedelta(days=1)
_SLACK = timedelta(minutes=2)
_SOON = timedelta(hours=1)  # so soon does talk go on below a quotation …
_QUOTED = 3  # … of so many messages at most


class PasteTimes:
    """Resolves times in file order, in which they increase.

    A step back between two times told from the day of the paste means that a day passed between
    two pastes of one file; `steps` says how many there are in all, `steps_seen` how many so far.
    """

    def __init__(self, base: date, order: str, context: Context, steps: int = 0) -> None:
        self.steps_seen = 0
        self.example = ""  # a time that was counted from the day of the paste
        self.hourless = 0  # messages that show a day only
        self._base = base - steps * _DAY
        self._order = order
        self._clock = LocalClock(context.options.tz, context.report)
        self._line: date | None = None  # of the last line that names a day
        self._last: datetime | None = None
        self._last_counted = False  # from the day of the paste

    def date_separator(self, day: date) -> None:
        """A date separator: the following messages were sent on this day."""
        self._line = day
        self._last = None  # what goes on below goes on on this day

    def of(self, when: DisplayedTime, quoted: bool = False) -> int | None:
        """The time in UTC milliseconds; None (and counted) if implausible.

        What stands in a quotation says nothing of the order around it.
        """
        moment = copy(self).moment(when, steps=False) if quoted else self.moment(when)
        self.hourless += moment is not None and when.clock is None
        return self._clock.utc(moment)

    def moment(self, when: DisplayedTime, steps: bool = True) -> datetime | None:
        """The local time; a day without a time is as early as the file allows."""
        day = date_of(when.numbers, self._order) if when.numbers else self._spoken_day(when)
        if day is None or (when.clock is None and not when.numbers):
            return None
        moment = datetime.combine(day, time(*(when.clock or (0, 0, 0))))
        last = self._last
        if last is not None and when.clock is None and last.date() == day:
            moment = max(moment, last)
        counted = when.numbers is None and self._line is None
        back = last is not None and self._last_counted and moment < last - _SLACK
        if last is not None and back and counted and steps:
            moment += self._step(when, last)
        self._last, self._last_counted = moment, counted
        return moment

    def goes_on(self, when: DisplayedTime) -> bool:
        """Whether a time soon follows the last one."""
        last, then = self._last, copy(self).moment(when, steps=False)
        return last is not None and then is not None and last <= then <= last + _SOON

    def _spoken_day(self, when: DisplayedTime) -> date:
        """The day of a time without a date."""
        if when.ago is None and when.weekday is None and self._last is not None:
            return self._last.date()  # it goes on with the message above
        if self._line is not None:
            return self._line
        self.example = self.example or when.written
        if when.weekday is not None:
            return self._today - ((self._today.weekday() - when.weekday) % 7 or 7) * _DAY
        return self._today - (when.ago or 0) * _DAY

    @property
    def _today(self) -> date:
        return self._base + self.steps_seen * _DAY

    def _step(self, when: DisplayedTime, last: datetime) -> timedelta:
        """Handle a step back in time: midnight, or another paste."""
        goes_on = when.ago is None and when.weekday is None
        if not goes_on or last.date() == self._today:
            self.steps_seen += 1
        return _DAY


class QuotedTimes:
    """Finds headings that are older than those around them: these were quoted.

    Two pastes in one file look alike, but that the second does not come back to the time of the
    first after a message or two.
    """

    def __init__(self, times: PasteTimes) -> None:
        self.times = times
        self.found: set[int] = set()  # lines
        self._before: PasteTimes | None = None  # as it was above what may be quoted
        self._held: list[int] = []

    def add(self, number: int, when: DisplayedTime, starts: bool) -> None:
        """Add the time on a line; `starts`: a name precedes it."""
        before = copy(self.times)
        if self._before is not None and starts and self._before.goes_on(when):
            self.found.update(self._held)
            self.times, self._before = self._before, None
            before = copy(self.times)
        self.times.moment(when)
        if self._before is not None:
            self._held.append(number)
            self._before = self._before if len(self._held) <= _QUOTED else None
        elif self.times.steps_seen > before.steps_seen and starts:
            self._before, self._held = before, [number]

    def add_separator(self, day: date) -> None:
        """Add a date separator."""
        self.times.date_separator(day)
        self._before = None
