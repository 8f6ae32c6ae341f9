"""Times as imessage-exporter writes them: "May 17, 2022  5:29:42 PM"."""

from __future__ import annotations

import re
from datetime import datetime

from chatmimic.importers.parsing.dates.dated_lines import clock_from
from chatmimic.importers.parsing.dates.months import month_named

AT = (
    r"(?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2}), (?P<year>\d{4}) {1,2}"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d) (?P<period>[AP]M)"
)


def moment_of(at: re.Match[str]) -> datetime | None:
    """The local time of a match of AT; None if invalid."""
    clock = clock_from(at["hour"], at["minute"], at["second"], at["period"])
    month = month_named(at["month"])
    try:
        return datetime(int(at["year"]), month or 0, int(at["day"]), *(clock or (99, 0, 0)))
    except ValueError:
        return None
