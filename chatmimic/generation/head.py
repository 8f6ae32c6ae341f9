"""The next-utterance head of a mimic that was trained with `--candidates`: a file in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatmimic.errors import MimicError
from chatmimic.mimic import Mimic

if TYPE_CHECKING:
    from torch import Tensor

HEAD = "next_utterance_head.safetensors"


def head_of(mimic: Mimic) -> Tensor:
    """The weights `(width,)` of its head. Raises MimicError if it has none, or a damaged one."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not (mimic.path / HEAD).is_file():
        raise MimicError(
            f"{mimic.name} has no next-utterance head, which would choose among candidates.",
            "Train it with `chatmimic train --candidates 4`, or use --rank-by mutual.",
        )
    try:
        (weights,) = load_file(mimic.path / HEAD).values()
    except (OSError, ValueError, SafetensorError) as error:
        raise _damaged(mimic) from error
    if not weights.is_floating_point() or weights.ndim != 2 or len(weights) != 1:
        raise _damaged(mimic)
    return weights[0].float()


def _damaged(mimic: Mimic) -> MimicError:
    return MimicError(
        f"{mimic.path / HEAD} is damaged: it holds no next-utterance head.",
        "Train the mimic again, or use --rank-by mutual.",
    )
