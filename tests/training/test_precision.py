"""The arithmetic: what was asked for, or what the device is fast in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from types import MappingProxyType

import pytest
import torch

from chatmimic.training.objective import precision
from chatmimic.training.objective.precision import arithmetic, bf16_gain, choose_precision

CPU = torch.device("cpu")


def machine(
    monkeypatch, *, cuda: bool | None = None, gain: float = 4.0, **capabilities: object
) -> None:
    """A machine with a processor of these capabilities; `cuda`: a GPU that has bfloat16 or not.

    `gain` is how many times as fast the processor multiplies in bfloat16.
    """
    monkeypatch.setattr(precision, "bf16_gain", lambda: gain)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda is not None)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: bool(cuda)
    )
    known = MappingProxyType(capabilities)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)


@pytest.mark.parametrize(
    ("capabilities", "chosen"),
    [
        ({}, "fp32"),
        ({"architecture": "x86_64", "avx2": True}, "fp32"),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, "fp32"),
        ({"avx512_f": True, "avx512_bf16": True}, "bf16"),
        ({"avx512_bf16": False, "amx_bf16": True}, "bf16"),
        ({"architecture": "aarch64", "neon": True, "bf16": False}, "fp32"),
        ({"architecture": "aarch64", "neon": True, "bf16": True}, "bf16"),
        ({"architecture": "aarch64", "sve_bf16": True}, "bf16"),
        ({"avx512_bf16": True, "gain": 0.5}, "fp32"),  # it can, and is slower at it
        ({"avx2": True, "gain": 4.0}, "fp32"),  # it cannot: nothing is tried
    ],
)
def test_a_processor_says_what_it_is_fast_in(monkeypatch, capabilities, chosen):
    machine(monkeypatch, **capabilities)
    assert choose_precision("auto") == chosen


@pytest.mark.parametrize(("cuda", "chosen"), [(True, "bf16"), (False, "fp32")])
@pytest.mark.parametrize("processor", [True, False])
def test_with_a_gpu_the_gpu_says_it(monkeypatch, cuda, chosen, processor):
    machine(monkeypatch, cuda=cuda, avx512_bf16=processor)
    assert choose_precision("auto") == chosen


def test_a_gpu_that_only_imitates_it_is_not_fast_in_it(monkeypatch):
    machine(monkeypatch, cuda=True)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation
    )
    assert choose_precision("auto") == "fp32"


def test_a_torch_that_cannot_tell_gets_what_always_works(monkeypatch):
    machine(monkeypatch)
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert choose_precision("auto") == "fp32"


@pytest.mark.parametrize("requested", ["bf16", "fp32"])
@pytest.mark.parametrize("native", [True, False])
def test_what_was_asked_for_is_chosen(monkeypatch, requested, native):
    machine(monkeypatch, avx512_bf16=native)
    assert choose_precision(requested) == requested


def test_this_machine_says_one_or_the_other():
    assert choose_precision("auto") in {"bf16", "fp32"}


@pytest.mark.parametrize(("precision", "kind"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_products_are_in_the_arithmetic_and_weights_in_float32(precision, kind):
    torch.manual_seed(0)
    layer = torch.nn.Linear(8, 4)
    given = torch.randn(3, 8)
    with arithmetic(CPU, precision):
        product, multiplied = layer(given), given @ given.T
        normed = torch.nn.functional.layer_norm(given, (8,))
    assert (product.dtype, multiplied.dtype) == (kind, kind)
    assert normed.dtype == torch.float32
    assert (given @ given.T).dtype == torch.float32  # only inside
    torch.testing.assert_close(multiplied.float(), given @ given.T, atol=0.1, rtol=0.02)
    product.sum().backward()
    assert layer.weight.dtype == layer.weight.grad.dtype == torch.float32


def test_float32_changes_nothing_at_all():
    torch.manual_seed(0)
    given = torch.randn(5, 7)
    with arithmetic(CPU, "fp32"):
        inside = given @ given.T
    assert torch.equal(inside, given @ given.T)


def test_the_gain_of_this_processor_is_a_number():
    assert 0 < bf16_gain() < 1000
    assert bf16_gain() == bf16_gain()  # tried once


BUSY = "import torch\na = torch.ones(700, 700)\nwhile True: a @ a"


def test_a_busy_machine_chooses_as_an_idle_one():
    """Wall time of a few products said the opposite beside six processes that multiply too."""
    idle = bf16_gain.__wrapped__()
    others = [
        subprocess.Popen([sys.executable, "-c", BUSY], env=os.environ | {"OMP_NUM_THREADS": "1"})
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        time.sleep(4)  # they import torch first
        found = [bf16_gain.__wrapped__() for _ in range(3)]
    finally:
        for other in others:
            other.kill()
            other.wait()
    if not 0.8 < idle / 1.2 < 1.25:  # where it hardly matters, either will do
        assert {gain > 1.2 for gain in found} == {idle > 1.2}
