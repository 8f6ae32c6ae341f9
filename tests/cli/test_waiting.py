"""Commands that take more than a second say at a terminal what they do, and nothing on a pipe."""

import io
import sys

import pytest
from training_support import arguments, fill

from chatmimic.cli import main
from chatmimic.cli.common import waiting


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self):
        """It is."""
        return True


@pytest.fixture(params=[Terminal, io.StringIO], ids=["terminal", "pipe"])
def stderr(request, monkeypatch):
    """Standard error, a terminal or a pipe."""
    monkeypatch.setenv("TERM", "xterm")
    for variable in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(variable, raising=False)
    return request.param()


def test_words_stand_there_while_it_lasts_and_go(stderr, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stderr)
    with waiting("counting [red]sheep[/red]"):
        pass
    printed, words = stderr.getvalue(), "counting [red]sheep[/red] …"
    if stderr.isatty():
        assert "\x1b[2K" in printed.rpartition(words)[2]  # the line is cleared
    assert (words in printed) is bool(printed) is stderr.isatty()


@pytest.mark.parametrize(
    ("command", "words"),
    [("bases", "looking for bases …"), ("train --plan", "estimating memory and time …")],
)
def test_commands_say_what_they_do(home, tiny_base, stderr, command, words, monkeypatch):
    made = fill(home)
    line = [*arguments(made, tiny_base), "--plan"] if command != "bases" else ["bases"]
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with pytest.raises(SystemExit) as left:
        main(line)
    assert not left.value.code
    assert (words in stderr.getvalue()) is stderr.isatty()
