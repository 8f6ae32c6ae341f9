"""Message times in the time zone of this machine."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from chatmimic.stats.records import Activity

Times = NDArray[np.float64]  # UTC milliseconds, NaN where there is none
_QUARTER_MS = 900_000  # no zone changes its clocks between two quarters of an hour
_FIRST_MS = -62_135_510_400_000  # the years 1 to 9999, but for a day
_LAST_MS = 253_402_214_400_000
_THURSDAY = 3  # 1970-01-01, counted from Monday


def zone() -> str:
    """The name of this machine's time zone: "CET/CEST", "UTC"."""
    return "/".join(dict.fromkeys(time.tzname if time.daylight else time.tzname[:1]))


def dated(times: Times) -> NDArray[np.bool_]:
    """A mask of the times that a calendar can represent."""
    return np.isfinite(times) & (times >= _FIRST_MS) & (times < _LAST_MS)


def local(times: Times) -> NDArray[np.datetime64]:
    """The representable times, in this machine's time zone."""
    known = times[dated(times)]
    quarters, where = np.unique(known // _QUARTER_MS, return_inverse=True)
    offsets = np.array([_offset_ms(q * _QUARTER_MS) for q in quarters], dtype=np.int64)
    shifted = known.astype(np.int64) + (offsets[where] if len(known) else 0)
    return shifted.astype("datetime64[ms]")


def _offset_ms(at: float) -> int:
    try:
        return 1000 * time.localtime(at / 1000).tm_gmtoff
    except (OSError, OverflowError, ValueError):  # before 1970, on Windows
        return 0


def activity(times: Times) -> Activity:
    """Counts by month, hour of the day and day of the week."""
    clock = local(times)
    months, counts = np.unique(clock.astype("datetime64[M]"), return_counts=True)
    days = clock.astype("datetime64[D]")
    hours = (clock - days) // np.timedelta64(1, "h")
    weekdays = (days.astype(np.int64) + _THURSDAY) % 7
    return Activity(
        months=dict(zip(months.astype(str).tolist(), counts.tolist(), strict=True)),
        hours=_counted(hours.astype(np.int64), 24),
        weekdays=_counted(weekdays, 7),
        timeless=len(times) - len(clock),
    )


def _counted(numbers: NDArray[np.int64], kinds: int) -> tuple[int, ...]:
    return tuple(np.bincount(numbers, minlength=kinds).tolist())
