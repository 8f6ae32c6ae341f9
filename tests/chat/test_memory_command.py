"""/memory: what was recalled for the last answer."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from chatmimic.archive.recalling import Recollection
from chatmimic.generation.memory import Memory
from chatmimic.mimic import Mimic
from chatmimic.records import Message

AT = 1_500_000_000_000  # 14 July 2017
ADA = Mimic(Path("ada"), "ada", "Ada Lovelace", ("Ada Lovelace",), {"parameters": 7_000_000})
KEYS = Recollection(
    Message("Bob", "where are the \x1b[31mkeys?", AT, thread_title="Family"),
    Message("Ada Lovelace", "in the blue bowl", AT + 5000, thread_title="Family"),
    9.0,
)


@pytest.fixture
def remembering(make_repl):
    def make(*found: Recollection, **parts):
        repl = make_repl(**parts)
        memory = Memory("Ada Lovelace", lambda texts, before, most: found)

        def recalled(history):
            return memory.exchanges(history)

        voice = dataclasses.replace(repl.session.voice, memory=memory, recalled=recalled)
        repl.session.turn_to("Ada Lovelace", voice)
        return repl

    return make


def test_it_shows_what_was_recalled_and_from_when(remembering):
    said = remembering(KEYS).hear("keys?", "/memory")
    assert "2017-07-14 Family" in said
    assert "Bob: where are the" in said
    assert "Ada Lovelace: in the blue bowl" in said
    assert "\x1b" not in said


def test_it_fits_a_narrow_terminal(remembering):
    said = remembering(KEYS, width=40).hear("keys?", "/memory")
    assert max(map(len, said.splitlines())) <= 40
    assert "blue bowl" in " ".join(said.split())


def test_nothing_recalled_is_said(remembering):
    assert "Nothing was recalled" in remembering().hear("hi", "/memory")
    assert "There is nothing to answer yet." in remembering(KEYS).hear("/memory")


def test_it_is_switched_off_and_on(remembering):
    repl = remembering(KEYS)
    assert "Memory is off." in repl.hear("keys?", "/memory off")
    assert "Memory is off." in repl.hear("/memory")
    assert "Memory is on." in repl.hear("/memory on")
    assert "blue bowl" in repl.hear("/memory")


def test_without_an_archive_it_says_why(make_repl):
    assert "no archive here" in make_repl().hear("hi", "/memory")
    assert "Use /memory" not in make_repl().hear("/memory")


def test_anything_else_is_explained(remembering):
    assert "Use /memory, /memory on or /memory off." in remembering(KEYS).hear("/memory maybe")


@pytest.mark.parametrize(
    ("content", "why"), [(None, "There is no archive at"), (b"x" * 4096, "not a chatmimic archive")]
)
def test_an_archive_that_is_gone_or_damaged_is_told(make_repl, tmp_path, content, why):
    path = tmp_path / "archive.sqlite"
    path.touch()
    memory = Memory.of_archive(path, ADA, True)
    assert memory is not None
    path.unlink() if content is None else path.write_bytes(content)
    repl = make_repl()
    voice = dataclasses.replace(repl.session.voice, memory=memory, recalled=memory.exchanges)
    repl.session.turn_to("Ada Lovelace", voice)
    assert why in " ".join(repl.hear("keys?", "/memory").split())
