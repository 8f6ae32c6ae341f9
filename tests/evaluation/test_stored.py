"""An evaluation that is kept with a mimic: it comes back, and a damaged one is as none."""

from __future__ import annotations

import json
import math

import pytest
from training_support import typed

from chatmimic.evaluation import wording
from chatmimic.evaluation.records import Evaluation, Figure, Measure, Question, Source
from chatmimic.evaluation.stored import FILE, store, stored
from chatmimic.mimic import Mimic

MEASURE = Measure(
    "perplexity/word",
    Question.SENSE,
    "Perplexity per word",
    "perplexity",
    {Source.MIMIC: Figure(2.0**1000, 1.0, 2.0**1000), Source.REAL: Figure(12)},
    chance=0.1,
)
COUNTS = {"read": 100, "judge": 40, "test": 60}
FOUND = Evaluation("ada", "Ada", 20, COUNTS, (MEASURE,), "Clear.", ("passed",), 0, {"top_p": 0.9})


@pytest.fixture
def mimic(tmp_path):
    manifest = {"format": 1, "persona": "Ada", "people": ["Ada", "Bob"], "form": "tokens"}
    folder = tmp_path / "mimics" / "ada"
    folder.mkdir(parents=True)
    (folder / "mimic.json").write_text(json.dumps(manifest), "utf-8")
    return Mimic(folder, "ada", "Ada", ("Ada", "Bob"), manifest)


def test_it_comes_back_and_large_figures_stay_short(mimic):
    text = store(mimic, FOUND).read_text("utf-8")
    assert json.loads(text, parse_constant=pytest.fail)["verdict"] == "Clear."
    kept = stored(mimic)
    assert kept == FOUND
    cell = wording.cell(kept.measures[0], Source.MIMIC, interval=True)
    assert cell == "1.1e+301 (1 to 1.1e+301)"
    assert wording.number(-5e6, "points") == "-5.0e+06"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("verdict", 3),
        ("verdict", None),
        ("reasons", [1]),
        ("reasons", {"a": "b"}),
        ("reasons", "words"),
        ("notes", [None]),
        ("notes", 5),
        ("messages", []),
        ("messages", {"read": 1}),
        ("messages", {"read": 1, "judge": "2", "test": 3}),
        ("replies", "20"),
        ("replies", math.nan),
        ("seed", []),
        ("seconds", math.inf),
        ("decoding", []),
        ("person", {}),
        ("mimic", None),
        ("format", "1"),
        ("format", [1]),
        ("samples", [1]),
        ("measures", {}),
        ("measures", "x"),
        ("measures", [1]),
        ("measures", [[]]),
        ("more", 1),
    ],
)
def test_a_damaged_one_is_as_none(mimic, key, value):
    path = store(mimic, FOUND)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), key: value}), "utf-8")
    assert stored(mimic) is None
    status, out, err = typed("mimics", "--json", "--home", mimic.path.parent.parent)
    assert status == 0, err
    assert json.loads(out)[0]["verdict"] is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", 1),
        ("name", ["x"]),
        ("unit", None),
        ("note", {}),
        ("question", "other"),
        ("question", []),
        ("chance", "0.1"),
        ("chance", math.nan),
        ("figures", []),
        ("figures", 3),
        ("figures", {"mimic": 1}),
        ("figures", {"mimic": {"value": None}}),
        ("figures", {"mimic": {"value": "1"}}),
        ("figures", {"mimic": {"value": True}}),
        ("figures", {"mimic": {"value": math.nan}}),
        ("figures", {"mimic": {"value": -math.inf}}),
        ("figures", {"mimic": {"value": 10**400}}),
        ("figures", {"mimic": {"value": 1, "low": "0", "high": 1}}),
        ("figures", {"mimic": {"value": 1, "low": 0, "high": math.nan}}),
        ("figures", {"nobody": {"value": 1}}),
    ],
)
def test_a_damaged_measure_makes_it_none(mimic, key, value):
    path = store(mimic, FOUND)
    facts = json.loads(path.read_text("utf-8"))
    facts["measures"][0][key] = value
    path.write_text(json.dumps(facts), "utf-8")
    assert stored(mimic) is None


@pytest.mark.parametrize("content", [b"\xff", b"[" * 100_000, b'{"format": ' + b"9" * 5001 + b"}"])
def test_what_is_no_json_makes_it_none(mimic, content):
    (mimic.path / FILE).write_bytes(content)
    assert stored(mimic) is None


@pytest.mark.parametrize(
    ("change", "listed"),
    [
        ({"data": [], "held_out": 3, "settings": "x", "plan": [], "versions": "x"}, False),
        ({"data": {"messages": "x"}, "held_out": {"mimic": {"perplexity": "x"}}}, True),
        ({"data": {"messages": math.inf}, "held_out": {"mimic": {"perplexity": 1}}}, False),
        ({"data": {"messages": 1}, "held_out": {"mimic": {"perplexity": 10**400}}}, True),
        ({"held_out": {"mimic": {"perplexity": math.nan}}}, False),
        ({"made_at": 3}, False),
        ({"parameters": math.inf}, False),
    ],
)
def test_mimics_with_a_damaged_manifest_are_listed_or_refused(mimic, change, listed):
    file = mimic.path / "mimic.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **change}), "utf-8")
    home = mimic.path.parent.parent
    status, out, err = typed("mimics", "--json", "--home", home)
    assert status == 0, err
    assert len(json.loads(out, parse_constant=pytest.fail)) == listed
    status, _, err = typed("mimics", "--home", home)
    assert status == 0
    assert ("no mimic that can be opened: ada (`chatmimic doctor`)" in " ".join(err.split())) is (
        not listed
    )
    status, _, err = typed("mimics", "show", "ada", "--home", home)
    assert status == (0 if listed else 1)
    assert listed or "does not describe a mimic" in err
