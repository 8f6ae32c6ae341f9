"""Fitted decoding: the settings whose replies are most like the person's messages."""

from __future__ import annotations

import json
import math

import pytest
from training_support import arguments, chatter, fill, train, typed

from chatmimic.archive import Archive
from chatmimic.evaluation import fitting
from chatmimic.evaluation.fitting import SETTINGS, Target, fit_decoding
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.decoding import fitted_to
from chatmimic.mimic import Mimic

WORDS = (
    *("tea", "later", "ok", "the", "garden", "is", "fine", "see", "you"),
    *("then", "what", "a", "day", "how", "are", "lol", "train"),
)
KNOWN = frozenset(WORDS)


def said(count: int, length: int, start: int = 0) -> list[str]:
    return [" ".join(WORDS[(start + n + k) % 17] for k in range(length)) for n in range(count)]


@pytest.mark.parametrize(
    "worse",
    [
        said(40, 9),  # too long
        [text.upper() for text in said(40, 3)],
        [f"{text} 🙂🙂" for text in said(40, 3)],
        ["tea later ok"] * 40,  # a favourite
        [f"{text} mallery qux{n}" for n, text in enumerate(said(40, 1))],  # invented words
        ["", *said(39, 3)] + [""] * 20,
    ],
)
def test_what_is_unlike_the_person_is_further_away(worse):
    target = Target(said(200, 3), KNOWN, 40)
    alike = target.distance(said(40, 3, start=5))
    assert math.isfinite(target.distance(worse))
    assert alike < target.distance(worse)
    assert target.own == pytest.approx(alike, abs=0.3)


@pytest.fixture(scope="module")
def home(tmp_path_factory, plain_base):
    home = fill(tmp_path_factory.mktemp("fitting") / "home", chatter(600, ("Ada", "Bob", "Cy")))
    train(home, plain_base, held_out=0.3)
    return home


def scripted(monkeypatch, replies):
    """A model that replies as `replies` says for a decoding; what it was asked for."""
    asked = []

    def variants(self, histories, speaker, decodings, *, times):
        asked.extend(decodings)
        return [replies(one, len(histories) * times) for one in decodings]

    monkeypatch.setattr(BatchGenerator, "variants", variants)
    return asked


def test_the_closest_setting_is_chosen_and_then_the_length(home, monkeypatch):
    real = [m.text for m in chatter(600, ("Ada", "Bob", "Cy")) if m.sender == "Ada"]

    def replies(decoding, count):
        if decoding.temperature != 0.8:
            return [f"blah{n} qux {decoding.temperature}" for n in range(count)]
        # Half of each message, unless messages are made longer.
        texts = [text if decoding.end_bias < 0 else text[: len(text) // 2] for text in real]
        return texts[:count]

    asked = scripted(monkeypatch, replies)
    with Archive.open(home.archive) as archive:
        found = fit_decoding(archive, Mimic.open("ada", home))
    assert found is not None
    assert (found.decoding["temperature"], found.decoding["top_p"]) == (0.8, 0.9)
    assert found.decoding["end_bias"] < 0
    assert found.distance < found.usual
    assert [(one.temperature, one.top_p) for one in asked[:-1]] == list(SETTINGS[:3])
    assert asked[-1].end_bias == found.decoding["end_bias"]


@pytest.mark.parametrize("closest", range(len(SETTINGS)))
def test_the_search_goes_towards_what_is_closer(closest):
    asked = []

    def tried(settings):
        asked.extend(one["temperature"] for one in settings)
        places = [SETTINGS.index((one["temperature"], one["top_p"])) for one in settings]
        return [fitting._Tried({}, abs(place - closest), 3) for place in places]

    found = fitting._search(tried, 1)
    assert min(found, key=lambda place: found[place].distance) == closest
    assert len(asked) == min(len(SETTINGS), max(3, closest + 2))


def test_a_length_that_is_right_is_left_alone(home, monkeypatch):
    real = [m.text for m in chatter(600, ("Ada", "Bob", "Cy")) if m.sender == "Ada"]
    asked = scripted(monkeypatch, lambda decoding, count: real[:count])
    with Archive.open(home.archive) as archive:
        found = fit_decoding(archive, Mimic.open("ada", home))
    assert found is not None
    assert "end_bias" not in found.decoding
    assert len(asked) == 3


def test_too_few_places_leave_the_usual_decoding(home, monkeypatch):
    monkeypatch.setattr(fitting, "_FEWEST", 10_000)
    with Archive.open(home.archive) as archive:
        assert fit_decoding(archive, Mimic.open("ada", home)) is None


def test_training_fits_shows_and_can_leave_it_out(home, tmp_path, plain_base):
    line = arguments(home, plain_base, name="fitted", held_out=0.3, fit_decoding=True)
    status, _, err = typed(*line)
    assert status == 0, err
    assert "fitting the decoding" in err
    mimic = Mimic.open("fitted", home)
    chosen = fitted_to(mimic)
    assert (chosen["temperature"], chosen["top_p"]) in SETTINGS
    kept = mimic.manifest["decoding"]
    assert kept["replies"] >= 16
    assert kept["real"] > 0
    assert kept["distance"] <= kept["usual"]
    _, shown, _ = typed("mimics", "show", "fitted", "--home", home.path)
    assert "Fitted decoding" in shown

    status, _, err = typed(*arguments(home, plain_base, name="plain"))
    assert status == 0, err
    _, facts, _ = typed("mimics", "show", "plain", "--json", "--home", home.path)
    assert "decoding" not in json.loads(facts)["manifest"]
