"""Who may ask: the host and the origin of a request, and its key.

A page of another site must not reach the server through the browser of its user. Browsers say
where a request comes from (`Origin`, `Sec-Fetch-Site`); with a name that is made to resolve to this
machine (DNS rebinding) the page would be of the same origin, but the name is in `Host`.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from chatmimic.server.api_error import ApiError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Without a key. The page asks for it itself; its files hold nobody's words.
_OPEN = frozenset({"/health", "/", "/sign-in", "/page.css", "/page.js", "/page.svg"})
COOKIE = "chatmimic"  # of a browser that has sent the key


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Access:
    """What is required of a request. Names are those by which clients may call the server."""

    names: frozenset[str] = _LOOPBACK
    addresses: bool = False  # whether they may call it by any IP address
    key: str = ""
    private: bool = True  # whether only the user of this machine connects

    @classmethod
    def at(cls, host: str, key: str = "", names: Iterable[str] = ()) -> Access:
        """For a server at an address, which has other names too."""
        more = {name.casefold() for name in names}
        if is_loopback(host):
            return cls(_LOOPBACK | {host} | more, key=key, private=not more)
        own = {socket.gethostname().casefold(), host.casefold()}
        # No name is resolved for an address, so none can be rebound.
        return cls(_LOOPBACK | own | more, addresses=True, key=key, private=False)

    def check(self, path: str, headers: Headers) -> None:
        """Raise ApiError if a request is not to be answered."""
        host = headers.get("host", "")
        if not self._knows(_name_in(host)):
            raise ApiError(
                403,
                "This server is not called by that host name. --allow-host NAME allows one.",
                code="unknown_host",
            )
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc.casefold() != host.casefold()
        if foreign or headers.get("sec-fetch-site") == "cross-site":
            raise ApiError(403, "Pages of other sites may not use this.", code="foreign_origin")
        if path not in _OPEN and not self.lets_in(headers):
            self._check_key(headers.get("authorization", ""))

    def lets_in(self, headers: Mapping[str, str]) -> bool:
        """Whether a browser needs no key: none is set, or it has sent it before."""
        if not self.key:
            return True
        given = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return hmac.compare_digest(given.encode(), self.cookie.encode())

    @property
    def cookie(self) -> str:
        """The value of the cookie; the key cannot be told from it."""
        return hmac.digest(self.key.encode(), b"chatmimic cookie", "sha256").hex()

    def is_key(self, given: str) -> bool:
        """Whether a text is the key."""
        return bool(self.key) and hmac.compare_digest(given.strip().encode(), self.key.encode())

    def _knows(self, name: str) -> bool:
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.addresses

    def _check_key(self, given: str) -> None:
        scheme, _, key = given.partition(" ")
        if scheme.casefold() != "bearer" or not self.is_key(key):
            raise ApiError(
                401,
                "The API key is missing or wrong.",
                code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )


def access_of(request: Request) -> Access:
    """What the server that answers a request requires."""
    found: Access = request.app.state.access
    return found


def _name_in(host: str) -> str:
    """The name in a `Host` header, without its port; "" if it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").casefold()
    except ValueError:
        return ""


class Guard:
    """Answers only requests that are allowed."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        if scope["type"] == "http":
            try:
                self.access.check(scope["path"], Headers(scope=scope))
            except ApiError as error:
                await error.response(scope, receive, send)
                return
        await self.app(scope, receive, send)
