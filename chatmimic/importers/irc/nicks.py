"""Normalises nicks and recognises bots and services."""

from __future__ import annotations

import re
from functools import lru_cache

from chatmimic.importers.irc.passwords import HIDDEN, without_passwords

# "ada_", "ada|away", "ada-afk": the same person on a second connection, or out.
_DECORATION = re.compile(
    r"(?:[_`^]{1,64}|\|.*|[-_](?:away|afk|work|home|zzz|brb)|\[.+\])$", re.IGNORECASE
)
BOTS = frozenset(
    (
        "ubottu", "ubotu", "ubot3", "ubot5", "supybot", "meetingology", "evalable", "chanserv",
        "nickserv", "memoserv", "statusbot", "limnoria", "botbot", "kompewter", "authserv",
        "botserv", "operserv", "hostserv",
    )
)  # fmt: skip
# Nicks that clients and servers hand out: whoever bears one is nobody in particular.
_ANYBODY = re.compile(
    r"(?i)(?:guest|user|unknown|anonymous|mib_|webchat|ubuntu|root|nobody).{0,20}"
)

# What is said to a service itself: there nobody says anything else that begins so.
_TO_SERVICE = re.compile(
    r"(?i)((?:s?identify|ident|id|register|auth|login|set {1,3}password|hello|pass"
    r"|(?:ghost|recover|release|regain|group) +\S{1,64})) +\S.*",
    re.DOTALL,
)
_SERVICES = {"nickserv", "q", "authserv", "userserv", "x", "q@cserve.quakenet.org", "*nickserv"}


@lru_cache(maxsize=65_536)
def plain_nick(nick: str) -> str:
    """The nick in lower case, without suffixes for "away" or "second connection"."""
    plain = _DECORATION.sub("", nick)
    return (plain if len(plain) > 1 else nick).casefold()


def is_bot(nick: str) -> bool:
    """Whether a nick is a widespread bot."""
    return nick.casefold() in BOTS


def is_anybodys(nick: str) -> bool:
    """Whether a nick is a default of a server or client."""
    return _ANYBODY.fullmatch(nick) is not None


def is_service(thread: str) -> bool:
    """Whether a log is a conversation with a service that receives passwords."""
    return thread.casefold() in _SERVICES


def without_password(text: str, thread: str) -> str:
    """The text without passwords for NickServ or another service."""
    safe = without_passwords(text)
    if safe == text and is_service(thread) and (found := _TO_SERVICE.match(text)):
        return f"{found[1]} {HIDDEN}"
    return safe
