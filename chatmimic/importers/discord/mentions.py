"""Discord's markup in raw texts (`<@17>`, `<:wave:5>`), made readable."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chatmimic.importers.report import ImportReport

_RAW = re.compile(
    r"<(?:(@!?|@&|#)(\d{1,32})|(a?):(\w{1,64}):\d{1,32}"
    r"|t:(-?\d{1,20})(?::\w)?|/([^:<>]{1,200}):\d{1,32})>"
)


def readable(
    content: str,
    people: Mapping[str, str],
    report: ImportReport,
    channels: Mapping[str, str] | None = None,
) -> str:
    """The text as Discord shows it; `people` and `channels` map ids to names."""
    if "<" not in content or not _RAW.search(content):
        return content
    report.repairs["raw mentions"] += 1
    return _RAW.sub(lambda found: _written_out(found, people, channels or {}), content)


def _written_out(
    found: re.Match[str], people: Mapping[str, str], channels: Mapping[str, str]
) -> str:
    mark, key, _, emoji, stamp, command = found.groups()
    if mark in ("@", "@!"):
        return f"@{people.get(key) or 'Unknown'}"
    if mark == "@&":
        return "@deleted-role"
    if mark == "#":
        return f"#{channels.get(key) or 'deleted-channel'}"
    if emoji:
        return f":{emoji}:"
    return f"/{command}" if command else found.group() if stamp is None else f"<t:{stamp}>"
