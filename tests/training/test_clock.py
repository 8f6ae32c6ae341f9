"""Speed and time left; and how long a step takes, measured without taking one."""

import json

import pytest
import torch
from safetensors.torch import load_file
from training_support import fill, resume, stop_after, train

from chatmimic.training import progress as clock_module
from chatmimic.training.optim.fused_backward import StepInBackward
from chatmimic.training.progress import Clock


@pytest.fixture
def seconds(monkeypatch):
    """The clock's hands, to be turned."""
    now = [1000.0]
    monkeypatch.setattr(clock_module.time, "monotonic", lambda: now[0])
    return now


def test_before_the_first_step_nothing_is_known(seconds):
    clock = Clock()
    seconds[0] += 50
    assert clock.seconds_left(10) == 0.0
    assert clock.rate(clock.read) == 0.0


def test_speed_is_that_of_steps_and_time_left_that_of_everything(seconds):
    clock = Clock()
    for _ in range(4):
        with clock.stepping():
            seconds[0] += 2
        clock.count(100, 400)
        seconds[0] += 3  # a look
    assert clock.rate(clock.targets) == 400 / 8
    assert clock.rate(clock.read) == 1600 / 8
    assert clock.seconds_left(10) == 10 * 20 / 4
    assert clock.seconds_left(0) == 0


# -- a step that is timed --------------------------------------------------------------------------


@pytest.mark.usefixtures("slow_steps")
@pytest.mark.parametrize("inside", [False, True])
def test_timing_a_step_teaches_nothing(home, tiny_base, inside):
    made = fill(home)
    given = {"steps": None, "minutes": 2, "evaluate_every": None, "step_in_backward": inside}
    stopped = train(made, tiny_base, callbacks=stop_after(1), **given)
    start = load_file(made.runs / "ada" / "checkpoints" / "step-000000" / "model.safetensors")
    base = load_file(tiny_base / "model.safetensors")
    assert len(start) == len(base) > 20
    for name, weights in start.items():
        assert torch.equal(weights, base[name.removeprefix("model.")]), name
    plan = json.loads((made.runs / "ada" / "ready.json").read_text("utf-8"))["plan"]
    assert plan["steps"] == stopped.steps > 1
    assert resume(made).mimic.manifest["plan"] == plan


def test_a_backward_pass_at_rest_is_no_step(tiny_base):
    from transformers import GPT2LMHeadModel

    model = GPT2LMHeadModel.from_pretrained(tiny_base).eval()
    backend = StepInBackward(model, 0.0)
    for group in backend.param_groups:
        group["lr"] = 0.1
    ids, weights = torch.arange(24)[None], model.lm_head.weight
    before = weights.detach().clone()

    def rest_and_fail():
        with backend.resting():
            model(ids, labels=ids).loss.backward()
            raise KeyError

    with pytest.raises(KeyError):
        rest_and_fail()
    assert torch.equal(weights, before)
    model(ids, labels=ids).loss.backward()  # whatever happened inside, it steps again
    assert not torch.equal(weights, before)
