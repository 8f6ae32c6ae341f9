"""The HTML classes of a page: what its text is, and what is attached to a message.

Names of today, of 2019, and of programs that write like DiscordChatExporter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache


class Place(Enum):
    """What the text at the current position is."""

    PAGE = auto()  # outside of every message
    MESSAGE = auto()
    AUTHOR = auto()
    TIME = auto()
    LOOSE = auto()  # the frame of what was said, laid out by the page's source
    TEXT = auto()  # what was said, every space its own
    FORWARDED = auto()  # the frame of what was passed on
    PASSED_ON = auto()
    EVENT = auto()  # what Discord itself says
    REPLY = auto()  # what is answered
    TITLE = auto()  # of the page
    ENTRY = auto()  # a line of the page's top or bottom
    NOTHING = auto()  # names of files, link previews, reactions, "(edited)"


_PLACES = {
    "chatlog__author": Place.AUTHOR, "chatlog__author-name": Place.AUTHOR,
    "chatlog__system-notification-author": Place.AUTHOR, "chatlog__timestamp": Place.TIME,
    "chatlog__short-timestamp": Place.TIME, "chatlog__content": Place.LOOSE,
    "chatlog__system-notification-timestamp": Place.TIME,
    "chatlog__system-notification-content": Place.EVENT,
    "chatlog__forwarded-header": Place.NOTHING, "chatlog__forwarded-timestamp": Place.NOTHING,
    "chatlog__markdown-preserve": Place.TEXT, "preserve-whitespace": Place.TEXT,
    "info__guild-name": Place.ENTRY, "info__channel-name": Place.ENTRY,
    "preamble__entry": Place.ENTRY, "postamble__entry": Place.ENTRY,
}  # fmt: skip
# Beginnings of class names; what is named more exactly stands above.
_KINDS = (
    ("chatlog__reply", Place.REPLY), ("chatlog__reference", Place.REPLY),
    ("chatlog__followup", Place.REPLY), ("chatlog__forwarded", Place.FORWARDED),
    ("chatlog__embed", Place.NOTHING), ("chatlog__attachment", Place.NOTHING),
    ("chatlog__sticker", Place.NOTHING), ("chatlog__reaction", Place.NOTHING),
    ("chatlog__edited", Place.NOTHING), ("chatlog__bot-", Place.NOTHING),
    ("chatlog__author-tag", Place.NOTHING), ("chatlog__component", Place.NOTHING),
)  # fmt: skip
_WITHIN = {Place.NOTHING: Place.NOTHING, Place.FORWARDED: Place.PASSED_ON}
_MEDIA = ("chatlog__embed", "chatlog__attachment", "chatlog__sticker")
_BOT = ("chatlog__author-tag", "chatlog__bot-tag", "chatlog__bot-label")
_EVENTS = ("chatlog__system-notification", "chatlog__pin", "chatlog__thread")


@dataclass(frozen=True, slots=True)
class Classes:
    """The meaning of an element's classes."""

    places: tuple[Place, ...]
    media: bool
    event: bool
    forwarded: bool
    bot: bool
    group: bool
    old_text: bool  # of a span: text, in 2019


@lru_cache(maxsize=1024)
def classes_of(written: str) -> Classes:
    """Interpret a class attribute."""
    names = written.split()
    places = (
        _PLACES.get(n) or next((p for k, p in _KINDS if n.startswith(k)), None) for n in names
    )
    return Classes(
        tuple(place for place in places if place is not None),
        any(name.startswith(_MEDIA) for name in names),
        any(name.startswith(_EVENTS) for name in names),
        any(name.startswith("chatlog__forwarded") for name in names),
        any(name in _BOT for name in names),
        "chatlog__message-group" in names,
        "markdown" in names,
    )


def placed(places: tuple[Place, ...], around: Place) -> Place:
    """The place that the classes name, else the surrounding one."""
    if around is Place.NOTHING or around is Place.REPLY:
        return around
    for place in places:
        found = place
        if around is Place.TEXT or around is Place.PASSED_ON:
            # Only what Discord adds is told apart from what was said.
            found = _WITHIN.get(place, around)
        elif place is Place.TEXT and around is Place.FORWARDED:
            found = Place.PASSED_ON
        if found is not around:
            return found
    return around
