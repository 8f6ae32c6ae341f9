"""The score of a blind test: Wilson's interval, and what is said of it."""

from __future__ import annotations

import pytest

from chatmimic.evaluation.blind.rounds import PAIR, WHOSE
from chatmimic.evaluation.blind.score import Score
from chatmimic.evaluation.intervals import wilson


@pytest.mark.parametrize(
    ("right", "answered", "low", "high"),
    [  # by hand, from the formula
        (14, 20, 0.481, 0.855),
        (10, 20, 0.299, 0.701),
        (0, 10, 0.0, 0.278),
        (10, 10, 0.722, 1.0),
        (1, 1, 0.207, 1.0),
        (60, 100, 0.502, 0.691),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_by_hand(right: int, answered: int, low: float, high: float) -> None:
    assert wilson(right, answered) == pytest.approx((low, high), abs=0.0006)


def test_wilson_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for right, answered in [(3, 7), (14, 20), (19, 20), (88, 200)]:
        there = stats.binomtest(right, answered).proportion_ci(0.95, "wilson")
        assert wilson(right, answered) == pytest.approx((there.low, there.high), abs=1e-6)


@pytest.mark.parametrize(
    ("right", "answered", "kind", "figures", "meaning"),
    [
        (14, 20, PAIR, "14 of 20 = 70 % (48–85 %)", "20 answers cannot tell 70 % from 50 %"),
        (
            10,
            20,
            PAIR,
            "10 of 20 = 50 % (30–70 %)",
            "Exactly chance (50 %); 20 answers cannot rule out 70 %",
        ),
        (15, 20, PAIR, "15 of 20 = 75 % (53–89 %)", "Told apart more often than chance (50 %)"),
        (4, 20, PAIR, "4 of 20 = 20 % (8–42 %)", "the mimic seems the real one"),
        (1, 1, PAIR, "1 of 1 = 100 % (21–100 %)", "1 answer cannot tell 100 % from 50 %"),
        (12, 20, WHOSE, "12 of 20 = 60 % (39–78 %)", "Recognised more often than chance (25 %)"),
        (0, 40, WHOSE, "0 of 40 = 0 % (0–9 %)", "taken for somebody else"),
        (0, 0, PAIR, "no answers", "Without answers there is no score"),
    ],
)
def test_the_score_in_words(
    right: int, answered: int, kind: str, figures: str, meaning: str
) -> None:
    score = Score(right, answered, 0.5 if kind == PAIR else 0.25, kind)
    assert score.figures == figures
    assert meaning in score.meaning
