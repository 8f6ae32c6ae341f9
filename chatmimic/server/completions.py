"""`POST /v1/completions`: a plain text that goes on."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.server.answering import Answer
from chatmimic.server.asked import continuation_of
from chatmimic.server.choices import Choice
from chatmimic.server.intake import json_of
from chatmimic.server.probabilities import text_probabilities
from chatmimic.server.service import service_of


async def completions(request: Request) -> Response:
    """Answer one request. Raises ApiError."""
    service = service_of(request)
    asked, prompts = continuation_of(await json_of(request, service.limits), service.limits)
    choices = await service.continuation(asked, prompts)
    shape = partial(_choice, asked.likeliest is not None)
    kind = "text_completion"
    return await Answer(asked, choices, kind, kind, "cmpl", shape, shape).to(request)


def _choice(scored: bool, choice: Choice, text: str) -> dict[str, Any]:
    offset = len(choice.text) - len(text)
    return {
        "index": choice.index,
        "text": text,
        "logprobs": text_probabilities(choice, offset) if scored else None,
        "finish_reason": choice.finish or None,
    }
