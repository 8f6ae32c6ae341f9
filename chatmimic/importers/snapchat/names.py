"""The names in Snapchat's export: the owner in `account.json`, others in `friends.json`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.json_stream.arrays import JsonArrays
from chatmimic.importers.parsing.json_values import as_dict
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.streams import Member

_ACCOUNT = re.compile(r'\s*\{\s*"Basic Information"\s*:\s*\{')
_FRIENDS = re.compile(r'\s*\{\s*"Friends"\s*:\s*\[')


def is_about(text: str) -> bool:
    """Whether a file has names rather than messages."""
    text = text.lstrip("\ufeff")
    return _ACCOUNT.match(text) is not None or _FRIENDS.match(text) is not None


@dataclass
class Names:
    """Display names by user name."""

    owner: str = ""  # whose export it is, by the user name; "" where that is not said
    shown: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, members: Iterable[Member], context: Context) -> Names:
        """Read the names in these files. Raises DamagedExport."""
        names = cls()
        for member in members:
            with context.open(member) as stream:
                allow = context.options.allow_truncated
                rows = JsonArrays(stream, member.label, context.report, allow)
                for row in rows:
                    names.learn(as_dict(row), "Display Name")
            own = as_dict(rows.beside.get("Basic Information"))
            if own:
                names.owner = text_of(own.get("Username")).strip() or names.owner
                names.learn(own, "Name")
        return names

    def learn(self, record: Mapping[str, Any], role: str) -> None:
        """Add the display name in a record."""
        user, name = text_of(record.get("Username")).strip(), text_of(record.get(role)).strip()
        if user and name:
            self.shown.setdefault(user, name)

    def of_user(self, user: str) -> str:
        """The display name, or else the user name."""
        return self.shown.get(user, user)
