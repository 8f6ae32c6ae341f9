"""Reports continuation lines that look like the first line of another message.

People paste chats into chats, so such lines are joined all the same. But where a file writes its
dates in a way that its reader does not know, its messages end up there too: a note says so.
"""

from __future__ import annotations

import re
import unicodedata

from chatmimic.importers.parsing.dates.months import month_named
from chatmimic.importers.report import ImportReport

JOINED = "joined header"  # counted among the repairs while files are read; said in a note then
_LOOKED_AT = 160  # characters of a line
_INVISIBLE = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_EARLY_DIGIT = re.compile(r"\D{0,20}\d")

# These read text in its compatibility form: "［" is "[" there. Every repetition has an end.
_WORD = r"[^\W\d_]{1,12}\.?"
_JOINT = r" ?[/.\-年년月월] ?"
_NUMBERS = rf"(?:{_WORD},? )?\d{{1,4}}{_JOINT}\d{{1,2}}{_JOINT}\d{{1,4}} ?[日일]?"
_OF = r"[ .,\-/]{1,2}(?:de )?"
_MONTH_SECOND = rf"(?:{_WORD},? )?\d{{1,4}}{_OF}(?P<second>{_WORD}){_OF}\d{{2,4}}"
_MONTH_FIRST = rf"(?:{_WORD},? )?(?P<first>{_WORD}) \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
_CLOCK = (
    r"\d{1,2} ?[:.h時时點点시] ?\d\d(?: ?[:.分분] ?\d\d)? ?[分秒분초]?(?:[.,]\d{1,6})?(?!\d)"
    r"(?: ?(?:Z|(?:UTC|GMT)?[+-]\d\d:?\d\d))?"
)
_BETWEEN = r"\D{0,24}"
_NAME = r"(?:<[^<>]{1,64}>|[^:;\t]{1,64}(?:[:;\t]| [-–—] ))"
_THEN_A_NAME = rf"[^\d\]\t:;]{{0,16}}[\])>】〕」:;,\t \-–—] ?[\-–—]? ?{_NAME}"
_HEADER = re.compile(
    rf"[\[(<【〔「]?(?:(?:{_NUMBERS}|{_MONTH_SECOND}|{_MONTH_FIRST}){_BETWEEN}{_CLOCK}"
    rf"|{_CLOCK}{_BETWEEN}{_NUMBERS}){_THEN_A_NAME}"
)
_TABBED = re.compile(rf"(?:{_WORD} ?)?{_CLOCK}(?: ?{_WORD})?\t[^\t]{{1,64}}\t")  # LINE


def is_header_like(line: str) -> bool:
    """Whether a line looks like the beginning of a message: a date, a time, a name.

    The date may be in numbers of any order or name its month, and the time may come first.
    """
    if not _EARLY_DIGIT.match(line):
        return False
    head = unicodedata.normalize("NFKC", _INVISIBLE.sub("", line[:_LOOKED_AT]))
    found = _HEADER.match(head)
    if found is None:
        return _TABBED.match(head) is not None
    month = found["second"] or found["first"]
    return month is None or month_named(month) is not None


def count_if_header(line: str, source: str, number: int, report: ImportReport) -> None:
    """Count a continuation line if it looks like the first line of a message."""
    if is_header_like(line):
        count_header(f"{source}:{number}", report)


def count_header(source: str, report: ImportReport, times: int = 1) -> None:
    """Count lines that look like first lines of messages; `source` locates the first."""
    report.repairs[JOINED] += times
    report.examples.setdefault(JOINED, source)


def note_suspicious_lines(report: ImportReport) -> None:
    """Add a note about the counted lines to the summary, once all files are read."""
    count = report.repairs.pop(JOINED, 0)
    first = report.examples.pop(JOINED, "")
    if count:
        lines = "line that was" if count == 1 else "lines that were"
        looks = "looks" if count == 1 else "look"
        report.note(
            f"{count:,} {lines} joined to the message above {looks} like the first line of a "
            f"message (first: {first}). If they are not part of chats that people pasted, give "
            "the right --format, or report how such a line begins."
        )
