"""Attention for training on a CPU: computes each piece of a window separately.

A window contains many pieces that do not attend to each other. PyTorch's CPU kernel computes the
whole attention matrix all the same, and its backward pass is slow: a quarter of a step for a base
with 135 M parameters. Products of the blocks on the diagonal take a third of that.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "chatmimic_pieces"
# Tokens: neighbouring pieces that are shorter together are one product, for each costs a call.
_TOGETHER = 128
# The scores of longer pieces would be kept for the backward pass; the kernel keeps none.
_LONGEST = 512
# oneDNN, which multiplies bfloat16, keeps what it prepares for each shape: a training came to hold
# 0.4 GB more. So lengths are rounded up, and what is read too much is masked.
_ROUNDED_TO = 32
_CHANGES = ("softcap", "position_bias", "s_aux", "cache")  # what an architecture may ask for


class _Block(NamedTuple):
    """Consecutive tokens of a window that are computed together; those from `start` to `end` count.

    `mask`, of shape `(time, time)`, is added to their scores.
    """

    low: int
    high: int
    start: int
    end: int
    mask: Tensor


def attend_by_pieces(model: Any) -> None:
    """Make a model with PyTorch's attention kernel compute it piece by piece, in place."""
    if model.config._attn_implementation != "sdpa":
        return
    if NAME not in ALL_ATTENTION_FUNCTIONS:
        ALL_ATTENTION_FUNCTIONS.register(NAME, _attend)
        ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Attention of `query`, `(batch, heads, time, width)`. Returns `(batch, time, heads, width)`.

    The same as transformers' own, which is used for windows that are not made of pieces.
    """
    changed = any(others.get(name) is not None for name in _CHANGES)
    rows = None if changed or query.shape[2] != key.shape[2] else _rows(attention_mask)
    if rows is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
        )
    kind = query.dtype
    device = query.device.type
    if torch.is_autocast_enabled(device):
        kind = torch.get_autocast_dtype(device)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    with torch.autocast(device, enabled=False):
        query, key, value = (query * scale).to(kind), key.to(kind), value.to(kind)
        seen = [
            torch.cat([_see(q, k, v, block, dropout) for block in blocks], dim=1)
            for q, k, v, blocks in zip(query, key, value, rows, strict=True)
        ]
        return torch.stack(seen).transpose(1, 2).contiguous(), None


def _see(query: Tensor, key: Tensor, value: Tensor, block: _Block, dropout: float) -> Tensor:
    """Attention within a block of one row: `(heads, time, width)`. Heads may share keys and values.

    The width is that of the values, which in DeepSeek-V3 differs from that of the keys.
    """
    heads, _, width = query.shape
    shared, time = len(key), block.high - block.low
    here = slice(block.low, block.high)
    # The heads of one key stand below each other: one product for all of them.
    requested = query[:, here].reshape(shared, -1, width)
    scores = torch.matmul(requested, key[:, here].transpose(1, 2)).view(shared, -1, time, time)
    shares = functional.softmax(scores + block.mask.to(scores.dtype), dim=-1)
    shares = functional.dropout(shares, dropout, training=dropout > 0)
    seen = torch.matmul(shares.view(shared, -1, time), value[:, here]).view(heads, time, -1)
    return seen[:, block.start - block.low : block.end - block.low]


def _rows(mask: Tensor | None) -> list[list[_Block]] | None:
    """The blocks of each row of a mask `(batch, 1, time, time)`; None if there are none.

    They are computed once for all layers, which share the mask.
    """
    if mask is None or mask.dtype != torch.bool or mask.ndim != 4 or mask.shape[1] != 1:
        return None
    if not hasattr(mask, "rows_of_blocks"):
        found = [_blocks(row[0]) for row in mask]
        setattr(mask, "rows_of_blocks", found if all(found) else None)  # noqa: B010
    rows: list[list[_Block]] | None = getattr(mask, "rows_of_blocks")  # noqa: B009
    return rows


def _blocks(sees: Tensor) -> list[_Block]:
    """The blocks of one row; none if it is not made of pieces, or one is too long."""
    places = torch.arange(len(sees), device=sees.device)
    first = sees.to(torch.uint8).argmax(dim=1)  # what each token sees first: where its piece begins
    if not torch.equal(sees, (places >= first[:, None]) & (places <= places[:, None])):
        return []
    borders = [*torch.nonzero(first == places).flatten().tolist(), len(sees)]
    if borders[0] != 0 or max(b - a for a, b in zip(borders, borders[1:], strict=False)) > _LONGEST:
        return []
    blocks, start = [], 0
    for end, after in zip(borders[1:], [*borders[2:], None], strict=True):
        if after is None or after - start > _TOGETHER:
            blocks.append(_block(sees, start, end))
            start = end
    return blocks


def _block(sees: Tensor, start: int, end: int) -> _Block:
    """A block, padded to a rounded length with the tokens after it (at the end: before it)."""
    size = min(len(sees), -(-(end - start) // _ROUNDED_TO) * _ROUNDED_TO)
    low = min(start, len(sees) - size)
    here = slice(low, low + size)
    mask = torch.zeros(size, size, device=sees.device)
    return _Block(low, low + size, start, end, mask.masked_fill_(~sees[here, here], -torch.inf))
