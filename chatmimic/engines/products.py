"""Linear layers with 8-bit or 16-bit weights, and the replacement of a model's layers by them.

The kernels are those of FBGEMM, which PyTorch includes for x86 CPUs. For a single token (one row of
activations) they are limited by the time it takes to read the weights.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.pytorch_utils import Conv1D

from chatmimic.bases.memory import letting_go

_LEVELS = 255  # steps of an 8-bit activation
# The kernel's step size is at least 2**-14, which would round a row of small activations to zero.
# So rows are multiplied by this and their products divided by it; both are exact.
_LIFTED = 4096
_KERNELS = "fbgemm"
_WIDENS = 2  # ratio of outputs to inputs from which activations are rounded to 16 bits
_ROWS = 16_384  # rows of a matrix converted at a time: 38 MB in float32, 576 wide
# Layers that read the same activations and are computed as one product.
_JOINT = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


Product = Callable[[Tensor, Tensor | None], nn.Module]  # from a weight `(out, in)` and a bias


class HalfProduct(nn.Module):
    """A linear layer with float16 weights; activations and sums are float32."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)

    def forward(self, states: Tensor) -> Tensor:
        """Map activations `(…, in)` to `(…, out)`."""
        result: Tensor = torch.ops.quantized.linear_dynamic_fp16(states, self._packed)
        return result


class Int8Product(nn.Module):
    """A linear layer with 8-bit weights, with a scale for each row; sums are exact.

    Each row of activations is rounded to 256 levels between its minimum and its maximum, so that
    the result for a token does not depend on others in the batch. (The kernel itself uses one scale
    for all rows, so that outliers of one token would leave the others too few levels.)

    If a layer widens, as the output head does, the rounding error is added as a second row, which
    makes 16-bit activations: most of the quantisation error arises there, and the time, which goes
    into reading the weights, is the same for two rows.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        scales = weight.abs().amax(1).clamp_min(1e-12) / 127
        whole = (weight / scales[:, None]).round().to(torch.int8)
        zeros = torch.zeros(len(whole), dtype=torch.long)
        packable = torch._make_per_channel_quantized_tensor(whole, scales.double(), zeros, 0)
        self._packed = torch.ops.quantized.linear_prepack(packable, None)
        self._sums = whole.sum(1, dtype=torch.float32) * scales  # sums of the weights of each row
        self._bias = bias
        self._fine = weight.shape[0] >= _WIDENS * weight.shape[1]

    def forward(self, states: Tensor) -> Tensor:
        """Map activations `(…, in)` to `(…, out)`."""
        rows = states.flatten(0, -2)
        if self._fine:
            result = self._finely(rows)
        else:
            result = self._one(rows) if len(rows) == 1 else self._each(rows)
        if self._bias is not None:
            result = result.add_(self._bias)
        return result.view(*states.shape[:-1], -1)

    def _multiplied(self, rows: Tensor) -> Tensor:
        """The product, with activations rounded by the kernel, with one scale for all rows."""
        result: Tensor = torch.ops.quantized.linear_dynamic(rows, self._packed, False)
        return result

    def _one(self, row: Tensor) -> Tensor:
        """The product of a single row, for which the kernel's own rounding is fine."""
        return self._multiplied(row * _LIFTED).div_(_LIFTED)

    def _each(self, rows: Tensor) -> Tensor:
        """The product of several rows, each rounded on its own as in `_one`.

        The rows are rounded here, to integers from 0 to 255. An extra row that contains both of
        these makes the kernel's own rounding the identity.
        """
        least, most = torch.aminmax(rows, dim=-1, keepdim=True)
        scale = (most.clamp_min(0) - least.clamp_max(0)).clamp_min(1e-30) / _LEVELS
        zero = (-least.clamp_max(0) / scale).round()
        whole = (rows / scale + zero).round_().clamp_(0, _LEVELS)
        ends = torch.zeros(1, whole.shape[1])
        ends[0, 0] = _LEVELS
        result = self._multiplied(torch.cat([whole, ends]))[:-1]
        return result.sub_(zero * self._sums).mul_(scale)

    def _finely(self, rows: Tensor) -> Tensor:
        """The same with 16-bit activations: the levels from 0 to 255, and 255ths of a level."""
        least, most = torch.aminmax(rows, dim=-1, keepdim=True)
        scale = most.sub_(least).clamp_min_(1e-30).div_(_LEVELS)
        exact = (rows - least).div_(scale)
        whole = exact.floor()
        both = torch.cat([whole, exact.sub_(whole).mul_(_LEVELS)])
        steps, parts = self._multiplied(both).chunk(2)
        steps = steps.add_(parts, alpha=1 / _LEVELS).mul_(scale)
        return steps.addcmul_(least, self._sums)


class Pieces(nn.Module):
    """A layer with many rows, such as an output head, split into several products."""

    def __init__(self, products: list[nn.Module]) -> None:
        super().__init__()
        self._products = nn.ModuleList(products)

    def forward(self, states: Tensor) -> Tensor:
        """Map activations `(…, in)` to `(…, out)`."""
        return torch.cat([product(states) for product in self._products], -1)


class Joint(nn.Module):
    """Several linear layers that read the same activations, as one product.

    The first part that is called computes the result of all parts; the others return theirs.
    """

    def __init__(self, product: nn.Module, sizes: list[int]) -> None:
        super().__init__()
        self.product = product
        self._sizes = sizes
        self._read: Tensor | None = None
        self._results: dict[int, Tensor] = {}

    def part(self, number: int, states: Tensor) -> Tensor:
        """The result of one of the layers for these activations."""
        if self._read is not states or number not in self._results:
            self._results = dict(enumerate(self.product(states).split(self._sizes, -1)))
            self._read = states
        result = self._results.pop(number)
        if not self._results:
            self._read = None
        return result


class Part(nn.Module):
    """One of the layers of a joint product."""

    def __init__(self, joint: Joint, number: int) -> None:
        super().__init__()
        self.joint, self._number = joint, number

    def forward(self, states: Tensor) -> Tensor:
        """Map activations `(…, in)` to `(…, out)`."""
        return self.joint.part(self._number, states)


def place_of(model: nn.Module, layer: str) -> tuple[nn.Module, str]:
    """Where a model has the product that computes a layer: the module, and its attribute's name."""
    within, _, name = layer.rpartition(".")
    holder = model.get_submodule(within)
    found = getattr(holder, name)
    return (found.joint, "product") if isinstance(found, Part) else (holder, name)


class Table(nn.Module):
    """An embedding whose 16-bit weights are not converted: only a few of its rows are needed."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self._weight = weight
        self.num_embeddings = len(weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids `(…)` to embeddings `(…, width)` in float32."""
        return functional.embedding(ids, self._weight).float()


def halved(model: Any) -> Any:
    """Convert the parameters of a model to bfloat16, in place. Buffers stay as they are: rotary
    position embeddings need their frequencies in full precision.
    """
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16()
    return model


def replaced(model: Any, product: Product) -> Any:
    """Replace the linear layers of a model by products, in place; the rest becomes float32."""
    torch.backends.quantized.engine = _KERNELS
    with torch.no_grad(), letting_go() as let_go, warnings.catch_warnings():
        # PyTorch will remove its quantized tensors one day. `has_int8` detects that.
        warnings.filterwarnings("ignore", message=".*quantized tensor")
        for module in list(model.modules()):
            before = dict(module.named_children())
            for names in _JOINT:
                _join(module, names, product)
            for name, child in list(module.named_children()):
                if type(child) in (nn.Linear, Conv1D):
                    setattr(module, name, _made(child, product))
                elif type(child) is nn.Embedding and child.weight.element_size() == 2:
                    setattr(module, name, Table(child.weight.detach()))
            for child in before.values():
                if type(child) in (nn.Linear, Conv1D):
                    let_go(child.weight)
    return model.float()


def _made(layer: Any, product: Product) -> nn.Module:
    """Make the product that replaces a linear layer."""
    weight, bias = layer.weight.detach(), layer.bias
    if isinstance(layer, Conv1D):  # GPT-2's weights are transposed
        weight = weight.t()
    if len(weight) <= _ROWS:
        return _of_rows(weight, bias, product)
    parts = weight.split(_ROWS)
    biases = [None] * len(parts) if bias is None else bias.detach().split(_ROWS)
    return Pieces([_of_rows(*part, product) for part in zip(parts, biases, strict=True)])


def _of_rows(weight: Tensor, bias: Tensor | None, product: Product) -> nn.Module:
    """Make the product of a weight `(out, in)` and a bias of any precision."""
    return product(weight.float().contiguous(), None if bias is None else bias.detach().float())


def _join(module: nn.Module, names: tuple[str, ...], product: Product) -> None:
    """Replace these layers of a module by one product, if all exist and they are alike."""
    layers: dict[str, Any] = {n: child for n, child in module.named_children() if n in names}
    if [type(layer) for layer in layers.values()] != [nn.Linear] * len(names):
        return
    weights = [layer.weight.detach() for layer in layers.values()]
    biases = [layer.bias.detach() for layer in layers.values() if layer.bias is not None]
    if len({w.shape[1] for w in weights}) > 1 or len(biases) not in (0, len(names)):
        return
    joined = _of_rows(torch.cat(weights), torch.cat(biases) if biases else None, product)
    joint = Joint(joined, [len(weight) for weight in weights])
    for number, name in enumerate(layers):
        setattr(module, name, Part(joint, number))


@lru_cache(maxsize=1)
def has_half() -> bool:
    """Whether this machine can multiply with float16 weights."""
    return _computes(HalfProduct)


@lru_cache(maxsize=1)
def has_int8() -> bool:
    """Whether this machine can multiply in 8 bits with correct results.

    Older CPUs add pairs of products in 16 bits, which overflow.
    """
    return _computes(Int8Product)


def _computes(product: Product) -> bool:
    """Whether the product of the largest values is correct."""
    if _KERNELS not in torch.backends.quantized.supported_engines:
        return False
    layer = nn.Linear(256, 64)
    weight, states = torch.ones(64, 256), torch.ones(2, 256)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.zero_()
        try:
            found = replaced(nn.Sequential(layer), product)(states)
        except (RuntimeError, AttributeError, NotImplementedError):
            return False
    return bool(torch.allclose(found, states @ weight.T, rtol=0.01))


@lru_cache(maxsize=1)
def accelerator() -> str | None:
    """The GPU for inference: `cuda` or `mps`; None if there is none."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None
