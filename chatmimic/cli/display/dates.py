"""Times as commands print them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(ms: int | None) -> str | None:
    """UTC milliseconds as ISO 8601; None if there is no time, or Python has no date for it."""
    if ms is None:
        return None
    try:
        return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
    except OverflowError:
        return None


def day(ms: int | None) -> str:
    """UTC milliseconds as a date, or a dash."""
    return (iso(ms) or "–")[:10]


def minute(ms: int | None) -> str:
    """UTC milliseconds as a date and a time in this machine's zone, or a dash."""
    if ms is None:
        return "–"
    try:
        return datetime.fromtimestamp(ms / 1000).isoformat(" ", "minutes")
    except (OSError, OverflowError, ValueError):  # out of range; before 1970 on Windows
        return (iso(ms) or "–")[:16].replace("T", " ")
