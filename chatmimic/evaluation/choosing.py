"""What chooses among several replies of a mimic, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatmimic.archive import Archive
from chatmimic.errors import MimicError
from chatmimic.evaluation.slices import slices_of
from chatmimic.evaluation.style.attribution import Judge, texts_by_person
from chatmimic.generation.criteria import Criterion, Head, Mixed, Mutual, Reverse, Style
from chatmimic.generation.head import head_of
from chatmimic.mimic import Mimic, reverse_of
from chatmimic.training.judged import check_judges

if TYPE_CHECKING:
    from chatmimic.generation.batch import BatchGenerator
    from chatmimic.home import Home


def criterion_of(
    way: str, mimic: Mimic, home: Home, talking: BatchGenerator, engine: str
) -> Criterion:
    """The criterion of that name, one of `RANKINGS`, for a mimic that is loaded as `talking`.

    `reverse` loads the reverse mimic of the same person. Raises MimicError if there is none, for
    `head` if the mimic has none, and for `style` without an archive or with nobody in it to compare
    the person with.
    """
    if way == "reverse":
        return _reverse(mimic, home, engine)
    if way == "head":
        return Head(talking, head_of(mimic))
    if way == "style":
        return _style(mimic, home)
    if way == "mixed":
        return Mixed({Mutual(talking): 1.0, _style(mimic, home): 1.0})
    return Mutual(talking)


def _reverse(mimic: Mimic, home: Home, engine: str) -> Reverse:
    from chatmimic.generation.batch import BatchGenerator

    return Reverse(BatchGenerator(reverse_of(mimic, home).load(engine)))


def _style(mimic: Mimic, home: Home) -> Style:
    check_judges("--rank-by style")
    with Archive.open(home.archive, create=False) as archive:
        read = slices_of(archive, mimic).read
    said = texts_by_person(read, mimic.persona, str.strip)
    if len(said) < 2 or mimic.persona not in said:
        raise MimicError(
            f"There is nobody in the archive to compare {mimic.persona} with.",
            "Choose replies without a judge of style: --rank-by mutual.",
        )
    return Style(StyleJudge(Judge.taught(mimic.persona, said)))


class StyleJudge:
    """A judge of attribution as a criterion asks it."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def writes_like(self, texts: Sequence[str]) -> Sequence[float]:
        """The log-probability of each text that the person wrote it."""
        return [float(row[self.judge.person]) for row in self.judge.read(texts)]
