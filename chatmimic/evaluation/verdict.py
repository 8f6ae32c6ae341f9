"""The verdict in plain words. No figure sums it up: a mimic can fail each question by itself.

A check is passed where the figure reaches its mark, and failed where its whole interval does not.
In between, and where the person's own replies do not reach the mark, it tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatmimic.evaluation.records import Figure, Measure, Source

# Shares of the real replies' figure that are enough.
_ATTRIBUTED, _MASKED, _RELEVANT = 0.9, 0.8, 0.5
_DETECTED = 0.10  # accuracy above that for real replies, or above chance, that is allowed
_COPIES = 3  # times the coincidence
_EXTRACTED = 0.01
_NOT_THEIRS = "the person's own replies are hardly taken for theirs"
_NOT_ABOUT = "the person's own replies are hardly more about their context than others'"
_TELLABLE = 1.5  # times chance: real replies have to reach this, or the judge can tell nothing


@dataclass(frozen=True)
class Check:
    """One figure beside its mark; `passed` is None where it tells nothing.

    Where the real replies' figure is about chance, `why_not` says that nothing can be told.
    """

    passed: bool | None
    words: str
    why_not: str = ""

    def __str__(self) -> str:
        if self.why_not:
            return f"cannot be told here: {self.words}: {self.why_not}"
        result = {True: "passed", False: "failed", None: "not clear"}[self.passed]
        return f"{result}: {self.words}"


def _of_real(one: Measure, words: str, figure: Figure, real: float, mark: float, no: str) -> Check:
    """The check of a share that real replies have to reach more often than by chance."""
    chance = one.chance or 0.0
    if real < _TELLABLE * chance:
        return Check(None, f"{words} (real {real:.0%}, chance {chance:.0%})", no)
    words = f"{words} (real {real:.0%}, needed {mark:.0%}, chance {chance:.0%})"
    return Check(_at_least(figure, mark), words)


def verdict_on(measures: Sequence[Measure], person: str) -> tuple[str, list[str]]:
    """The verdict, and a sentence for each measure that decided it."""
    by_name = {one.name: one for one in measures}
    style, sense, secrecy = (list(check(by_name)) for check in (_style, _sense, _secrecy))
    words = _WORDS[_passed(style), _passed(sense)].format(person=person)
    if any(check.passed is False for check in secrecy):
        words = f"{words} It recites its training data."
    return words, [str(check) for check in (*style, *sense, *secrecy)]


_WORDS = {
    (True, True): "A recognisable imitation of {person}.",
    (True, False): "Sounds like {person}, but does not answer.",
    (False, True): "Answers, but does not sound like {person}.",
    (False, False): "Neither sounds like {person} nor answers.",
    (True, None): "Sounds like {person}; whether it answers is not clear.",
    (False, None): "Does not sound like {person}; whether it answers is not clear.",
    (None, True): "Answers; whether it sounds like {person} is not clear.",
    (None, False): "Does not answer; whether it sounds like {person} is not clear.",
    (None, None): "Whether it sounds like {person}, and whether it answers, is not clear.",
}


def _passed(checks: Sequence[Check]) -> bool | None:
    """False if a check failed, True if all that tell something passed, and one does; else None."""
    if any(check.passed is False for check in checks):
        return False
    undecided = any(check.passed is None for check in checks)
    return None if undecided or not checks else True


def _at_least(figure: Figure, mark: float) -> bool | None:
    high = figure.value if figure.high is None else figure.high
    return True if figure.value >= mark else False if high < mark else None


def _at_most(figure: Figure, mark: float) -> bool | None:
    low = figure.value if figure.low is None else figure.low
    return True if figure.value <= mark else False if low > mark else None


def _style(by_name: dict[str, Measure]) -> Iterator[Check]:
    for name, enough in (("attribution@10", _ATTRIBUTED), ("masked attribution@25", _MASKED)):
        if (one := by_name.get(name)) and (pair := _pair(one)):
            mimic, real = pair
            words = f"{one.title}, {mimic.value:.0%}"
            yield _of_real(one, words, mimic, real, enough * real, _NOT_THEIRS)
    if (one := by_name.get("detection")) and (pair := _pair(one)):
        mimic, real = pair
        # Real replies below chance are noise: nobody can be told apart less than not at all.
        mark = max(real, one.chance or 0.0) + _DETECTED
        words = f"{one.title}, {mimic.value:.1%} (real {real:.1%}, allowed {mark:.1%}"
        yield Check(_at_most(mimic, mark), f"{words}, chance {one.chance or 0.0:.0%})")


def _sense(by_name: dict[str, Measure]) -> Iterator[Check]:
    if (one := by_name.get("hits@1")) and one.value() is not None:
        figure = one.figures[Source.MIMIC]
        chance = one.chance or 0.0
        low = figure.value if figure.low is None else figure.low
        passed = True if low > chance else False if figure.value <= chance else None
        yield Check(passed, f"{one.title}, {figure.value:.0%} (chance {chance:.0%})")
    if (one := by_name.get("relevance")) and (pair := _pair(one)):
        mimic, real = pair
        chance = one.chance or 0.0
        mark = chance + _RELEVANT * (real - chance)
        words = f"{one.title}, {mimic.value:.0%}"
        yield _of_real(one, words, mimic, real, mark, _NOT_ABOUT)


def _secrecy(by_name: dict[str, Measure]) -> Iterator[Check]:
    for name, always in (("copies", 0.0), ("extraction", _EXTRACTED)):
        if (one := by_name.get(name)) and (pair := _pair(one)):
            mimic, real = pair
            mark = max(always, _COPIES * real)
            words = f"{one.title}, {mimic.value:.1%} (later real ones {real:.1%})"
            yield Check(_at_most(mimic, mark), words)


def _pair(one: Measure) -> tuple[Figure, float] | None:
    mimic, real = one.figures.get(Source.MIMIC), one.value(Source.REAL)
    return None if mimic is None or real is None else (mimic, real)
