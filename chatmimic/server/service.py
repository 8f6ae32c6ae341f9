"""What all endpoints share: the mimics, the scheduler, the limits, what is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from starlette.requests import Request

from chatmimic.generation.continuing import usual_start
from chatmimic.records import Message
from chatmimic.server.api_error import ApiError
from chatmimic.server.asked import Asked, Said
from chatmimic.server.choices import Choices
from chatmimic.server.limits import Limits
from chatmimic.server.metrics import Metrics
from chatmimic.server.scene import Scene, scene_of
from chatmimic.server.scheduler import Job, Scheduler
from chatmimic.server.voices import Model, Opened, Voices

if TYPE_CHECKING:
    from chatmimic.generation.row import Row

_WIDEST_TOKEN = 16  # characters; what is longer ago than a window of such tokens is not read


@dataclass
class Service:
    """The state of a server. Use it from the event loop."""

    voices: Voices
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)
    opens_first: bool = False  # whether the first model is opened before anybody asks for it
    scheduler: Scheduler = field(init=False)

    def __post_init__(self) -> None:
        """Make the scheduler, which is started with the server."""
        self.scheduler = Scheduler(self.limits.at_once, self.limits.waiting)

    async def open_first(self) -> None:
        """Open the first model, if there is one and it can be opened."""
        for model in (await asyncio.to_thread(self.voices.models))[:1]:
            with suppress(ApiError):  # what is wrong was noted
                await self.voices.opened(model.mimic)

    async def open(self, name: str) -> tuple[Model, Opened]:
        """The model of that id, in memory. Raises ApiError."""
        model = await asyncio.to_thread(self.voices.model, name)
        return model, await self.voices.opened(model.mimic)

    async def reply(self, asked: Asked, said: Sequence[Said]) -> Choices:
        """Begin replies to a chat. Raises ApiError."""
        model, opened = await self.open(asked.model)
        # With a seed the same request has the same reply on every day.
        at = int(time.time() * 1000) if asked.seed is None else usual_start(model.mimic)
        you = opened.spoken_to(model.persona)
        scene = scene_of(said, model.mimic.people, model.persona, you, at)
        return self._begun(asked, opened, await asyncio.to_thread(_rows, asked, opened, scene, at))

    async def continuation(self, asked: Asked, prompts: Sequence[str]) -> Choices:
        """Begin to go on with plain texts. Raises ApiError."""
        _, opened = await self.open(asked.model)
        rows = await asyncio.to_thread(_text_rows, asked, opened, prompts)
        return self._begun(asked, opened, rows)

    def _begun(self, asked: Asked, opened: Opened, rows: Sequence[Row]) -> Choices:
        for row in rows:
            row.scored_most = asked.likeliest
        job = Job(opened.generator, rows, opened.threads)
        self.scheduler.add(job)
        return Choices.of(job, asked.stops)


def service_of(request: Request) -> Service:
    """The service that answers a request."""
    found: Service = request.app.state.service
    return found


def _rows(asked: Asked, opened: Opened, scene: Scene, at: int) -> list[Row]:
    """A row for each reply to a chat; all follow the same prompt."""
    knowing = opened.generator.knowing(scene.facts, scene.persona)
    history = newest(scene.history, knowing.window)
    begin = partial(knowing.begin, history, scene.persona, at=at)
    return [begin(decoding) for decoding in asked.decodings(opened.mimic, asked.count)]


def newest(history: Sequence[Message], window: int) -> Sequence[Message]:
    """The newest messages: all that a model with a window of so many tokens may read."""
    kept, room = len(history), _WIDEST_TOKEN * window
    while kept and room > 0:
        kept -= 1
        room -= len(history[kept].text)
    return history[kept:]


def _text_rows(asked: Asked, opened: Opened, prompts: Sequence[str]) -> list[Row]:
    decodings = asked.decodings(opened.mimic, asked.count * len(prompts))
    room = _WIDEST_TOKEN * opened.generator.window
    return [
        opened.generator.begin_text(prompts[at // asked.count][-room:], decoding)
        for at, decoding in enumerate(decodings)
    ]
