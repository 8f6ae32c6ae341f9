"""Whose export it is, where a service does not name them."""

from __future__ import annotations

from chatmimic.importers.report import ImportReport

OWNER = "Me"  # also what signal-export calls you, so that the services' owners are one person
_NOTE = (
    f'Your own messages are signed "{OWNER}", for the export does not say your name; '
    f'chatmimic people merge "YOUR NAME" {OWNER} joins them to your name elsewhere.'
)


def note_owner(report: ImportReport) -> None:
    """Say how the owner's messages are signed, and how to join them to the owner's name."""
    report.note(_NOTE)
