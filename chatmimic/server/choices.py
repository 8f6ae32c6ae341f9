"""The texts of a request while they are written: what is new of each, and why it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatmimic.errors import ChatmimicError
from chatmimic.generation.streaming import Pieces
from chatmimic.machine import is_full
from chatmimic.server.api_error import ApiError
from chatmimic.server.scheduler import Job
from chatmimic.server.stops import UntilStop

if TYPE_CHECKING:
    from chatmimic.generation.batch import BatchGenerator
    from chatmimic.generation.row import Row, Scored


@dataclass
class Choice:
    """One text of a request."""

    index: int
    row: Row
    generator: BatchGenerator
    until: UntilStop
    pieces: Pieces = field(default_factory=Pieces)
    text: str = ""  # given out so far
    tokens: int = 0
    given: int = 0  # tokens whose probabilities were given out
    finish: str = ""  # why it ended; "" while it goes on

    def grow(self) -> str:
        """What is new of the text."""
        if self.finish:
            return ""
        done = self.row.done  # before the text is read: it may grow meanwhile
        self.tokens = len(self.row.body)
        text = self.generator.text_of(self.row)
        new = self.until.grow(self.pieces.finish(text) if done else self.pieces.grow(text))
        if self.until.found:
            self.row.done = True
            self.finish = "stop"
        elif done:
            new += self.until.finish()
            self.finish = "length" if self.row.is_cut else "stop"
        self.text += new
        return new

    def scored(self) -> list[Scored]:
        """The tokens whose probabilities were not given out yet."""
        new = self.row.scored[self.given : self.tokens]
        self.given += len(new)
        return new


@dataclass
class Choices:
    """All texts of a request."""

    job: Job
    all: list[Choice]

    @classmethod
    def of(cls, job: Job, stops: Sequence[str]) -> Choices:
        """The texts of a job, which end at one of `stops`."""
        return cls(
            job,
            [Choice(at, row, job.generator, UntilStop(stops)) for at, row in enumerate(job.rows)],
        )

    async def grown(self) -> AsyncIterator[tuple[Choice, str]]:
        """Each text that has grown or ended, with what is new of it, until all have ended.

        Raises ApiError if the model fails.
        """
        try:
            while True:
                await self.job.news.wait()
                self.job.news.clear()
                if self.job.error is not None:
                    raise _failed(self.job.error)
                for choice in self.all:
                    if not choice.finish and ((new := choice.grow()) or choice.finish):
                        yield choice, new
                if all(choice.finish for choice in self.all):
                    return
        finally:
            self.job.end()

    async def finished(self, gone: asyncio.Future[None]) -> bool:
        """Wait until all have ended. False if the client has `gone` away before."""

        async def end() -> None:
            async for _ in self.grown():
                pass

        ending = asyncio.ensure_future(end())
        try:
            await asyncio.wait({ending, gone}, return_when=asyncio.FIRST_COMPLETED)
            return ending.done() and ending.result() is None
        finally:
            ending.cancel()
            self.job.end()

    @property
    def usage(self) -> dict[str, int]:
        """The numbers of tokens that were read and written. A prompt counts once."""
        prompts = {tuple(row.prompt + row.header) for row in self.job.rows}
        read = sum(map(len, prompts))
        written = sum(choice.tokens for choice in self.all)
        return {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }


def _failed(error: Exception) -> ApiError:
    if is_full(error):
        return ApiError(503, "The server is out of memory. Try a shorter chat.", code="no_memory")
    if isinstance(error, ChatmimicError):
        return ApiError(500, str(error), code="mimic_failed")
    return ApiError(500, f"The server failed ({type(error).__name__}).", code="server_failed")
