"""Conversations retold under invented names: a base must not learn to be a named real person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random

from chatmimic.records import Conversation

# A name as it may stand in a text: nicks hold signs that words do not.
_WORD = re.compile(r"[\w\[\]{}^`|\\-]+")
_ADDRESSED = re.compile(r"^([\w\[\]{}^`|\\-]+)(?=[:,]\s)")
_SYLLABLES = [
    *("ka", "lo", "mi", "ra", "te", "vu", "sa", "no", "di", "be", "ju", "fa", "pe", "zo", "li"),
    *("mar", "tel", "dan", "vis", "rok", "lun", "ser", "bel", "gar", "nim", "pol", "hes", "tov"),
]
_ENDS = ["", "", "n", "s", "l", "r", "k"]
# Nicks that are words too: renamed only where somebody is addressed, "help: look here".
_WORDS = """
a about after again all also am an and any are as ask at away back bad be been before best big bit
bot but by can chat client code come cool could customer dark data day did do does done down else
end even every find first for free from fun get go god going gone good got great guest guy had
hall has have he hello help her here hi him his home host how i if in into is it just keep kernel
know last later let life like line linux little live long look lot love made mail make man many
may me mean mode more most moon much must my name need new next nice night no none not nothing now
of off ok old on one only open or other our out over own part people person play power read real
red right root run said same say see server she should so some something soon speaker stop sun
sure system take talk team test than thanks that the their them then there they thing think this
time to too try two ubuntu up us use user version very wait want was way we well were what when
where which who why will win with wolf word work world would yes yet you your zero agent assistant
"""
_COMMON = frozenset(_WORDS.split())


@dataclass
class Naming:
    """Invented names for one conversation, made up as they are needed, the same for the same."""

    chance: Random
    names: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def of(self, name: str) -> str:
        """The invented name of somebody; a single word, in the case of the real one."""
        if name not in self.names:
            invented = self._invent()
            while invented in self._taken:
                invented = self._invent()
            self._taken.add(invented)
            self.names[name] = invented if name[:1].islower() else invented.capitalize()
        return self.names[name]

    def _invent(self) -> str:
        parts = [self.chance.choice(_SYLLABLES) for _ in range(self.chance.choice((2, 2, 3)))]
        return "".join(parts) + self.chance.choice(_ENDS)


def retell(conversation: Conversation, known: Iterable[str], chance: Random) -> Conversation:
    """The conversation under invented names, of its speakers and of `known` people in its texts.

    A full name is renamed by its words, so that "Ada" is renamed where "Ada Lovelace" is known.
    """
    naming = Naming(chance)
    parts = _parts([*conversation.senders, *known], naming)
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


def _parts(people: Iterable[str], naming: Naming) -> dict[str, str]:
    """From each word of a known name, in lower case, to the invented name."""
    parts: dict[str, str] = {}
    for person in people:
        for word in [person, *person.split()]:
            if len(word) >= 3 and " " not in word:
                parts.setdefault(_plain(word), naming.of(person if word == person else word))
    return parts


def _renamed(text: str, parts: dict[str, str]) -> str:
    def rename(found: re.Match[str]) -> str:
        word = found.group()
        return word if word.lower() in _COMMON else parts.get(_plain(word), word)

    addressed = _ADDRESSED.match(text)
    if addressed and _plain(addressed.group()) in parts:
        head = parts[_plain(addressed.group())]
        return head + _WORD.sub(rename, text[addressed.end() :])
    return _WORD.sub(rename, text)


def _plain(word: str) -> str:
    """A nick without its case and the signs that tell a second connection from the first."""
    return word.lower().rstrip("_`^|") or word
