"""The optimisers and their state: AdamW, with 32-bit or 8-bit moments, and Muon.

Muon is for the matrices of a model that is trained from scratch.
"""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from chatmimic.errors import TrainingError
from chatmimic.training.distributed.process_group import ProcessGroup, like
from chatmimic.training.optional_packages import library

MUON_RATE = 6.0  # times the rate of the rest: 0.018 where AdamW has 0.003
BETAS = (0.9, 0.99)  # of AdamW: how much of its two moments a step keeps
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Jordan's quintic; 0.0015 is at 0.7 in 5 turns


def check_optimizer(name: str) -> None:
    """Raise TrainingError if an optimiser needs a package or a device that is missing."""
    if name.startswith("paged-") and not torch.cuda.is_available():
        raise TrainingError(
            f"The optimiser {name} needs an NVIDIA GPU.", "Choose adamw8bit, or adamw."
        )
    if name.endswith("adamw8bit"):
        with _bitsandbytes(name):
            pass


def make_optimizer(
    model: Any, weight_decay: float, *, name: str = "adamw", half: bool = False
) -> torch.optim.Optimizer:
    """Make the optimiser of that name for all trainable parameters.

    Weight decay applies to matrices only, not to biases and norms. `half` lets Muon orthogonalise
    in bfloat16, for devices that are fast at it. Raises TrainingError as `check_optimizer` does.
    """
    check_optimizer(name)
    trainable = [p for p in model.parameters() if p.requires_grad]
    hidden = _hidden_matrices(model) if name == "muon" else {}
    rest = [p for p in trainable if p not in hidden]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in rest if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in rest if p.ndim < 2], "weight_decay": 0.0},
    ]
    if name == "adamw":
        return _with_moments(torch.optim.AdamW(groups, lr=0.0, betas=BETAS, fused=True))
    if name.endswith("adamw8bit"):
        return _eight_bit(groups, name)
    groups.append({"params": list(hidden), "weight_decay": weight_decay, "muon": True})
    return Muon(groups, hidden, half=half)


def _eight_bit(groups: list[dict[str, Any]], name: str) -> torch.optim.Optimizer:
    """AdamW with two bytes of state per parameter instead of eight.

    The moments of 256 neighbours share a scale (Dettmers et al. 2021,
    https://arxiv.org/abs/2110.02861); tensors below 4096 keep theirs in float32. `paged` moments
    move to CPU memory if the GPU runs out.
    """
    with _bitsandbytes(name) as bitsandbytes:
        made: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(
            groups, lr=0.0, betas=BETAS, is_paged=name.startswith("paged-")
        )
    return made


def _with_moments(optimizer: torch.optim.AdamW) -> torch.optim.AdamW:
    """Allocate the moments before the first step, which would place them between its gradients.

    Moments stay and gradients are freed: the holes between them took 2.2 GB for gpt2-medium with
    --step-in-backward and 1,024 tokens (`benchmarks/train_speed.py`).
    """
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            optimizer.state[parameter] = {
                "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
    return optimizer


def _bitsandbytes(name: str) -> contextlib.AbstractContextManager[Any]:
    return library("bitsandbytes", "chatmimic[eight-bit]", f"The optimiser {name}")


def set_rate(optimizer: Any, rate: float) -> None:
    """Set the learning rate of a step; Muon's groups get their multiple of it."""
    for group in optimizer.param_groups:
        group["lr"] = rate * (MUON_RATE if group.get("muon") else 1.0)


def flat_state(
    optimizer: Any, names: Mapping[str, Tensor], processes: ProcessGroup | None = None
) -> dict[str, Tensor]:
    """The state of an optimiser, as tensors named `parameter|key`.

    They are on the CPU of the first process and may share memory with the optimiser, so they have
    to be written at once. Integers become tensors without dimensions. The lookup tables of 8-bit
    moments are left out, and state that no step has changed.
    """
    collect = (processes or ProcessGroup()).collect
    return {
        f"{name}|{key}": collect(torch.as_tensor(value))
        for name, parameter in names.items()
        for key, value in optimizer.state.get(parameter, {}).items()
        if not key.startswith("qmap") and optimizer.state[parameter].get("step") != 0
    }


def restore_state(
    optimizer: Any, names: Mapping[str, Tensor], tensors: Mapping[str, Tensor]
) -> None:
    """Restore the state that `flat_state` returned, so that the next step is the same.

    Raises KeyError for a parameter that is not among the names.
    """
    inner = getattr(optimizer, "optimizer", optimizer)
    inner.state.clear()
    if not tensors and type(inner) is torch.optim.AdamW:
        _with_moments(inner)
    places = {place: place.partition("|")[::2] for place in tensors}
    if hasattr(inner, "init_state"):
        _make_room(inner, {names[name] for name, _ in places.values()})
    for place, (name, key) in places.items():
        value, state = tensors[place], inner.state[names[name]]
        if isinstance(state.get(key), Tensor):
            state[key].copy_(value)
        elif isinstance(state.get(key), int):
            state[key] = int(value)
        elif value.shape == names[name].shape:
            state[key] = like(value, names[name])  # moments lie with the weights
        else:
            # AdamW counts steps on the device of its fused kernel.
            state[key] = value.to(names[name].device)


def _make_room(optimizer: Any, parameters: set[Tensor]) -> None:
    """Let bitsandbytes allocate the state of parameters: tables, and possibly paged memory."""
    for number, group in enumerate(optimizer.param_groups):
        for place, parameter in enumerate(group["params"]):
            if parameter in parameters:
                optimizer.init_state(group, parameter, number, place)


class Muon(torch.optim.AdamW):
    """Muon for groups with `muon`, AdamW for the others.

    The momentum of a matrix is orthogonalised, so that all its directions are trained at the same
    speed (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon). `splits` says for each
    matrix into how many parts to split it (3 for a fused query, key and value), and whether its
    input dimension comes first. PyTorch's Muon always uses bfloat16, which is nine times slower on
    a CPU without support for it.
    """

    def __init__(
        self,
        groups: list[dict[str, Any]],
        splits: dict[Tensor, tuple[int, bool]],
        *,
        momentum: float = 0.95,
        half: bool = False,
    ) -> None:
        super().__init__(groups, lr=0.0, betas=(0.9, 0.95), fused=True)
        self.splits = splits
        self.momentum = momentum
        self.half = half

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Skip that of Adam, which expects a step in every state; momentum of a matrix has none."""
        torch.optim.Optimizer.__setstate__(self, state)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step with Muon and AdamW."""
        groups = self.param_groups
        for group in groups:
            if group.get("muon"):
                self._matrices(group)
        self.param_groups = [group for group in groups if not group.get("muon")]
        try:
            super().step(closure)
        finally:
            self.param_groups = groups

    def _matrices(self, group: dict[str, Any]) -> None:
        rate, decay = group["lr"], group["weight_decay"]
        alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for parameter in group["params"]:
            if parameter.grad is None:
                continue
            parts, input_first = self.splits[parameter]
            update = self._nesterov(parameter, parameter.grad)
            parameter.mul_(1 - rate * decay)
            # Views: what is added to a part is added to the matrix.
            axis = 1 if input_first else 0
            for to, part in zip(
                parameter.chunk(parts, axis), update.chunk(parts, axis), strict=True
            ):
                to, part = (to, part) if input_first else (to.T, part.T)
                alike[part.shape].append((to, part))
        for shape, pairs in alike.items():
            # One update of a matrix that widens moves its output as far as one that narrows.
            scale = math.sqrt(max(1.0, shape[1] / shape[0]))
            turned = orthogonal(torch.stack([part for _, part in pairs]), half=self.half)
            for (to, _), part in zip(pairs, turned, strict=True):
                to.add_(part.to(to.dtype), alpha=-rate * scale)

    def _nesterov(self, parameter: Tensor, gradient: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum"].lerp_(gradient, 1 - self.momentum)
        return gradient.lerp(momentum, self.momentum)


def orthogonal(matrices: Tensor, *, half: bool = False, turns: int = 5) -> Tensor:
    """Orthogonalise matrices `(number, rows, columns)`: singular values near 1 (Newton–Schulz)."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.bfloat16() if half else x
    a, b, c = _COEFFICIENTS
    for _ in range(turns):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).to(matrices.dtype)


def _hidden_matrices(model: Any) -> dict[Tensor, tuple[int, bool]]:
    """The matrices inside the blocks: for each its number of parts, and whether its input is first.

    Embeddings and the output head are not among them: their rows are tokens.
    """
    from transformers.pytorch_utils import Conv1D

    tables = {id(e.weight) for e in (model.get_input_embeddings(), model.get_output_embeddings())}
    found = {}
    for name, module in model.base_model.named_modules():
        weight: Any = getattr(module, "weight", None)
        linear = isinstance(module, (Conv1D, torch.nn.Linear))
        if linear and weight.requires_grad and id(weight) not in tables:
            fused = 3 if name.endswith("c_attn") else 1
            found[weight] = (fused, isinstance(module, Conv1D))
    return found
