"""Settings: what each may be, how it is refused, how it travels."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from chatmimic.errors import ChatmimicError, SettingsError
from chatmimic.settings import (
    SHARE,
    SettingsBase,
    above,
    at_least,
    between,
    setting,
    settings_of,
)


@dataclass(frozen=True)
class Brewing(SettingsBase):
    """Options of every kind."""

    command: ClassVar[str] = "brew"
    renamed: ClassVar[dict[str, str]] = {"leaf": "tea"}

    tea: str = setting("green", "Kind of tea.", choices=("green", "black", "white"))
    cups: int = setting(1, "Number of cups.", bounds=at_least(1))
    minutes: float = setting(3.0, "Steeping time.", bounds=above(0))
    milk: float = setting(0.0, "Share of milk.", bounds=SHARE)
    heat: float | None = setting(None, "Degrees.", bounds=between(60, 100), flag="at")
    guests: tuple[str, ...] = setting((), "Who comes.")
    sweet: bool = setting(False, "With sugar.")

    def conflicts(self):
        """Tea that goes with no milk."""
        if self.tea == "white" and self.milk:
            yield "White tea takes no milk."


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"tea": "mint"}, '--tea is "mint"; it must be green, black or white.'),
        ({"cups": 0}, "--cups is 0; it must be at least 1."),
        ({"cups": 1.5}, "--cups is 1.5; it must be a whole number of at least 1."),
        ({"cups": True}, "--cups is True; it must be a whole number of at least 1."),
        ({"cups": None}, "--cups must have a value."),
        ({"minutes": 0.0}, "--minutes is 0; it must be above 0."),
        ({"minutes": "long"}, "--minutes is 'long'; it must be a number above 0."),
        ({"minutes": float("nan")}, "--minutes is nan; it must be a finite number."),
        ({"minutes": float("inf")}, "--minutes is inf; it must be a finite number."),
        ({"milk": 1.0}, "--milk is 1; it must be at least 0 and below 1."),
        ({"cups": 10**400}, "--cups is too large."),
        ({"sweet": "no"}, "--sweet is 'no'; it must be true or false."),
        ({"sweet": 1}, "--sweet is 1; it must be true or false."),
        ({"tea": 3.5}, "--tea is 3.5; it must be text."),
        ({"guests": ["Ada", None]}, "--guests is None; it must be text."),
        ({"heat": 120}, "--at is 120; it must be from 60 to 100."),
        ({"tea": "white", "milk": 0.5}, "White tea takes no milk."),
    ],
)
def test_what_cannot_be_is_refused_by_its_option(values, told):
    with pytest.raises(SettingsError) as refused:
        Brewing(**values)
    assert refused.value.what == told
    assert refused.value.hint == "See `chatmimic brew --help`."
    assert isinstance(refused.value, ChatmimicError)
    assert isinstance(refused.value, ValueError)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(SettingsError, match=r"--tea .* --cups .* --minutes"):
        Brewing(tea="mint", cups=-1, minutes=-1)


def test_settings_travel_as_plain_values_and_old_names_are_read():
    brewed = Brewing(tea="black", guests=("Ada",), heat=80)
    assert Brewing.from_dict(brewed.as_dict()) == brewed
    assert Brewing.from_dict({"leaf": "white", "guests": ["Bob"], "gone": 1}) == Brewing(
        tea="white", guests=("Bob",)
    )


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"guests": "Ada"}, ("Ada",)),
        ({"guests": ["Ada", "Bob"]}, ("Ada", "Bob")),
        ({"guests": [Path("a", "b"), 7]}, (str(Path("a", "b")), "7")),
        ({"cups": np.int64(2)}, 2),
        ({"minutes": np.float32(2)}, 2.0),
        ({"heat": np.array(70.0)}, 70.0),
        ({"sweet": np.bool_(True)}, True),
    ],
)
def test_what_python_code_passes_becomes_the_plain_value(values, kept):
    ((name, _),) = values.items()
    found = getattr(Brewing(**values), name)
    assert (found, type(found)) == (kept, type(kept))
    assert Brewing.from_dict(Brewing(**values).as_dict()) == Brewing(**values)
    hash(Brewing(**values))


def test_rules_about_several_settings_wait_for_values_of_the_right_type():
    with pytest.raises(SettingsError) as refused:
        Brewing(tea="white", milk="much")
    assert refused.value.what == "--milk is 'much'; it must be a number of at least 0 and below 1."


def test_an_old_name_leads_to_the_new_one():
    with pytest.raises(TypeError, match="did you mean tea"):
        Brewing.checked(leaf="green")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"minuts": 2}, "brew has no setting 'minuts'; did you mean minutes?"),
        ({"xyzzy": 2}, "brew has no setting 'xyzzy'$"),
    ],
)
def test_a_misspelt_keyword_names_the_nearest(values, told):
    with pytest.raises(TypeError, match=told):
        Brewing.checked(**values)


@pytest.mark.parametrize(
    ("bounds", "words", "notation"),
    [
        (at_least(1), "at least 1", "x>=1"),
        (above(0), "above 0", "x>0"),
        (between(0, 1), "from 0 to 1", "0<=x<=1"),
        (SHARE, "at least 0 and below 1", "0<=x<1"),
        (between(0, 2**63), "from 0 to 9", ""),
    ],
)
def test_bounds_in_words_and_in_signs(bounds, words, notation):
    assert str(bounds).startswith(words)
    assert bounds.notation == notation


@pytest.mark.parametrize(
    ("name", "text", "value"), [("cups", "2", 2), ("minutes", "2.5", 2.5), ("heat", "None", None)]
)
def test_a_typed_value_is_read(name, text, value):
    one = next(s for s in settings_of(Brewing) if s.name == name)
    assert one.read(text) == value


@pytest.mark.parametrize(("name", "text"), [("cups", "2.5"), ("minutes", "long"), ("cups", "none")])
def test_a_typed_value_that_is_none_is_refused(name, text):
    one = next(s for s in settings_of(Brewing) if s.name == name)
    with pytest.raises(SettingsError, match=f"{name} is '{text}'; it must be a "):
        one.read(text)
