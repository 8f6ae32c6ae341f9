"""Gets channel, day and, for some clients, UTC offset from the path of a log."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import unquote

from chatmimic.importers.irc.timestamps import MONTHS
from chatmimic.importers.parsing.dates.times import date_in, without_date

_SUFFIX = re.compile(r"(\.(log|txt|raw|irclog|weechatlog|html?|gz|bz2|xz))+$", re.IGNORECASE)
_CHANNEL = re.compile(r"#+[^\s/#]*[^\s/#.]")
_EGGDROP_DATE = re.compile(r"(?:^|[.\-_])(\d\d)([A-Z][a-z][a-z])((?:19|20)\d\d)$")
# Pidgin: 2005-07-02.162211-0400EDT.txt
_ZONE = re.compile(r"\.\d{6}([+-]\d{4})\w{0,8}\.(?:txt|html?)(?:\.(?:gz|bz2|xz))?$")


def day_of(where: str) -> date | None:
    """The day in a path: `2004/07/05/#ubuntu.txt`, `2004-07-05.log`, `#chan.05Jul2004`."""
    near = "/".join(_parts(where)[-4:])
    found = date_in(near)
    if found is not None:
        return date(*found)
    eggdrop = _EGGDROP_DATE.search(_SUFFIX.sub("", near))
    if eggdrop and eggdrop[2] in MONTHS:
        try:
            return date(int(eggdrop[3]), MONTHS[eggdrop[2]], int(eggdrop[1]))
        except ValueError:
            return None
    return None


def zone_of(where: str) -> str:
    """The UTC offset in the name of a Pidgin log, such as "-0400"; "" for other names."""
    found = _ZONE.search(where)
    return found[1] if found else ""


def channel_of(where: str) -> str:
    """The channel in a path: its `#name`, or else the name of the file or its folder."""
    parts = [unquote(part) for part in _parts(where)]
    for part in reversed(parts[-3:]):
        found = _CHANNEL.search(_without_suffix(part))
        if found:
            return found.group()
    for part in reversed(parts):
        name = _without_suffix(part)
        if name and not name.isdigit():
            return name
    return "irc"


def _parts(where: str) -> list[str]:
    """The parts of a path, ten times as fast as `PurePosixPath`: there may be many logs."""
    return [part for part in where.split("/") if part not in ("", ".")]


def _without_suffix(part: str) -> str:
    """A part of a path without date and suffixes: `#chan.log.05Jul2004`."""
    dated = _EGGDROP_DATE.search(part)
    named = part[: dated.start()] if dated and dated[2] in MONTHS else part
    return _SUFFIX.sub("", without_date(_SUFFIX.sub("", named)))
