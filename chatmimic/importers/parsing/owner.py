"""The owner of an export, where the service does not name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from chatmimic.importers.report import ImportReport
from chatmimic.lookup import fold
from chatmimic.records import OWNER as OWNER
from chatmimic.records import Message

_NOTE = (
    f'Your own messages are signed "{OWNER}", because the export lacks your name; chatmimic '
    f'people merge "YOUR NAME" {OWNER} merges them with your name elsewhere. For another '
    "person's export, give --owner NAME."
)


def note_owner(report: ImportReport) -> None:
    """Note how the owner's messages are signed, and how to merge them with the owner's name."""
    report.note(_NOTE)
    report.owner = report.owner or OWNER


def with_owner(messages: Iterable[Message], owner: str, report: ImportReport) -> Iterator[Message]:
    """Sign the owner's messages, which have no name, with the owner's name.

    Where they are signed with that name, the report learns that it is the owner's.

    The key tells the owners of two exports apart; the archive knows a message again whoever that
    was said to be.
    """
    known = {OWNER: True}
    for message in messages:
        if message.sender not in known:
            known[message.sender] = fold(message.sender) == fold(owner)
        if known[message.sender]:
            report.owner = owner if message.sender == OWNER else message.sender
        if any(reaction.sender == OWNER for reaction in message.reactions):
            named = tuple(
                replace(one, sender=owner) if one.sender == OWNER else one
                for one in message.reactions
            )
            message = replace(message, reactions=named)
        if message.sender == OWNER:
            key = message.sender_key
            key = f"{OWNER}/{owner}" if key in ("", OWNER) else key
            message = replace(message, sender=owner, sender_key=key)
        yield message
    if _NOTE in report.notes:
        report.notes.remove(_NOTE)
