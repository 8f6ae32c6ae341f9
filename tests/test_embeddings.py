"""Static embeddings: what means the same is close, whatever its words."""

from __future__ import annotations

import numpy as np
import pytest

from chatmimic import embeddings
from chatmimic.embeddings import are_installed, embed
from chatmimic.evaluation.sense.relevance import relevance_by_meaning

needs_weights = pytest.mark.skipif(not are_installed(), reason="no package wordllama here")
PAIRS = [
    ("the kiln is far too hot", "a pottery oven at a high temperature"),
    ("my bus was late again", "public transport never runs on time"),
    ("the cat is ill", "we took our pet to the vet"),
    ("it rains all day", "wet weather, take an umbrella"),
    ("she plays the violin", "a concert of classical music"),
    ("the server is down", "restart the machine in the data centre"),
    ("we ate soup", "dinner with bread and vegetables"),
    ("he lost his job", "unemployed since the company closed"),
    ("the exam is tomorrow", "students who learn for school"),
    ("a flight to Rome", "travel to Italy by plane"),
]


@needs_weights
def test_close_in_meaning_is_close_without_a_common_word() -> None:
    left, right = (embed(side) for side in zip(*PAIRS, strict=True))
    close = left @ right.T
    assert np.allclose(np.linalg.norm(left, axis=1), 1, atol=1e-5)
    assert (close.argmax(axis=1) == np.arange(len(PAIRS))).sum() >= 9
    contexts, replies = zip(*PAIRS, strict=True)
    assert relevance_by_meaning(contexts, replies, 0).mean() > 0.9
    assert relevance_by_meaning(contexts, replies[1:] + replies[:1], 0).mean() < 0.2


@needs_weights
def test_any_text_has_a_vector() -> None:
    found = embed(
        ["", "\x00", "🙂" * 4_000, "word " * 10_000, "\ud800".encode(errors="replace").decode()]
    )
    assert np.isfinite(found).all()
    assert not found[0].any()


def test_without_the_package_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "PACKAGE", "no-such-package")
    embeddings._loaded.cache_clear()
    assert not are_installed()
    with pytest.raises(LookupError, match="no-such-package is not installed"):
        embed(["tea"])
