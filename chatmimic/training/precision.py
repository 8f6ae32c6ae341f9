"""Which arithmetic a device is fast in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

import torch

# Instructions that multiply bfloat16. With them a step of the starter takes a third of the time
# of float32 on two cores; without them a block is 40 times slower than in float32.
_NATIVE = ("avx512_bf16", "amx_bf16", "sve_bf16", "bf16")


def choose_precision(asked: str) -> str:
    """`bf16` where the device multiplies in it by itself, else `fp32`; or what was asked for."""
    if asked != "auto":
        return asked
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    # Older releases of torch cannot tell.
    known: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return "bf16" if any(known.get(name) for name in _NATIVE) else "fp32"


def arithmetic(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Products in bfloat16, sums and weights in float32; or, for `fp32`, nothing changed."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
