"""What tests of bases share: a loopback hub with one model, and a process that knows no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import Hub
from processes import Process


@pytest.fixture
def hub(plain_base: Path) -> Iterator[Hub]:
    """A hub with one model, `tiny`."""
    with Hub() as running:
        running.add("tiny", plain_base)
        yield running


@pytest.fixture
def process(hub: Hub, tmp_path: Path) -> Process:
    # Its hub answers, but on a busy machine perhaps not within two seconds.
    return Process(tmp_path / "hf", hub.url, patience=30)
