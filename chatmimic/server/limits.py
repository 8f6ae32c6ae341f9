"""How much a client may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of requests; each keeps one client from using up what belongs to all."""

    body_bytes: int = 1 << 20
    body_seconds: float = 20  # until a body has arrived
    head_seconds: float = 10  # until the head of a request has arrived
    request_seconds: float = 300  # until a request has been answered
    stop_seconds: float = 30  # for requests that run while the server is stopped
    connections: int = 256
    waiting: int = 64  # replies that are not begun yet
    at_once: int = 16  # replies that are being written
    choices: int = 16  # of a request
    stops: int = 4  # texts at which a reply ends
    stop_characters: int = 200
    likeliest: int = 20  # tokens beside each one, with their probabilities
    mimics: int = 4  # in memory
