"""The application: which path leads where, and what becomes of errors."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatmimic.server.answering import too_long
from chatmimic.server.api_error import ApiError, json_response
from chatmimic.server.chat_completions import chat_completions
from chatmimic.server.completions import completions
from chatmimic.server.models import model, models
from chatmimic.server.security import Access, Guard
from chatmimic.server.service import Service, service_of
from chatmimic.server.web.routes import ROUTES

LOG = logging.getLogger("chatmimic.server")
_ROUTES = (
    Route("/v1/models", models, methods=["GET"]),
    Route("/v1/models/{name:path}", model, methods=["GET"]),
    Route("/v1/chat/completions", chat_completions, methods=["POST"]),
    Route("/v1/completions", completions, methods=["POST"]),
)


def application(service: Service, access: Access) -> Starlette:
    """The application of a service. Its scheduler runs as long as the application does."""

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        service.scheduler.start()
        opening = asyncio.create_task(service.open_first()) if service.opens_first else None
        yield
        if opening is not None:
            opening.cancel()
        await asyncio.to_thread(service.scheduler.close)

    app = Starlette(
        routes=[*_ROUTES, *ROUTES, Route("/health", _health), Route("/metrics", _metrics)],
        middleware=[
            Middleware(Counted, service=service),
            Middleware(Guard, access=access),
        ],
        exception_handlers={ApiError: _refused, HTTPException: _not_served},  # type: ignore[dict-item]
        lifespan=running,
    )
    app.state.service, app.state.access = service, access
    return app


async def _health(request: Request) -> Response:
    del request
    return json_response({"status": "ok"})


async def _metrics(request: Request) -> Response:
    service = service_of(request)
    scheduler = service.scheduler
    text = service.metrics.text(scheduler.running, scheduler.waiting)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


async def _refused(_: Request, error: ApiError) -> Response:
    return error.response


async def _not_served(_: Request, error: HTTPException) -> Response:
    said = "Nothing is served at that path." if error.status_code == 404 else error.detail
    return ApiError(error.status_code, said, headers=error.headers).response


class Counted:
    """Counts and times requests, ends those that take too long, and answers for bugs."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._answered(scope, receive, noting)
        except ApiError as error:
            if not status:
                await error.response(scope, receive, noting)
        except ClientDisconnect:
            status = status or 499
        finally:
            self._count(scope, status, time.monotonic() - began)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            # Streamed replies say themselves that their time is over; this ends clients that
            # do not read.
            async with asyncio.timeout(self.service.limits.request_seconds + 5):
                await self.app(scope, receive, send)
        except TimeoutError:
            raise too_long(self.service) from None
        except (ApiError, ClientDisconnect):
            raise
        except Exception as error:
            # Its name only: an error may quote what somebody said.
            LOG.error("A request failed: %s, a bug in chatmimic.", type(error).__name__)
            LOG.debug("", exc_info=error)
            name = type(error).__name__
            raise ApiError(500, f"The server failed ({name}).", code="server_failed") from error

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"] if scope["path"] in _PATHS else "other"
        self.service.metrics.requests[path, status] += 1
        self.service.metrics.seconds.add(seconds)
        LOG.info("%s %s %d %.2f s", scope["method"], path, status, seconds)


_PATHS = frozenset({"/health", "/metrics", *(route.path for route in (*_ROUTES, *ROUTES))})
