"""Which parameters are trained: all, the blocks, the last blocks, or LoRA adapters in them."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatmimic.errors import TrainingError
from chatmimic.training.optional_packages import library

if TYPE_CHECKING:
    from torch import nn

_LAST = re.compile(r"last-([1-9][0-9]*)")


def complaint(train: str) -> str | None:
    """What is wrong with a value of `--train`, in a sentence; None for a valid one."""
    if train in ("auto", "all", "transformer", "lora") or _LAST.fullmatch(train):
        return None
    return (
        f'--train is "{train}"; it can be auto, all, transformer, lora, or last-N such as last-4.'
    )


@dataclass(frozen=True)
class Learning:
    """The number of trainable parameters; `adapters` is peft's wrapper of the model, if any.

    `more` says whether parameters other than the adapters are trained.
    """

    parameters: int
    adapters: Any = None
    more: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """The peft configuration of the adapters, for JSON."""
        said = self.adapters.peft_config["default"].to_dict()
        return {k: sorted(v) if isinstance(v, set) else v for k, v in said.items()}

    def merge(self) -> None:
        """Merge the adapters into the weights and remove them, in place.

        Parameter names are then those of the plain model. No step can be taken afterwards.
        """
        if self.adapters is not None:
            self.adapters.merge_and_unload()


def check_package(train: str) -> None:
    """Raise TrainingError if `--train` needs a package that is not installed."""
    if train == "lora":
        with _peft():
            pass


def check_blocks(model: Any, train: str) -> None:
    """Raise TrainingError if a model has fewer blocks than `--train last-N` asks for."""
    if _LAST.fullmatch(train):
        _count(train, len(blocks_of(model)))


def choose_learning(
    model: Any, train: str, *, rank: int = 16, new_tokens: int = 0, seed: int = 0
) -> Learning:
    """Freeze the parameters that are not trained, in place.

    `all` trains everything, `transformer` the blocks and the final norm, `last-N` the last N blocks
    and the final norm, `lora` adapters of that `rank` on the linear layers of the blocks, whose
    initial values depend on the seed. If the transcript form has `new_tokens`, embeddings and
    output head are always trained. Raises TrainingError for other values, for more blocks than the
    model has, and if peft is missing.
    """
    if wrong := complaint(train):
        raise TrainingError(wrong, "Choose one of these.")
    model.requires_grad_(train == "all")
    adapters = _adapters(model, rank, seed) if train == "lora" else None
    if adapters is None and train != "all":
        blocks = blocks_of(model)
        for part in (*blocks[-_count(train, len(blocks)) :], *_after(model, blocks)):
            part.requires_grad_(True)
    if new_tokens:
        for table in (model.get_input_embeddings(), model.get_output_embeddings()):
            if table is not None:
                table.requires_grad_(True)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return Learning(trainable, adapters, more=bool(new_tokens))


def _count(train: str, blocks: int) -> int:
    """How many of the last blocks are trained."""
    last = _LAST.fullmatch(train)
    count = int(last[1]) if last else blocks
    if count > blocks:
        raise TrainingError(
            f"--train is {train}, and the base has {blocks} blocks.",
            f"Choose at most last-{blocks}, or transformer.",
        )
    return count


def blocks_of(model: Any) -> nn.ModuleList:
    """The blocks: the longest list of modules in the base, ignoring lists inside of lists.

    A block may contain a list of its own, e.g. of experts, that is longer. Raises TrainingError if
    there is no list.
    """
    from torch import nn

    lists = {n: m for n, m in model.base_model.named_modules() if isinstance(m, nn.ModuleList)}
    outer = [m for n, m in lists.items() if not any(n.startswith(f"{o}.") for o in lists)]
    if not outer:
        raise TrainingError("The base has no list of blocks.", "Choose --train all.")
    return max(outer, key=len)


def _after(model: Any, blocks: nn.ModuleList) -> list[nn.Module]:
    """The modules that the base calls after its last block, found by a trial: the final norm."""
    import torch

    order: list[nn.Module] = []
    hooks = [
        module.register_forward_pre_hook(lambda module, _: order.append(module))
        for module in model.base_model.modules()
    ]
    training = model.training
    model.eval()  # dropout would consume random numbers of others
    with torch.no_grad():
        ids = torch.zeros(1, 2, dtype=torch.long, device=next(model.parameters()).device)
        model.base_model(ids, use_cache=False)
    model.train(training)
    for hook in hooks:
        hook.remove()
    inside = set(blocks.modules())
    return [module for module in order[order.index(blocks[-1]) :] if module not in inside]


def _peft() -> contextlib.AbstractContextManager[Any]:
    return library("peft", "peft", "--train lora")


def _adapters(model: Any, rank: int, seed: int) -> Any:
    """Add adapters to the linear layers of the blocks; the model stays the same object.

    Two matrices of `rank` for each layer (Hu et al. 2021, https://arxiv.org/abs/2106.09685), with
    the common choice of alpha = 2 * rank.
    """
    import torch
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    inside = set(blocks_of(model).modules())
    layers = {
        name: module
        for name, module in model.named_modules()
        if module in inside and isinstance(module, (nn.Linear, Conv1D))
    }
    with _peft() as peft, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = peft.LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            target_modules=list(layers),
            fan_in_fan_out=any(isinstance(module, Conv1D) for module in layers.values()),
        )
        adapters = peft.LoraModel(model, config, "default")
    for layer in model.modules():
        # Autocast gives the adapters' products what they take; a copy in float32 would be one more.
        if isinstance(layer, peft.tuners.lora.LoraLayer):
            layer.cast_input_dtype_enabled = False
    return adapters


def halve_the_fixed(model: Any) -> None:
    """Convert the frozen parameters to bfloat16, in place.

    That halves their memory and saves a copy for each product. Buffers stay as they are: rotary
    position embeddings need their frequencies in full precision.
    """
    import torch

    for parameter in model.parameters():
        if parameter.dtype == torch.float32 and not parameter.requires_grad:
            parameter.data = parameter.data.bfloat16()
