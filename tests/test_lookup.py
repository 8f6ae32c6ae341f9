"""Names as people type them: which is meant, and which are close."""

import pytest

from chatmimic.lookup import close, fold, meant


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Émilie", "emilie"),
        ("E\u0301milie", "Émilie"),
        ("ŁUKASZ", "lukasz"),
        ("Søren", "SOREN"),
        ("Straße", "STRASSE"),
        ("Νίκος", "ΝΙΚΟΣ"),
        ("İnci", "inci"),
        ("Ｍｉｒａ", "mira"),
        ("Ада  Л", "АДА Л"),
        ("👩\u200d🚀", "👩🚀"),
        ("❤\ufe0f", "❤"),
        ("\u200fנעה", "נעה"),
        ("Nguyễn", "nguyen"),
    ],
)
def test_case_and_accents_make_no_difference(one, other):
    assert fold(one) == fold(other)
    assert meant(one, [other]) == [other]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann-Marie", "Ann Marie"), ("Ada", "Adá L"), ("राम", "रम"), ("か", "が"), ("a.b", "ab")],
)
def test_other_differences_do(one, other):
    assert fold(one) != fold(other)
    assert meant(one, [other]) == []


def test_the_exact_name_wins():
    assert meant("ann", ["Ann", "ann", "ANN"]) == ["ann"]
    assert meant("aNN", ["Ann", "ann", "Bob"]) == ["Ann", "ann"]


def test_close_names_are_names():
    names = ["Ann-Marie", "Émilie", "Bob"]
    assert close("Anmarie", names) == ["Ann-Marie"]
    assert close("emili", names) == ["Émilie"]
    assert close("Zaphod", names) == []
