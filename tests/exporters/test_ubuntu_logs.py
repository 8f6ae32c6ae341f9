"""exporters/irc/ubuntu_logs.py against an imitation of irclogs.ubuntu.com on this machine."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports

SCRIPT = Path(__file__).parents[2] / "exporters" / "irc" / "ubuntu_logs.py"
CHANNEL = "#engines"
STAMP = "Wed, 03 Jan 2024 00:00:00 GMT"


class Site:
    """What the imitation serves, and what it was asked."""

    def __init__(self) -> None:
        self.logs: dict[str, bytes] = {}  # path → log
        self.answers: list[tuple[int, dict[str, str], bytes]] = []  # given before anything else
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.stall = threading.Event()  # set: answers are never finished
        self.url = ""

    def add(self, day: str, log: str) -> None:
        self.logs[f"/{day}/%23engines.txt"] = log.encode()

    def days(self) -> list[str]:
        return [path[1:11] for path, _ in self.asked]


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, dict(self.headers)))
            status, headers, body = self._answer()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if served.stall.is_set():
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                time.sleep(20)
            else:
                self.wfile.write(body)

        def _answer(self) -> tuple[int, dict[str, str], bytes]:
            if served.answers:
                return served.answers.pop(0)
            log = served.logs.get(self.path)
            if log is None:
                return 404, {}, b"none"
            tag = f'"{len(log)}"'
            if self.headers.get("If-None-Match") == tag:
                return 304, {"Content-Length": "0"}, b""
            return 200, {"ETag": tag, "Last-Modified": STAMP}, log

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def command(site: Site, out: Path, *more: str) -> list[str]:
    first_and_last = [] if "--from" in more else ["--from", "2024-01-01", "--to", "2024-01-03"]
    return [sys.executable, "-I", str(SCRIPT), "--channel", CHANNEL, "--out", str(out), "--pause",
            "0", "--base-url", site.url, *first_and_last, *more]  # fmt: skip


def run(site: Site, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(site, out, *more), capture_output=True, text=True, check=False)


def filled(site: Site) -> None:
    site.add("2024/01/01", "[12:00] <ada> first\n")
    site.add("2024/01/03", "[12:00] <grace> third\n")


def test_days_are_fetched_and_import(site: Site, tmp_path: Path) -> None:
    filled(site)
    done = run(site, tmp_path / "logs")
    assert done.returncode == 0, done.stderr
    assert "2 fetched, 1 no log" in done.stdout
    assert site.days() == ["2024/01/01", "2024/01/02", "2024/01/03"]
    assert all("chatmimic" in headers["User-Agent"] for _, headers in site.asked)
    report = ImportReport()
    found = list(read_exports(tmp_path / "logs", ImportOptions(tz="UTC"), report))
    assert [(m.thread, m.sender, m.text) for m in found] == [
        (CHANNEL, "ada", "first"),
        (CHANNEL, "grace", "third"),
    ]
    assert [datetime.fromtimestamp((m.sent_at or 0) / 1000, UTC).day for m in found] == [1, 3]


def test_what_is_there_is_not_fetched_again_nor_what_is_nowhere(site: Site, tmp_path: Path) -> None:
    filled(site)
    run(site, tmp_path)
    before = len(site.asked)
    done = run(site, tmp_path)
    assert len(site.asked) == before
    assert "3 known" in done.stdout


def test_a_file_that_was_damaged_is_fetched_again(site: Site, tmp_path: Path) -> None:
    filled(site)
    run(site, tmp_path)
    log = tmp_path / "2024/01/03/#engines.txt"
    log.write_text("[12:00] <grace> thi")
    done = run(site, tmp_path)
    assert "does not fit its checksum" in done.stderr
    assert log.read_text() == "[12:00] <grace> third\n"
    assert site.days()[3:] == ["2024/01/03"]


@pytest.mark.parametrize("after", ["1", "Mon, 01 Jan 2024 00:00:00 GMT", "soon"])
def test_a_server_that_is_busy_is_waited_for(after: str, site: Site, tmp_path: Path) -> None:
    filled(site)
    site.answers = [(503, {"Retry-After": after}, b"busy")]
    start = time.monotonic()
    done = run(site, tmp_path)
    assert done.returncode == 0
    assert "waiting" in done.stderr
    assert after != "1" or time.monotonic() - start >= 1
    assert site.days()[:2] == ["2024/01/01", "2024/01/01"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((403, {}, b"no"), "refuses"),
        ((503, {"Retry-After": "86400"}, b"busy"), "left alone"),
    ],
)
def test_a_server_that_says_no_is_left_alone(
    answer: tuple[int, dict[str, str], bytes], sentence: str, site: Site, tmp_path: Path
) -> None:
    site.answers = [answer]
    done = run(site, tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(site.asked) == 1


def test_an_answer_that_is_cut_short_is_asked_for_again(site: Site, tmp_path: Path) -> None:
    filled(site)
    site.answers = [(200, {"Content-Length": "999"}, b"[12:00] <ada> fi")]
    done = run(site, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "2024/01/01/#engines.txt").read_text() == "[12:00] <ada> first\n"


def test_a_run_that_was_killed_goes_on(site: Site, tmp_path: Path) -> None:
    filled(site)
    run(site, tmp_path, "--from", "2024-01-01", "--to", "2024-01-02")
    site.stall.set()
    with subprocess.Popen(
        command(site, tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        for _ in range(200):
            if site.days().count("2024/01/03"):
                break
            time.sleep(0.05)
        process.kill()
    site.stall.clear()
    assert not (tmp_path / "2024/01/03/#engines.txt").exists()
    done = run(site, tmp_path)
    assert "2 known" in done.stdout
    assert "1 fetched" in done.stdout
    assert (tmp_path / "2024/01/03/#engines.txt").read_text() == "[12:00] <grace> third\n"


def test_todays_log_is_asked_for_only_if_it_grew(site: Site, tmp_path: Path) -> None:
    today = f"{datetime.now(UTC):%Y/%m/%d}"
    since = ("--from", today.replace("/", "-"))
    run(site, tmp_path, *since)  # not there yet: this is not remembered
    site.add(today, "[00:00] <ada> a\n")
    run(site, tmp_path, *since)
    assert "1 unchanged" in run(site, tmp_path, *since).stdout
    site.add(today, "[00:00] <ada> a\n[00:01] <ada> b\n")
    assert "1 fetched" in run(site, tmp_path, *since).stdout
    log = tmp_path / today / "#engines.txt"
    assert log.read_text().count("\n") == 2


@pytest.mark.parametrize("channel", ["ubuntu", "#../x", "#a/b", "#"])
def test_what_is_no_channel_is_refused(channel: str, site: Site, tmp_path: Path) -> None:
    done = run(site, tmp_path, "--channel", channel)
    assert done.returncode == 2
    assert "is no channel" in done.stderr
    assert not site.asked


def test_a_state_that_was_damaged_is_begun_anew(site: Site, tmp_path: Path) -> None:
    filled(site)
    run(site, tmp_path)
    (tmp_path / "state.json").write_text('{"absent": 3')
    done = run(site, tmp_path)
    assert done.returncode == 0
    assert site.days()[3:] == ["2024/01/02"]
