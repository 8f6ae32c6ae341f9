"""A chat log that is pasted: its messages, under the names of people that the mimic knows."""

from __future__ import annotations

import asyncio
import io
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.chat.session import Entry
from chatmimic.errors import ChatmimicError
from chatmimic.fragment import read_pasted
from chatmimic.generation.continuing import Continued, usual_start
from chatmimic.mimic import Mimic
from chatmimic.server.api_error import ApiError, invalid, json_response
from chatmimic.server.intake import json_of
from chatmimic.server.service import service_of
from chatmimic.server.web.conversation import entry_json, text_in


async def paste(request: Request) -> Response:
    """Read a log that was pasted. Raises ApiError."""
    service = service_of(request)
    body = await json_of(request, service.limits)
    text, you = text_in(body, "text"), text_in(body, "you")
    if not text.strip():
        raise invalid("Paste a piece of a chat.", "text")
    model = await asyncio.to_thread(service.voices.model, text_in(body, "mimic"))
    return json_response(await asyncio.to_thread(_read, model.mimic, text, you))


def _read(mimic: Mimic, text: str, you: str) -> dict[str, Any]:
    try:
        fragment = read_pasted(io.BytesIO(text.encode("utf-8", "replace")), usual_start(mimic))
        continued = Continued(fragment, mimic, {})
    except ChatmimicError as error:
        raise ApiError(422, str(error), code="not_a_chat") from error
    entries = [Entry(m, mine=m.sender == you) for m in continued.history]
    return {
        "entries": [entry_json(entry) for entry in entries],
        "people": [who for who in continued.people if who in mimic.people],
        "strangers": list(continued.strangers),
    }
