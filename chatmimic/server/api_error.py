"""Errors in the shape that clients of OpenAI's API read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """A request that is refused: an HTTP status, a sentence, and what of the request is wrong."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """The object that describes it."""
        usual = "invalid_request_error" if self.status < 500 else "server_error"
        kind = _TYPES.get(self.status, usual)
        said = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": said}

    @property
    def response(self) -> Response:
        """The answer to the request."""
        return json_response(self.body, self.status, self.headers)


def invalid(message: str, param: str) -> ApiError:
    """The error for a value that cannot be used."""
    return ApiError(422, message, param=param, code="invalid_value")


def json_response(
    facts: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON."""
    return Response(dumped(facts), status, headers, media_type="application/json")


def dumped(facts: object) -> str:
    """JSON in ASCII, which lone surrogates of a client's text do not break."""
    return json.dumps(facts, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
