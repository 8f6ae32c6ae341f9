"""Waits before replies, and messages that nobody asked for."""

from __future__ import annotations

import time

import pytest

from chatmimic.chat.lines import Silence
from chatmimic.chat.repl import LEFT
from chatmimic.chat.waits import MOST_UNPROMPTED, OFF, QUICK, REAL, Waits, wait_until
from chatmimic.rhythm import Rhythm

SLOW = Rhythm((60.0, 60.0), (5.0, 5.0))


@pytest.mark.parametrize(
    ("mode", "again", "seconds"),
    [
        (OFF, False, 0),
        (QUICK, False, 1.5),
        (QUICK, True, 3 * 5 / 65),
        (REAL, False, 60),
        (REAL, True, 5),
    ],
)
def test_a_reply_waits_as_its_person_did(mode: str, again: bool, seconds: float):
    assert Waits(mode).before(SLOW, again=again) == pytest.approx(seconds)


def test_the_same_seed_waits_as_long():
    rhythm = Rhythm((0.0, 100.0), (0.0, 100.0))

    def drawn(waits: Waits) -> list[float]:
        return [waits.before(rhythm, again=False), waits.silence(rhythm)]

    assert drawn(Waits(QUICK, 3)) == drawn(Waits(QUICK, 3)) != drawn(Waits(QUICK, 4))


def test_silences_are_long_enough_to_type():
    assert 30 <= Waits(QUICK, 1).silence(SLOW) <= 120
    assert Waits(REAL, 1).silence(SLOW) == 180


def test_sleeping_says_how_long_it_was():
    assert wait_until(time.monotonic() - 1) < 0.05
    assert wait_until(time.monotonic() + 0.2) >= 0.2


class Impatient:
    """Lines where the user types nothing for a while, again and again, and then leaves."""

    def __init__(self, *lines: str | None) -> None:
        self.lines = list(lines)
        self.patience: list[float | None] = []

    def read(self, prompt, style="", patience=None):
        self.patience.append(patience)
        if not self.lines:
            raise EOFError
        line = self.lines.pop(0)
        if line is None:
            if patience is None:
                raise EOFError
            raise Silence
        return line

    def unseen(self):
        import contextlib

        return contextlib.nullcontext()


def test_the_persona_writes_first_but_not_for_ever(make_repl):
    repl = make_repl(["hello?"], ["still there?"], ["never said"])
    repl.unprompted = True
    lines = Impatient(None, None, None)
    assert repl.run(lines) == LEFT
    assert [m.text for m in repl.session.history] == ["hello?", "still there?"]
    assert lines.patience[MOST_UNPROMPTED] is None


def test_an_answer_gives_it_patience_again(make_repl):
    repl = make_repl(["hello?"], ["hi"], ["so?"], ["well?"], ["never said"])
    repl.unprompted = True
    repl.run(Impatient(None, "hey", None, None, None))
    assert [m.text for m in repl.session.history] == ["hello?", "hey", "hi", "so?", "well?"]


def test_by_default_it_waits_for_the_user(make_repl):
    repl = make_repl(["never said"])
    lines = Impatient(None)
    repl.run(lines)
    assert lines.patience == [None]
    assert repl.session.history == []


@pytest.mark.parametrize(
    ("line", "said", "mode"),
    [
        ("/rhythm", "Rhythm: off (replies come at once).", OFF),
        ("/rhythm quick", "Rhythm: quick (replies wait up to 3 seconds).", QUICK),
        ("/rhythm real", "Rhythm: real (replies take as long as the person took).", REAL),
        ("/rhythm slow", "Use /rhythm with one of: real, quick, off.", OFF),
    ],
)
def test_rhythm_is_shown_and_changed(make_repl, line: str, said: str, mode: str):
    repl = make_repl()
    assert said in " ".join(repl.hear(line).split())
    assert repl.waits.mode == mode


def test_a_wait_is_no_time_of_the_model(make_repl):
    repl = make_repl(["hi"])
    repl.hear("/rhythm quick", "hey")
    assert repl.seconds[0] < 0.3  # the usual rhythm's waits are far longer than a scripted reply
