"""The body of a request: within its size, within its time, and a JSON object."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from chatmimic.server.api_error import ApiError
from chatmimic.server.limits import Limits

_LET_THROUGH = 16  # times as much as may be sent
_CLOSE = {"Connection": "close"}  # so that the rest of a body is not waited for


async def json_of(request: Request, limits: Limits) -> dict[str, Any]:
    """The object in a request's body. Raises ApiError, and ClientDisconnect."""
    return _object(await body_of(request, limits))


async def body_of(request: Request, limits: Limits) -> bytes:
    """The body of a request. Raises ApiError, and ClientDisconnect."""
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _body(request, limits.body_bytes)
    except TimeoutError:
        seconds = f"{limits.body_seconds:g}"
        raise ApiError(
            408, f"The request did not arrive within {seconds} seconds.", headers=_CLOSE
        ) from None


async def _body(request: Request, most: int) -> bytes:
    """The body, if it is not larger than `most` bytes.

    The rest of one that is larger is let through, within reason: most clients read the answer only
    once they have sent all.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > _LET_THROUGH * most:
        raise _too_large(most)
    body, size = bytearray(), 0
    async for piece in request.stream():
        size += len(piece)
        if size <= most:
            body += piece
        elif size > _LET_THROUGH * most:
            break
    if size > most:
        raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> ApiError:
    return ApiError(
        413,
        f"The request is too large: at most {most:,} bytes.",
        code="request_too_large",
        headers=_CLOSE,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise ApiError(400, "The body of the request is not valid JSON.", code="bad_json") from None
    if not isinstance(found, dict):
        raise ApiError(400, "The body of the request is not a JSON object.", code="bad_json")
    return found


def _refused(constant: str) -> float:
    raise ValueError(constant)


async def gone(request: Request) -> None:
    """Wait until the client, whose request has been read, has gone away."""
    try:
        while (await request.receive())["type"] != "http.disconnect":
            pass
    except ClientDisconnect:
        return
