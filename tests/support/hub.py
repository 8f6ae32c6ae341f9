"""A model hub on the loopback address, for tests: the routes its clients use, and ways to break.

::

    with Hub() as hub:
        hub.add("org/name", folder)          # every file of the folder, as one commit
        hub.cut_after = 60_000               # the next file breaks off after so many bytes
        subprocess.run(..., env=os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path)})
        assert [seen.range for seen in hub.requests] == [None, "bytes=60000-"]

`test_hub_imitation.py` lets the real client library fetch from it, so that it stays an imitation of
the real one. Nothing but 127.0.0.1 is ever bound or contacted.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

LARGE = 20_000  # bytes; from here on a file has a SHA-256, as large files on the hub have


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    range: str | None
    token: str | None
    agent: str


@dataclass
class Hub:
    """The server and its switches; all of them may be set while it runs."""

    status: int | None = None  # answer everything with this
    file_status: int | None = None  # answer every file with this
    error_code: str = ""  # the hub's X-Error-Code beside such a status
    cut_after: int | None = None  # close the connection after so many bytes of a large file …
    cuts: int = 1  # … this often
    stall_after: int | None = None  # stop sending at this byte of a large file
    hang: bool = False  # take requests and never answer
    page: str | None = None  # answer everything with this HTML page, as a hotel's login does
    ranges: bool = True  # whether a part of a file can be asked for
    claim: int | None = None  # the size that large files are said to have
    flip: bool = False  # send large files with a wrong byte
    elsewhere: str | None = None  # send large files from another host, as the hub does

    def __post_init__(self) -> None:
        self.requests: list[Seen] = []
        self.sent: dict[str, int] = {}  # file name → bytes of content that left
        self.repos: dict[str, dict[str, bytes]] = {}
        self.closing = threading.Event()

    def __enter__(self) -> Hub:
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, name: str, folder: Path) -> None:
        """Publish the files of a folder under a name."""
        self.repos[name] = {
            str(file.relative_to(folder)): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }

    def asked(self, file: str) -> list[Seen]:
        """The GET requests for a file."""
        return [s for s in self.requests if s.method == "GET" and s.path.endswith(f"/{file}")]


def commit_of(files: dict[str, bytes]) -> str:
    """Forty hex digits that change with the content, as a commit's name does."""
    listed = sorted((name, digests(content)[0]) for name, content in files.items())
    return hashlib.sha1(repr(listed).encode()).hexdigest()


@lru_cache
def digests(content: bytes) -> tuple[str, str]:
    """The git blob id and the SHA-256 of a content."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return blob, hashlib.sha256(content).hexdigest()


@contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a loopback socket that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def closed_port() -> Iterator[str]:
    """The URL of a loopback port at which nothing listens: bound, so that nobody else takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away: tests kill some on purpose."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self) -> None:
        asked = self.headers
        self.hub.requests.append(
            Seen(
                self.command,
                urlsplit(self.path).path,
                asked.get("Range"),
                asked.get("Authorization"),
                asked.get("User-Agent", ""),
            )
        )
        if self.hub.hang:
            self.hub.closing.wait(60)
        elif self.hub.page is not None:
            self._send(200, self.hub.page.encode(), {"Content-Type": "text/html"})
        elif self.hub.status is not None:
            self._refuse(self.hub.status, self.hub.error_code)
        else:
            self._route(urlsplit(self.path).path.strip("/"))

    def _route(self, path: str) -> None:
        api = re.fullmatch(r"api/models/(.+?)(?:/(revision|tree)/([^/]+))?", path)
        file = re.fullmatch(r"(.+?)/resolve/([^/]+)/(.+)", path)
        name = api[1] if api else file[1] if file else ""
        files = self.hub.repos.get(name)
        if files is None:
            self._refuse(401 if self.headers.get("Authorization") is None else 404, "RepoNotFound")
        elif api and api[2] == "tree":
            self._send_json([_tree_entry(name, content) for name, content in files.items()])
        elif api:
            self._send_json(_model_info(name, files))
        elif file and file[2] not in ("main", commit_of(files)):
            self._refuse(404, "RevisionNotFound")
        elif file and file[3] not in files:
            self._refuse(404, "EntryNotFound", {"X-Repo-Commit": commit_of(files)})
        elif file:
            self._send_file(file[3], files)

    def _send_file(self, name: str, files: dict[str, bytes]) -> None:
        hub, content = self.hub, files[name]
        large = len(content) >= LARGE
        blob, sha256 = digests(content)
        said = {"X-Repo-Commit": commit_of(files), "Accept-Ranges": "bytes"}
        said["ETag"] = f'"{sha256 if large else blob}"'
        if large:
            said |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(content))}
        if hub.file_status is not None:
            return self._refuse(hub.file_status, hub.error_code)
        if large and hub.elsewhere:
            return self._send(302, b"", said | {"Location": f"{hub.elsewhere}{self.path}"})
        if large and hub.flip:
            content = bytes([content[0] ^ 1]) + content[1:]
        status, start = 200, 0
        if hub.ranges and (ranged := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))):
            start = int(ranged[1])
            if start >= len(content):
                return self._refuse(416, "", {"Content-Range": f"bytes */{len(content)}"})
            status = 206
            said["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._send(status, content[start:], said, name, start if large else None)

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        name: str = "",
        start: int | None = None,
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        hub, part = self.hub, body
        cut = start is not None and hub.cut_after is not None and hub.cuts > 0
        if cut:
            hub.cuts -= 1
            part = body[: hub.cut_after]
        elif start is not None and hub.stall_after is not None:
            part = body[: max(0, hub.stall_after - start)]
        self.wfile.write(part)
        self.wfile.flush()
        hub.sent[name] = hub.sent.get(name, 0) + len(part)
        if cut:
            self.close_connection = True
        elif len(part) < len(body):
            hub.closing.wait(60)

    def _send_json(self, value: object) -> None:
        if self.hub.claim is not None:
            text = json.dumps(value)
            value = json.loads(text, object_hook=self._exaggerate)
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _exaggerate(self, entry: dict[str, object]) -> dict[str, object]:
        size = entry.get("size")
        return (
            entry | {"size": self.hub.claim} if isinstance(size, int) and size >= LARGE else entry
        )

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        said = {"X-Error-Code": code} if code else {}
        self._send(status, b"refused", said | (headers or {}))


def _model_info(name: str, files: dict[str, bytes]) -> dict[str, object]:
    return {
        "_id": "0",
        "id": name,
        "modelId": name,
        "sha": commit_of(files),
        "private": False,
        "gated": False,
        "siblings": [_sibling(file, content) for file, content in files.items()],
    }


def _sibling(name: str, content: bytes) -> dict[str, object]:
    blob, sha256 = digests(content)
    entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob}
    if len(content) >= LARGE:
        entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
    return entry


def _tree_entry(name: str, content: bytes) -> dict[str, object]:
    blob, sha256 = digests(content)
    entry: dict[str, object] = {"type": "file", "oid": blob, "size": len(content), "path": name}
    if len(content) >= LARGE:
        entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
    return entry
