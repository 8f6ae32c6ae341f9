"""Detects the order of day, month and year in numeric dates, from all dates of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import combinations

from chatmimic.importers.parsing.dates.calendars import gregorian_date
from chatmimic.importers.parsing.dates.times import latest_ms
from chatmimic.importers.report import ImportReport

Numbers = tuple[str, str, str]  # as they stand in the file, "01" and "1" apart

ORDERS = ("dmy", "mdy", "ymd")
EARLIEST_PHONES = date(2009, 1, 1)  # WhatsApp began in 2009, KakaoTalk in 2010, LINE in 2011
_STEPS = 3  # changes of date that show which number changes from day to day
_IN_WORDS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}


@lru_cache(maxsize=4096)
def date_of(numbers: Numbers, order: str) -> date | None:
    """Read a date in this order; a year of more than two digits overrides it.

    Buddhist and Persian years are told by their size.
    """
    if len(numbers[0]) > 2:
        order = "ymd"
    elif len(numbers[2]) > 2 and order == "ymd":
        return None
    parts = dict(zip(order, numbers, strict=True))
    return gregorian_date(parts["y"], int(parts["m"]), int(parts["d"]))


@dataclass(slots=True)
class _Reading:
    """How well one order explains the dates."""

    order: str
    earliest: int  # an ordinal
    possible: int = 0  # dates that exist and are neither earlier nor in the future
    walk: int = 0  # days between neighbours, summed: least when read aright
    last: int | None = None

    def add(self, numbers: Numbers, weekday: int | None) -> int | None:
        found = date_of(numbers, self.order)
        ordinal = found.toordinal() if found is not None else 0
        wrong_day = found is not None and weekday not in (None, found.weekday())
        if wrong_day or not self.earliest <= ordinal <= _latest():
            return None
        self.possible += 1
        self.walk += abs(ordinal - self.last) if self.last is not None else 0
        self.last = ordinal
        return ordinal


class DateSurvey:
    """Statistics of all dates of a file, in constant memory.

    `since`: when the first of such files can have been written.
    """

    def __init__(self, label: str, since: date = EARLIEST_PHONES) -> None:
        self.label = label
        self.look = ""  # how dates are written; files of one look come from one device
        self.first = ""  # as it stands in the file
        self.example = ""  # one that shows no order
        self._readings = [_Reading(order, since.toordinal()) for order in ORDERS]
        self._apart: set[frozenset[str]] = set()  # orders that read some date differently
        self._last: Numbers | None = None
        self._dates = 0
        self._american = True  # 1/2/24, 1:05 PM: nobody else writes so
        self._year_first = True  # 24/1/2 PM 1:05: as in Korea, China and Japan

    def add(
        self,
        numbers: Numbers,
        written: str,
        look: str = "",
        weekday: int | None = None,
        twelve_hour: bool = False,
        period_first: bool = False,
    ) -> None:
        """Add a date: its numbers, how it is written, and whether its time has a 12-hour clock.

        `period_first`: the half of the day stands before the time.
        """
        if numbers == self._last:
            return
        self._last = numbers
        self._dates += 1
        self.look = self.look or look
        self.first = self.first or written
        self._year_first &= period_first
        self._american &= twelve_hour and "/" in written and not any(n[0] == "0" for n in numbers)
        days = {r.order: r.add(numbers, weekday) for r in self._readings}
        for one, other in combinations(ORDERS, 2):
            if days[one] and days[other] and days[one] != days[other]:
                self._apart.add(frozenset((one, other)))
                self.example = self.example or written

    @property
    def possible(self) -> frozenset[str]:
        """The orders in which the most dates are valid."""
        most = max(reading.possible for reading in self._readings)
        return frozenset(r.order for r in self._readings if r.possible == most)

    def fits(self, order: str) -> bool:
        """Whether most of the valid dates are valid in this order."""
        most = max(reading.possible for reading in self._readings)
        return any(r.order == order and r.possible * 2 > most for r in self._readings)

    @property
    def proves(self) -> bool:
        """Whether the dates prove their order. 5/5/24 is unambiguous, but proves nothing."""
        order, doubt = self.order()
        dmy, mdy, _ = self._readings
        same = dmy.possible == mdy.possible and not self._differ("dmy", "mdy")
        return not doubt and (order == "ymd" or not same)

    def order(self) -> tuple[str, str]:
        """The most likely order and the runner-up; "" if there is no doubt.

        First what is possible decides (13 is no month), then the shortest walk: read in a wrong
        order, the days of one week lie months apart.
        """
        most = max(reading.possible for reading in self._readings)
        left = {r.order: r.walk for r in self._readings if r.possible == most}
        best = min(left, key=lambda order: left[order])
        rivals = [order for order in left if self._differ(best, order)]
        nearest = min((left[order] for order in rivals), default=left[best])
        clear = left[best] * 2 < nearest
        if not rivals or (clear and self._dates > _STEPS):
            return best, ""
        usual = "mdy" if self._american and "mdy" in left else "dmy"
        usual = "ymd" if self._year_first and "ymd" in left else usual
        chosen = best if clear or usual not in left else usual
        doubts = [order for order in left if self._differ(chosen, order)]
        return chosen, doubts[0] if doubts else ""

    def _differ(self, one: str, other: str) -> bool:
        return frozenset((one, other)) in self._apart


def resolved_orders(
    surveys: Sequence[DateSurvey], given: str | None, report: ImportReport
) -> list[str]:
    """The order of each file: the one given by the user, else the one its dates show.

    A file that leaves it open is read like the other files of its look, unless they contradict
    each other; what is still open then is said in a note.
    """
    shown: dict[str, set[str]] = defaultdict(set)
    common = dict.fromkeys((survey.look for survey in surveys), frozenset(ORDERS))
    for survey in surveys:
        shown[survey.look] |= {survey.order()[0]} if survey.proves else set()
        common[survey.look] &= survey.possible
    orders: list[str] = []
    doubtful: dict[tuple[str, str], list[DateSurvey]] = defaultdict(list)
    for survey in surveys:
        order, doubt = survey.order()
        lent = common[survey.look] and (shown[survey.look] or common[survey.look])
        fitting = {one for one in lent if survey.fits(one)}
        if given is not None and survey.fits(given):
            order = given
        elif doubt and len(fitting) == 1:
            order = fitting.pop()
        elif doubt:
            doubtful[order, doubt].append(survey)
        orders.append(order)
    for (order, doubt), undecided in doubtful.items():
        _add_note(order, doubt, undecided, report)
    return orders


def _add_note(
    order: str, doubt: str, undecided: Sequence[DateSurvey], report: ImportReport
) -> None:
    names = ", ".join(survey.label for survey in undecided[:3])
    more = f" and {len(undecided) - 3:,} more" if len(undecided) > 3 else ""
    report.note(
        f'Dates like "{undecided[0].example}" were read {_IN_WORDS[order]}, because the order is '
        f"ambiguous in {names}{more}; use --date-order {doubt} to read them {_IN_WORDS[doubt]}."
    )


@lru_cache(maxsize=1)
def _latest() -> int:
    return datetime.fromtimestamp(latest_ms() / 1000, UTC).date().toordinal()
