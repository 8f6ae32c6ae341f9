"""`GET /v1/models`: the mimics, and the other people they were trained on."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.server.api_error import json_response
from chatmimic.server.service import service_of
from chatmimic.server.voices import Model


async def models(request: Request) -> Response:
    """List all models."""
    found = await asyncio.to_thread(service_of(request).voices.models)
    return json_response({"object": "list", "data": [_object(model) for model in found]})


async def model(request: Request) -> Response:
    """Describe one model. Raises ApiError."""
    name = request.path_params["name"]
    return json_response(_object(await asyncio.to_thread(service_of(request).voices.model, name)))


def _object(model: Model) -> dict[str, Any]:
    """A model as OpenAI's API has it, with who it is and whom the mimic knows."""
    return {
        "id": model.name,
        "object": "model",
        "created": model.made,
        "owned_by": "chatmimic",
        "mimic": model.mimic.name,
        "persona": model.persona,
        "people": list(model.mimic.people),
    }
