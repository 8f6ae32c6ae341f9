"""All replies that are being written: one thread, which writes a token of each at a time.

Requests wait in a line. Whenever there is room, the first of them begins one more of its texts and
goes to the end of the line if it has others, so that nobody waits for all texts of somebody else.
Texts of the same mimic are written together; mimics take turns, token by token.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from chatmimic.machine import use_threads
from chatmimic.server.api_error import ApiError

if TYPE_CHECKING:
    from chatmimic.generation.batch import BatchGenerator
    from chatmimic.generation.row import Row
    from chatmimic.generation.running import RunningBatch

Result = TypeVar("Result")

_READ_AT_ONCE = 4  # prompts that are read before the others go on


@dataclass(eq=False)
class Job:
    """The texts of one request. `news` is set whenever they have grown, or have failed."""

    generator: BatchGenerator
    rows: Sequence[Row]
    threads: int
    news: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    begun: int = 0

    def end(self) -> None:
        """Write no more of it."""
        for row in self.rows:
            row.done = True


class Scheduler:
    """Writes the texts of jobs in a thread of its own, between `start` and `close`."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._most_waiting = waiting
        self._changed = threading.Condition()
        self._line: deque[Job] = deque()
        self._calls: deque[Callable[[], None]] = deque()
        self._batches: dict[BatchGenerator, tuple[RunningBatch, list[Job]]] = {}
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; call it from the event loop that jobs are added from."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="replies", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread after the token at hand."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    @property
    def running(self) -> int:
        """How many texts are being written."""
        return sum(batch.size for batch, _ in list(self._batches.values()))

    @property
    def waiting(self) -> int:
        """How many texts are not begun yet."""
        return sum(len(job.rows) - job.begun for job in list(self._line))

    def add(self, job: Job) -> None:
        """Let a job wait in the line. Raises ApiError if that is full."""
        with self._changed:
            if self.waiting + len(job.rows) > self._most_waiting:
                raise ApiError(
                    429,
                    "Too many requests are waiting already. Try again soon.",
                    code="too_many_requests",
                    headers={"Retry-After": "1"},
                )
            self._line.append(job)
            self._changed.notify()

    async def call(self, work: Callable[[], Result]) -> Result:
        """What `work` returns, done between two tokens."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()

        def tell(result: Result | None, error: Exception | None) -> None:
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            try:
                result, error = work(), None
            except Exception as caught:
                result, error = None, caught
            loop.call_soon_threadsafe(tell, result, error)

        with self._changed:
            self._calls.append(run)
            self._changed.notify()
        return await done

    def _work(self) -> None:
        while self._wait():
            while self._calls:
                self._calls.popleft()()
            for generator, jobs in self._to_begin().items():
                self._guarded(generator, lambda g=generator, j=jobs: self._begin(g, j))  # type: ignore[misc]
            for generator in list(self._batches):
                self._guarded(generator, lambda g=generator: self._step(g))  # type: ignore[misc]

    def _wait(self) -> bool:
        """Wait for something to do. False if the server is being closed."""
        with self._changed:
            while not (self._closing or self._line or self._calls or self._batches):
                self._changed.wait()
            return not self._closing

    def _to_begin(self) -> dict[BatchGenerator, list[Job]]:
        """The jobs that each begin one more text now, some of them several times."""
        chosen: dict[BatchGenerator, list[Job]] = {}
        with self._changed:
            room = min(self._at_once - self.running, _READ_AT_ONCE)
            while self._line and room > 0:
                job = self._line.popleft()
                if job.rows[job.begun].done:  # nobody waits for it any more
                    continue
                chosen.setdefault(job.generator, []).append(job)
                job.begun += 1
                room -= 1
                if job.begun < len(job.rows):
                    self._line.append(job)
        return chosen

    def _begin(self, generator: BatchGenerator, jobs: list[Job]) -> None:
        if generator not in self._batches:
            self._batches[generator] = generator.running(), []
            use_threads(jobs[0].threads)
        batch, here = self._batches[generator]
        here += [job for job in dict.fromkeys(jobs) if job not in here]
        counts = {job: jobs.count(job) for job in jobs}
        batch.join(
            [row for job, n in counts.items() for row in job.rows[job.begun - n : job.begun]]
        )

    def _step(self, generator: BatchGenerator) -> None:
        batch, jobs = self._batches[generator]
        batch.step()
        self._tell(jobs)
        jobs[:] = [job for job in jobs if not all(row.done for row in job.rows[: job.begun])]
        if not batch.size:
            del self._batches[generator]

    def _guarded(self, generator: BatchGenerator, work: Callable[[], None]) -> None:
        """Do some work for a mimic; if that fails, so do the jobs that it was for."""
        try:
            work()
        except Exception as error:
            _, jobs = self._batches.pop(generator, (None, []))
            for job in jobs:
                job.error = error
                job.end()
            self._tell(jobs)

    def _tell(self, jobs: Iterable[Job]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(_set_all, [job.news for job in jobs])


def _set_all(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        event.set()
