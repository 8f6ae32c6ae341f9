"""The decoding options: ranges, words, and changing one by name."""

from __future__ import annotations

import re

import pytest

from chatmimic.generation.decoding import SETTINGS, Decoding


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0", 0.0),
        ("temperature", " 1.5 ", 1.5),
        ("top-p", "0.5", 0.5),
        ("TOP_P", "1", 1.0),
        ("top_k", "40", 40),
        ("max_tokens", "4096", 4096),
        ("seed", "7", 7),
        ("seed", "none", None),
        ("min_tokens", "0", 0),
    ],
)
def test_a_setting_is_changed_by_the_name_a_user_types(name, text, value):
    changed = Decoding().with_values([(name, text)])
    assert getattr(changed, name.lower().replace("-", "_")) == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("temperature", "9", "temperature is 9; it must be from 0 to 5."),
        ("temperature", "nan", "temperature is nan; it must be a finite number."),
        ("temperature", "hot", "temperature is 'hot'; it must be a number from 0 to 5."),
        ("top_p", "0", "top_p is 0; it must be from 0.01 to 1."),
        ("top_k", "1.5", "top_k is '1.5'; it must be a whole number from 0 to 100000."),
        ("max_tokens", "none", "max_tokens is 'none'; it must be a whole number"),
        ("seed", "-1", "seed is -1; it must be from 0 to 4294967295."),
        ("min_tokens", "100", "min_tokens (100) must not be above max_tokens (80)"),
        ("temprature", "1", "There is no setting 'temprature'; did you mean temperature?"),
        ("zzz", "1", "There is no setting 'zzz'"),
    ],
)
def test_a_wrong_value_is_refused_with_the_range(name, text, says):
    with pytest.raises(ValueError, match="^" + re.escape(says)):
        Decoding().with_values([(name, text)])


def test_every_option_has_a_sentence_and_a_default_in_its_range():
    for setting in SETTINGS:
        assert setting.out_of_bounds(setting.default, setting.name) is None
        assert setting.help.endswith(".")
        assert getattr(Decoding(), setting.name) == setting.default
