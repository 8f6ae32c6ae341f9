"""Signing in where the server has a key: a browser sends it once, and gets a cookie."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chatmimic.server.api_error import ApiError
from chatmimic.server.intake import body_of
from chatmimic.server.security import COOKIE, access_of
from chatmimic.server.service import service_of
from chatmimic.server.web.static import content_of, shown


def asks_for_key(*, wrong: bool = False) -> Response:
    """The page that asks for the key."""
    said = "That is not the key." if wrong else ""
    return shown(content_of("sign_in.html").replace("{{SAID}}", said), status=401)


async def sign_in(request: Request) -> Response:
    """Take a key that was typed. Raises ApiError if the request is malformed."""
    body = await body_of(request, service_of(request).limits)
    try:
        typed = parse_qs(body.decode(), max_num_fields=4).get("key", [""])[0]
    except ValueError:
        raise ApiError(400, "The form is malformed.") from None
    access = access_of(request)
    if not access.is_key(typed):
        return asks_for_key(wrong=True)
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(COOKIE, access.cookie, httponly=True, samesite="strict")
    return answer
