"""The decoding of a mimic: fitted, or by its size, and never what a damaged file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatmimic.errors import SettingsError
from chatmimic.generation.decoding import GENTLE, Decoding, decoding_of
from chatmimic.mimic import Mimic

FITTED = {"settings": {"temperature": 1.0, "top_p": 0.95, "end_bias": -0.2}, "distance": 0.5}


def mimic(**manifest) -> Mimic:
    return Mimic(Path("ada"), "ada", "Ada", ("Ada", "Bob"), manifest)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"parameters": 7_000_000}, GENTLE),
        ({"parameters": 135_000_000}, {}),
        ({"parameters": None}, {}),
        ({"parameters": "x"}, {}),
        ({"parameters": 7_000_000, "decoding": FITTED}, FITTED["settings"]),
        ({"parameters": 135_000_000, "decoding": FITTED}, FITTED["settings"]),
        ({"decoding": []}, {}),
        ({"decoding": {"settings": "x"}}, {}),
        ({"decoding": {"settings": {"temperature": 99}}}, {}),
        ({"decoding": {"settings": {"temperature": "hot"}}}, {}),
        ({"decoding": {"settings": {"no_such": 1}}}, {}),
        ({"parameters": 10, "decoding": {"settings": {"temperature": None}}}, GENTLE),
    ],
)
def test_it_is_fitted_or_suits_the_size(manifest, expected):
    assert decoding_of(mimic(**manifest)) == Decoding(**expected)


def test_what_the_user_wants_comes_first():
    found = decoding_of(mimic(decoding=FITTED), temperature=0.5, seed=3)
    assert (found.temperature, found.top_p, found.end_bias, found.seed) == (0.5, 0.95, -0.2, 3)
    with pytest.raises(SettingsError):
        decoding_of(mimic(), min_tokens=90)
