"""What tests of the server share: one that listens on the loopback address, and raw requests."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chatmimic.home import Home
from chatmimic.server.app import application
from chatmimic.server.limits import Limits
from chatmimic.server.listening import address_of, bound, server_for
from chatmimic.server.security import Access
from chatmimic.server.service import Service
from chatmimic.server.voices import Voices

HELLO = [{"role": "user", "content": "hello there"}]


@dataclass(frozen=True)
class Served:
    """A server that runs: its service, and where it is."""

    service: Service
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def raw(self, sent: bytes, seconds: float = 20) -> bytes:
        """All that is answered to some bytes until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as line:
            line.sendall(sent)
            return b"".join(iter(lambda: line.recv(65536), b""))

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """The status and the body of an answer."""
        import http.client
        import json

        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        line.request(method, path, body, given)
        answer = line.getresponse()
        read = answer.read()
        line.close()
        kind = answer.headers.get("content-type", "")
        return answer.status, json.loads(read) if kind == "application/json" else read.decode()

    def openai(self, **options: Any) -> Any:
        """OpenAI's client of this server; close it."""
        import openai

        given = {"api_key": "none", "max_retries": 0, **options}
        return openai.OpenAI(base_url=f"{self.url}/v1", **given)


@contextmanager
def serving(
    home: Home, *, key: str = "", limits: Limits | None = None, **how: Any
) -> Iterator[Served]:
    """A server of a home's mimics, in a thread."""
    limits = limits or Limits()
    service = Service(Voices(home, engine="float32", **how), limits)
    listens = threading.Event()
    found = bound("127.0.0.1", 0)
    address = address_of(found)
    app = application(service, Access.at("127.0.0.1", key))
    server = server_for(app, limits, listens.set)
    thread = threading.Thread(target=server.run, args=([found],))
    thread.start()
    try:
        assert listens.wait(30)
        yield Served(service, address)
    finally:
        server.should_exit = True
        thread.join(30)


def wait_until(true: Any, seconds: float = 20) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
