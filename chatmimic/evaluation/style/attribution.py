"""Attribution: whom a judge takes the replies for, in blocks.

The judge is multinomial logistic regression on TF-IDF weighted character 1- to 4-grams, the
baseline of authorship attribution (PAN). The log-probabilities of a block's messages are summed::

    share = mean over blocks b of [argmax over people c of sum over x in b of log p(c | x) = person]

One chat message says too little: of twelve regulars of one channel, single messages are attributed
to their writer 44 % of the time, blocks of ten 92 %. Blocks are drawn at random from all replies;
cut one after another there would be so few that each would count for several points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatmimic.evaluation.intervals import Rows, with_interval
from chatmimic.evaluation.records import Figure
from chatmimic.evaluation.style.convergence import not_converged_is_fine
from chatmimic.records import Conversation

FEWEST = 30  # messages of somebody the judge can tell
MOST = 1_500  # and of each at most, the newest
PEOPLE = 8
BLOCKS = 400  # drawn for a figure
_FEATURES = 60_000


def texts_by_person(
    conversations: Sequence[Conversation],
    person: str,
    prepare: Callable[[str], str],
    bots: frozenset[str] = frozenset(),
) -> dict[str, list[str]]:
    """What the person and the most talkative others said: the newest texts, prepared, by name."""
    said: dict[str, list[str]] = {}
    counts = Counter(m.sender for c in conversations for m in c.messages if m.sender not in bots)
    kept = [name for name, n in counts.most_common() if n >= FEWEST and name != person]
    chosen = {person, *kept[: PEOPLE - 1]}
    for conversation in conversations:
        for message in conversation.messages:
            if message.sender in chosen and (text := prepare(message.text)):
                said.setdefault(message.sender, []).append(text)
    return {name: texts[-MOST:] for name, texts in said.items()}


@dataclass(frozen=True)
class Judge:
    """Tells by their writing who of several people wrote some messages."""

    person: int  # its number among the classes
    people: tuple[str, ...]
    model: Any

    @classmethod
    def taught(cls, person: str, said: Mapping[str, Sequence[str]]) -> Judge:
        """Train a judge on texts by person. There must be at least two people."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        vectors = TfidfVectorizer(
            analyzer="char",
            ngram_range=(1, 4),
            lowercase=False,
            sublinear_tf=True,
            min_df=2,
            max_features=_FEATURES,
            dtype=np.float32,
        )
        model = make_pipeline(vectors, LogisticRegression(C=10, class_weight="balanced"))
        texts = [text for some in said.values() for text in some]
        with not_converged_is_fine():
            model.fit(texts, [name for name, some in said.items() for _ in some])
        people = tuple(model.classes_.tolist())
        return cls(people.index(person), people, model)

    def read(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Log-probabilities of each text's writer, `(texts, people)`."""
        found: NDArray[np.float64] = self.model.predict_log_proba(texts)
        return found


def share_attributed(
    logs: NDArray[np.float64], person: int, block: int, rows: Rows, seed: int
) -> float:
    """The share of blocks of so many rows that are attributed to the person.

    `logs`, `(texts, people)`, are log-probabilities; `rows` those to draw blocks from.
    """
    if len(rows) < block:
        return float("nan")
    rng = np.random.default_rng(seed)
    # The smallest of random numbers: distinct rows in each block, without a loop.
    drawn = rng.random((BLOCKS, len(rows))).argpartition(block - 1, axis=1)[:, :block]
    sums = logs[rows[drawn]].sum(axis=1)
    return float((sums.argmax(axis=1) == person).mean())


def attribution(
    judge: Judge,
    texts: Sequence[str],
    conversation_of: NDArray[np.int64],
    block: int,
    seed: int,
) -> Figure:
    """The share of blocks of `texts` attributed to the judge's person, with its interval."""
    logs = judge.read(texts)
    return with_interval(
        lambda rows: share_attributed(logs, judge.person, block, rows, seed),
        conversation_of,
        seed,
        times=100,
    )
