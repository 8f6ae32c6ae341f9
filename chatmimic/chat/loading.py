"""Voices that are loaded while the user types: the first reply waits for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from chatmimic.chat.session import Voice
from chatmimic.generation import Decoding, Generator
from chatmimic.records import Message

_GLANCE_S = 0.1  # between two looks while waiting, so that Ctrl-C is not kept waiting


class Loading:
    """Voices being loaded by a thread, which begins with `start`."""

    def __init__(self, load: Callable[[], Sequence[Voice]]) -> None:
        self._load = load
        self._voices: Sequence[Voice] = ()
        self._error: BaseException | None = None
        self._done = threading.Event()
        self.ended = 0.0  # when, by time.monotonic()
        self._on_failure: Callable[[], object] = lambda: None

    def start(self, on_failure: Callable[[], object] = lambda: None) -> None:
        """Begin; `on_failure` is called in the thread if loading fails."""
        self._on_failure = on_failure
        threading.Thread(target=self._run, name="loading", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._done.is_set()

    def wait(self) -> Sequence[Voice]:
        """The voices, as soon as all are loaded. Raises the error that loading one raised."""
        while not self._done.wait(_GLANCE_S):
            pass
        if self._error is not None:
            raise self._error
        return self._voices

    def _run(self) -> None:
        try:
            self._voices = self._load()
        except BaseException as error:  # raised again where it is waited for
            self._error = error
        self.ended = time.monotonic()
        self._done.set()
        if self._error is not None:
            self._on_failure()


class Awaited:
    """A generator of which only the people are known so far; all else waits until it is loaded."""

    def __init__(self, people: Sequence[str], persona: str, voice: Callable[[], Voice]) -> None:
        self.people = tuple(people)
        self.persona = persona
        self._voice = voice

    @property
    def _loaded(self) -> Generator:
        return self._voice().generator

    def stream(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        stop: threading.Event | None = None,
        at: int | None = None,
    ) -> Iterator[str]:
        """See `Generator.stream`."""
        yield from self._loaded.stream(history, speaker, decoding, stop, at)

    def alternatives(
        self, history: Sequence[Message], speaker: str, decoding: Decoding, count: int
    ) -> list[str]:
        """See `Generator.alternatives`."""
        return self._loaded.alternatives(history, speaker, decoding, count)

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        """See `Generator.continues`."""
        return self._loaded.continues(history, speaker)

    def chances(self, history: Sequence[Message], people: Sequence[str]) -> dict[str | None, float]:
        """See `Generator.chances`."""
        return self._loaded.chances(history, people)

    def next_speaker(
        self,
        history: Sequence[Message],
        people: Sequence[str],
        seed: int | None = None,
        at: int | None = None,
    ) -> str | None:
        """See `Generator.next_speaker`."""
        return self._loaded.next_speaker(history, people, seed, at)
