"""`POST /v1/chat/completions`: the next message of a chat."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatmimic.server.answering import Answer
from chatmimic.server.asked import chat_of
from chatmimic.server.choices import Choice
from chatmimic.server.intake import json_of
from chatmimic.server.probabilities import chat_probabilities
from chatmimic.server.service import service_of


async def chat_completions(request: Request) -> Response:
    """Answer one request. Raises ApiError."""
    service = service_of(request)
    asked, said = chat_of(await json_of(request, service.limits), service.limits)
    choices = await service.reply(asked, said)
    scored = asked.likeliest is not None
    answer = Answer(
        asked,
        choices,
        "chat.completion",
        "chat.completion.chunk",
        "chatcmpl",
        partial(_whole, scored),
        partial(_chunk, scored),
        _opening,
    )
    return await answer.to(request)


def _whole(scored: bool, choice: Choice, text: str) -> dict[str, Any]:
    return {
        "index": choice.index,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": chat_probabilities(choice) if scored else None,
        "finish_reason": choice.finish,
    }


def _opening(choice: Choice, text: str) -> dict[str, Any]:
    return _delta(choice, {"role": "assistant", "content": text}, None, None)


def _chunk(scored: bool, choice: Choice, text: str) -> dict[str, Any]:
    delta = {"content": text} if text else {}
    logprobs = chat_probabilities(choice) if scored else None
    return _delta(choice, delta, logprobs, choice.finish or None)


def _delta(
    choice: Choice, delta: dict[str, str], logprobs: dict[str, Any] | None, finish: str | None
) -> dict[str, Any]:
    return {
        "index": choice.index,
        "delta": delta,
        "logprobs": logprobs,
        "finish_reason": finish,
    }
