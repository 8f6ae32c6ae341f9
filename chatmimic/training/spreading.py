"""A model spread over the processes that train it, so that none has to hold all of it.

Each keeps a part of every tensor, of its gradient and of its moments; a block is put together while
it is computed (Zhao et al. 2023, https://arxiv.org/abs/2304.11277). `accelerate launch --use_fsdp`
asks for it. How the model is cut is our own: accelerate's way needs a GPU, and takes the output
head for a module that is called once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from chatmimic.training.ranks import Ranks


def spread(learner: nn.Module, blocks: nn.ModuleList, device: torch.device, ranks: Ranks) -> None:
    """Spread a module over all processes, in place: its blocks each, and the rest as one."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (ranks.world,))
    for block in blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(learner, mesh=mesh)


def settle(learner: Any) -> None:
    """Leave each process its parts alone, after a look: what is not in a block stays whole else."""
    if hasattr(learner, "reshard"):
        learner.reshard()


def put_together(learner: nn.Module, ranks: Ranks) -> None:
    """Put whole tensors in the place of parts, on the first process; empty ones on the others.

    No step can be taken after this.
    """
    made: dict[nn.Parameter, nn.Parameter] = {}  # one that is used in two places stays one
    for module in learner.modules():
        for name, part in module.named_parameters(recurse=False, remove_duplicate=False):
            if part not in made:
                made[part] = nn.Parameter(ranks.collect(part), requires_grad=part.requires_grad)
            setattr(module, name, made[part])
