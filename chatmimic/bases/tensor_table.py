"""Whether the tensors in a folder are those that its config.json describes.

Only the headers of the weights are read, so that a config of a million layers builds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from chatmimic.bases.folder import tensors_of, weight_files
from chatmimic.bases.unusable import ANOTHER
from chatmimic.errors import DamagedBase

Table = Mapping[str, list[int]]  # tensors and their shapes

_BLOCK = re.compile(r"(?:^|\.)(?:h|layers?|blocks?)\.(\d+)\.")
# Buffers that older versions of transformers saved, and a head that is the embeddings again.
_NEEDLESS = re.compile(
    r"(?:^|\.)(?:attn|attention)\.(?:masked_)?bias$|rotary_emb\.inv_freq$|position_ids$|"
    r"^lm_head\.weight$"
)


def table_of(folder: Path) -> Table:
    """The tensors in a folder and their shapes. Raises BaseError if a header is damaged."""
    return {key: shape for file in weight_files(folder) for key, shape in tensors_of(file)}


def check_layers(layers: Any, tensors: Iterable[str], folder: Path, *, more: bool = True) -> None:
    """Raise DamagedBase if a config's number of layers is not that of the tensors.

    With `more` the tensors of further layers are refused, too.
    """
    if type(layers) is not int or layers < 1:
        raise _mismatch(folder, f"{layers!r} is not a number of layers")
    found = [int(number) for name in tensors for number in _BLOCK.findall(name)[:1]]
    there = 1 + max(found, default=layers - 1)
    if layers > there or (more and layers < there):
        have = "1 layer" if layers == 1 else f"{layers:,} layers"
        raise _mismatch(folder, f"it has {have}, the weights have {there:,}")


def check_shapes(model: Any, table: Table, folder: Path) -> None:
    """Raise DamagedBase if a model (on no device) and the table disagree about a tensor's shape."""
    prefix = f"{model.base_model_prefix}."
    for name, tensor in model.state_dict().items():
        there = table.get(name, table.get(name.removeprefix(prefix)))
        if there is not None and list(tensor.shape) != there:
            raise _mismatch(folder, f"{name} has the shape {list(tensor.shape)}, not {there}")


def check_missing(missing: Collection[str], folder: Path) -> None:
    """Raise DamagedBase if the weights lack tensors of the model."""
    if missing:
        raise _mismatch(folder, f"{_tensors_are(missing)} missing ({min(missing)})")


def check_surplus(unexpected: Collection[str], folder: Path) -> None:
    """Raise DamagedBase if the weights have tensors that the model has no use for."""
    surplus = [name for name in unexpected if not _NEEDLESS.search(name)]
    if surplus:
        raise _mismatch(folder, f"{_tensors_are(surplus)} not part of it ({min(surplus)})")


def without(patterns: Iterable[str] | None, table: Table) -> Table:
    """The table without tensors that an architecture ignores, such as further heads."""
    ignored = [re.compile(pattern) for pattern in patterns or ()]
    return {key: shape for key, shape in table.items() if not any(p.search(key) for p in ignored)}


def _tensors_are(some: Collection[str]) -> str:
    return "1 tensor is" if len(some) == 1 else f"{len(some):,} tensors are"


def _mismatch(folder: Path, why: str) -> DamagedBase:
    return DamagedBase(f"The weights in {folder} do not match its config.json: {why}.", ANOTHER)
