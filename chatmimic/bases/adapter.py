"""LoRA adapters: a few MB of trained weights in their own folder, beside an unchanged base.

The files have peft's format (LoRA: Hu et al. 2021, https://arxiv.org/abs/2106.09685), so that
`AutoModelForCausalLM.from_pretrained` can open such a folder if peft is installed. For inference
an adapter stays separate from its base, which several mimics may share (`engines/adapted.py`);
where whole weights are needed, for training and export, `merge` adds it to them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.bases.folder import read_json, tensors_of, weight_files
from chatmimic.bases.source import source_of
from chatmimic.bases.terms import short_name
from chatmimic.errors import BaseError, DamagedBase
from chatmimic.files import file_digest, write_atomically

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_DIGEST = "base_sha256"  # key in the metadata of the weights: the digest of their base
_PREFIX = "base_model.model."  # peft's prefix of all tensor names
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"  # suffixes of the two matrices of a layer
_MOST = 1_000_000  # limit of rank and alpha, far beyond any that make sense
_AGAIN = "Train the mimic again, or restore its folder."
# Features of peft beyond two matrices per layer, by the setting that turns them on.
_MORE = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save")


@dataclass(frozen=True)
class Adapter:
    """An adapter's folder, and the name and digest of its base."""

    folder: Path
    base: str
    digest: str | None
    rank: int
    scale: float  # factor of the product of the two matrices
    transposed: bool  # whether the base's matrices are `(in, out)`, as in GPT-2

    @property
    def weights(self) -> Path:
        """The file of the LoRA matrices."""
        return self.folder / WEIGHTS


def read_adapter(folder: Path) -> Adapter | None:
    """Read the description of the adapter in a folder; None if there is none. Raises BaseError."""
    if not (folder / CONFIG).is_file():
        return None
    config = read_json(folder / CONFIG)
    more = [name for name in _MORE if config.get(name)]
    if config.get("peft_type") != "LORA" or more or config.get("bias", "none") != "none":
        raise BaseError(
            f"{folder} is an adapter of an unsupported kind{f' ({more[0]})' if more else ''}.",
            "Merge it into its model with peft, and use the merged folder.",
        )
    base, rank = config.get("base_model_name_or_path"), config.get("r")
    scale = _scale(rank, config.get("lora_alpha"))
    if not isinstance(base, str) or not isinstance(rank, int) or scale is None:
        raise DamagedBase(f"{folder / CONFIG} is damaged: it does not describe an adapter.", _AGAIN)
    if not (folder / WEIGHTS).is_file():
        raise DamagedBase(f"{folder / WEIGHTS} is missing.", _AGAIN)
    digest = _metadata(folder / WEIGHTS).get(_DIGEST)
    return Adapter(folder, base, digest, rank, scale, bool(config.get("fan_in_fan_out")))


def _scale(rank: object, alpha: object) -> float | None:
    """The factor alpha / rank of the product of the two matrices; None if these make no sense.

    Python's JSON parser accepts NaN and infinity, and a bool counts as a number.
    """
    if not isinstance(rank, int) or not isinstance(alpha, int | float):
        return None
    sound = all(0 < value < _MOST and not isinstance(value, bool) for value in (rank, alpha))
    return alpha / rank if sound else None


def base_digest(folder: Path) -> str:
    """The SHA-256 of a whole base: of the GGUF file it was made from, else of its weights."""
    if made_from := source_of(folder).get("sha256"):
        return str(made_from)
    digests = "".join(file_digest(file) for file in weight_files(folder))
    return hashlib.sha256(digests.encode()).hexdigest()


def merge(model: Any, adapter: Adapter) -> None:
    """Merge an adapter into the weights of its base, in place, computed in float32.

    Raises DamagedBase if its matrices do not fit the base or are not those of an adapter.
    """
    import torch

    from chatmimic.bases.memory import letting_go

    named = dict(model.named_parameters())
    with torch.no_grad(), letting_go() as let_go:
        for layer, (down, up) in matrices_of(adapter).items():
            weight = named.get(f"{layer}.weight")
            shape = (len(up), down.shape[1])
            if weight is None or weight.shape != (shape[::-1] if adapter.transposed else shape):
                raise does_not_fit(adapter, layer)
            change = adapter.scale * (up.float() @ down.float())
            change = change.T if adapter.transposed else change
            whole = (weight.float() + change).to(weight.dtype)
            let_go(weight)
            weight.data = whole


def matrices_of(adapter: Adapter) -> dict[str, tuple[Tensor, Tensor]]:
    """The two matrices of each layer, `(rank, in)` and `(out, rank)`, by the layer's name.

    Raises DamagedBase if the file does not consist of such pairs.
    """
    from safetensors.torch import load_file

    matrices = load_file(adapter.weights)
    pairs: dict[str, tuple[Tensor, Tensor]] = {}
    for name in [n for n in matrices if n.endswith(_DOWN)]:
        stem = name.removesuffix(_DOWN)
        layer = stem.removeprefix(_PREFIX)
        down, up = matrices.pop(name), matrices.pop(f"{stem}{_UP}", None)
        if up is None or layer in pairs or not _are_matrices(down, up, adapter.rank):
            raise does_not_fit(adapter, layer)
        pairs[layer] = down, up
    if matrices or not pairs:
        raise does_not_fit(adapter, next(iter(matrices), "it has no matrices"))
    return pairs


def _are_matrices(down: Tensor, up: Tensor, rank: int) -> bool:
    """Whether these are float matrices `(rank, in)` and `(out, rank)`."""
    floats = down.is_floating_point() and up.is_floating_point()
    return floats and down.ndim == up.ndim == 2 and down.shape[0] == up.shape[1] == rank


def save_adapter(
    folder: Path,
    tensors: dict[str, Tensor],
    settings: dict[str, Any],
    base: str,
    called: str = "",
) -> None:
    """Write an adapter into a folder in peft's format, in bfloat16.

    `tensors` are its matrices, by peft's parameter names; `settings` is peft's configuration;
    `base` is the folder of its base or its name on the hub, recorded as `called` if given.
    """
    from safetensors.torch import save_file

    tensors = {
        _PREFIX + name.replace(".default.", "."): matrix.detach().bfloat16().contiguous()
        for name, matrix in tensors.items()
    }
    config = {**settings, "base_model_name_or_path": called or base, "task_type": "CAUSAL_LM"}
    whole = next(places(folder, base), None)
    about = {"format": "pt"} | ({_DIGEST: base_digest(whole)} if whole else {})
    save_file(tensors, folder / WEIGHTS, metadata=about)
    write_atomically(folder / CONFIG, json.dumps(config, indent=2, sort_keys=True))


def places(folder: Path, base: str) -> Iterator[Path]:
    """Where a base may be: where it was, in the home of the adapter's folder, or in the cache."""
    from chatmimic.bases.hub import cached

    name = short_name(base)
    beside = folder.absolute().parent.parent / "bases" / name
    # A name with slashes is one of the hub, or would lead out of the home.
    near = [Path(base), beside] if name == Path(name).name else [Path(base)]
    yield from (place for place in near if _is_base(place))
    if found := cached(base):
        yield found


def _is_base(place: Path) -> bool:
    # os.path, because pathlib's is_file raises for a name that is too long.
    return os.path.isfile(place / "config.json") or is_adapter(place)


def is_adapter(place: Path) -> bool:
    """Whether a folder contains an adapter."""
    return os.path.isfile(place / CONFIG)


def _metadata(file: Path) -> dict[str, str]:
    """The metadata in the header of a safetensors file. Raises DamagedBase."""
    from safetensors import SafetensorError, safe_open

    list(tensors_of(file))  # raises DamagedBase if the file is cut short
    try:
        with safe_open(file, "np") as opened:
            return dict(opened.metadata() or {})
    except SafetensorError as error:
        raise DamagedBase(f"{file} is damaged: {error}.", _AGAIN) from error


def does_not_fit(adapter: Adapter, layer: str) -> DamagedBase:
    """The error for an adapter whose base has no such layer, or one of another size."""
    return DamagedBase(f"{adapter.weights} does not fit its base ({layer}).", _AGAIN)
