"""How a mimic's model is computed when it talks: in which precision, and on what.

::

    model, as it lies on the disk ──▶ prepare(model, engine) ──▶ the same model, made to talk

`float32` computes as training does, on the processor. `half` has weights of 16 bits: bfloat16 on a
GPU; on the processor float16, with activations and sums in float32. `int8` has weights of 8 bits, a
scale for each row of a matrix. A reply is bound by how fast weights can be read, token after token:
half the bytes are up to twice the speed. `choose` says which of them `auto` is.
"""

from __future__ import annotations

from typing import Any

from chatmimic.errors import MimicError

AUTO, FLOAT32, HALF, INT8 = "auto", "float32", "half", "int8"
ENGINES = (AUTO, FLOAT32, HALF, INT8)
SMALL = 50_000_000  # parameters; a smaller model is as fast in float32
MOST_LOST = 0.01  # bits per character of held-out text that `auto` may lose by int8

__all__ = ["AUTO", "ENGINES", "FLOAT32", "HALF", "INT8", "MOST_LOST", "choose", "prepare"]


def choose(asked: str, parameters: int, lost: float | None) -> str:
    """The engine for a model of so many parameters: the one asked for, or what `auto` is.

    It is no matter of how fast the machine was when it was asked: the same model gets the same
    engine on every machine of a kind. `lost` is what int8 loses, in bits per character, None where
    nobody has measured it. Raises MimicError for an engine that this machine does not have.
    """
    from chatmimic.engines import products

    if asked not in ENGINES:
        raise MimicError(f'There is no engine "{asked}".', f"There are: {', '.join(ENGINES)}.")
    if asked == INT8 and not products.has_int8():
        raise MimicError(
            "This machine has no int8 engine: its processor, or its PyTorch, cannot compute it.",
            "Leave --engine out, and the best of the others is taken.",
        )
    if asked != AUTO:
        return asked
    if parameters < SMALL:
        return FLOAT32
    if products.accelerator():
        return HALF
    if lost is not None and lost <= MOST_LOST and products.has_int8():
        return INT8
    return HALF if products.has_half() else FLOAT32


def prepare(model: Any, engine: str) -> Any:
    """The model, made to talk with an engine, in place: it can be trained no more.

    Weights are converted matrix after matrix, so that no more than one is there twice.
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
