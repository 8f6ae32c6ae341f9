"""Builders for tests of talking: a mimic with random weights, a generator that says its lines."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chatmimic.generation import Decoding
from chatmimic.mimic import LoadedMimic, Mimic, read_mimic, write_manifest
from chatmimic.records import Message

PEOPLE = ("Ada Lovelace", "Bob", "Zoë [x]")


def write_tiny_mimic(folder: Path, base: Path, form: str, people: Sequence[str] = PEOPLE) -> Mimic:
    """A mimic whose weights are those of `base`: it says random things, in every other way real."""
    shutil.copytree(base, folder)
    write_manifest(
        folder,
        {"persona": people[0], "people": list(people), "form": form, "base": "tiny"},
    )
    return read_mimic(folder)


def load_tiny_mimic(mimic: Mimic) -> LoadedMimic:
    """The mimic in memory."""
    return mimic.load()


class ScriptedGenerator:
    """Says what was enqueued, piece by piece; for tests of everything around a generator."""

    def __init__(self, people: Sequence[str] = PEOPLE, pause: float = 0.0) -> None:
        self.people = tuple(people)
        self.persona = self.people[0]
        self.pause = pause  # seconds before each piece
        self.replies: list[list[str]] = []
        self.bursts: list[bool] = []
        self.speakers: list[str | None] = []  # in a group, in this order; None: the user's turn
        self.asked: list[tuple[list[Message], str, Decoding]] = []

    def enqueue(self, *pieces: str, burst: bool = False) -> None:
        """One message to say; `burst`: another one follows at once."""
        self.replies.append(list(pieces))
        self.bursts.append(burst)

    def stream(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        stop: threading.Event | None = None,
        at: int | None = None,
    ) -> Iterator[str]:
        self.asked.append((list(history), speaker, decoding))
        pieces: Iterable[str] = self.replies.pop(0) if self.replies else [f"echo {len(history)}"]
        for piece in pieces:
            time.sleep(self.pause)
            if stop is not None and stop.is_set():
                return
            yield piece

    def recalled(self, history: Sequence[Message]) -> Sequence[Any]:
        return ()

    def alternatives(
        self, history: Sequence[Message], speaker: str, decoding: Decoding, count: int
    ) -> list[str]:
        return ["".join(self.stream(history, speaker, decoding)) for _ in range(count)]

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        return 1.0 if self.bursts and self.bursts.pop(0) else 0.0

    def chances(self, history: Sequence[Message], people: Sequence[str]) -> dict[str | None, float]:
        found: dict[str | None, float] = dict.fromkeys(people, 0.0)
        found[self.speakers.pop(0) if self.speakers else None] = 1.0
        return found

    def next_speaker(
        self,
        history: Sequence[Message],
        people: Sequence[str],
        seed: int | None = None,
        at: int | None = None,
    ) -> str | None:
        return people[len(history) % len(people)]
