"""Reads `export.json` of a room in two passes: relations, then messages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.matrix.events import (
    Event,
    answered,
    content_of,
    is_edit,
    is_undecryptable,
    kind_and_text,
    relates_to,
)
from chatmimic.importers.matrix.relations import About, Relation, Relations
from chatmimic.importers.parsing.dates.times import as_milliseconds
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.parsing.json_values import as_dict
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.records import Message, Reaction

_KEPT = ("msgtype", "body", "filename")  # of the new content of an edit


def read_room(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of the file. Raises ExportError."""
    with closing(Relations()) as relations:
        room = _Room(member, context, relations)
        # What is wrong with the file is told by the second reading.
        for event, _ in _events(member, context, ahead=True):
            room.learn(event)
        relations.sort()
        for event, items in _events(member, context):
            message = room.message(event, items)
            if message is not None:
                yield message


def _events(
    member: Member, context: Context, ahead: bool = False
) -> Iterator[tuple[Event, JsonStream]]:
    allow = context.options.allow_truncated
    report = ImportReport() if ahead else context.report
    with (context.ahead if ahead else context.open)(member) as stream:
        items = JsonStream(stream, member.label, "messages", report, allow)
        for item in items:
            yield as_dict(item), items


class _Room:
    """The members of a room, and how its events are read."""

    def __init__(self, member: Member, context: Context, relations: Relations) -> None:
        self._file = member.name
        self._base = member.base
        self._report = context.report
        self._relations = relations
        self._names: dict[str, str] = {}
        self._notices: Counter[str] = Counter()  # by sender: its notices less its other texts
        self._edited: set[int] = set()  # the events met that have edits

    # --- the first reading ---

    def learn(self, event: Event) -> None:
        """First pass: record relations and the last name of each member."""
        content, type_ = content_of(event), event.get("type")
        if type_ == "m.room.member":
            self._learn_name(event, content)
        elif type_ == "m.room.redaction":
            target = text_of(event.get("redacts")) or text_of(content.get("redacts"))
            self._add(target, About.REDACTION, event, "")
        elif type_ == "m.reaction":
            about = relates_to(event)
            self._add(
                text_of(about.get("event_id")), About.REACTION, event, text_of(about.get("key"))
            )
        elif is_edit(event):
            new = as_dict(content.get("m.new_content"))
            about = relates_to(event)
            words = {name: text_of(new.get(name)) for name in _KEPT if name in new}
            self._add(text_of(about.get("event_id")), About.EDIT, event, json.dumps(words))
        elif type_ == "m.room.message":
            notice = content.get("msgtype") == "m.notice"
            self._notices[text_of(event.get("sender"))] += 1 if notice else -1

    def _learn_name(self, event: Event, content: Event) -> None:
        before = as_dict(as_dict(event.get("unsigned")).get("prev_content"))
        name = text_of(content.get("displayname")) or text_of(before.get("displayname"))
        if name.strip():
            self._names[text_of(event.get("state_key"))] = name

    def _add(self, target: str, what: About, event: Event, body: str) -> None:
        if target:
            sender = text_of(event.get("sender"))
            self._relations.add(
                target, Relation(what, text_of(event.get("event_id")), sender, body)
            )

    # --- the second ---

    def message(self, event: Event, items: JsonStream) -> Message | None:
        """Convert an event; None (and counted) if it is not a message itself."""
        source = f"{self._file}:{items.record}"
        if event.get("type") == "m.reaction":
            self._report.leave_out("reaction", source)
        elif is_undecryptable(event):
            self._report.leave_out("undecryptable", source)
        elif is_edit(event) and not self._stands_alone(event):
            self._report.leave_out("edit", source)
        else:
            return self._of_event(event, items.beside, source)
        return None

    def _stands_alone(self, edit: Event) -> bool:
        """Whether the export has only this edit of a message, the last one."""
        target = text_of(relates_to(edit).get("event_id"))
        if hash(target) in self._edited:
            return False
        edits = [one.id for one in self._relations.of(target) if one.what == About.EDIT]
        return edits[-1:] == [text_of(edit.get("event_id"))]

    def _of_event(self, event: Event, beside: Mapping[str, Any], source: str) -> Message:
        sender = text_of(event.get("sender"))
        id_, content = text_of(event.get("event_id")), content_of(event)
        if is_edit(event):
            id_ = text_of(relates_to(event).get("event_id"))
            content = as_dict(content.get("m.new_content"))
        related = self._relations.of(id_)
        edits = [one for one in related if one.what == About.EDIT]
        if edits:
            self._edited.add(hash(id_))
        own = [one.body for one in edits if one.sender == sender]
        if own and content:
            content = as_dict(json.loads(own[-1]))
        gone = any(one.what == About.REDACTION for one in related)
        kind, text = kind_and_text(event, {} if gone else content)
        title = text_of(beside.get("room_name"))
        thread = text_of(event.get("room_id")) or title or self._base
        return Message(
            self._name(sender),
            text,
            as_milliseconds(event.get("origin_server_ts"), self._report),
            kind,
            "matrix",
            thread,
            title or thread,
            sender,
            id_,
            answered(event) if kind.has_words else "",
            tuple(self._reactions(related)),
            self._notices[sender] > 0,
            source,
        )

    def _name(self, sender: str) -> str:
        return self._names.get(sender) or sender

    def _reactions(self, related: list[Relation]) -> Iterator[Reaction]:
        for one in related:
            if one.what == About.REACTION:
                yield Reaction(one.body, self._name(one.sender))
