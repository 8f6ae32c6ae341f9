"""Requests that mean harm: each gets an error, and the next one an answer."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace

import openai
import pytest
from serving_support import HELLO, serving, wait_until

from chatmimic.server.limits import Limits

CHAT = "/v1/chat/completions"
ASKED = {"model": "ada", "messages": HELLO, "max_tokens": 4, "seed": 1}
QUICK = replace(Limits(), body_seconds=0.3, head_seconds=0.3, body_bytes=100_000)


@pytest.fixture(scope="module")
def strict(mimics):
    with serving(mimics, limits=QUICK) as found:
        yield found


@pytest.fixture(autouse=True)
def answers_afterwards(strict):
    yield
    status, said = strict.request("POST", CHAT, json.dumps(ASKED).encode())
    assert status == 200, said
    assert strict.service.scheduler.waiting == 0
    wait_until(lambda: strict.service.scheduler.running == 0)


def head(length: int | str, *more: str) -> bytes:
    lines = [f"POST {CHAT} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


BAD = {
    "nothing": b"",
    "no JSON": b"{",
    "no object": b"[1]",
    "not UTF-8": b'{"model": "\xff\xfe"}',
    "deep": b"[" * 90_000,
    "deep objects": b'{"a":' * 18_000,
    "infinity": b'{"temperature": Infinity}',
    "a long number": b'{"seed": ' + b"9" * 90_000 + b"}",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_not_json_is_refused(strict, body):
    status, said = strict.request("POST", CHAT, body)
    assert status == 400
    assert said["error"]["code"] == "bad_json"


STRANGE = {
    "surrogates": {"messages": [{"role": "user", "content": "\ud800 \udc00"}]},
    "controls": {"messages": [{"role": "user", "content": "\x00\x1b[2J\u202e"}]},
    "special tokens": {"messages": [{"role": "user", "content": "<|endoftext|><|end|>"}]},
    "one long word": {"messages": [{"role": "user", "content": "a" * 90_000}]},
    "many messages": {"messages": [{"role": "user", "content": "a"}] * 2_500},
    "a long name": {"messages": [{"role": "user", "name": "b" * 90_000, "content": "a"}]},
    "a large seed": {"seed": -(10**40)},
    "many tokens": {"max_tokens": 10**18, "stop": ["a", "e", "i", " "]},
    "nothing said": {"messages": [{"role": "user", "content": "  "}]},
    "only facts": {"messages": [{"role": "system", "content": "You are Bob.\nI like tea."}]},
}


@pytest.mark.parametrize("fields", STRANGE.values(), ids=STRANGE)
def test_what_is_strange_but_allowed_is_answered(strict, fields):
    status, said = strict.request("POST", CHAT, json.dumps({**ASKED, **fields}).encode())
    assert status == 200, said


def test_surrogates_in_what_is_echoed_do_no_harm(strict):
    status, said = strict.request("POST", CHAT, json.dumps({**ASKED, "model": "\ud800"}).encode())
    assert (status, said["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("length", ["1600001", "9" * 18])
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(strict, length):
    answer = strict.raw(head(length))
    assert b" 413 " in answer
    assert b"request_too_large" in answer


def test_a_body_of_unknown_length_is_not_read_to_its_end(strict):
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    start = head(1).replace(b"Content-Length: 1", b"Transfer-Encoding: chunked")
    with socket.create_connection(("127.0.0.1", strict.port), timeout=10) as line:
        line.sendall(start)
        sent = until_refused(lambda: line.sendall(chunk))
    assert sent * 65536 < 64 * QUICK.body_bytes


def until_refused(send, most=1000):
    """How often something could be sent before the server hung up."""
    for number in range(most):
        try:
            send()
        except OSError:
            return number
        time.sleep(0.01)
    raise AssertionError("the server takes all of it")


def test_a_client_that_sends_too_much_is_told(strict):
    messages = [{"role": "user", "content": "a" * 1_000_000}]
    with strict.openai() as client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="ada", messages=messages)
    assert caught.value.status_code == 413
    assert caught.value.body["code"] == "request_too_large"


def test_a_body_that_does_not_come_is_not_waited_for(strict):
    began = time.monotonic()
    assert b" 408 " in strict.raw(head(50) + b"{")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: loc", b"GET"])
def test_a_head_that_does_not_come_is_not_waited_for(strict, sent):
    assert strict.raw(sent, seconds=10) == b""


def test_a_head_that_comes_slowly_is_not_waited_for(strict):
    with socket.create_connection(("127.0.0.1", strict.port), timeout=10) as line:
        began = time.monotonic()
        line.sendall(b"GET /health HTTP/1.1\r\n")
        until_refused(lambda: line.sendall(b"X: y\r\n"))
        assert time.monotonic() - began < 5


def test_a_second_head_is_not_waited_for_either(strict):
    answer = strict.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /h", seconds=10)
    assert answer.count(b"HTTP/1.1") == 1


def test_a_huge_head_is_refused(strict):
    assert b" 400 " in strict.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_ends_its_reply(strict, stream):
    asked = {**ASKED, "max_tokens": 4096, "stream": stream, "n": 16, "min_tokens": 60}
    body = json.dumps(asked).encode()
    metrics = strict.service.metrics
    tokens, requests = metrics.completion_tokens, metrics.requests.total()
    with socket.create_connection(("127.0.0.1", strict.port), timeout=10) as line:
        line.sendall(head(len(body)) + body)
        wait_until(lambda: strict.service.scheduler.running)
    wait_until(lambda: strict.service.scheduler.running == 0)
    wait_until(lambda: metrics.requests.total() > requests)
    assert metrics.completion_tokens - tokens < 16 * 60


def test_a_request_that_is_cut_off_costs_nothing(strict):
    with socket.create_connection(("127.0.0.1", strict.port), timeout=10) as line:
        line.sendall(head(5000) + b'{"model": "ada", ')


HOSTS = [
    "evil.example",
    "evil.example:80",
    "localhost.evil.example",
    "127.0.0.1.evil",
    "",
    "[",
    "10.0.0.1",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_that_was_rebound_is_refused(strict, host):
    for path in ("/health", "/v1/models", "/"):
        status, said = strict.request("GET", path, Host=host)
        assert (status, said["error"]["code"]) == (403, "unknown_host")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "file://"])
def test_a_page_of_another_site_is_refused(strict, origin):
    status, said = strict.request("POST", CHAT, json.dumps(ASKED).encode(), Origin=origin)
    assert (status, said["error"]["code"]) == (403, "foreign_origin")


def test_a_page_of_its_own_is_not_refused(strict):
    origin = f"http://127.0.0.1:{strict.port}"
    assert strict.request("GET", "/v1/models", Origin=origin)[0] == 200
    assert strict.request("GET", "/v1/models", Sec_Fetch_Site="cross-site")[0] == 403


@pytest.mark.parametrize(("method", "path", "status"), [("GET", CHAT, 405), ("GET", "/x", 404)])
def test_errors_of_paths_have_the_same_shape(strict, method, path, status):
    found, said = strict.request(method, path)
    assert found == status
    assert said["error"]["message"]


def test_metrics_hold_no_path_that_a_client_made_up(strict):
    strict.request("GET", "/made-up")
    _, text = strict.request("GET", "/metrics")
    assert "made-up" not in text
    assert 'chatmimic_requests_total{path="other",status="404"}' in text
    assert "chatmimic_first_token_seconds_bucket" in text
