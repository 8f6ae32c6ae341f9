"""Why a base could not be downloaded, in plain words: a sentence for each kind of error."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from chatmimic.bases.smollm2 import is_ready
from chatmimic.errors import BaseError

COMMAND_AGAIN = "run the same command again to resume the download"


def not_fetched(name: str, why: str, hint: str = "") -> BaseError:
    """The error: which base, why, and which bases need no network."""
    others = "`--base starter`, which needs no network"
    if is_ready():
        others = "`--base smollm2` or `--base starter`, which need no network"
    return BaseError(
        f'The base "{name}" could not be downloaded: {why};', f"{hint or 'use'} {others}."
    )


def reason(error: BaseException, host: str) -> str:
    """What went wrong, from an exception and its causes, as part of a sentence."""
    response = getattr(error, "response", None)
    if response is not None:
        return refusal(response, host)
    for cause in _causes(error):
        if plain := _plain(cause, host):
            return plain
    if isinstance(error, ValueError):
        return f"the answer from {host} is not that of a model hub (perhaps a login page or proxy)"
    return f"the connection to {host} failed ({str(error).strip() or type(error).__name__})"


def refusal(response: Any, host: str) -> str:
    """What an HTTP error status of the hub means for the user."""
    status, code = int(response.status_code), response.headers.get("X-Error-Code", "")
    if code == "GatedRepo":
        return (
            "it is gated: accept its terms on its page first, and set HF_TOKEN to a token of your "
            "account"
        )
    if "Invalid credentials" in response.headers.get("X-Error-Message", ""):
        return f"{host} does not accept your token (HF_TOKEN or `hf auth login`)"
    if status in (401, 404):
        return f"{host} has no public model of that name (a private one needs HF_TOKEN)"
    if status == 403:
        return f"{host} denies access to it (HTTP 403)"
    if status == 429:
        return f"{host} asks you to wait (too many requests, HTTP 429)"
    if status >= 500:
        return f"{host} has a problem of its own (HTTP {status})"
    return f"{host} answered HTTP {status}"


def _plain(cause: BaseException, host: str) -> str:
    if isinstance(cause, socket.gaierror):
        return f"the address of {host} cannot be found, so this machine is probably offline"
    if isinstance(cause, ssl.SSLError):
        return f"the connection to {host} is not trusted ({cause.reason or cause})"
    if isinstance(cause, ConnectionRefusedError):
        return f"{host} refused the connection"
    if isinstance(cause, TimeoutError) or type(cause).__name__.endswith("Timeout"):
        return f"{host} did not answer in time"
    if isinstance(cause, ConnectionError) or type(cause).__name__ == "RemoteProtocolError":
        return f"{host} closed the connection"
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk is full ({cause.filename or 'where HF_HOME is'})"
    if isinstance(cause, OSError) and cause.filename:
        return f"{cause.filename} cannot be written ({cause.strerror})"
    if isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"{host} is unreachable, so this machine is probably offline"
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and its causes, the original cause first."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    return reversed(chain)
