"""Removes what the client adds to messages: file names, link previews, counts."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from chatmimic.importers.report import ImportReport

_FILE = re.compile(r"\S.{0,120}\.[A-Za-z0-9]{1,8}")
_SIZE = re.compile(r"\d{1,4}(?:[.,]\d{1,2})? (?:bytes|[KMG]B)")
_HOST = re.compile(r"https?://(?:www\.)?([^\s/:]{1,200})")
_COUNT = re.compile(r"\d{1,3}")
_IMAGES = {"Image", "Attachment file type: unknown", "GIF"}
_ATTACHMENT = "Attachment file type: "
_EXPAND = "Expand"
_EDITED = "(edited)"
_PREVIEW = 2  # lines below the name of a site
_REMEMBERED = 60  # messages of one person that a preview may quote
_PREFIX = 30  # characters of a quoted message that show which it is
_MOST_NAMES = 10_000


@dataclass(slots=True)
class Cleaned:
    """The text of a message, and what was removed."""

    text: str
    media: bool


def clean(lines: Sequence[str], report: ImportReport) -> Cleaned:
    """Remove what the client adds to the lines of a message, and count it."""
    kept: list[str] = []
    media, at = False, 0
    while at < len(lines):
        line = lines[at].strip()
        below = lines[at + 1].strip() if at + 1 < len(lines) else ""
        if _FILE.fullmatch(line) and _SIZE.fullmatch(below):
            media, at = True, at + 2
            report.repairs["lines of the client"] += 2
            continue
        at += 1
        if line in _IMAGES or line.startswith(_ATTACHMENT) or line == _EXPAND:
            media = media or line != _EXPAND
            report.repairs["lines of the client"] += 1
        elif _is_preview(line, kept):
            end = _preview_end(lines, at)
            report.repairs["lines of the client"] += end - at + 1
            at = end
        else:
            kept.append(_unedited(lines[at - 1], report))
    return Cleaned(_without_counts(kept, report), media)


def _unedited(line: str, report: ImportReport) -> str:
    if not line.endswith(_EDITED):
        return line
    report.repairs["edit marks"] += 1
    return line.removesuffix(_EDITED).rstrip()


def _is_preview(line: str, above: Sequence[str]) -> bool:
    """Whether a line is the name of the site linked on the line above."""
    host = _HOST.search(above[-1]) if above else None
    plain = "".join(c for c in line.casefold() if c.isalnum())
    parts = host[1].casefold().split(".") if host else []
    return len(plain) > 1 and any(plain == part.replace("-", "") for part in parts[:-1])


def _preview_end(lines: Sequence[str], at: int) -> int:
    """The end of a link preview: a site name, then an author and a title, or a title.

    Titles begin with a capital; so may own words, but seldom the second line below.
    """
    end = at
    while end < min(len(lines), at + _PREVIEW) and _is_title(lines[end].strip()):
        end += 1
    return end


def _is_title(line: str) -> bool:
    first = next((c for c in line if c.isalnum()), "")
    is_own = first.islower() or line[-1:] == "?" or _HOST.match(line) or line in _IMAGES
    return bool(line) and not is_own


def _without_counts(kept: list[str], report: ImportReport) -> str:
    """Remove reaction counts below a text."""
    while kept and not kept[-1].strip():
        kept.pop()
    end = len(kept)
    while end > 1 and _COUNT.fullmatch(kept[end - 1].strip()):
        end -= 1
        report.repairs["lines of the client"] += 1
    return "\n".join(kept[:end]).strip("\n")


@dataclass
class RecentMessages:
    """The latest messages by name: replies are preceded by a preview of one."""

    _recent: dict[str, deque[str]] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """Add the beginning of a message."""
        if len(self._recent) < _MOST_NAMES or name in self._recent:
            last = self._recent.setdefault(name, deque(maxlen=_REMEMBERED))
            last.append(" ".join(text.split())[:_PREFIX])

    def is_preview(self, line: str) -> bool:
        """Whether a line is "@name" and the beginning of a message of that person."""
        if not line.startswith("@"):
            return False
        words = line[1:].split(" ")
        for count in range(1, min(len(words), 5)):
            name, quoted = " ".join(words[:count]), " ".join(words[count:])
            start = " ".join(quoted.split())[:_PREFIX].rstrip("… ")
            if start and any(recent.startswith(start) for recent in self._recent.get(name, ())):
                return True
        return False
