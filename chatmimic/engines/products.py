"""Matrix products with the weights in 8 or 16 bits, and a model's own ones replaced by them.

The kernels are FBGEMM's, which come with PyTorch for x86 processors. On one row of activations,
which is what a token is, they take the time that the weights take to be read.
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

_LEVELS = 255  # steps of an activation in 8 bits
_KERNELS = "fbgemm"
_WIDENS = 2  # times as many values out as in, from which on activations are rounded finely
_ROWS = 16_384  # of a matrix that are converted at once: 38 MB in float32, 576 wide
# Layers that read the same activations, one after the other: one product is all of them.
_JOINT = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


Product = Callable[[Tensor, Tensor | None], nn.Module]  # of a weight `(out, in)` and a bias


class HalfProduct(nn.Module):
    """A linear layer with weights in float16; activations and sums are float32."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)

    def forward(self, states: Tensor) -> Tensor:
        """`(…, in)` to `(…, out)`."""
        result: Tensor = torch.ops.quantized.linear_dynamic_fp16(states, self._packed)
        return result


class Int8Product(nn.Module):
    """A linear layer with weights in 8 bits, a scale for each row; sums are exact.

    Each row of activations is rounded to 256 steps between its least and its greatest value, so
    that a token is the same whatever is read along with it. (The kernel itself takes one scale for
    all rows, and the outliers of one token would leave the others no steps.)

    Where a layer widens, as the output head does, what the rounding takes off is a second row, and
    an activation has 16 bits: most of what is lost is lost there, and reading the weights, which is
    what takes the time, is the same for two rows.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        scales = weight.abs().amax(1).clamp_min(1e-12) / 127
        whole = (weight / scales[:, None]).round().to(torch.int8)
        zeros = torch.zeros(len(whole), dtype=torch.long)
        packable = torch._make_per_channel_quantized_tensor(whole, scales.double(), zeros, 0)
        self._packed = torch.ops.quantized.linear_prepack(packable, None)
        self._sums = whole.sum(1, dtype=torch.float32) * scales  # of each row's weights
        self._bias = bias
        self._fine = weight.shape[0] >= _WIDENS * weight.shape[1]

    def forward(self, states: Tensor) -> Tensor:
        """`(…, in)` to `(…, out)`."""
        rows = states.flatten(0, -2)
        if self._fine:
            result = self._finely(rows)
        else:
            result = self._multiplied(rows) if len(rows) == 1 else self._each(rows)
        if self._bias is not None:
            result = result.add_(self._bias)
        return result.view(*states.shape[:-1], -1)

    def _multiplied(self, rows: Tensor) -> Tensor:
        """The products of rows that the kernel rounds with one scale for all of them."""
        result: Tensor = torch.ops.quantized.linear_dynamic(rows, self._packed, False)
        return result

    def _each(self, rows: Tensor) -> Tensor:
        """What `_multiplied` gives for each of the rows alone.

        They are rounded here, to whole numbers from 0 to 255. One row more, which has both of
        these, makes the kernel's own rounding one that changes nothing.
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
        """The same, each row in two halves: its steps from 0 to 255, and the 255ths of a step."""
        least, most = torch.aminmax(rows, dim=-1, keepdim=True)
        scale = most.sub_(least).clamp_min_(1e-30).div_(_LEVELS)
        exact = (rows - least).div_(scale)
        whole = exact.floor()
        both = torch.cat([whole, exact.sub_(whole).mul_(_LEVELS)])
        steps, parts = self._multiplied(both).chunk(2)
        steps = steps.add_(parts, alpha=1 / _LEVELS).mul_(scale)
        return steps.addcmul_(least, self._sums)


class Pieces(nn.Module):
    """A layer of many rows, such as an output head, cut into products of some of them each."""

    def __init__(self, products: list[nn.Module]) -> None:
        super().__init__()
        self._products = nn.ModuleList(products)

    def forward(self, states: Tensor) -> Tensor:
        """`(…, in)` to `(…, out)`."""
        return torch.cat([product(states) for product in self._products], -1)


class Joint(nn.Module):
    """Several linear layers that read the same activations, as one product.

    The first of its parts that is called computes all, and each of the others takes its own.
    """

    def __init__(self, product: nn.Module, sizes: list[int]) -> None:
        super().__init__()
        self._product = product
        self._sizes = sizes
        self._read: Tensor | None = None
        self._results: dict[int, Tensor] = {}

    def part(self, number: int, states: Tensor) -> Tensor:
        """What one of the layers makes of the activations."""
        if self._read is not states or number not in self._results:
            self._results = dict(enumerate(self._product(states).split(self._sizes, -1)))
            self._read = states
        result = self._results.pop(number)
        if not self._results:
            self._read = None
        return result


class Part(nn.Module):
    """One of the layers of a joint product."""

    def __init__(self, joint: Joint, number: int) -> None:
        super().__init__()
        self._joint, self._number = joint, number

    def forward(self, states: Tensor) -> Tensor:
        """`(…, in)` to `(…, out)`."""
        return self._joint.part(self._number, states)


class Table(nn.Module):
    """An embedding that stays as it was read, in 16 bits: few of its rows are ever needed."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self._weight = weight
        self.num_embeddings = len(weight)

    def forward(self, ids: Tensor) -> Tensor:
        """The rows of some ids, float32."""
        return functional.embedding(ids, self._weight).float()


def halved(model: Any) -> Any:
    """The model with its parameters in bfloat16. Buffers stay as they are: in bfloat16 the
    frequencies of rotary positions would make other positions of them.
    """
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16()
    return model


def replaced(model: Any, product: Product) -> Any:
    """The model with its linear layers replaced by products, and all the rest in float32."""
    torch.backends.quantized.engine = _KERNELS
    with torch.no_grad(), letting_go() as let_go, warnings.catch_warnings():
        # PyTorch means to give up its quantized tensors one day. `has_int8` tells whether it has.
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
    """The product in the place of a linear layer."""
    weight, bias = layer.weight.detach(), layer.bias
    if isinstance(layer, Conv1D):  # GPT-2's has its weights turned
        weight = weight.t()
    if len(weight) <= _ROWS:
        return _of_rows(weight, bias, product)
    parts = weight.split(_ROWS)
    biases = [None] * len(parts) if bias is None else bias.detach().split(_ROWS)
    return Pieces([_of_rows(*part, product) for part in zip(parts, biases, strict=True)])


def _of_rows(weight: Tensor, bias: Tensor | None, product: Product) -> nn.Module:
    """The product of a weight `(out, in)` and a bias, of whatever precision."""
    return product(weight.float().contiguous(), None if bias is None else bias.detach().float())


def _join(module: nn.Module, names: tuple[str, ...], product: Product) -> None:
    """Replace some layers of a module by one product, if it has them all and they are alike."""
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
    """Whether this machine multiplies with weights in float16."""
    return _computes(HalfProduct)


@lru_cache(maxsize=1)
def has_int8() -> bool:
    """Whether this machine multiplies in 8 bits, and rightly.

    Older processors add pairs of products in 16 bits, which overflow.
    """
    return _computes(Int8Product)


def _computes(product: Product) -> bool:
    """Whether a product of the largest values comes out as it should."""
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
    """The device that replies are computed on where there is one: `cuda` or `mps`."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None
