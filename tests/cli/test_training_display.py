"""What a training shows: at any width, in any terminal, and nothing that a chat could drive."""

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from chatmimic.cli.display.training import Panel, clock, sparkline, training_display
from chatmimic.records import Message
from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.progress import Progress
from chatmimic.training.samples import Exchange, Sample

FIGURES = Metrics(loss=3.0, bits_per_character=1.5, tokens=100)


def step(number, loss=4.0, held_out=None):
    return Progress(number, 100, loss, held_out, 1234.5, 200.0, 75.0, 1e-4)


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([], 8, ""),
        ([math.nan], 8, ""),
        ([2.0], 8, "▁"),
        ([1.0, 1.0, 1.0], 8, "▁▁▁"),
        ([3.0, 2.0, 1.0], 8, "█▅▁"),
        ([math.nan, 1.0, math.inf, 2.0], 8, "▁█"),
        (range(100), 4, "▁▃▅█"),
        ([1.0, 2.0], 1, "▁"),
    ],
)
def test_a_line_of_blocks_runs_from_the_lowest_to_the_highest(values, width, drawn):
    assert sparkline(list(values), width) == drawn


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-1, "0 s"), (4.4, "4 s"), (59.6, "1:00"), (187, "3:07"), (7511, "2:05:11")],
)
def test_time_left_as_people_say_it(seconds, told):
    assert clock(seconds) == told


@pytest.mark.parametrize("width", [1, 20, 40, 80, 300])
def test_the_panel_fits_any_width(width):
    out = io.StringIO()
    screen = Console(file=out, width=width, force_terminal=True, color_system=None)
    panel = Panel(screen)
    screen.print(panel)
    panel.stage("training\x1b[2J")
    panel.progress(step(0, math.nan, FIGURES))
    for number in range(1, 60):
        panel.progress(step(number, 5 - number / 20, FIGURES if number % 10 == 0 else None))
    screen.print(panel)
    lines = out.getvalue().splitlines()
    assert all(len(line) <= max(width, 1) for line in lines)
    assert "\x1b[2J" not in out.getvalue()
    if width >= 80:
        assert "training␛[2J: step 59 of 100, 1:15 left" in out.getvalue()
        assert "20.09" in out.getvalue()  # e³
        assert "1,234 tokens/s" in out.getvalue()


def test_each_part_of_the_panel_has_a_line_of_its_own():
    screen = Console(width=80, file=io.StringIO(), force_terminal=True, color_system=None)
    panel = Panel(screen)
    panel.progress(step(3, held_out=FIGURES))
    screen.print(panel)
    lines = screen.file.getvalue().splitlines()
    assert [line.split()[0] for line in lines[:1] + lines[2:]] == [
        "starting:",
        "loss",
        "held-out",
        "speed",
    ]
    assert set(lines[1].strip()) <= set("━╸╺ ")


def test_a_pipe_gets_a_line_for_each_look(capsys):
    with training_display(quiet=False) as callbacks:
        callbacks.stage("opening the base [bold]x[/]\x1b[2J")
        callbacks.progress(step(0, math.nan, FIGURES))
        callbacks.progress(step(1))
        callbacks.progress(step(2, 3.25, FIGURES))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "opening the base [bold]x[/]␛[2J …",
        "step 0/100: held-out perplexity 20.09",
        "step 2/100: loss 3.250, held-out perplexity 20.09, 1,234 tokens/s, 1:15 left",
    ]


HOSTILE = Sample(
    Exchange((Message("Bob", "tea?"), Message("Bob\x1b[2J", "[bold]now[/]")), Message("Ada", "ok")),
    "\x1b]0;x\x07yes",
)


@pytest.mark.parametrize(("on_corpus", "words"), [(False, "training: "), (True, "on the corpus: ")])
def test_the_panel_says_where_it_learns_and_what_the_mimic_says(on_corpus, words):
    screen = Console(width=80, file=io.StringIO(), force_terminal=True, color_system=None)
    panel = Panel(screen)
    panel.stage("training")
    panel.progress(replace(step(3, held_out=FIGURES), on_corpus=on_corpus, memory=2_340_000_000))
    panel.sample(HOSTILE)
    screen.print(panel)
    lines = screen.file.getvalue().splitlines()
    assert words in lines[0]
    assert "2.3 GB" in lines[4]
    assert [line.strip() for line in lines[-4:]] == [
        *("Bob: tea?", "Bob␛[2J: [bold]now[/]", "Ada (real): ok", "Ada (mimic): ␛]0;x␇yes"),
    ]


def test_a_pipe_gets_the_replies_too_and_other_processes_say_nothing(capsys):
    for mute in (False, True):
        with training_display(quiet=False, mute=mute) as callbacks:
            callbacks.stage("training")
            callbacks.sample(HOSTILE)
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == (0 if mute else 5)
        assert "\x1b" not in err


def test_scripts_hear_nothing(capsys):
    with training_display(quiet=True) as callbacks:
        callbacks.stage("reading")
        callbacks.progress(step(2, 3.25, FIGURES))
    assert capsys.readouterr() == ("", "")
