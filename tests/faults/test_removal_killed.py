"""Taking an import back is killed: it is done, or all is as it was before."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatmimic.archive import Archive, Origin
from chatmimic.records import Message

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
MESSAGES, SECRETS, KILLS = 6_000, 3_000, 8
REMOVE = """
import sys
from pathlib import Path
from chatmimic.archive import Archive
with Archive.open(Path(sys.argv[1])) as archive:
    print("started", flush=True)
    archive.remove_import(2)
"""


def fill(path: Path) -> None:
    """An archive with two imports that overlap; the second has a secret word in many messages."""
    common = [Message(f"P{n % 7}", f"number {n}", n, service="irc") for n in range(MESSAGES)]
    secret = [Message("Eve", f"xylophonic {n}", n, service="irc") for n in range(SECRETS)]
    with Archive.open(path) as archive:
        archive.add(common, origin=lambda: Origin("one"))
        archive.add([*common[:500], *secret], origin=lambda: Origin("two"))
        archive.search("xylophonic")


def start(path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", REMOVE, str(path)], stdout=subprocess.PIPE, text=True
    )


def removed(path: Path) -> bool:
    """Whether it is done; half of it never is."""
    with Archive.open(path) as archive:
        names = [one.name for one in archive.imports()]
        texts = [m.text for m in archive.stream()]
        found = archive.search("xylophonic", MESSAGES)
    left = SECRETS if names == ["one", "two"] else 0
    assert (len(names), len(texts), len(found)) == (1 + bool(left), MESSAGES + left, left)
    if not left:  # opening it has finished the work
        assert b"xylophonic" not in b"".join(f.read_bytes() for f in path.parent.iterdir())
    return not left


@POSIX
def test_killed_at_any_moment_it_is_done_or_not(tmp_path: Path) -> None:
    seconds = 0.0
    for trial in range(KILLS):
        path = tmp_path / str(trial) / "archive.sqlite"
        fill(path)
        process = start(path)
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        if trial:
            time.sleep(random.uniform(0, seconds))
            process.send_signal(signal.SIGKILL)
        process.communicate()
        done = removed(path)
        if not trial:
            seconds = time.monotonic() - began
            assert done
        if not done:
            with Archive.open(path) as archive:
                assert archive.remove_import(2) == SECRETS
            assert removed(path)
