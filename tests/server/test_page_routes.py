"""The page of the server without a browser: what its routes answer, and to whom."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from serving_support import Served, serving, wait_until
from talking_support import write_tiny_mimic
from training_support import chatter, fill

from chatmimic.chat.kept import kept_chats
from chatmimic.home import Home
from chatmimic.mimic import write_manifest
from chatmimic.records import Message
from chatmimic.server.app import application
from chatmimic.server.security import COOKIE, Access

KEY = "a key of many characters"
ADA = [{"person": "Ada Lovelace", "mimic": "ada"}]
HI = {"sender": "Bob", "text": "hi there", "mine": True}
SHORT = {"max_tokens": 6}


def talk(**changes: Any) -> bytes:
    body = {"room": ADA, "you": "Bob", "entries": [HI], "settings": SHORT, **changes}
    return json.dumps(body).encode()


def events(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


@pytest.fixture(scope="module")
def here(tiny_base, plain_base, tmp_path_factory) -> Iterator[tuple[Home, Served]]:
    """A server of a home of its own, with an archive."""
    home = fill(tmp_path_factory.mktemp("page") / "home", chatter(60))
    home.mimics.mkdir()
    write_tiny_mimic(home.mimics / "ada", tiny_base, "tokens")
    write_tiny_mimic(home.mimics / "cyd", plain_base, "short", ("Cyd", "Bob", "Dee Dee"))
    evil = write_tiny_mimic(home.mimics / "eve", tiny_base, "tokens", ('</script><b>"Eve"', "Bob"))
    write_manifest(evil.path, {**evil.manifest, "everybody": True})
    with serving(home) as served:
        yield home, served


def header(served: Served, path: str, name: str, **given: str) -> str:
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    line.request("GET", path, headers=given)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.headers.get(name, "")


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/page.svg"])
def test_the_page_runs_only_its_own_script_and_stays_here(here, path):
    _, served = here
    assert served.request("GET", path)[0] == 200
    policy = header(served, path, "Content-Security-Policy")
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert header(served, path, "X-Content-Type-Options") == "nosniff"


def test_the_page_knows_the_mimics_and_a_name_is_no_markup(here):
    _, served = here
    _, page = served.request("GET", "/")
    assert page.count("</script>") == 2
    assert "<b>" not in page
    start = page.index('id="facts">') + len('id="facts">')
    facts = json.loads(page[start : page.index("</script>", start)])
    people = {(one["mimic"], one["persona"]): one["you"] for one in facts["models"]}
    assert people[("ada", "Ada Lovelace")] == "Bob"
    assert people[("eve", '</script><b>"Eve"')] == "Bob"
    assert facts["private"] is True


def test_a_turn_is_streamed_and_kept(here):
    home, served = here
    status, text = served.request("POST", "/page/turn", talk(keep=True))
    assert status == 200
    found = events(text)
    assert [*found[0]] == ["kept"]
    assert found[1]["speaker"] == "Ada Lovelace"
    assert 0 <= found[1]["wait"] <= 3
    assert any("piece" in event for event in found)
    said = [event["said"] for event in found if "said" in event]
    (saved,) = [s for path, s in kept_chats(home.chats) if path.stem == found[0]["kept"]]
    assert [(e.message.sender, e.mine) for e in saved.entries] == [
        ("Bob", True),
        *[("Ada Lovelace", False)] * len(said),
    ]


def test_a_room_speaks_with_the_voices_of_several_mimics(here):
    _, served = here
    room = [*ADA, {"person": "Cyd", "mimic": "cyd"}]
    status, text = served.request("POST", "/page/turn", talk(room=room, listen=True))
    assert status == 200
    speakers = [event["speaker"] for event in events(text) if "speaker" in event]
    assert set(speakers) <= {"Ada Lovelace", "Cyd"}
    assert speakers


def test_nothing_is_kept_unless_asked_for(here):
    home, served = here
    before = len(list(kept_chats(home.chats)))
    found = events(served.request("POST", "/page/turn", talk())[1])
    assert found[0] == {"kept": ""}
    assert len(list(kept_chats(home.chats))) == before


def test_a_client_that_goes_away_leaves_a_whole_chat(here):
    home, served = here
    body = talk(keep=True, settings={"max_tokens": 60, "end_bias": -10})
    head = (
        f"POST /page/turn HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        line.sendall(head.encode() + body)
        seen = b""
        while b"piece" not in seen:
            seen += line.recv(4096)
    name = json.loads(seen.split(b"data: ")[1].split(b"\n")[0])["kept"]
    wait_until(lambda: not served.service.scheduler.running)
    (saved,) = [s for path, s in kept_chats(home.chats) if path.stem == name]
    assert saved.entries[0].message.text == "hi there"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_server_that_is_killed_in_the_middle_leaves_a_whole_chat(mimics):
    command = [
        sys.executable,
        "-m",
        "chatmimic",
        "--home",
        str(mimics.path),
        "serve",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[2]
            body = talk(keep=True, settings={"max_tokens": 60, "end_bias": -10})
            request = urllib.request.Request(f"{url}/page/turn", body)
            with urllib.request.urlopen(request, timeout=60) as answer:
                while b"piece" not in answer.readline():
                    pass
                process.kill()
        finally:
            process.kill()
    ((path, saved),) = kept_chats(mimics.chats)
    assert [entry.message.text for entry in saved.entries][:1] == ["hi there"]
    path.unlink()


def test_what_memory_recalled_is_told(tiny_base, tmp_path):
    at = 1_500_000_000_000
    asked = Message("Bob", "where is the zeppelin", at, service="irc", thread="#tea")
    told = Message("Ada", "in its shed <b>", at + 9_000, service="irc", thread="#tea")
    home = fill(tmp_path / "home", [asked, told, *chatter(40)])
    home.mimics.mkdir()
    write_tiny_mimic(home.mimics / "ada", tiny_base, "tokens", ("Ada", "Bob"))
    body = talk(
        room=[{"person": "Ada", "mimic": "ada"}],
        entries=[{"sender": "Bob", "text": "the zeppelin again", "mine": True}],
    )
    with serving(home, memory=True) as served:
        found = events(served.request("POST", "/page/turn", body)[1])
    assert found[1]["recalled"] == [
        {"sender": "Bob", "text": "where is the zeppelin"},
        {"sender": "Ada", "text": "in its shed <b>"},
    ]


def test_alternatives_differ(here):
    _, served = here
    entries = [HI, {"sender": "Ada Lovelace", "text": "hm", "mine": False}]
    status, found = served.request("POST", "/page/alternatives", talk(entries=entries))
    assert status == 200
    assert found["speaker"] == "Ada Lovelace"
    assert len(set(found["texts"])) == len(found["texts"]) > 1


def test_a_chat_is_kept_listed_resumed_exported_and_deleted(here):
    _, served = here
    entries = [HI, {"sender": "Ada Lovelace", "text": "/me <i>waves</i>", "mine": False}]
    _, kept = served.request("POST", "/page/chats", talk(entries=entries, keep=True))
    name = kept["kept"]
    _, listed = served.request("GET", "/page/chats")
    (one,) = [chat for chat in listed["chats"] if chat["name"] == name]
    assert (one["you"], one["messages"], one["last"]) == ("Bob", 2, "/me <i>waves</i>")
    assert one["room"] == ADA
    _, chat = served.request("GET", f"/page/chats/{name}")
    assert [entry["text"] for entry in chat["entries"]] == ["hi there", "/me <i>waves</i>"]
    for kind in ("txt", "md", "json", "jsonl"):
        status, text = served.request("GET", f"/page/chats/{name}/export?as={kind}")
        assert (status, "Generated by chatmimic" in text) == (200, True)
    path = f"/page/chats/{name}/export"
    assert header(served, path, "Content-Disposition").startswith("attachment")
    assert served.request("GET", f"/page/chats/{name}/export?as=html")[0] == 422
    served.request("POST", "/page/chats", talk(entries=entries[:1], keep=True, name=name))
    assert len(served.request("GET", f"/page/chats/{name}")[1]["entries"]) == 1
    assert served.request("DELETE", f"/page/chats/{name}")[0] == 200
    assert served.request("GET", f"/page/chats/{name}")[0] == 404


@pytest.mark.parametrize("name", ["..%2f..%2farchive", "%2fetc%2fpasswd", "nothing", "%00", "*"])
def test_only_chats_of_the_list_are_found(here, name):
    _, served = here
    for method in ("GET", "DELETE"):
        assert served.request(method, f"/page/chats/{name}")[0] == 404


def test_a_pasted_chat_is_taken_up_by_the_people_it_has(here):
    _, served = here
    log = "bob: tea?\nAda: <script>no</script>\nZed: hm"
    body = {"text": log, "mimic": "ada", "you": "Bob"}
    status, found = served.request("POST", "/page/paste", json.dumps(body).encode())
    assert status == 200
    assert [(e["sender"], e["mine"]) for e in found["entries"]] == [
        ("Bob", True),
        ("Ada Lovelace", False),
        ("Zed", False),
    ]
    assert found["entries"][1]["text"] == "<script>no</script>"
    assert found["people"] == ["Ada Lovelace", "Bob"]
    assert found["strangers"] == ["Zed"]


WRONG = [
    ("turn", b"[]", 400),
    ("turn", b"{", 400),
    ("turn", talk(room=[]), 422),
    ("turn", talk(room=[{"person": "Nobody", "mimic": "ada"}]), 422),
    ("turn", talk(room=[{"person": 3, "mimic": "ada"}]), 422),
    ("turn", talk(room=[{"person": "Ada Lovelace", "mimic": "../ada"}]), 404),
    ("turn", talk(entries="x"), 422),
    ("turn", talk(entries=[3]), 422),
    ("turn", talk(entries=[{"sender": "x", "text": 3}]), 422),
    ("turn", talk(settings={"temperature": 99}), 422),
    ("turn", talk(settings={"seed": 1}), 422),
    ("turn", talk(settings={"top_p": "1"}), 422),
    ("alternatives", talk(you=["x"]), 422),
    ("paste", b'{"text": "  ", "mimic": "ada"}', 422),
    ("paste", b'{"text": "Bob: x", "mimic": "none"}', 404),
]


@pytest.mark.parametrize(("path", "body", "status"), WRONG)
def test_what_is_malformed_is_refused(here, path, body, status):
    _, served = here
    found, said = served.request("POST", f"/page/{path}", body)
    assert found == status
    assert said["error"]["message"].endswith(".")


@pytest.mark.parametrize("given", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
def test_another_site_reaches_nothing(here, given):
    _, served = here
    for path in ("/", "/page/chats", "/page/statistics"):
        assert served.request("GET", path, **given)[0] == 403


def test_reports_are_pages(here):
    _, served = here
    status, page = served.request("GET", "/page/statistics")
    assert (status, "<svg" in page) == (200, True)
    status, page = served.request("GET", "/page/statistics?person=Ada")
    assert (status, "<h1><bdi>Ada</bdi></h1>" in page) == (200, True)
    assert served.request("GET", "/page/statistics?person=%3Cb%3E")[0] == 404
    status, page = served.request("GET", "/page/evaluation?mimic=ada")
    assert (status, "chatmimic evaluate ada" in page) == (404, True)
    assert served.request("GET", "/page/blind-test?mimic=none")[0] == 404


def test_with_a_key_a_browser_signs_in(mimics):
    with serving(mimics, key=KEY) as served:
        status, page = served.request("GET", "/")
        assert (status, 'action="/sign-in"' in page, "ada" in page) == (401, True, False)
        assert served.request("GET", "/page/chats")[0] == 401
        assert served.request("POST", "/sign-in", b"key=wrong")[0] == 401
        assert served.request("POST", "/sign-in", b"\xff")[0] == 400
        line = http.client.HTTPConnection("127.0.0.1", served.port)
        line.request("POST", "/sign-in", f"key={KEY.replace(' ', '+')}".encode())
        answer = line.getresponse()
        answer.read()
        assert answer.status == 303
        cookie = answer.headers["set-cookie"]
        line.close()
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert KEY not in cookie
        given = cookie.partition(";")[0]
        assert served.request("GET", "/", Cookie=given)[0] == 200
        assert served.request("GET", "/page/chats", Cookie=given)[0] == 200
        assert served.request("GET", "/page/chats", Cookie=f"{COOKIE}=x")[0] == 401


def test_where_others_connect_nothing_private_is_shown(mimics, tmp_path):
    from starlette.testclient import TestClient

    from chatmimic.server.service import Service
    from chatmimic.server.voices import Voices

    access = Access.at("0.0.0.0", KEY)
    assert not access.private
    app = application(Service(Voices(mimics, engine="float32")), access)
    signed = {"Authorization": f"Bearer {KEY}"}
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for path in ("chats", "statistics", "evaluation?mimic=ada", "blind-test?mimic=ada"):
            assert client.get(f"/page/{path}", headers=signed).status_code == 403
        answer = client.post("/page/turn", content=talk(keep=True), headers=signed)
        assert events(answer.text)[0] == {"kept": ""}
        assert not mimics.chats.exists() or not list(kept_chats(mimics.chats))
