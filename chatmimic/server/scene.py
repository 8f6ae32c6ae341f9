"""Who says what to whom: the messages of a client as the history that a mimic reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chatmimic.fragment import person_meant
from chatmimic.generation import as_message
from chatmimic.manifest import MOST_FACTS
from chatmimic.records import Message
from chatmimic.server.api_error import invalid
from chatmimic.server.asked import Said

_LONGEST_NAME = 64
_LONGEST_FACT = 500
_TO = r"(?:talk|speak|chat|writ)(?:ing|e)? (?:to|with)"
_YOU_ARE = re.compile(
    rf"(?:you are|you're|persona:)\s+(?P<who>.+?)(?:,?\s+(?:and\s+)?{_TO}\s+(?P<whom>.+?))?[.!]?",
    re.IGNORECASE,
)
_I_AM = re.compile(
    rf"(?:i am|i'm|user:|you(?: are|'re)? {_TO})\s+(?P<whom>.+?)[.!]?", re.IGNORECASE
)


@dataclass(frozen=True)
class Scene:
    """Who answers whom, what is known of the one who answers, and what was said so far."""

    persona: str
    you: str
    facts: tuple[str, ...]
    history: tuple[Message, ...] = ()


@dataclass
class _Told:
    """What system messages say."""

    persona: str
    you: str
    facts: list[str]


def scene_of(said: Sequence[Said], people: Sequence[str], persona: str, you: str, at: int) -> Scene:
    """Read a chat. `persona` and `you` speak unless a system message names others.

    All messages are sent `at` that time (UTC milliseconds). Raises ApiError.
    """
    told = _Told(persona, you, [])
    for one in said:
        if one.role in ("system", "developer"):
            _take(told, one.text.splitlines(), people)
    if len(told.facts) > MOST_FACTS:
        raise invalid(f"A system message has at most {MOST_FACTS} lines of facts.", "messages")
    talk = [one for one in said if one.role in ("user", "assistant")]
    history = [as_message(_sender(one, told, people), one.text, at) for one in talk]
    spoken = tuple(message for message in history if message.text)
    return Scene(told.persona, told.you, tuple(told.facts), spoken)


def _take(told: _Told, lines: Iterable[str], people: Sequence[str]) -> None:
    for line in filter(None, map(str.strip, lines)):
        if (found := _YOU_ARE.fullmatch(line)) and (who := person_meant(found["who"], people)):
            told.persona = who
            told.you = named(found["whom"], people) if found["whom"] else told.you
        elif found := _I_AM.fullmatch(line):
            told.you = named(found["whom"], people)
        else:
            told.facts.append(line[:_LONGEST_FACT])


def _sender(one: Said, told: _Told, people: Sequence[str]) -> str:
    if one.name:
        return named(one.name, people)
    return told.you if one.role == "user" else told.persona


def named(name: str, people: Sequence[str]) -> str:
    """The person of that name, else a stranger of that name.

    Some clients allow no spaces in names: `Ada_Lovelace` is Ada Lovelace.
    """
    name = name[:_LONGEST_NAME].strip()
    return person_meant(name, people) or person_meant(name.replace("_", " "), people) or name
