"""Detecting which column of a table is the sender, the text, the time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

from chatmimic.errors import ExportError
from chatmimic.importers.parsing.dates.times import clock_of, date_in, parse_iso

# Common column names, the most likely first. Compared without case, "_", "-" and spaces.
NAMES: dict[str, tuple[str, ...]] = {
    "sender": (
        "sender", "speaker", "author", "sender_name", "sendername", "from", "nick", "nickname",
        "username", "user_name", "display_name", "user", "name", "who", "person", "participant",
        "from_name",
    ),
    "text": ("text", "message", "content", "contents", "body", "msg", "utterance", "message_text"),
    "time": (
        "sent_at", "timestamp", "time", "datetime", "date_time", "timestamp_ms", "created_at",
        "sent", "ts", "when", "created", "date", "date_sent",
    ),
    "thread": (
        "thread", "thread_id", "channel", "conversation", "conversation_id", "document", "room",
        "chat", "chat_id", "dialogue", "dialog", "dialogue_id", "dialog_id", "group", "session",
        "thread_name", "channel_id", "channel_name",
    ),
    "id": ("message_id", "id"),
    "reply_to": ("reply_to", "in_reply_to", "reply_to_message_id"),
    "sender_key": ("sender_id", "author_id", "user_id", "sender_key"),
    "kind": ("kind",),
}  # fmt: skip
ROLES = tuple(NAMES)  # the first two are required
_WAY_ON = "Name them: --columns sender=…,text=…,time=…,thread=…."

Column = int | str  # by index in a row, or by name in an object


@dataclass(frozen=True)
class Roles:
    """The column of each role; `day` is a date column that a column of clock times goes with."""

    column: Mapping[str, Column]
    day: Column | None = None

    @property
    def complete(self) -> bool:
        """Whether sender and text are known."""
        return "sender" in self.column and "text" in self.column

    def without(self, role: str) -> Roles:
        """The same, with no column for one role."""
        return Roles({r: c for r, c in self.column.items() if r != role}, self.day)

    def texts(self, row: Any) -> tuple[str, ...] | None:
        """The cells of all ROLES, in order; None for a row without sender or text."""
        columns, pick, spread = self._ways
        try:
            cells = pick(row)
        except (KeyError, IndexError, TypeError):
            cells = tuple(_cell(row, column) for column in columns)
        if cells[0] is None or cells[1] is None:
            return None
        read = [cell if type(cell) is str else _as_text(cell) for cell in cells]
        read.append("")  # for roles without a column
        return spread(read)

    @cached_property
    def _ways(self) -> tuple[tuple[Column, ...], Callable[..., Any], Callable[..., Any]]:
        """The columns there are, how to take them out of a row, and to lay them out as ROLES."""
        there = [role for role in ROLES if role in self.column]
        columns = tuple(self.column[role] for role in there)
        places = [there.index(role) if role in there else -1 for role in ROLES]
        return columns, itemgetter(*columns), itemgetter(*places)

    def text_of(self, row: Any, role: str) -> str:
        """The cell of a role as text; "" if the table has no such column."""
        column = self.column.get(role)
        if column is None:
            return ""
        text = _as_text(_cell(row, column))
        if role == "time" and self.day is not None:
            return f"{_as_text(_cell(row, self.day))} {text}".strip()
        return text


def _cell(row: Any, column: Column) -> Any:
    if isinstance(column, int):
        return row[column] if isinstance(row, list | tuple) and column < len(row) else None
    return row.get(column) if isinstance(row, dict) else None


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if value is None:
        return ""
    if isinstance(value, dict):  # {"author": {"name": "Ada"}}
        inner = (value.get(name) for name in ("display_name", "name", "username", "text"))
        return next((text for text in inner if isinstance(text, str)), "")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, bool) else json.dumps(value)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def roles_by_name(names: Sequence[str], by_place: bool = True) -> Roles:
    """The roles of columns, by the names in a header."""
    places = {_plain(name): place for place, name in reversed(list(enumerate(names)))}
    found: dict[str, Column] = {}
    taken: set[int] = set()
    for role, known in NAMES.items():
        for name in known:
            place = places.get(_plain(name))
            if place is not None and place not in taken:
                found[role] = place if by_place else names[place]
                taken.add(place)
                break
    return Roles(found, _day_column(names, places, found, by_place))


def _day_column(
    names: Sequence[str], places: Mapping[str, int], found: Mapping[str, Column], by_place: bool
) -> Column | None:
    """The "date" column that belongs to a "time" column."""
    if "date" not in places or "time" not in places or found.get("time") not in (
        places["time"], names[places["time"]],
    ):  # fmt: skip
        return None
    return places["date"] if by_place else names[places["date"]]


def roles_by_option(
    wanted: Mapping[str, str], names: Sequence[str], label: str, by_place: bool = True
) -> Roles:
    """The roles a user named, by column name or 1-based number. Raises ExportError."""
    unknown = sorted(set(wanted) - set(ROLES))
    if unknown:
        raise ExportError(f'--columns knows no "{unknown[0]}".', f"It takes {', '.join(ROLES)}.")
    column = {role: _column(name, names, label, by_place) for role, name in wanted.items()}
    rest = roles_by_name(names, by_place).column if names else {}
    free = {role: place for role, place in rest.items() if place not in column.values()}
    roles = Roles({**free, **column})
    if not roles.complete:
        raise no_roles(label)
    return roles


def no_roles(label: str) -> ExportError:
    """The error for a table whose sender and text columns are unknown."""
    return ExportError(f"The sender and text columns of {label} are unknown.", _WAY_ON)


def _column(wanted: str, names: Sequence[str], label: str, by_place: bool) -> Column:
    if not by_place and wanted in names:
        return wanted
    if wanted in names:
        return names.index(wanted)
    alike = [place for place, name in enumerate(names) if _plain(name) == _plain(wanted)]
    if len(alike) == 1 and _plain(wanted):
        return alike[0] if by_place else names[alike[0]]
    if by_place and wanted.isascii() and wanted.isdigit() and int(wanted) > 0 and len(wanted) < 5:
        return int(wanted) - 1
    known = ", ".join(f'"{name}"' for name in names[:20]) or "no named columns"
    raise ExportError(f'{label} has no column "{wanted}"; it has {known}.', _WAY_ON)


SNIFFED = Roles({"thread": 0, "time": 1, "sender": 2, "text": 3})
_SURE = 0.8  # share of the examined rows


def sniffed_roles(rows: Sequence[Sequence[str]]) -> Roles | None:
    """The roles of a table without a header, if its rows are (thread, time, sender, text).

    Times must be ISO 8601, or times of day in threads named by their date.
    """
    if not rows or any(len(row) != 4 for row in rows):
        return None
    times = sum(
        parse_iso(row[1]) is not None
        or (clock_of(row[1]) is not None and date_in(row[0]) is not None)
        for row in rows
    )
    return SNIFFED if times >= _SURE * len(rows) else None
