"""The arithmetic of training: bfloat16 products if the device is fast at them, else float32."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import lru_cache

import torch

# Instructions that multiply bfloat16. Without them a block is 40 times slower than in float32; with
# them it may be four times faster (an AMD EPYC) or half as fast (an Intel Xeon without AMX).
_NATIVE = ("avx512_bf16", "amx_bf16", "sve_bf16", "bf16")
_GAIN = 1.2  # times as fast bfloat16 has to be: it costs a little accuracy
_IMITATED = 0.25  # gain of a processor that imitates bfloat16; measured, 0.1


def choose_precision(requested: str) -> str:
    """What was asked for; for `auto`, `bf16` if the device is faster with it, else `fp32`."""
    if requested != "auto":
        return requested
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    # Older releases of torch cannot tell.
    known: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    native = any(known.get(name) for name in _NATIVE)
    return "bf16" if native and bf16_gain() > _GAIN else "fp32"


@lru_cache(maxsize=1)
def bf16_gain() -> float:
    """How many times as fast this CPU multiplies in bfloat16, measured once in a tenth of a second.

    The result must not depend on how busy the machine is, since the same seed is to give the same
    result: CPU time is measured, alternately, and the fastest of several tries counts. A processor
    that imitates bfloat16 takes 3 s for one large product, and is found out by small ones.
    """
    small = _gain(128)
    return small if small < _IMITATED else _gain(512)


def _gain(size: int) -> float:
    kinds = (torch.float32, torch.bfloat16)
    least = dict.fromkeys(kinds, math.inf)
    for _ in range(6):
        for kind in kinds:
            least[kind] = min(least[kind], _seconds(kind, size))
    return least[torch.float32] / least[torch.bfloat16]


def _seconds(kind: torch.dtype, size: int) -> float:
    """The CPU time of a product in seconds; of 1.1 GFLOP with a size of 512."""
    one, other = torch.ones(size, size, dtype=kind), torch.ones(size, 4 * size, dtype=kind)
    began = time.process_time()
    one @ other
    return max(1e-9, time.process_time() - began)


def arithmetic(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Context with products in bfloat16, sums and weights in float32; for `fp32` no change."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
