"""What tests of training share."""

import pytest

from chatmimic.training.planning import timing


@pytest.fixture
def one_attempt(monkeypatch):
    """Runs go on at their rate where no evaluation is better than that of the base."""
    monkeypatch.setattr("chatmimic.training.loop.gained_nothing", lambda *given: False)


@pytest.fixture
def slow_steps(monkeypatch):
    """A step is measured, and then said to take 10 seconds, on whatever machine this is."""
    time_a_step = timing.time_a_step

    def timed(loop):
        time_a_step(loop)
        return 10.0

    monkeypatch.setattr(timing, "time_a_step", timed)
