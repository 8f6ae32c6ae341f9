"""FSDP: a model sharded over the processes that train it, so that none has to hold all of it.

Each keeps a part of every tensor, of its gradient and of its moments; a block is put together while
it is computed (Zhao et al. 2023, https://arxiv.org/abs/2304.11277). `accelerate launch --use_fsdp`
asks for it. How the model is cut is our own: accelerate's way needs a GPU, and takes the output
head for a module that is called once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from chatmimic.training.distributed.process_group import ProcessGroup


def spread(
    loss_module: nn.Module, blocks: nn.ModuleList, device: torch.device, processes: ProcessGroup
) -> None:
    """Shard a module over all processes, in place: each block, and the rest as one unit."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (processes.world,))
    for block in blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(loss_module, mesh=mesh)


def settle(loss_module: Any) -> None:
    """Leave each process only its parts after an evaluation; some would stay whole else."""
    if hasattr(loss_module, "reshard"):
        loss_module.reshard()


def put_together(loss_module: nn.Module, processes: ProcessGroup) -> None:
    """Replace shards by whole tensors on the first process, and by empty ones on the others.

    No step can be taken afterwards.
    """
    made: dict[nn.Parameter, nn.Parameter] = {}  # one that is used in two places stays one
    for module in loss_module.modules():
        for name, part in module.named_parameters(recurse=False, remove_duplicate=False):
            if part not in made:
                made[part] = nn.Parameter(processes.collect(part), requires_grad=part.requires_grad)
            setattr(module, name, made[part])
