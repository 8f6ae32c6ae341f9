"""How well a mimic foretells what somebody said: the persona, or another in their place."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from chatmimic.bases.loading import quiet
from chatmimic.mimic import LoadedMimic
from chatmimic.records import Conversation
from chatmimic.training.data.dataset import in_order, target_senders, word_weight
from chatmimic.training.objective.loss import LossModule, feed, keeps_apart
from chatmimic.training.objective.metrics import Metrics, measure
from chatmimic.training.objective.nll import NLL
from chatmimic.transcript.facts import orders
from chatmimic.windows import Windows, build_windows


def perplexity(
    loaded: LoadedMimic,
    conversations: Iterable[Conversation],
    speaker: str,
    *,
    window: int = 512,
    context: int = 12,
    most: int = 512,
) -> Metrics:
    """Figures of a mimic on `speaker`'s messages, each read with `context` messages before it.

    What it learnt from facts it is tested with them, and a mimic in reverse on what `speaker` has
    answered. At most `most` windows of `window` tokens are computed, spread evenly. What is
    measured should be later than what the mimic learnt: `training.material.split` gives such
    conversations.
    """
    form, manifest = loaded.form, loaded.mimic.manifest
    typed = form if manifest.get("token_types") else None
    loss_module = LossModule(loaded.model.eval())
    device = next(loss_module.parameters()).device

    def surprise(windows: Windows, rows: np.ndarray) -> NLL:
        tensors = {k: t.to(device) for k, t in feed(windows, rows, typed).items()}
        result: NLL = loss_module(**tensors)
        return result

    facts = manifest.get("facts", ())
    read = in_order(tuple(conversations), reverse=manifest.get("reverse", False))
    with quiet(), TemporaryDirectory(ignore_cleanup_errors=True) as folder, torch.no_grad():
        windows = build_windows(
            read,
            form,
            target_senders(read, speaker, reverse=manifest.get("reverse", False)),
            weigh=word_weight if facts else None,
            before=orders(facts, loaded.mimic.persona, 1),
            window=min(window, getattr(loaded.model.config, "max_position_embeddings", window)),
            context=context,
            folder=Path(folder),
            packed=keeps_apart(loaded.model),
        )
        return measure(windows, partial(surprise, windows), batch=4, most=most)
