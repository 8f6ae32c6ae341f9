"""The files of the page, and the headers of everything that a browser shows."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "html": "text/html"}
# Scripts and styles are the files below, and requests stay here, whatever a message holds.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without a referrer a form would have no origin, either
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


async def static(request: Request) -> Response:
    """Answer with a file of the page."""
    name = request.url.path.rpartition("/")[2]
    return shown(content_of(name), name.rpartition(".")[2])


def shown(content: str, kind: str = "html", policy: str = POLICY, status: int = 200) -> Response:
    """An answer that a browser shows under a policy (Content-Security-Policy)."""
    headers = {**_HEADERS, "Content-Security-Policy": policy}
    return Response(content, status, headers, media_type=_TYPES[kind])


@cache
def content_of(name: str) -> str:
    """The text of a file in this folder."""
    return files("chatmimic.server.web").joinpath(name).read_text("utf-8")
