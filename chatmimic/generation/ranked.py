"""Replies chosen among several: of a few samples, the one that a criterion finds best."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from chatmimic.generation.criteria import Criterion
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.generator import Generator, GeneratorProxy
from chatmimic.records import Message


class RankedGenerator(GeneratorProxy):
    """Draws several replies and gives the best."""

    def __init__(self, inner: Generator, criterion: Criterion, count: int) -> None:
        """`count` is the number of samples."""
        super().__init__(inner)
        self.criterion = criterion
        self.count = count

    def stream(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        stop: threading.Event | None = None,
        at: int | None = None,
    ) -> Iterator[str]:
        """Yield the best of several messages by `speaker`, in one piece; `at` is not read."""
        del at
        texts = self.alternatives(history, speaker, decoding, 1)
        if texts and not (stop is not None and stop.is_set()):
            yield texts[0]

    def alternatives(
        self, history: Sequence[Message], speaker: str, decoding: Decoding, count: int
    ) -> list[str]:
        """The `count` best of several versions of the next message, best first."""
        several = max(self.count, count)
        texts = self.inner.alternatives(history, speaker, decoding, several)
        texts = list(dict.fromkeys(text for text in texts if text.strip()))
        if len(texts) < 2:
            return texts
        scores = dict(zip(texts, self.criterion.scores(history, speaker, texts), strict=True))
        return sorted(texts, key=lambda text: -scores[text])[:count]
