"""`/why`: the training messages that the last reply resembles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chatmimic.chat.sources import excerpt
from chatmimic.copying.resemblance import most_alike
from chatmimic.copying.spans import Reach
from chatmimic.errors import ArchiveError
from chatmimic.evaluation.secrecy.training_messages import Source

MILL = "Well: we met at the old mill, by the river, on a Tuesday."


class Training:
    """Training messages that are a list of texts, all of one sender."""

    def __init__(self, sender: str = "Ada", *texts: str) -> None:
        self.sender = sender
        self.rows = [(n, 1, 1, 1_600_000_000_000, n, text) for n, text in enumerate(texts)]

    def most_alike(self, text: str) -> list[Source]:
        found = most_alike(text, [self.rows], Reach(), 3)
        return [Source(self.sender, "#tea\x1b[2J", one) for one in found]


class Absent:
    def most_alike(self, text: str) -> list[Source]:
        raise ArchiveError("There is no archive.", "Import something.")


def asked(make_repl: Any, training: Any, reply: str, **parts: Any) -> str:
    repl = make_repl([reply], **parts)
    repl.session.voice = replace(repl.session.voice, training=training)
    return str(repl.hear("hi", "/why"))


def test_it_shows_who_said_what_where_and_when(make_repl: Any) -> None:
    shown = asked(make_repl, Training("Ada", MILL, "no"), "we met at the old mill by the river")
    assert "Ada, 2020-09-13, in #tea" in shown
    assert "Well: [we met at the old mill, by the river,] on a Tuesday." in shown
    assert "9 of 9 words, 9 in a row – a copy" in shown
    assert "brackets" in shown


def test_a_resemblance_is_no_copy(make_repl: Any) -> None:
    shown = asked(make_repl, Training("Ada", MILL), "they met at the pub")
    assert "[met at the]" in shown
    assert "3 of 5 words, 3 in a row\n" in shown


@pytest.mark.parametrize(
    ("training", "told"),
    [
        (Training("Ada", "nothing"), "No training message shares 3 words in a row"),
        (None, "not trained on messages of the archive"),
    ],
)
def test_it_says_when_there_is_nothing_to_show(
    make_repl: Any, training: Training | None, told: str
) -> None:
    assert told in asked(make_repl, training, "we met at the mill")


def test_without_a_reply_there_is_nothing_to_explain(make_repl: Any) -> None:
    assert "There is no reply yet." in make_repl().hear("/why")


def test_without_an_archive_the_chat_goes_on(make_repl: Any) -> None:
    repl = make_repl(["fine"], ["good"])
    repl.session.voice = replace(repl.session.voice, training=Absent())
    assert repl.pipe(b"hi\n/why\nand you?\n") == 0
    assert "There is no archive." in repl.shown
    assert repl.shown.rstrip().endswith("good")


def test_nothing_hostile_reaches_the_terminal_and_lines_fit(make_repl: Any) -> None:
    text = "\x1b]0;owned\x07 we met at the [red]old[/red] mill \u202eby the river"
    training = Training("Ada\x1b[31m\n", text * 40)
    shown = asked(make_repl, training, "we met at the old mill by the river", width=40)
    assert not {"\x1b", "\x07", "\u202e"} & {*shown}
    assert "[red]" in shown
    _, *lines = shown.splitlines()  # the terminal wraps the reply itself
    assert max(map(len, lines)) <= 40
    assert len(shown) < 2_000


def test_that_nothing_is_checked_is_said_once(make_repl: Any) -> None:
    repl = make_repl()
    repl.session.voice = replace(repl.session.voice, unchecked="Nothing is checked.")
    repl.pipe(b"/persona Bob\n/persona Ada\nhi\n")
    assert repl.shown.count("Nothing is checked.") == 1


@pytest.mark.parametrize(
    ("marks", "shown"),
    [
        ([(0, 5)], "[aaaaa]" + "a" * 80 + "…"),
        ([(495, 500)], "…" + "a" * 80 + "[aaaaa]"),
        ([(0, 5), (6, 9)], "[aaaaa]a[aaa]" + "a" * 80 + "…"),
    ],
)
def test_a_long_text_is_shown_where_it_is_marked(marks: list[tuple[int, int]], shown: str) -> None:
    assert excerpt("a" * 500, marks) == shown
