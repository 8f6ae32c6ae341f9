"""Engines: the precision and the device of inference.

::

    model with the weights on disk ──▶ prepare(model, engine) ──▶ the same model, for inference

`float32` computes as in training, on the CPU. `half` has 16-bit weights: bfloat16 on a GPU; on the
CPU float16, with activations and sums in float32. `int8` has 8-bit weights, with a scale for each
row of a matrix. The speed of generation is limited by reading the weights for each token: half the
bytes are up to twice the speed. `choose` decides which engine `auto` is.
"""

from __future__ import annotations

from typing import Any

from chatmimic.errors import MimicError

AUTO, FLOAT32, HALF, INT8 = "auto", "float32", "half", "int8"
ENGINES = (AUTO, FLOAT32, HALF, INT8)
SMALL = 50_000_000  # parameters; smaller models are as fast in float32
MOST_LOST = 0.01  # bits per character of held-out text that `auto` may lose with int8

__all__ = ["AUTO", "ENGINES", "FLOAT32", "HALF", "INT8", "MOST_LOST", "choose", "prepare"]


def choose(requested: str, parameters: int, lost: float | None) -> str:
    """The engine for a model with that many parameters: `requested`, or the best one for `auto`.

    No speed is measured, so that a model gets the same engine on all machines of a kind. `lost` is
    the loss of int8 in bits per character, None if it was not measured. Raises MimicError for an
    engine that does not work on this machine.
    """
    from chatmimic.engines import products

    if requested not in ENGINES:
        raise MimicError(f'There is no engine "{requested}".', f"Engines: {', '.join(ENGINES)}.")
    if requested == INT8 and not products.has_int8():
        raise MimicError(
            "The int8 engine does not work on this machine: its CPU or PyTorch lacks support.",
            "Leave out --engine to use the best of the others.",
        )
    if requested != AUTO:
        return requested
    if parameters < SMALL:
        return FLOAT32
    if products.accelerator():
        return HALF
    if lost is not None and lost <= MOST_LOST and products.has_int8():
        return INT8
    return HALF if products.has_half() else FLOAT32


def prepare(model: Any, engine: str) -> Any:
    """Convert a model for inference with an engine, in place. It cannot be trained afterwards.

    Weights are converted one matrix at a time, so that at most one is in memory twice.
    """
    from chatmimic.engines import products

    if engine == FLOAT32:
        return model.float()
    device = products.accelerator()
    if engine == HALF and (device or not products.has_half()):
        return products.halved(model.to(device or "cpu"))
    return products.replaced(
        model, products.HalfProduct if engine == HALF else products.Int8Product
    )
