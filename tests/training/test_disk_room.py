"""The disk's room is looked at before the first step, and estimated as what is written."""

from __future__ import annotations

import shutil
from collections import namedtuple

import pytest
from training_support import fill, train

from chatmimic.errors import TrainingError
from chatmimic.files import folder_size
from chatmimic.training.planning.disk_room import bytes_written

Usage = namedtuple("Usage", "total used free")


def test_too_little_room_is_said_before_the_first_step(home, tiny_base, monkeypatch) -> None:
    filled = fill(home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10_000))
    with pytest.raises(TrainingError, match=r"too little room .* 10.0 kB are free") as refused:
        train(filled, tiny_base, steps=2)
    assert "--resume" in refused.value.hint
    assert not list((home / "runs").rglob("step-*"))


def test_what_a_run_writes_is_within_the_estimate(home, tiny_base, monkeypatch) -> None:
    filled = fill(home)
    seen: list[int] = []
    estimated: list[int] = []

    def counted(trainable: int, optimizer: str) -> int:
        estimated.append(bytes_written(trainable, optimizer))
        return estimated[-1]

    monkeypatch.setattr("chatmimic.training.planning.disk_room.bytes_written", counted)
    from chatmimic.training.checkpointing import checkpoints

    save = checkpoints.save

    def watched(folder, *given, **named):
        done = save(folder, *given, **named)
        kinds = (folder.parent / kind for kind in ("checkpoints", "best"))
        seen.append(sum(folder_size(kind) for kind in kinds if kind.is_dir()))
        return done

    monkeypatch.setattr(checkpoints, "save", watched)
    train(filled, tiny_base, steps=6, evaluate_every=1)
    assert 0.3 * estimated[0] < max(seen) < 1.2 * estimated[0]  # files have headers
