"""How both kinds of texts are answered: whole, or streamed as they grow."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.server.api_error import ApiError, json_response
from chatmimic.server.asked import Asked
from chatmimic.server.choices import Choice, Choices
from chatmimic.server.events import streamed
from chatmimic.server.intake import gone
from chatmimic.server.service import Service, service_of

# A choice and what is new of it, as an object of the answer.
Shape = Callable[[Choice, str], dict[str, Any]]


@dataclass
class Answer:
    """One answer: what its objects have in common, and the shapes of its choices.

    `opening` is the shape with which a streamed choice begins; None: with its text.
    """

    asked: Asked
    choices: Choices
    kind: str  # of the objects, when whole
    kind_of_chunks: str
    prefix: str  # of its id
    whole: Shape
    chunk: Shape
    opening: Shape | None = None
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Give it its id."""
        name = f"{self.prefix}-{secrets.token_hex(12)}"
        self._facts = {"id": name, "created": int(time.time()), "model": self.asked.model}

    async def to(self, request: Request) -> Response:
        """The response to a request. Raises ApiError."""
        service = service_of(request)
        if self.asked.stream:
            return streamed(self._chunks(service))
        leaving = asyncio.ensure_future(gone(request))
        try:
            if not await self.choices.finished(leaving):
                return Response(status_code=499)  # nobody reads it
        finally:
            leaving.cancel()
            service.metrics.take(self.choices.usage)
        objects = [self.whole(choice, choice.text) for choice in self.choices.all]
        return json_response(self._object(self.kind, objects, self.choices.usage))

    async def _chunks(self, service: Service) -> AsyncIterator[dict[str, Any]]:
        try:
            if self.opening is not None:
                for choice in self.choices.all:
                    yield self._chunk(self.opening(choice, ""))
            async for choice, new in self._timed(service):
                yield self._chunk(self.chunk(choice, new))
            if self.asked.with_usage:
                yield self._object(self.kind_of_chunks, [], self.choices.usage)
        finally:
            self.choices.job.end()
            service.metrics.take(self.choices.usage)

    async def _timed(self, service: Service) -> AsyncIterator[tuple[Choice, str]]:
        """What grows, until the time of a request is over."""
        first = True
        try:
            async with asyncio.timeout(service.limits.request_seconds):
                async for grown in self.choices.grown():
                    if first:
                        service.metrics.first_seconds.add(time.monotonic() - self.began)
                        first = False
                    yield grown
        except TimeoutError:
            raise too_long(service) from None

    def _chunk(self, choice: dict[str, Any]) -> dict[str, Any]:
        usage = {"usage": None} if self.asked.with_usage else {}
        return {"object": self.kind_of_chunks, **self._facts, "choices": [choice], **usage}

    def _object(self, kind: str, choices: list[Any], usage: dict[str, int]) -> dict[str, Any]:
        return {"object": kind, **self._facts, "choices": choices, "usage": usage}


def too_long(service: Service) -> ApiError:
    """The error of a request that has used up its time."""
    seconds = f"{service.limits.request_seconds:g}"
    return ApiError(
        504,
        f"The request took longer than {seconds} seconds.",
        code="timeout",
        headers={"X-Should-Retry": "false"},
    )
