"""Conversations retold under invented names: a base must not learn to be a named real person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from chatmimic.names import COMMON, LEAST, PIECE, SECOND
from chatmimic.records import Conversation

# A name of one piece, and the signs that tell a second connection from the first.
_NICK = re.compile(rf"({PIECE.pattern})(?:[_^|]+(?![^\W_]))?")
_ADDRESSED = re.compile(rf"(?<=@){_NICK.pattern}|^{_NICK.pattern}(?=[:,](?:\s|$))")
_SYLLABLES = [
    *("ka", "lo", "mi", "ra", "te", "vu", "sa", "no", "di", "be", "ju", "fa", "pe", "zo", "li"),
    *("mar", "tel", "dan", "vis", "rok", "lun", "ser", "bel", "gar", "nim", "pol", "hes", "tov"),
]
_ENDS = ["", "", "n", "s", "l", "r", "k"]


@dataclass
class Naming:
    """Invented names for one conversation, made up as they are needed, the same for the same.

    None is among `taken`: the words of real names, and later what was invented.
    """

    chance: Random
    taken: set[str]
    names: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """The invented name of somebody; a single word, in the case of the real one."""
        if name not in self.names:
            invented = self._invent()
            while invented in self.taken:
                invented = self._invent()
            self.taken.add(invented)
            self.names[name] = invented if name[:1].islower() else invented.capitalize()
        return self.names[name]

    def _invent(self) -> str:
        parts = [self.chance.choice(_SYLLABLES) for _ in range(self.chance.choice((2, 2, 3)))]
        return "".join(parts) + self.chance.choice(_ENDS)


@dataclass(frozen=True)
class _Known:
    """What stands in texts for real names, lower case: those of one piece, and all others."""

    nicks: dict[str, str]
    phrases: dict[str, str]


def retell(conversation: Conversation, known: Iterable[str], chance: Random) -> Conversation:
    """The conversation under invented names, of its speakers and of `known` people in its texts.

    A full name is renamed by its words too: where "Ada Lovelace" is known and no other Ada, "Ada"
    is called what Ada Lovelace is. Names of one or two letters, and names that are common words,
    are renamed only where somebody is addressed.
    """
    people = list(dict.fromkeys([*conversation.senders, *known]))
    naming = Naming(chance, {piece.lower() for name in people for piece in PIECE.findall(name)})
    said = "\n".join(message.text for message in conversation.messages).lower()
    parts = _known(people, naming, said)
    messages = tuple(
        replace(
            message,
            sender=naming.of(message.sender),
            text=_renamed(message.text, parts),
            sender_key="",
            reactions=(),
        )
        for message in conversation.messages
    )
    return replace(conversation, messages=messages)


def _known(people: Sequence[str], naming: Naming, said: str) -> _Known:
    """The names of people; of those of several pieces only what may be in `said`."""
    nicks: dict[str, str] = {}
    phrases: dict[str, str] = {}

    def know(name: str, person: str) -> None:
        plain = SECOND.sub("", name).strip()
        one = PIECE.fullmatch(plain)
        words, spelt = (nicks, plain.casefold()) if one else (phrases, plain.lower())
        if spelt not in words and PIECE.search(plain):
            words[spelt] = naming.of(person)

    for person in people:  # whole names first: Ada is Ada before Ada Lovelace is
        know(person, person)
    for person in people:
        for place, word in enumerate(person.split()):
            if len(word) >= LEAST:
                know(word, word if place else person)
    heard = [phrase for phrase in phrases if all(word in said for word in phrase.split())]
    return _Known(nicks, {name: phrases[name] for name in sorted(heard, key=len, reverse=True)})


def _renamed(text: str, known: _Known) -> str:
    def rename(found: re.Match[str], addressed: bool = False) -> str:
        plain = found[found.lastindex or 0].casefold()
        common = len(plain) < LEAST or plain in COMMON
        return found[0] if common and not addressed else known.nicks.get(plain, found[0])

    for phrase, invented in known.phrases.items():
        text = re.sub(_spelt(phrase), invented, text, flags=re.IGNORECASE)
    text = _ADDRESSED.sub(partial(rename, addressed=True), text)
    return _NICK.sub(rename, text)


def _spelt(phrase: str) -> str:
    """The pattern of a name of several pieces; of one of common words, only where addressed."""
    name = r"\s+".join(map(re.escape, phrase.split()))
    if COMMON.issuperset(PIECE.findall(phrase)):
        return rf"(?<=@){name}(?![^\W_])|^{name}(?=[:,](?:\s|$))"
    return rf"(?<![^\W_]){name}(?![^\W_])"
