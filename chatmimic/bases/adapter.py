"""Adapters: what was learnt beside a base that stayed as it was, a few MB in a folder of their own.

The files are peft's for LoRA (Hu et al. 2021, https://arxiv.org/abs/2106.09685), so that
`AutoModelForCausalLM.from_pretrained` opens such a folder where peft is installed. Here an adapter
is added to its base's weights when it is opened, and costs nothing from then on.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.bases.folder import read_json, tensors_of, weight_files
from chatmimic.errors import BaseError, DamagedBase
from chatmimic.files import file_digest, write_whole

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_DIGEST = "base_sha256"  # in the head of the weights: of which base they are
_PREFIX = "base_model.model."  # peft's, before the name of each tensor
_AGAIN = "Train the mimic again, or restore its folder."
# What peft can do beyond two matrices a layer, by the setting that turns it on.
_MORE = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save")


@dataclass(frozen=True)
class Adapter:
    """An adapter's folder, and the base that it is for: what that was called, and its digest."""

    folder: Path
    base: str
    digest: str | None
    scale: float  # of the product of the two matrices
    transposed: bool  # whether the base's matrices have their inputs first, as GPT-2's do

    @property
    def weights(self) -> Path:
        """The file with the matrices."""
        return self.folder / WEIGHTS


def read_adapter(folder: Path) -> Adapter | None:
    """What a folder says of its adapter; None where it holds none. Raises BaseError."""
    if not (folder / CONFIG).is_file():
        return None
    said = read_json(folder / CONFIG)
    more = [name for name in _MORE if said.get(name)]
    if said.get("peft_type") != "LORA" or more or said.get("bias", "none") != "none":
        raise BaseError(
            f"{folder} is an adapter of a kind that is not read here"
            f"{f' ({more[0]})' if more else ''}.",
            "Merge it into its model with peft, and give the merged folder.",
        )
    base, rank, alpha = (said.get(k) for k in ("base_model_name_or_path", "r", "lora_alpha"))
    if not (isinstance(base, str) and isinstance(rank, int) and isinstance(alpha, int | float)):
        raise DamagedBase(f"{folder / CONFIG} is damaged: it is no adapter's.", _AGAIN)
    if not (folder / WEIGHTS).is_file():
        raise DamagedBase(f"{folder / WEIGHTS} is missing.", _AGAIN)
    digest = _metadata(folder / WEIGHTS).get(_DIGEST)
    return Adapter(folder, base, digest, alpha / max(1, rank), bool(said.get("fan_in_fan_out")))


def base_of(adapter: Adapter) -> Path:
    """The folder of an adapter's base, where it was or beside the mimics; nothing is fetched.

    Raises BaseError where it is not on this machine, or is another one by now.
    """
    folder = _find(adapter.folder, adapter.base)
    if folder is not None and (folder / CONFIG).exists():
        raise BaseError(
            f"{adapter.folder} is an adapter of {folder}, which is an adapter too.",
            "Merge one of them into its model with peft, and give the merged folder.",
        )
    if folder is None:
        raise BaseError(
            f"{adapter.folder} needs the base {short_name(adapter.base)}, which is not on this "
            "machine any more.",
            "Bring it back, as `chatmimic bases` tells, or train the mimic again.",
        )
    if adapter.digest is not None and base_digest(folder) != adapter.digest:
        raise BaseError(
            f"{adapter.folder} is of another {short_name(adapter.base)} than {folder} is.",
            "Restore that base, or train the mimic again.",
        )
    return folder


def base_digest(folder: Path) -> str:
    """The SHA-256 of a base: of the GGUF file that it was made from, else of its weights."""
    from chatmimic.bases.gguf import source_of

    if made_from := source_of(folder).get("sha256"):
        return str(made_from)
    digests = "".join(file_digest(file) for file in weight_files(folder))
    return hashlib.sha256(digests.encode()).hexdigest()


def merge(model: Any, adapter: Adapter) -> None:
    """Add an adapter to the weights of its base, matrix after matrix, computed in float32.

    Raises DamagedBase where its matrices do not fit.
    """
    import torch
    from safetensors.torch import load_file

    from chatmimic.bases.memory import letting_go

    matrices = load_file(adapter.weights)
    named = dict(model.named_parameters())
    with torch.no_grad(), letting_go() as let_go:
        for name in [n for n in matrices if n.endswith(".lora_A.weight")]:
            layer = name.removesuffix(".lora_A.weight")
            down, up = matrices.pop(name), matrices.pop(f"{layer}.lora_B.weight", None)
            weight = named.get(f"{layer.removeprefix(_PREFIX)}.weight")
            if weight is None or up is None or up.shape[1:] != down.shape[:1]:
                raise _does_not_fit(adapter, layer)
            change = adapter.scale * (up.float() @ down.float())
            change = change.T if adapter.transposed else change
            if change.shape != weight.shape:
                raise _does_not_fit(adapter, layer)
            whole = (weight.float() + change).to(weight.dtype)
            let_go(weight)
            weight.data = whole
    if matrices:
        raise _does_not_fit(adapter, next(iter(matrices)))


def save_adapter(
    folder: Path, learnt: dict[str, Tensor], settings: dict[str, Any], base: str
) -> None:
    """Write an adapter into a folder, as peft does, in bfloat16.

    `learnt` are its matrices by peft's names inside the model, `settings` peft's for it, and `base`
    is the folder of its base or what that is called on the hub.
    """
    from safetensors.torch import save_file

    tensors = {
        _PREFIX + name.replace(".default.", "."): matrix.detach().bfloat16().contiguous()
        for name, matrix in learnt.items()
    }
    said = {**settings, "base_model_name_or_path": base, "task_type": "CAUSAL_LM"}
    whole = _find(folder, base)
    about = {"format": "pt"} | ({_DIGEST: base_digest(whole)} if whole else {})
    save_file(tensors, folder / WEIGHTS, metadata=about)
    write_whole(folder / CONFIG, json.dumps(said, indent=2, sort_keys=True))


def _find(folder: Path, base: str) -> Path | None:
    """Where a base is: where it was, in the home that an adapter's folder is in, or cached."""
    from chatmimic.bases.hub import cached

    beside = folder.absolute().parent.parent / "bases" / short_name(base)
    for place in (Path(base), beside):
        if os.path.isfile(place / "config.json"):
            return place
    return None if Path(base).is_absolute() or base.count("/") > 1 else cached(base)


def short_name(base: str) -> str:
    """What a base is called, of its whole path."""
    return base.replace("\\", "/").rstrip("/").rpartition("/")[2] or base


def _metadata(file: Path) -> dict[str, str]:
    """What the head of a safetensors file says beside its tensors. Raises DamagedBase."""
    from safetensors import SafetensorError, safe_open

    list(tensors_of(file))  # whole, or a sentence that says why not
    try:
        with safe_open(file, "np") as opened:
            return dict(opened.metadata() or {})
    except SafetensorError as error:
        raise DamagedBase(f"{file} is damaged: {error}.", _AGAIN) from error


def _does_not_fit(adapter: Adapter, layer: str) -> DamagedBase:
    return DamagedBase(f"{adapter.weights} does not fit its base ({layer}).", _AGAIN)
