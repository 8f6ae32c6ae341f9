"""The owner of an archive of X, from `account.js` and `manifest.js`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.parsing.json_values import as_dict
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.importers.twitter.scripts import Assigned, part_of

_MANIFEST = "__THAR_CONFIG"


def is_about(text: str) -> bool:
    """Whether a script names the owner of the archive."""
    return part_of(text) in ("account", _MANIFEST)


@dataclass
class Owner:
    """The owner's account; "" for what is unknown."""

    id: str = ""
    name: str = ""

    @classmethod
    def of(cls, members: Iterable[Member], context: Context) -> Owner:
        """Read the owner from these files; damaged ones are skipped."""
        owner = cls()
        for record in (one for member in members for one in _records(member, context)):
            owner.id = owner.id or text_of(record.get("accountId")).strip()
            names = ("accountDisplayName", "displayName", "username", "userName")
            shown = (text_of(record.get(name)).strip() for name in names)
            owner.name = owner.name or next(filter(None, shown), "")
        return owner


def _records(member: Member, context: Context) -> Iterator[Mapping[str, Any]]:
    manifest = part_of(context.source.head(member).decode("utf-8", "replace")) == _MANIFEST
    with context.open(member) as stream:
        array = "" if manifest else None
        items = JsonStream(Assigned(stream), member.label, array, ImportReport(), True)
        for item in items:
            yield as_dict(as_dict(item).get("account"))
        yield as_dict(items.beside.get("userInfo"))
