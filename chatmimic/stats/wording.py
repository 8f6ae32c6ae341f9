"""Statistics as text and figures, shared by the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from chatmimic.dates import day_of
from chatmimic.stats.records import Activity, ArchiveStats, Habits, PersonStats, Span

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400  # seconds
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Bars:
    """Labelled counts of a bar chart: messages by month, hour or weekday."""

    title: str
    names: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def peak(self) -> str:
        """The largest count and its label: `most: 1,963 (2012-08)`."""
        most = max(self.counts, default=0)
        return f"most: {most:,} ({self.names[self.counts.index(most)]})" if most else ""

    @property
    def ends(self) -> str:
        """The first and last label: `2009-06 to 2018-07`."""
        first, last = self.names[0], self.names[-1]
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True, slots=True)
class Listing:
    """A table: its title, headings and rows; the first column has names."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def bars_of(activity: Activity, most_months: int) -> list[Bars]:
    """Bars by month (or longer periods if there are too many), by hour and by weekday."""
    hours = tuple(f"{hour:02}:00" for hour in range(24))
    return [
        _months(activity.months, most_months),
        Bars("By hour", hours, activity.hours),
        Bars("By weekday", WEEKDAYS, activity.weekdays),
    ]


def _months(months: dict[str, int], most: int) -> Bars:
    """All months from the first to the last, including empty ones."""
    numbers = {_number(name): count for name, count in months.items()}
    first, last = min(numbers, default=0), max(numbers, default=-1)
    every = range(first, last + 1)
    width = next(n for n in _WIDTHS if last // n - first // n < most)
    names, counts = [], []
    for start, some in groupby(every, key=lambda number: number // width * width):
        names.append(_name(start, width))
        counts.append(sum(numbers.get(number, 0) for number in some))
    return Bars(_TITLES.get(width, f"By {width // _MONTHS} years"), tuple(names), tuple(counts))


_TITLES = {1: "By month", 3: "By quarter", 12: "By year"}
_WIDTHS = (1, 3, 12, 24, 60, 120, 1_200, 12_000, 120_000)  # months


def _number(month: str) -> int:
    year, number = month.split("-")
    return int(year) * _MONTHS + int(number) - 1


def _name(number: int, width: int) -> str:
    year, month = divmod(number, _MONTHS)
    if width >= _MONTHS:
        return f"{year:04}"
    return f"{year:04}-{month + 1:02}" if width == 1 else f"{year:04} Q{month // 3 + 1}"


def heading(span: Span) -> str:
    """`91,986 messages, 2009-06-30 to 2018-07-25`."""
    line = f"{span.messages:,} message{'' if span.messages == 1 else 's'}"
    if span.first_at is None or span.last_at is None:
        return line
    return f"{line}, {day_of(span.first_at)} to {day_of(span.last_at)}"


def clock(span: Span, activity: Activity) -> str:
    """The time zone of the hours, and how many messages have no time."""
    if span.first_at is None:
        return "No message has a time."
    missing = f"; {activity.timeless:,} without a time" if activity.timeless else ""
    return f"Times are of this machine's zone ({span.zone}){missing}."


def percent(share: float) -> str:
    """A share from 0 to 1 as `12 %`, or `0.4 %` if it is small."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"


def duration(seconds: float, whole_minutes: bool = False) -> str:
    """Seconds as `45 s`, `3 min` or `2.5 h`; rounded to minutes with `whole_minutes`."""
    if whole_minutes and seconds < _MINUTE:
        return "under a minute"
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"


def archive_listings(stats: ArchiveStats) -> list[Listing]:
    """The most talkative people, the busiest threads, and who answers whom."""
    total = max(1, stats.span.messages)

    def counted(title: str, name: str, some: tuple) -> Listing:
        rows = tuple((one.name, f"{one.count:,}", percent(one.count / total)) for one in some)
        return Listing(title, (name, "Messages", "Share"), rows)

    answers = tuple((a.who, a.whom, f"{a.count:,}") for a in stats.answers)
    return [
        counted("The most talkative", "Person", stats.talkative),
        counted("The busiest threads", "Thread", stats.busiest),
        Listing("Who answers whom", ("Who", "Whom", "Answers"), answers),
    ]


def person_listings(stats: PersonStats) -> list[Listing]:
    """A person's habits, preferred words and conversation partners."""
    return [
        Listing("In conversations", ("", ""), tuple(_talking(stats))),
        Listing("How they write", ("Messages", "Theirs", "Others'"), tuple(_writing(stats))),
        Listing(
            "Words they prefer to others",
            ("Word", "Theirs", "Others'", "z"),
            tuple(
                (f.word, f"{f.count:,}", f"{f.others:,}", f"{f.z:.1f}") for f in stats.favourites
            ),
        ),
        Listing(
            "Emoji",
            ("Emoji", "Theirs", "Others'", "z"),
            tuple((f.word, f"{f.count:,}", f"{f.others:,}", f"{f.z:.1f}") for f in stats.emoji),
        ),
        _counts("Laughter", "Laugh", stats.laughter),
        _counts("Turns begin with", "Word", stats.openings),
        _counts("Turns end with", "Word", stats.closings),
        Listing(
            "Whom they talk with",
            ("Person", "Answers to", "Answers from"),
            tuple((p.name, f"{p.to:,}", f"{p.by:,}") for p in stats.partners),
        ),
    ]


def _counts(title: str, name: str, some: tuple) -> Listing:
    return Listing(title, (name, "Times"), tuple((one.name, f"{one.count:,}") for one in some))


def _talking(stats: PersonStats) -> Iterator[tuple[str, str]]:
    yield "Share of all messages", percent(stats.share)
    if stats.per_turn is not None:
        yield "Turns of several messages", percent(stats.several)
        yield "Messages of a turn", f"90 % have up to {stats.per_turn.p90:,.0f}"
    if stats.reply_s is not None:
        whole = stats.span.whole_minutes
        yield "Time to reply, median", duration(stats.reply_s.median, whole)
        yield "One reply in ten takes over", duration(stats.reply_s.p90, whole)


def _writing(stats: PersonStats) -> Iterator[tuple[str, str, str]]:
    """Rows of writing habits, the person's beside everybody else's."""
    if stats.habits is not None:
        theirs = _habits(stats.habits)
        others = _habits(stats.others) if stats.others else dict.fromkeys(theirs, "")
        yield from ((name, cell, others[name]) for name, cell in theirs.items())


def _habits(habits: Habits) -> dict[str, str]:
    length = habits.characters
    return {
        "Characters, median": f"{length.median:,.0f}",
        "Characters of 80 %": f"{length.p10:,.0f} to {length.p90:,.0f}",
        "Words, on average": f"{habits.words:.1f}",
        "Of one word": percent(habits.one_word),
        "Begin with a capital": "–" if habits.capital is None else percent(habits.capital),
        "End with a full stop": percent(habits.full_stop),
        "Have a question mark": percent(habits.question),
        "Have an exclamation mark": percent(habits.exclamation),
        "Have an emoji": percent(habits.emoji),
    }
