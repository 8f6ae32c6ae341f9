"""Who may ask: the host and the origin of a request, and its key.

A page of another site must not reach the server through the browser of its user. Browsers say
where a request comes from (`Origin`, `Sec-Fetch-Site`); with a name that is made to resolve to this
machine (DNS rebinding) the page would be of the same origin, but the name is in `Host`.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chatmimic.server.api_error import ApiError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OPEN = frozenset({"/health"})  # without a key


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

    @classmethod
    def at(cls, host: str, key: str = "", names: Iterable[str] = ()) -> Access:
        """For a server at an address, which has other names too."""
        more = {name.casefold() for name in names}
        if is_loopback(host):
            return cls(_LOOPBACK | {host} | more, key=key)
        own = {socket.gethostname().casefold(), socket.getfqdn().casefold(), host.casefold()}
        # No name is resolved for an address, so none can be rebound.
        return cls(_LOOPBACK | own | more, addresses=True, key=key)

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
        if self.key and path not in _OPEN:
            self._check_key(headers.get("authorization", ""))

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
        same = hmac.compare_digest(key.strip().encode(), self.key.encode())
        if scheme.casefold() != "bearer" or not same:
            raise ApiError(
                401,
                "The API key is missing or wrong.",
                code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )


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
