"""The blind test in a real terminal: keys go in, the screen is looked at."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs a POSIX pseudo-terminal", allow_module_level=True)

from terminal import CTRL_C, CTRL_D, Terminal

COMMAND = [sys.executable, str(Path(__file__).parent / "play_blind.py")]
RIGHT = "\x1b[C"


def ready(terminal: Terminal, number: int) -> None:
    """Wait until a round can be answered."""
    terminal.wait_for(f"Round {number} of 4", 60)
    terminal.wait_for(lambda text: text.splitlines()[-1].endswith("quit)"), 60)


@pytest.mark.parametrize("columns", [80, 50])
def test_keys_answer_without_enter(columns: int) -> None:
    with Terminal(COMMAND, columns=columns) as terminal:
        ready(terminal, 1)
        assert "Which one did Ada really write? a or b" in " ".join(terminal.text.split())
        assert "* Cyd waves" in terminal.text
        assert "A  [bold]one[/bold] 0" in terminal.lines
        assert "B  two␛[2J" in terminal.lines
        assert "   Round 9 of 9" in terminal.lines  # of the reply, not a round
        for number, key in enumerate(("a", RIGHT, "2"), 2):
            terminal.type(key)
            ready(terminal, number)
        assert "B: right, B is the real one. 2 of 2 right." in terminal.text
        assert "B: wrong, A is the real one. 2 of 3 right." in terminal.text
        terminal.type("u")
        terminal.wait_for("Taken back.")
        ready(terminal, 3)
        terminal.type("x1")  # a key without a meaning does nothing
        terminal.wait_for("3 of 3 right.")
        terminal.type("B")
        assert terminal.status() == 0
        assert "4 of 4 = 100 % (51–100 %)" in terminal.lines
        assert terminal.lines[-1] == "1 answer was taken back."
        assert max(map(len, terminal.lines)) <= columns


@pytest.mark.parametrize(("key", "status"), [("q", 0), (CTRL_C, 130), (CTRL_D, 0)])
def test_leaving_shows_the_score_so_far(key: str, status: int) -> None:
    with Terminal(COMMAND) as terminal:
        ready(terminal, 1)
        terminal.type("a")
        ready(terminal, 2)
        terminal.type(key)
        assert terminal.status() == status
        assert "1 of 1 = 100 % (21–100 %)" in terminal.text
        assert "Traceback" not in terminal.text


def test_without_feedback_only_the_score_is_told() -> None:
    with Terminal([*COMMAND, "--no-feedback"]) as terminal:
        for number in range(1, 5):
            ready(terminal, number)
            terminal.type("a")
        assert terminal.status() == 0
        assert "real one" not in terminal.text
        assert "2 of 4 = 50 %" in terminal.text


def test_json_goes_to_a_file_and_the_rounds_to_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    line = f"{COMMAND[0]} {COMMAND[1]} --json > {file}"
    with Terminal(["sh", "-c", line]) as terminal:
        for number in range(1, 5):
            ready(terminal, number)
            terminal.type("b")
        assert terminal.status() == 0
    facts = json.loads(file.read_text())
    assert (facts["right"], facts["answered"]) == (2, 4)
    assert "question" not in file.read_text()


def test_a_terminal_without_cursor_movements_reads_lines() -> None:
    with Terminal(COMMAND, env={"TERM": "dumb"}) as terminal:
        for number in range(1, 5):
            ready(terminal, number)
            terminal.enter("a")
        assert terminal.status() == 0
        assert "2 of 4 = 50 %" in terminal.text
