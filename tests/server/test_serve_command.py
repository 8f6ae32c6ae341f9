"""`chatmimic serve`, as it is typed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest
from training_support import typed


@contextmanager
def started(home, *options: str):
    command = [sys.executable, "-m", "chatmimic", "--home", str(home.path), "serve", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        yield process, said
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_it_says_where_it_is_and_ends_when_the_reply_has(mimics, name):
    with started(mimics, "ada", "--port", "0", "--log", "--engine", "float32") as (process, said):
        url = said.split()[2]
        assert said.startswith("Listening on http://127.0.0.1:")
        asked = {
            "model": "ada",
            "messages": [{"role": "user", "content": "my secret"}],
            "min_tokens": 30,
            "max_tokens": 30,
            "stream": True,
        }
        request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(asked).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.readline()
            process.send_signal(getattr(signal, name))
            rest = answer.read()
        assert rest.endswith(b"data: [DONE]\n\n")
        _, notes = process.communicate(timeout=30)
        assert process.returncode == 0, notes
        assert "POST /v1/chat/completions 200" in notes
        assert "secret" not in notes


WRONG = [
    (["--host", "0.0.0.0"], "set a key by CHATMIMIC_API_KEY"),
    (["--host", "::"], "set a key by CHATMIMIC_API_KEY"),
    (["--host", "0.0.0.0", "--api-key", "short"], "too short: at least 16"),
    (["--port", "70000"], "--port"),
]


@pytest.mark.parametrize(("line", "said"), WRONG)
def test_what_is_wrong_is_said(line, said):
    status, _, found = typed("serve", *line)
    assert status == 2
    assert said in found


def test_a_port_that_is_taken_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, _, said = typed("serve", "--port", port)
    assert status == 1
    assert f"Cannot listen on 127.0.0.1, port {port}" in said
    assert "--port 0" in said


def test_a_package_that_is_missing_is_said(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, _, said = typed("serve")
    assert status == 1
    assert said.count("\n") == 1
    assert "pip install 'chatmimic[serve]'" in said
