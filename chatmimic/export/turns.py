"""Conversations as turns of a user and an assistant, which chat trainers read.

The persona is the assistant, everybody else the user. Such a turn holds all messages in a row of
one side, a line for each; where several others talk, each line begins with its sender's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from chatmimic.generation.generator import as_text
from chatmimic.records import Conversation, Message

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"


@dataclass(frozen=True)
class Turn:
    """What one side says in a row, and of how many messages it consists."""

    role: str
    text: str
    messages: int = 0


def turns_of(conversation: Conversation, persona: str) -> list[Turn]:
    """The turns of a conversation up to the last of the persona; [] if they say nothing.

    What follows the last one teaches an assistant nothing.
    """
    others = [name for name in conversation.senders if name != persona]
    turns = [
        _turn(list(run), ASSISTANT if own else USER, named=not own and len(others) > 1)
        for own, run in groupby(conversation.messages, key=lambda m: m.sender == persona)
    ]
    while turns and turns[-1].role != ASSISTANT:
        turns.pop()
    return turns


def from_the_user(turns: Sequence[Turn]) -> list[Turn]:
    """The turns without an opening one of the assistant, for readers that expect pairs."""
    opens = bool(turns) and turns[0].role == ASSISTANT
    return list(turns[1:] if opens else turns)


def system_turn(conversation: Conversation, persona: str) -> Turn:
    """A sentence on who speaks to whom."""
    others = [name for name in conversation.senders if name != persona]
    listed = ", ".join(others[:-2] + [" and ".join(others[-2:])])
    return Turn(
        SYSTEM, f"You are {persona}, in a chat with {listed}." if listed else f"You are {persona}."
    )


def _turn(messages: Sequence[Message], role: str, *, named: bool) -> Turn:
    lines = (f"{m.sender}: {as_text(m)}" if named else as_text(m) for m in messages)
    return Turn(role, "\n".join(lines), len(messages))
