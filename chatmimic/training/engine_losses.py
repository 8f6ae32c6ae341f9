"""What an engine loses: a finished mimic evaluated with it on its held-out part."""

from __future__ import annotations

import json

import numpy as np
import torch

from chatmimic.engines import HALF, INT8, SMALL
from chatmimic.engines.products import has_int8
from chatmimic.files import write_atomically
from chatmimic.mimic import LOSSES, LoadedMimic, Mimic
from chatmimic.training.objective.loss import LossModule, feed
from chatmimic.training.objective.metrics import measure
from chatmimic.training.objective.nll import NLL
from chatmimic.windows import Windows

WINDOWS = 3  # of 512 tokens: the same words both times, so that few show the difference


def write_losses(mimic: Mimic, held_out: Windows, *, smallest: int = SMALL) -> None:
    """Write into a mimic's folder what int8 loses against `half`, which loses next to nothing.

    Nothing is written for a model with fewer parameters than `smallest`, which is computed in
    float32, nor if this machine does not support int8.
    """
    if mimic.count_parameters() < smallest or not has_int8():
        return
    bits = {engine: _bits(mimic.load(engine), held_out) for engine in (HALF, INT8)}
    lost = {"bits_per_character": round(bits[INT8] - bits[HALF], 5), "windows": WINDOWS}
    write_atomically(mimic.path / LOSSES, json.dumps({INT8: lost}) + "\n")


def _bits(loaded: LoadedMimic, windows: Windows) -> float:
    """Bits per character on some of the windows."""
    loss_module = LossModule(loaded.model).eval()
    typed = loaded.form if loaded.mimic.manifest.get("token_types") else None

    def surprise(rows: np.ndarray) -> NLL:
        read = feed(windows, rows, typed)
        found: NLL = loss_module(**{k: t.to(loaded.model.device) for k, t in read.items()})
        return found

    with torch.no_grad():
        return measure(windows, surprise, batch=1, most=WINDOWS).bits_per_character
