"""What becomes of the output: a full disk, a reader who leaves, Ctrl-C at the end, stages."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from chatmimic.cli.display.stages import stages
from chatmimic.cli.keys import TypedKeys
from chatmimic.errors import ChatmimicError
from chatmimic.owned_file import check_owned

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and devices")


def script(words: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", words]
    return subprocess.run(
        command, check=False, text=True, timeout=120, stderr=subprocess.PIPE, **options
    )


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [["--help"], ["mimics", "--json"], ["mimics"]])
def test_a_full_disk_is_one_sentence(home, arguments) -> None:
    words = f"from chatmimic.cli import main; main({arguments!r})"
    with open("/dev/full", "w") as full:
        done = script(words, stdout=full, env={**os.environ, "CHATMIMIC_HOME": str(home)})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: Cannot write the output: No space left on device.")


@posix
@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["nothing"], 2)])
def test_ctrl_c_at_the_end_does_not_change_the_status(arguments, status) -> None:
    # What is registered first is called last: as late as libraries clean up.
    words = f"""
import atexit, os, signal
atexit.register(os.kill, os.getpid(), signal.SIGINT)
from chatmimic.cli import main
main({arguments!r})
"""
    done = script(words, stdout=subprocess.DEVNULL)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


@posix
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc here")
def test_a_place_that_takes_no_files_is_found_before_the_work(tmp_path) -> None:
    with pytest.raises(ChatmimicError, match="Cannot write /proc/x") as raised:
        check_owned(Path("/proc/x"), "ours", "--html", "chatmimic evaluate")
    assert "--html" in raised.value.hint
    check_owned(tmp_path / "x", "ours", "--html", "chatmimic evaluate")
    assert not list(tmp_path.iterdir())


@posix
def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path) -> None:
    (tmp_path / "page.html").symlink_to(tmp_path / "gone")
    with pytest.raises(ChatmimicError, match="already exists"):
        check_owned(tmp_path / "page.html", "ours", "--html", "chatmimic evaluate")


def on_a_pipe(**options) -> list[str]:
    out = io.StringIO()
    with stages(Console(file=out, width=20), **options) as shown:
        shown.stage("reading the archive")
        shown.note("a word more")
        for passed in range(3):
            shown.stage("generating replies of one of them")
            shown.passed(passed, 3)
    return out.getvalue().splitlines()


def test_on_a_pipe_each_stage_is_a_line() -> None:
    assert on_a_pipe() == ["Reading the archive …", "Generating replies of one of them …"]
    assert on_a_pipe(quiet=True) == []


def test_lines_that_are_no_answer_are_told() -> None:
    out = io.StringIO()
    keys = TypedKeys(io.StringIO("what\x1b[2J is\n\n  A \n"), out)
    assert keys.read("Which? a or b", {"a": "0", "b": "1", "u": "undo", "left": "0"}) == "0"
    asked = "Which? a or b"
    assert out.getvalue().splitlines() == [
        asked,
        '"what␛[2J is" is no answer; valid are a, b, u.',
        asked,
        '"" is no answer; valid are a, b, u.',
        asked,
    ]
    with pytest.raises(EOFError):
        keys.read(asked, {})
