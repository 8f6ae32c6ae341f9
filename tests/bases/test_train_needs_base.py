"""`chatmimic train` as a user types it, when its base must come from a hub."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hub import Hub, black_hole, closed_port
from processes import SOON, Process

COMMAND = "from chatmimic.cli import main; main()"
CHAT = "time,sender,text\n" + "".join(
    f"2024-01-01 {hour:02}:{minute:02}:00,{('Ada', 'Bob')[minute % 2]},hello there {minute}\n"
    for hour in range(10)
    for minute in range(0, 60, 7)
)


@pytest.fixture
def home_with_ada(tmp_path: Path) -> Path:
    export = tmp_path / "chat.csv"
    export.write_text(CHAT)
    home = tmp_path / "filled"
    subprocess.run(
        [sys.executable, "-c", COMMAND, "import", "--home", str(home), str(export)],
        check=True,
        capture_output=True,
    )
    return home


def unreachable() -> Iterator[tuple[str, AbstractContextManager[str], str]]:
    yield "refused", closed_port(), "nothing accepts connections"
    yield "black hole", black_hole(), "did not answer within 2 seconds"


@pytest.mark.parametrize("kind", ["refused", "black hole"])
def test_without_a_hub_the_command_ends_within_three_seconds(
    home_with_ada: Path, tmp_path: Path, kind: str
):
    way, words = {name: (way, words) for name, way, words in unreachable()}[kind]
    with way as url:
        process = Process(tmp_path / "hf", url)
        done = process.run("train", "--home", str(home_with_ada), "--persona", "Ada", code=COMMAND)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith('Error: The base "gpt2-medium" could not be fetched: ')
    assert words in done.stderr
    assert "`--base starter`" in done.stderr
    assert done.stderr.count("\n") == 1
    assert process.took < SOON


@pytest.mark.skipif(os.name == "nt", reason="signals are sent another way there")
def test_ctrl_c_stops_a_fetch_and_keeps_what_came(hub: Hub, process: Process, home_with_ada: Path):
    hub.stall_after = 70_000
    command = ["train", "--home", str(home_with_ada), "--persona", "Ada", "--base", "tiny"]
    running = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *command],
        env=process.environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    blobs = process.cache / "hub" / "models--tiny" / "blobs"
    deadline = time.monotonic() + 30
    while not any(file.stat().st_size == 70_000 for file in blobs.glob("*.incomplete")):
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    told = running.communicate(timeout=20)[1]
    assert running.returncode == 130
    assert "Traceback" not in told
    hub.stall_after = None
    assert process.run("tiny").returncode == 0
    assert [seen.range for seen in hub.asked("model.safetensors")] == [None, "bytes=70000-"]
