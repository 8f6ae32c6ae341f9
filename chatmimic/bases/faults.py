"""Why a base could not be fetched, in plain words: one sentence for each thing that goes wrong."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from chatmimic.bases.smollm2 import is_ready
from chatmimic.errors import BaseError

COMMAND_AGAIN = "run the same command again to go on from there"


def not_fetched(name: str, why: str, hint: str = "") -> BaseError:
    """The one sentence: which base, why, and which bases need no network."""
    others = "`--base starter`, which needs no network"
    if is_ready():
        others = "`--base smollm2` or `--base starter`, which need no network"
    return BaseError(
        f'The base "{name}" could not be fetched: {why};', f"{hint or 'use'} {others}."
    )


def reason(error: BaseException, host: str) -> str:
    """What went wrong between this machine and the hub, from an exception and its causes."""
    response = getattr(error, "response", None)
    if response is not None:
        return refusal(response, host)
    for cause in _causes(error):
        if said := _plain(cause, host):
            return said
    if isinstance(error, ValueError):
        return f"what answers at {host} is not a model hub (a login page or a proxy, perhaps)"
    return f"the connection to {host} failed ({str(error).strip() or type(error).__name__})"


def refusal(response: Any, host: str) -> str:
    """What a status of the hub means for the one who asked."""
    status, code = int(response.status_code), response.headers.get("X-Error-Code", "")
    if code == "GatedRepo":
        return (
            "its owners want their terms accepted on its page first, and HF_TOKEN set to a token "
            "of your account"
        )
    if "Invalid credentials" in response.headers.get("X-Error-Message", ""):
        return f"{host} does not accept your token (HF_TOKEN or `hf auth login`)"
    if status in (401, 404):
        return f"{host} has no public model of that name (a private one needs HF_TOKEN)"
    if status == 403:
        return f"{host} does not let you have it (HTTP 403)"
    if status == 429:
        return f"{host} asks to wait a while (too many requests)"
    if status >= 500:
        return f"{host} is in trouble itself (HTTP {status})"
    return f"{host} answered HTTP {status}"


def _plain(cause: BaseException, host: str) -> str:
    if isinstance(cause, socket.gaierror):
        return f"no address is known for {host}, so this machine is probably offline"
    if isinstance(cause, ssl.SSLError):
        return f"the connection to {host} is not trusted ({cause.reason or cause})"
    if isinstance(cause, ConnectionRefusedError):
        return f"nothing accepts connections at {host}"
    if isinstance(cause, TimeoutError) or type(cause).__name__.endswith("Timeout"):
        return f"{host} did not answer in time"
    if isinstance(cause, ConnectionError) or type(cause).__name__ == "RemoteProtocolError":
        return f"{host} closed the connection"
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk is full ({cause.filename or 'where HF_HOME is'})"
    if isinstance(cause, OSError) and cause.filename:
        return f"{cause.filename} cannot be written ({cause.strerror})"
    if isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"no way leads to {host}, so this machine is probably offline"
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and what it came from, the deepest first: that one knows best."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    return reversed(chain)
