"""Tables whose rows are JSON objects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chatmimic.importers.columns.roles import Roles, roles_by_name

Row = Sequence[str] | Mapping[str, Any]


def looks_json(text: str) -> bool:
    """Whether the first object, in JSON lines or an array, has a sender and a text."""
    start = text.lstrip("\ufeff \t\r\n[")
    try:
        first, _ = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and roles_of(first).complete


def roles_of(first: Mapping[str, Any]) -> Roles:
    """The roles of an object's members, by their names."""
    return roles_by_name(list(first), by_place=False)
