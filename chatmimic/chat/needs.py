"""What the commands of the chat need of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Protocol

from chatmimic.chat.kept import Kept
from chatmimic.chat.lines import Lines
from chatmimic.chat.screen import Screen
from chatmimic.chat.session import Session
from chatmimic.chat.voice import Voice
from chatmimic.chat.waits import Waits
from chatmimic.home import Home


class Chat(Protocol):
    """What the commands need of a chat."""

    session: Session
    screen: Screen
    home: Home
    lines: Lines | None
    open_voice: Callable[[str], Voice]  # by the name of a mimic
    mimics: Sequence[str]
    own: Mapping[str, str]  # from people to the mimics that imitate them
    seconds: list[float]  # that each reply took
    kept: Kept | None  # where the chat is kept
    waits: Waits  # of replies
    says_status: bool  # whether a line of facts follows each answer
    rng: Random  # that decides who speaks

    def answer(self) -> None:
        """Print an answer of one message or several."""

    def draw_speaker(self) -> str | None:
        """Draw who of those who answer speaks next."""

    def reply(self, speaker: str = "") -> bool:
        """Print one message (default: of the persona). False if it was stopped or is empty."""

    def draw_anew(self) -> None:
        """Begin the random numbers of turn-taking again, with the seed of the settings."""

    def facts(self) -> list[str]:
        """Who answers, on which base and engine, and how fast."""
