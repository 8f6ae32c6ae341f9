"""Answers that are streamed, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from chatmimic.server.api_error import ApiError, dumped

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def streamed(chunks: AsyncIterator[object]) -> StreamingResponse:
    """The answer that sends each chunk as it comes, and says when there are no more."""
    return StreamingResponse(_events(chunks), headers=_HEADERS, media_type="text/event-stream")


async def _events(chunks: AsyncIterator[object]) -> AsyncIterator[str]:
    try:
        async for chunk in chunks:
            yield f"data: {dumped(chunk)}\n\n"
    except ApiError as error:  # the status has been sent: only an event can say so
        yield f"data: {dumped(error.body)}\n\n"
        return
    yield "data: [DONE]\n\n"
