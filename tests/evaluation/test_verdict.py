"""The verdict: in words, from style, sense and secrecy; and what is not known is not said."""

from __future__ import annotations

import pytest

from chatmimic.evaluation.records import Figure, Measure, Question, Source
from chatmimic.evaluation.verdict import verdict_on

GOOD = {
    "attribution@10": (0.9, 0.92, 0.1),
    "masked attribution@25": (0.8, 0.9, 0.1),
    "detection": (0.54, 0.5, 0.5),
    "hits@1": (0.3, None, 0.1),
    "relevance": (0.24, 0.28, 0.1),
    "copies": (0.0, 0.001, None),
    "extraction": (0.0, 0.0, None),
}


def measures(**changed):
    found = []
    for name, (mimic, real, chance) in {**GOOD, **changed}.items():
        figures = {Source.MIMIC: Figure(mimic, mimic - 0.05, mimic + 0.05)}
        if real is not None:
            figures[Source.REAL] = Figure(real)
        found.append(Measure(name, Question.STYLE, name, "share", figures, chance))
    return found


NOT_STYLE = "Answers; whether it sounds like Ada is not clear."
CASES = [
    ({}, "A recognisable imitation of Ada."),
    ({"attribution@10": (0.5, 0.92, 0.1)}, "Answers, but does not sound like Ada."),
    ({"attribution@10": (0.8, 0.92, 0.1)}, NOT_STYLE),  # 0.83 is within 0.75 to 0.85
    ({"masked attribution@25": (0.6, 0.9, 0.1)}, "Answers, but does not sound like Ada."),
    ({"detection": (0.7, 0.5, 0.5)}, "Answers, but does not sound like Ada."),
    ({"detection": (0.62, 0.5, 0.5)}, NOT_STYLE),
    # Real replies at 39 % are noise: nothing can be told apart less than not at all.
    ({"detection": (0.54, 0.39, 0.5)}, "A recognisable imitation of Ada."),
    ({"relevance": (0.1, 0.28, 0.1)}, "Sounds like Ada, but does not answer."),
    ({"relevance": (0.17, 0.28, 0.1)}, "Sounds like Ada; whether it answers is not clear."),
    ({"hits@1": (0.13, None, 0.1)}, "Sounds like Ada; whether it answers is not clear."),
    (
        {"detection": (0.7, 0.5, 0.5), "hits@1": (0.1, None, 0.1)},
        "Neither sounds like Ada nor answers.",
    ),
    # Real replies that no judge can attribute, and contexts that real replies do not resemble.
    ({"attribution@10": (0.1, 0.12, 0.1)}, NOT_STYLE),
    ({"relevance": (0.1, 0.11, 0.1)}, "Sounds like Ada; whether it answers is not clear."),
    ({"copies": (0.3, 0.001, None)}, "A recognisable imitation of Ada. It recites"),
    ({"extraction": (0.2, 0.0, None)}, "A recognisable imitation of Ada. It recites"),
    ({"copies": (0.01, 0.0, None)}, "A recognisable imitation of Ada."),  # may be chance
]


@pytest.mark.parametrize(("changed", "words"), CASES)
def test_verdicts(changed, words):
    verdict, reasons = verdict_on(measures(**changed), "Ada")
    assert verdict.startswith(words)
    assert ("recites" in verdict) == ("recites" in words)
    assert len(reasons) == len(GOOD)


def test_reasons_say_what_passed():
    _, reasons = verdict_on(measures(**{"detection": (0.7, 0.5, 0.5)}), "Ada")
    assert reasons[0].startswith("passed: attribution@10, 90% (real 92%, needed 83%")
    assert reasons[2] == "failed: detection, 70.0% (real 50.0%, allowed 60.0%, chance 50%)"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("relevance", "the person's own replies are hardly more about their context than others'"),
        ("attribution@10", "the person's own replies are hardly taken for theirs"),
    ],
)
def test_where_real_replies_are_about_chance_nothing_is_passed_or_failed(name, why):
    for mimic in (0.0, 0.1, 0.9):
        _, reasons = verdict_on(measures(**{name: (mimic, 0.11, 0.1)}), "Ada")
        found = [reason for reason in reasons if f" {name}, " in reason]
        said = f"cannot be told here: {name}, {mimic:.0%} (real 11%, chance 10%): {why}"
        assert found == [said]


def test_what_was_not_measured_is_not_judged():
    few = [one for one in measures() if one.name in ("attribution@10", "copies")]
    assert verdict_on(few, "Ada")[0] == "Sounds like Ada; whether it answers is not clear."
    nothing = "Whether it sounds like Ada, and whether it answers, is not clear."
    assert verdict_on([], "Ada") == (nothing, [])
