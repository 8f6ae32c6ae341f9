"""An evaluation on the screen and on a page: chance, intervals, scales, and what is left out."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from training_support import typed

from chatmimic.cli.display.comparison import print_comparison
from chatmimic.cli.display.evaluation import print_evaluation
from chatmimic.evaluation.intervals import mean_of, wilson, with_interval
from chatmimic.evaluation.records import Evaluation, Figure, Measure, Question, Source
from chatmimic.evaluation.report import page, ticks
from chatmimic.mimic import Mimic

SHARE = {source: Figure(0.5, 0.4, 0.6) for source in Source}
MEASURES = (
    Measure("detection", Question.STYLE, "Told apart", "share", SHARE, chance=0.5),
    Measure("excess detection", Question.STYLE, "Excess", "points", SHARE, chance=0.0),
    Measure("bits per character", Question.SENSE, "Bits per character", "bits", SHARE),
    Measure("perplexity", Question.SENSE, "Perplexity per token", "perplexity", SHARE),
)
FOUND = Evaluation(
    "ada", "Ada", 20, dict.fromkeys(("read", "judge", "test"), 9), MEASURES, "", (), 0
)


def mimic(name, path, **data):
    return Mimic(path / name, name, "Ada", ("Ada", "Bob"), {"form": "tokens", "data": data})


def test_where_all_conversations_agree_the_interval_is_not_of_no_width():
    where = np.array([0, 0, 1, 1, 2, 3])
    none = with_interval(mean_of(np.zeros(6)), where, 0)
    assert (none.value, none.low, none.high) == (0.0, *wilson(0, 4))
    every = with_interval(mean_of(np.ones(6)), where, 0)
    assert (every.value, every.low, every.high) == (1.0, *wilson(4, 4))
    # A conversation that says nothing is no observation.
    partly = with_interval(mean_of(np.array([1, 1, 1, 1, np.nan, np.nan])), where, 0)
    assert (partly.low, partly.high) == wilson(2, 2)
    some = with_interval(mean_of(np.array([1.0, 0, 1, 0, 1, 0])), where, 0)
    assert 0 < some.low < some.value < some.high < 1


@pytest.mark.parametrize(("columns", "controls"), [(100, True), (60, False), (50, False)])
def test_chance_is_shown_and_what_is_left_out_is_said(monkeypatch, capsys, columns, controls):
    monkeypatch.setenv("COLUMNS", str(columns))
    print_evaluation(FOUND)
    out = capsys.readouterr().out
    words = " ".join(out.split())
    assert "(chance 50 %)" in words or "50 %)" in words
    assert "chance 0" not in words
    assert ("Parrot" in out) == controls
    assert ("The controls need a terminal of 72 columns" in words) != controls
    assert max(map(len, out.splitlines())) <= columns


def test_plots_have_a_scale():
    html = page(FOUND)
    assert "Told apart (chance 50 %)" in html
    for label in ("0 %", "50 %", "100 %"):
        assert f'text-anchor="middle">{label}</text>' in html


@pytest.mark.parametrize(
    "ends", [(0, 1), (0, 5081), (-0.64, 0.92), (0, 0.1), (0, 1e304), (2.1, 2.2), (0, 3), (-7, 0)]
)
def test_ticks_are_few_and_within(ends):
    found = ticks(*ends)
    assert 2 <= len(found) <= 6
    assert all(ends[0] - 1e-6 <= value <= ends[1] * (1 + 1e-9) + 1e-6 for value in found)
    assert found == sorted(set(found))


def test_what_cannot_be_compared_is_not_set_side_by_side(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    same = {"until": 5, "held_out_messages": 40, "tested_messages": 40}
    mimics = [mimic("one", tmp_path, **same), mimic("two", tmp_path, **same)]
    mimics.append(mimic("three", tmp_path, **{**same, "until": 9}))
    print_comparison(mimics, [replace(FOUND, mimic=m.name) for m in mimics], None)
    out = capsys.readouterr().out
    assert "Bits per character" in out
    assert "Perplexity" not in out
    assert out.split("\n")[0].split() == ["one", "two", "three", "†"]
    assert "† evaluated on other messages than one" in out


def test_mimics_of_other_held_out_messages_are_marked(home, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for number, (name, until) in enumerate((("one", 5), ("two", 9), ("three", 9))):
        folder = home / "mimics" / name
        folder.mkdir(parents=True)
        facts = {"format": 1, "persona": "Ada", "people": ["Ada", "Bob"], "form": "tokens"}
        facts |= {"data": {"until": until}, "held_out": {"mimic": {"bits_per_character": 2.5}}}
        (folder / "mimic.json").write_text(json.dumps(facts), "utf-8")
        os.utime(folder / "mimic.json", (number, number))
    status, out, err = typed("mimics")
    assert status == 0, err
    marked = {line.split()[0]: "2.500 †" in line for line in out.splitlines() if "2.500" in line}
    assert marked == {"three": False, "two": False, "one": True}
    assert "†: of other messages than the newest mimic of that person" in " ".join(out.split())
