"""The server itself: its socket, its connections, and how it ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from chatmimic.errors import ServerError
from chatmimic.server.limits import Limits

_HEAD_BYTES = 16 * 1024  # of the head of a request


class PatientProtocol(H11Protocol):
    """HTTP that waits only so long for the head of a request, and for so many connections."""

    limits = Limits()
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.abort()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the connection has ended."""
        super().connection_lost(exc)
        if self._waiting is not None:
            self._waiting.cancel()

    def _watch(self) -> None:
        """Keep the time while a head is being waited for."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        elif not answering and self._waiting is None:
            self._waiting = self.loop.call_later(self.limits.head_seconds, self._give_up)

    def _give_up(self) -> None:
        self._waiting = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class Server(uvicorn.Server):
    """A server that says when it listens, and whose end is no failure."""

    def __init__(self, config: uvicorn.Config, listens: Callable[[], None]) -> None:
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._listens()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End once running requests are answered; at a second signal, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True


def bound(host: str, port: int) -> socket.socket:
    """A socket at that address. Raises ServerError if there is none to be had."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
        except OSError:
            found.close()
            raise
    except OSError as error:
        raise ServerError(
            f"Cannot listen on {host}, port {port}: {error.strerror or error}.",
            "Take another port, e.g. --port 0 for any that is free.",
        ) from error
    return found


def address_of(found: socket.socket) -> str:
    """The address of a bound socket, as a client calls it."""
    host, port = found.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def server_for(app: ASGIApp, limits: Limits, listens: Callable[[], None] = lambda: None) -> Server:
    """A server of an application; `listens` is called once it does."""
    protocol: Any = type("Protocol", (PatientProtocol,), {"limits": limits})
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=round(limits.stop_seconds),
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )
    return Server(config, listens)


def serve(
    app: ASGIApp, found: socket.socket, limits: Limits, listens: Callable[[str], None]
) -> None:
    """Serve an application on a bound socket until a signal ends it.

    `listens` is called with the address once the server listens.
    """
    server_for(app, limits, partial(listens, address_of(found))).run([found])
