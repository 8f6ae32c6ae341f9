"""The short form of an evaluation, for each evaluation of a run (`train --select style`).

A few replies are generated at places outside the training data, and judged by whom they are
attributed to, plain and with masked content, and by what they copy. It uses only the judges' slice:
no judge sees the test of `chatmimic evaluate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chatmimic.errors import EvaluationError
from chatmimic.evaluation.controls import said_by
from chatmimic.evaluation.evaluate import check_packages
from chatmimic.evaluation.places import places
from chatmimic.evaluation.secrecy.copying import Read, span_counts
from chatmimic.evaluation.slices import cut
from chatmimic.evaluation.study import texts_of
from chatmimic.evaluation.style.attribution import Judge, texts_by_person
from chatmimic.evaluation.texts import masked, names_of, plain
from chatmimic.generation.decoding import decoding_of
from chatmimic.mimic import LoadedMimic, Mimic
from chatmimic.training.judged import REPLIES, Judged

if TYPE_CHECKING:
    from chatmimic.archive import Archive

_MAX_TOKENS = 40
_RECITED = 0.05  # share of copied spans that is always allowed
_COINCIDENCE = 3  # times what the person's own messages copy


class ShortForm:
    """Judges the replies of one mimic, at the same places with the same seeds each time."""

    def __init__(self, archive: Archive, mimic: Mimic) -> None:
        """Learn from the archive. Raises EvaluationError if too little was said by others."""
        check_packages()
        slices = cut(archive, mimic)
        bots = frozenset(p.name for p in archive.people() if p.is_bot)
        names = names_of(m.sender for c in slices.judge for m in c.messages)
        self.person = slices.person
        self._ways = (lambda text: plain(text, names), lambda text: masked(plain(text, names)))
        self._judges = []
        for way in self._ways:
            said = texts_by_person(slices.judge, self.person, way, bots)
            if len(said) < 2 or self.person not in said:
                raise EvaluationError(
                    f"Nobody else said enough to tell {self.person}'s style from theirs.",
                    "Leave out --select style: the held-out loss needs no others.",
                )
            self._judges.append(Judge.taught(self.person, said))
        self._places = places(slices.judge, self.person, REPLIES)
        self._read = Read.of(texts_of(slices.read))
        self._coincidence = self._copied(said_by(slices.judge, self.person))

    def __call__(self, loaded: LoadedMimic) -> Judged:
        """Generate replies and judge them."""
        from chatmimic.generation.batch import BatchGenerator

        decoding = decoding_of(loaded.mimic, max_tokens=_MAX_TOKENS)
        asked = [place.before for place in self._places]
        replies = BatchGenerator(loaded).replies(asked, self.person, decoding)
        copied = self._copied(replies)
        recites = copied > max(_RECITED, _COINCIDENCE * self._coincidence)
        return Judged(self._style(replies), copied, recites)

    def _style(self, replies: Sequence[str]) -> float:
        """The mean surprise over replies and judges, in bits."""
        logs = [
            judge.read(list(map(way, replies)))[:, judge.person]
            for judge, way in zip(self._judges, self._ways, strict=True)
        ]
        return -float(np.mean(logs)) / float(np.log(2))

    def _copied(self, texts: Sequence[str]) -> float:
        copied, spans = span_counts(self._read, texts).sum(axis=0)
        return float(copied / spans) if spans else 0.0
