"""Telling Messenger's own sentences from people's words.

Old exports mark them with a type. Newer ones write "Ada sent an attachment." as if Ada had
typed it, in the language of the account. English sentences are known here one by one; sentences
of other languages show themselves by being repeated word for word around a name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chatmimic.importers.parsing.repair import repaired
from chatmimic.records import Kind, Message

_N = r"\S.{0,59}? "  # the actor: a first name, a full name or a nickname
_THING = (
    r"(?:an? |\d+ )?(?:attachments?|photos?|videos?|GIFs?|stickers?|voice messages?|links?|files?"
    r"|live location|location|posts?|reels?|story|stories)"
)
_TALK = r"(?:(?:audio|video|group) )*(?:call|chat)"
_TALK_FIRST = r"(?:Audio|Video|Group) (?:audio |video )?(?:call|chat)"
_SENTENCES: dict[Kind, tuple[str, ...]] = {
    Kind.MEDIA: (
        _N + rf"(?:sent|shared) {_THING}\.",
        r"Click for (?:audio|video)",
    ),
    Kind.CALL: (
        rf"The {_TALK} (?:has )?ended\.?",
        rf"{_TALK_FIRST} ended\.?",
        _N + rf"missed (?:your|an?) {_TALK}(?: (?:from|with) .{{1,60}})?\.",
        r"(?:Missed )?(?:audio|video) call",
    ),
    Kind.DELETED: (_N + r"unsent a message\.?",),
    Kind.SYSTEM: (
        _N + r"named the group .{1,200}\.",
        _N + r"(?:changed|removed|set) the (?:group|chat) (?:photo|theme|name|emoji|colou?rs?)\b.*",
        _N + r"(?:changed|set) the (?:theme|quick reaction|emoji|chat theme|colou?rs?) to .*",
        _N + r"(?:set|cleared|changed) (?:the|his|her|their|your)(?: own)? nickname\b.*",
        _N + r"added .{1,400} to the group\.",
        _N + r"removed .{1,200} from the group\.",
        _N + r"(?:left|created|joined) the group\.",
        _N + r"made .{1,120} an? (?:group )?admin\.",
        rf"(?:Liked|{_N}liked) a message\.?",
        r"Reacted .{1,24} to your message ?",
        _N + r"reacted .{1,24} to (?:your|a|his|her|their own) message ?",
        _N + r"(?:un)?pinned a message\.",
        r"You are now connected on Messenger\.?",
        r"Say hi to your new Facebook friend,? .{1,80}\.",
        r"You can now (?:message|call) each other\b.*",
        _N + r"created a poll: .*",
        _N + r"(?:voted for|changed (?:his|her|their|your) vote to) .*",
        r"This poll is no longer available\.",
        _N + r"turned (?:on|off) (?:disappearing messages|vanish mode)\b.*",
        r"(?:\S.{0,59}? )?[Ww]ord effects?\b.{0,80}",
    ),
}
_KNOWN = [
    (kind, re.compile("|".join(f"(?:{sentence})" for sentence in sentences), re.DOTALL))
    for kind, sentences in _SENTENCES.items()
]
# People say these of others ("Bo called a plumber."): Messenger writes them of the sender.
_OF_THE_SENDER = re.compile(
    rf"(.{{1,60}}?) (?:(?:started an?|joined the) {_TALK}\.?|called .{{1,60}}\.)", re.DOTALL
)
# Most messages have none of these words, and are not looked at further.
_HINT = re.compile(
    r"sent |shared |call|Click|iked a m|chat|unsent|group|nickname|the theme|emoji|colou?r|admin"
    r"|eacted |pinned a|connected on|new Facebook|each other|poll|voted|vote to|turned o|ord effect"
    r"|quick reac"
)
# "She left the group." is somebody talking.
_PEOPLE_SAY = {"i", "he", "she", "they", "we", "it", "who", "someone", "somebody", "everyone"}
_PEOPLE_SAY |= {"everybody", "nobody", "my", "his", "her", "their", "our", "the", "that", "this"}
_LONGEST = 600  # characters; the templates of Messenger are shorter

_STOPS = ".!。।"

REPEATS = 3
MOST_WITHHELD = 20_000


def kind_of_sentence(text: str, sender: str) -> Kind | None:
    """What an English sentence of Messenger's own tells of; None for what people wrote."""
    if len(text) > _LONGEST or not _HINT.search(text):
        return None
    of_sender = _OF_THE_SENDER.fullmatch(text)
    if of_sender and of_sender[1] in ("You", sender, sender.partition(" ")[0]):
        return Kind.CALL
    for kind, known in _KNOWN:
        if known.fullmatch(text):
            first = text.partition(" ")[0].casefold()
            spoken = first in _PEOPLE_SAY and not text.startswith("The ")
            spoken = spoken and not text.startswith("This poll")
            return None if spoken else kind
    return None


class RepeatTest:
    """Finds system sentences of any language in a thread whose records carry no type.

    A sentence that begins with its own sender's name, or ends with somebody's full name, is held
    back; three alike from one sender (names aside) were written by Messenger, fewer by a person.
    """

    def __init__(self) -> None:
        self._full_names: tuple[str, ...] = ()
        self._held: dict[tuple[str, str], list[Message]] = defaultdict(list)
        self._settled: set[tuple[str, str]] = set()
        self._waiting = 0

    def learn_people(self, beside: Mapping[str, Any]) -> None:
        """Take the participants of the thread from what stands beside its messages."""
        if self._full_names or not isinstance(beside.get("participants"), list):
            return
        given = [p.get("name") if isinstance(p, dict) else p for p in beside["participants"]]
        names = [repaired(name) for name in given if isinstance(name, str)]
        self._full_names = tuple(name for name in names if " " in name.strip())

    def passed(self, message: Message, marked: bool) -> Sequence[Message]:
        """The message, unless it must wait for others of its like; and those, if it is enough."""
        if marked or message.kind is not Kind.TEXT:
            return (message,)
        shape = self._shape(message)
        if not shape:
            return (message,)
        key = (message.sender, shape)
        if key in self._settled:
            return (replace(message, kind=Kind.SYSTEM),)
        if self._waiting >= MOST_WITHHELD:
            return (message,)
        self._held[key].append(message)
        self._waiting += 1
        if len(self._held[key]) < REPEATS:
            return ()
        alike = self._held.pop(key)
        self._waiting -= len(alike)
        self._settled.add(key)
        return [replace(one, kind=Kind.SYSTEM) for one in alike]

    def rest(self) -> Iterator[Message]:
        """What was held back and never repeated: people's words."""
        for alike in self._held.values():
            yield from alike
        self._held.clear()

    def _shape(self, message: Message) -> str:
        """The sentence with its names taken out; "" when it is not of the suspicious kind."""
        text, sender = message.text, message.sender
        first = sender.partition(" ")[0]
        # Nearly every message is neither: no more work than this for those.
        if not text.startswith(first) and not text.rstrip(_STOPS).endswith(self._full_names):
            return ""
        if len(text) > _LONGEST or text.count(" ") < 2:
            return ""
        bare = text.rstrip(_STOPS)
        # First names are words too ("Will you …?"): those count before a full stop only.
        begins = text.startswith(sender + " ") or (
            len(first) > 1 and bare != text and text.startswith(first + " ")
        )
        if not begins and not any(bare.endswith(" " + name) for name in self._full_names):
            return ""
        for name in (sender, *self._full_names):
            text = text.replace(name, "\0")
        return text.replace(first, "\0") if begins else text
