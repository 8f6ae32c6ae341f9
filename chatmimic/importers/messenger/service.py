"""Detects whether a thread is Facebook's or Instagram's: their files look the same."""

from __future__ import annotations

import re

from chatmimic.importers.report import ImportReport

MESSENGER, INSTAGRAM = "messenger", "instagram"

_PLACES = {
    INSTAGRAM: re.compile(r"your_instagram_activity|(?:^|/)instagram-[^/]+-\d{4}-\d\d-\d\d"),
    MESSENGER: re.compile(
        r"your_facebook_activity|your_activity_across_facebook|(?:^|/)facebook-[^/]+-\d{4}-\d\d-\d\d"
    ),
}
# What only one of them writes into a thread.
_SIGNS = {
    INSTAGRAM: re.compile(r'your_instagram_activity|"Instagram User"|"Liked a message"'),
    MESSENGER: re.compile(
        r"your_facebook_activity|your_activity_across_facebook|stickers_used|\"thread_type\""
        r'|"Facebook [Uu]ser"|"type"\s*:\s*"(?:Generic|Share|Call|Subscribe|Unsubscribe)"'
    ),
}


def service_of_place(where: str) -> str:
    """The service that a path names; "" if none or both."""
    named = [service for service, place in _PLACES.items() if place.search(where)]
    return named[0] if len(named) == 1 else ""


def services_in(text: str) -> set[str]:
    """The services that the beginning or end of a file points to."""
    return {service for service, services in _SIGNS.items() if services.search(text)}


def resolved_service(services: set[str], label: str, report: ImportReport) -> str:
    """The service of files whose path does not name it; a guess adds a note."""
    if services == {MESSENGER}:
        return MESSENGER
    if services == {INSTAGRAM}:
        report.note(
            f"{label} is not in an Instagram folder, but looks like Instagram's and was read as "
            "such; use --format messenger to read it as Facebook's."
        )
        return INSTAGRAM
    report.note(
        f"{label} may be from Facebook or Instagram, and was read as Facebook's; use --format "
        "instagram to read it as Instagram's."
    )
    return MESSENGER
