"""`chatmimic train` as a user types it, when its base must come from a hub."""

from __future__ import annotations

import os
import shutil
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

from chatmimic.bases.smollm2 import is_ready

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
    yield "refused", closed_port(), "refused the connection"
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
    assert done.stderr.startswith('Error: The base "gpt2-medium" could not be downloaded: ')
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


# -- the base that is named to whoever has none ----------------------------------------------------

OFFLINE = "smollm2" if is_ready() else "starter"  # which works without a hub
SUGGEST = """
import sys
from chatmimic.bases import option_that_works
from chatmimic.home import Home
print([option_that_works(Home.find(sys.argv[1])), "torch" in sys.modules])
"""


def kept_by_the_hub(cache: Path, name: str, base: Path) -> None:
    """Put a base where the hub's library keeps what it has fetched."""
    place = cache / "hub" / f"models--{name.replace('/', '--')}"
    shutil.copytree(base, place / "snapshots" / "abcd")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abcd")


@pytest.mark.parametrize(
    ("there", "option"),
    [
        ("nothing", f" --base {OFFLINE}"),
        ("in the cache", ""),
        ("in the cache under its owner's name", ""),
        ("in the cache, half fetched", f" --base {OFFLINE}"),
        ("among the bases", ""),
        ("an address that is none", f" --base {OFFLINE}"),
    ],
)
def test_the_default_base_is_left_to_itself_only_where_it_is_here(
    there: str, option: str, process: Process, plain_base: Path, tmp_path: Path
):
    more = {}
    if there.startswith("in the cache"):
        name = "openai-community/gpt2-medium" if "owner" in there else "gpt2-medium"
        kept_by_the_hub(process.cache, name, plain_base)
        if "half" in there:
            next(process.cache.rglob("model.safetensors")).unlink()
    elif there == "among the bases":
        shutil.copytree(plain_base, tmp_path / "place" / "bases" / "gpt2-medium")
    elif there == "an address that is none":
        more = {"HF_ENDPOINT": "no address"}
    done = process.run(str(tmp_path / "place"), code=SUGGEST, **more)
    assert done.stdout == f"{[option, False]}\n", done.stderr


def test_what_an_import_names_next_can_be_typed_as_it_stands(
    process: Process, plain_base: Path, tmp_path: Path
):
    export, place = tmp_path / "chat.csv", tmp_path / "a place"
    export.write_text(CHAT)
    line = ["import", str(export), "--home", str(place)]
    first = process.run(*line, code=COMMAND).stdout.splitlines()[-1]
    assert first == f"Next: chatmimic train --persona \"Ada\" --base {OFFLINE} --home '{place}'"
    kept_by_the_hub(process.cache, "gpt2-medium", plain_base)
    again = process.run(*line, code=COMMAND).stdout.splitlines()[-1]
    assert again == f"Next: chatmimic train --persona \"Ada\" --home '{place}'"
