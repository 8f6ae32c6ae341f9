"""exporters/discord/discord_channel.py against an imitation of Discord's API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Kind, Message

SCRIPT = Path(__file__).parents[2] / "exporters" / "discord" / "discord_channel.py"
CHANNEL = "845733281904558090"
ADA = {"id": "100", "username": "ada", "discriminator": "0", "global_name": "Ada"}
GRACE = {"id": "101", "username": "grace", "discriminator": "1906", "global_name": None}
CLERK = {"id": "200", "username": "clerk", "discriminator": "7", "bot": True}
TOKEN = "not-a-real-token"


def said(number: int, content: str, author: dict[str, Any] = ADA, **more: Any) -> dict[str, Any]:
    at = f"2024-05-01T10:{number // 60 % 60:02}:{number % 60:02}.000000+00:00"
    usual = {"id": str(1000 + number), "type": 0, "timestamp": at, "mentions": []}
    return usual | {"content": content, "author": author} | more


class Discord(ThreadingHTTPServer):
    """Answers as Discord does: pages backwards, and now and then "wait"."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.messages = sorted(messages, key=lambda m: -int(m["id"]))
        self.asked: list[str] = []
        self.refusals: dict[int, tuple[int, dict[str, str]]] = {}  # request → status, headers
        self.headers: dict[int, dict[str, str]] = {}
        self.before_answer: Callable[[int], None] = lambda number: None
        self.channel = {"id": CHANNEL, "type": 0, "name": "gears", "guild_id": "10"}
        self.channel |= {"parent_id": "11", "topic": None}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/v10"

    def found(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == f"/channels/{CHANNEL}":
            return self.channel
        if path == "/guilds/10":
            return {"id": "10", "name": "Analytical Society"}
        if path == f"/channels/{CHANNEL}/messages":
            before = int(query.get("before", [str(10**20)])[0])
            older = [m for m in self.messages if int(m["id"]) < before]
            return older[: min(int(query["limit"][0]), 100)]
        return None


class _Answer(BaseHTTPRequestHandler):
    server: Discord

    def do_GET(self) -> None:
        server, where = self.server, urlsplit(self.path)
        server.asked.append(self.path.removeprefix("/api/v10"))
        number = len(server.asked)
        server.before_answer(number)
        if number in server.refusals:
            status, headers = server.refusals[number]
            return self._give(status, {"message": "no"}, headers)
        if self.headers["Authorization"] != f"Bot {TOKEN}":
            return self._give(401, {"message": "401: Unauthorized"}, {})
        found = server.found(where.path.removeprefix("/api/v10"), parse_qs(where.query))
        status = 200 if found is not None else 404
        return self._give(status, found or [], server.headers.get(number, {}))

    def _give(self, status: int, body: Any, headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Keep the tests quiet."""


@pytest.fixture
def discord() -> Iterator[Discord]:
    server = Discord([said(n, f"message {n}") for n in range(250)])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def command(discord: Discord, out: Path) -> list[str]:
    script = [sys.executable, str(SCRIPT), "--channel", CHANNEL]
    return [*script, "--out", str(out), "--api", discord.url]


def run(discord: Discord, out: Path, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"DISCORD_BOT_TOKEN": token}
    return subprocess.run(command(discord, out), capture_output=True, text=True, env=env)


def imported(out: Path) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(out, ImportOptions(), report)), report


def test_a_channel_is_fetched_page_by_page_and_imported(discord: Discord, tmp_path: Path) -> None:
    out = tmp_path / "gears.json"
    done = run(discord, out)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith(f"250 messages in {out}\n")
    where = f"/channels/{CHANNEL}/messages?limit=100"
    pages = [f"&before={1000 + n}" for n in (150, 50, 0)]
    assert discord.asked[-4:] == [where, *(where + page for page in pages)]
    assert [path.name for path in tmp_path.iterdir()] == ["gears.json"]
    assert out.stat().st_mode & 0o077 == 0
    messages, report = imported(out)
    assert [m.text for m in messages] == [f"message {n}" for n in range(250)]
    assert {(m.sender, m.sender_key) for m in messages} == {("Ada", "100")}
    assert {m.thread_title for m in messages} == {"Analytical Society / gears"}
    assert report.notes == []
    assert json.loads(out.read_text())["messageCount"] == 250


def test_messages_of_every_kind_reach_the_importer(discord: Discord, tmp_path: Path) -> None:
    snapshot = {"message": {"content": "not hers", "timestamp": "2024-04-30T00:00:00+00:00"}}
    file = {"id": "9", "filename": "a.png", "url": "https://cdn.example/a.png", "size": 3}
    discord.messages = [
        said(9, "", type=46),
        said(8, "", GRACE, message_reference={"type": 1, "message_id": "5"},
             message_snapshots=[snapshot]),
        said(7, "bridged", CLERK | {"bot": False}, webhook_id="200"),
        said(6, "beep", CLERK),
        said(5, "looms", type=4),
        said(4, "", type=6),
        said(3, "", type=3, call={"ended_timestamp": None}),
        said(2, "", GRACE, attachments=[file], reactions=[{"emoji": {"name": "🎉"}, "count": 2}]),
        said(1, "yes <@100>, you \ud83d", GRACE, type=19, mentions=[ADA],
             message_reference={"message_id": "1000"}),
        said(0, "who?"),
    ]  # fmt: skip
    assert run(discord, tmp_path / "x.json").returncode == 0
    messages, report = imported(tmp_path / "x.json")
    assert [(m.kind, m.sender, m.text, m.is_bot) for m in messages] == [
        (Kind.TEXT, "Ada", "who?", False),
        (Kind.TEXT, "grace", "yes @Ada, you \ufffd", False),
        (Kind.MEDIA, "grace", "", False),
        (Kind.CALL, "Ada", "Started a call.", False),
        (Kind.SYSTEM, "Ada", "Pinned a message.", False),
        (Kind.SYSTEM, "Ada", "Changed the channel name: looms", False),
        (Kind.TEXT, "clerk", "beep", True),
        (Kind.TEXT, "clerk", "bridged", True),
        (Kind.FORWARDED, "grace", "not hers", False),
        (Kind.SYSTEM, "Ada", "", False),
    ]
    assert messages[1].reply_to == "1000"
    assert report.notes == []


def test_it_waits_when_discord_says_so(discord: Discord, tmp_path: Path) -> None:
    discord.refusals = {4: (429, {"Retry-After": "0.4"}), 6: (502, {})}
    discord.headers = {7: {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0.4"}}
    times: list[float] = []
    discord.before_answer = lambda number: times.append(time.monotonic())
    assert run(discord, tmp_path / "x.json").returncode == 0
    apart = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert apart[3] > 0.35  # after the refusal
    assert apart[5] > 0.9  # after Discord's own fault
    assert apart[6] > 0.35  # before it would be one request too many
    assert len(imported(tmp_path / "x.json")[0]) == 250


def test_a_killed_run_goes_on_where_it_was(discord: Discord, tmp_path: Path) -> None:
    out, reached, held = tmp_path / "x.json", threading.Event(), threading.Event()

    def hold(number: int) -> None:
        if number == 5:  # the second page
            reached.set()
            held.wait(20)

    discord.before_answer = hold
    env = os.environ | {"DISCORD_BOT_TOKEN": TOKEN}
    process = subprocess.Popen(command(discord, out), stderr=subprocess.DEVNULL, env=env)
    assert reached.wait(20)
    process.send_signal(signal.SIGKILL)
    process.wait()
    held.set()
    part = tmp_path / "x.json.part"
    assert part.read_bytes().count(b"\n") == 101
    assert not out.exists()
    assert TOKEN.encode() not in part.read_bytes()
    with part.open("ab") as torn:  # as a kill in the middle of writing leaves it
        torn.write(b'{"id": "77')
    discord.asked.clear()
    assert run(discord, out).returncode == 0
    assert discord.asked[3] == f"/channels/{CHANNEL}/messages?limit=100&before=1150"
    assert [m.text for m in imported(out)[0]] == [f"message {n}" for n in range(250)]
    assert not part.exists()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "Discord does not accept the token. It must be a bot's token"),
        (403, "The bot may not read this. It needs the rights View Channel and Read Message"),
        (404, "Discord knows no such channel, or the bot is not on its server."),
        (302, "Discord refuses the request (302)."),
        (429, "Discord asks to wait 9999 seconds. Run this again then."),
    ],
)
def test_a_refusal_is_one_sentence(
    status: int, sentence: str, discord: Discord, tmp_path: Path
) -> None:
    headers = {"Location": "http://127.0.0.1:1/", "Retry-After": "9999"}
    discord.refusals = {1: (status, headers)}
    done = run(discord, tmp_path / "x.json")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_token_is_told_and_not_shown(discord: Discord, tmp_path: Path) -> None:
    done = run(discord, tmp_path / "x.json", token="wrong-secret")
    assert done.stderr.startswith("Discord does not accept the token.")
    assert "wrong-secret" not in done.stderr


def test_nothing_is_overwritten_and_channels_do_not_mix(discord: Discord, tmp_path: Path) -> None:
    out = tmp_path / "x.json"
    out.write_text("mine")
    assert f"{out} is there already." in run(discord, out).stderr
    assert out.read_text() == "mine"
    out.unlink()
    (tmp_path / "x.json.part").write_text('{"channel": "5"}\n{"id": "1"}\n')
    assert "is of another channel" in run(discord, out).stderr
    assert not out.exists()


def test_a_channel_without_words_is_pointed_out(discord: Discord, tmp_path: Path) -> None:
    discord.messages = [said(1, ""), said(0, "")]
    assert "switch the Message Content Intent on" in run(discord, tmp_path / "x.json").stderr


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--channel", "gears"], "--channel takes the channel's id"),
        (["--api", "http://example.org"], "--api takes an https address"),
        (["--token", TOKEN], "unrecognized arguments"),
    ],
)
def test_what_is_asked_wrongly(more: list[str], sentence: str, tmp_path: Path) -> None:
    asked = [sys.executable, str(SCRIPT), "--channel", "1", "--out", str(tmp_path / "x"), *more]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 2
    assert sentence in done.stderr
