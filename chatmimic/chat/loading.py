"""Voices that are loaded while the user types: the first reply waits for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from chatmimic.chat.voice import Voice
from chatmimic.generation import Generator
from chatmimic.generation.generator import GeneratorProxy

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


class Awaited(GeneratorProxy):
    """A generator of which only the people are known so far; all else waits until it is loaded."""

    def __init__(self, people: Sequence[str], persona: str, load: Callable[[], Generator]) -> None:
        self._people = tuple(people)
        self._persona = persona
        self._load = load

    @property
    def inner(self) -> Generator:
        """The generator, as soon as it is loaded."""
        return self._load()

    @property
    def persona(self) -> str:
        """The person who is imitated."""
        return self._persona

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody known by name, the persona first."""
        return self._people
