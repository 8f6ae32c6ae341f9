"""The mimics that clients may talk with, each opened when it is first asked for."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.chat.session import Session
from chatmimic.chat.voice import Voice, open_voice
from chatmimic.errors import ChatmimicError
from chatmimic.generation import Decoding
from chatmimic.home import Home
from chatmimic.lookup import close, meant, suggestion
from chatmimic.machine import reply_threads
from chatmimic.mimic import MANIFEST, Mimic, fitting, list_mimics
from chatmimic.server.api_error import ApiError

if TYPE_CHECKING:
    from chatmimic.generation.batch import BatchGenerator


@dataclass(frozen=True)
class Model:
    """A mimic and one of its people, as a client may ask for them; `name` is the model's id."""

    name: str
    mimic: Mimic
    persona: str

    @property
    def made(self) -> int:
        """When the mimic was made (UTC seconds)."""
        return int((self.mimic.path / MANIFEST).stat().st_mtime)


@dataclass(frozen=True)
class Opened:
    """A mimic in memory; its texts are computed with so many threads."""

    mimic: Mimic
    voice: Voice
    threads: int

    @property
    def generator(self) -> BatchGenerator:
        """What writes its texts."""
        from chatmimic.generation.batch import BatchGenerator

        assert isinstance(self.voice.generator, BatchGenerator)
        return self.voice.generator

    def spoken_to(self, persona: str) -> str:
        """Who talks to a person unless a client says so."""
        return Session(self.voice, Decoding(), persona).you


class Voices:
    """The mimics of a home, some of them in memory."""

    def __init__(
        self,
        home: Home,
        only: Sequence[str] = (),
        *,
        most: int = 4,
        note: Callable[[str], None] = lambda words: None,
        **how: Any,
    ) -> None:
        """`only` are the names of the mimics to serve; all without. `how` is that of `open_voice`.

        The `most` that were used last stay in memory. `note` is told what a user should know.
        """
        self.home = home
        self._only = frozenset(only)
        self._most = most
        self._note = note
        self._how = how
        self._here: OrderedDict[tuple[Path, int], asyncio.Task[Opened]] = OrderedDict()

    def models(self) -> list[Model]:
        """All models: each mimic, and beside it those other people whom it was trained on."""
        found = []
        for mimic in self._mimics():
            found.append(Model(mimic.name, mimic, mimic.persona))
            others = mimic.trained_on[1:]
            found += [Model(f"{mimic.name}/{who}", mimic, who) for who in others]
        return found

    def model(self, name: str) -> Model:
        """The model of that id; anybody a mimic knows is one. Raises ApiError."""
        known = self._mimics()
        for wanted, who in ((name, ""), name.partition("/")[::2]):
            # Never a path: a client must not open what is not served.
            fitted = [mimic for mimic in fitting(wanted, self.home) if mimic in known]
            if fitted and (people := meant(who, fitted[0].people) if who else fitted[0].people):
                return Model(name, fitted[0], people[0])
        hint = suggestion(close(name, [model.name for model in self.models()]))
        raise ApiError(
            404,
            f"There is no model of that name. {hint}/v1/models lists them.",
            code="model_not_found",
            param="model",
        )

    async def opened(self, mimic: Mimic) -> Opened:
        """The mimic in memory. Raises ApiError if it cannot be opened; `note` is told why."""
        key = mimic.path, (mimic.path / MANIFEST).stat().st_mtime_ns
        task = self._here.get(key)
        if task is None:
            task = self._here[key] = asyncio.create_task(asyncio.to_thread(self._open, mimic))
            while len(self._here) > self._most:
                self._here.popitem(last=False)
        self._here.move_to_end(key)
        try:
            return await asyncio.shield(task)
        except ChatmimicError as error:
            self._here.pop(key, None)
            self._note(str(error))
            raise ApiError(
                500,
                f"The mimic {mimic.name} cannot be opened; the server's own output says why.",
                code="mimic_failed",
            ) from error

    def _mimics(self) -> list[Mimic]:
        return [
            mimic
            for mimic in list_mimics(self.home)
            if not mimic.manifest.get("reverse") and (not self._only or mimic.name in self._only)
        ]

    def _open(self, mimic: Mimic) -> Opened:
        voice = open_voice(mimic, self.home, **self._how)
        if voice.unchecked:
            self._note(f"{mimic.name}: {voice.unchecked}")
        return Opened(mimic, voice, reply_threads(mimic.count_parameters()))
