"""What int8 loses is measured when a training ends, and decides which engine is taken."""

from __future__ import annotations

import json
from functools import partial

import pytest
from training_support import fill, train

from chatmimic.engines import MOST_LOST
from chatmimic.engines.products import has_int8
from chatmimic.mimic import LOSSES
from chatmimic.training.engine_losses import write_losses


def test_nothing_is_measured_of_a_small_mimic(tmp_path, tiny_base):
    mimic = train(fill(tmp_path / "home"), tiny_base).mimic
    assert not (mimic.path / LOSSES).exists()
    assert mimic.lost is None


@pytest.mark.skipif(not has_int8(), reason="this processor has no int8 engine")
def test_what_int8_loses_is_written_beside_the_mimic(tmp_path, tiny_base, monkeypatch):
    of_any_size = partial(write_losses, smallest=0)
    monkeypatch.setattr("chatmimic.training.run.write_losses", of_any_size)
    mimic = train(fill(tmp_path / "home"), tiny_base).mimic
    assert mimic.lost is not None
    assert abs(mimic.lost) < MOST_LOST
    written = json.loads((mimic.path / LOSSES).read_text("utf-8"))
    assert written["int8"]["bits_per_character"] == mimic.lost
