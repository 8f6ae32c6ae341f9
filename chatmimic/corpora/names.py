"""Replacing names in conversations: a base must not learn to be a real person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from chatmimic.names import COMMON, LEAST, PIECE, SECOND
from chatmimic.records import Conversation

# A name of one word, and the suffixes of a second connection.
_NICK = re.compile(rf"({PIECE.pattern})(?:[_^|]+(?![^\W_]))?")
_ADDRESSED = re.compile(rf"(?<=@){_NICK.pattern}|^{_NICK.pattern}(?=[:,](?:\s|$))")
_SYLLABLES = [
    *("ka", "lo", "mi", "ra", "te", "vu", "sa", "no", "di", "be", "ju", "fa", "pe", "zo", "li"),
    *("mar", "tel", "dan", "vis", "rok", "lun", "ser", "bel", "gar", "nim", "pol", "hes", "tov"),
]
_ENDS = ["", "", "n", "s", "l", "r", "k"]


@dataclass
class Naming:
    """Invents names for one conversation as needed, the same one for the same person.

    None is in `taken`: words of real names, and names invented before.
    """

    rng: Random
    taken: set[str]
    names: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """The invented name of a person: a single word, in the case of the real one."""
        if name not in self.names:
            invented = self._invent()
            while invented in self.taken:
                invented = self._invent()
            self.taken.add(invented)
            self.names[name] = invented if name[:1].islower() else invented.capitalize()
        return self.names[name]

    def _invent(self) -> str:
        parts = [self.rng.choice(_SYLLABLES) for _ in range(self.rng.choice((2, 2, 3)))]
        return "".join(parts) + self.rng.choice(_ENDS)


@dataclass(frozen=True)
class _Known:
    """Real names in texts, in lower case: those of one word, and all others."""

    nicks: dict[str, str]
    phrases: dict[str, str]


def retell(conversation: Conversation, known: Iterable[str], rng: Random) -> Conversation:
    """Replace the names of speakers, and of `known` people in texts, by invented ones.

    The words of a full name are replaced too: if "Ada Lovelace" is known and no other Ada, "Ada"
    gets her new name. Names of one or two letters, and names that are common words, are replaced
    only if they address somebody.
    """
    people = list(dict.fromkeys([*conversation.senders, *known]))
    naming = Naming(rng, {piece.lower() for name in people for piece in PIECE.findall(name)})
    low_text = "\n".join(message.text for message in conversation.messages).lower()
    parts = _known(people, naming, low_text)
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


def _known(people: Sequence[str], naming: Naming, low_text: str) -> _Known:
    """The names of people; names of several words only if they can occur in the texts."""
    nicks: dict[str, str] = {}
    phrases: dict[str, str] = {}

    def know(name: str, person: str) -> None:
        plain = SECOND.sub("", name).strip()
        one = PIECE.fullmatch(plain)
        words, spelt = (nicks, plain.casefold()) if one else (phrases, plain.lower())
        if spelt not in words and PIECE.search(plain):
            words[spelt] = naming.of(person)

    for person in people:  # one-word names take precedence
        know(person, person)
    for person in people:
        for place, word in enumerate(person.split()):
            if len(word) >= LEAST:
                know(word, word if place else person)
    heard = [phrase for phrase in phrases if all(word in low_text for word in phrase.split())]
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
    """The pattern of a name of several words; of common words, only if addressed."""
    name = r"\s+".join(map(re.escape, phrase.split()))
    if COMMON.issuperset(PIECE.findall(phrase)):
        return rf"(?<=@){name}(?![^\W_])|^{name}(?=[:,](?:\s|$))"
    return rf"(?<![^\W_]){name}(?![^\W_])"
