"""Saves a mimic: a folder in Hugging Face format, written completely or not at all."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chatmimic.bases import local_base, terms_of
from chatmimic.bases.adapter import read_adapter, save_adapter
from chatmimic.bases.loading import quiet
from chatmimic.files import atomic_folder, keep_files, private_folder
from chatmimic.generation.head import HEAD
from chatmimic.home import Home
from chatmimic.mimic import MANIFEST, Mimic, read_mimic, write_manifest
from chatmimic.training.loop import Loop
from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.plan import LARGE

PRIVATE = "A mimic is as private as the chats it was trained on: it can repeat them."


def write_mimic(
    home: Home,
    name: str,
    called: str,
    loop: Loop,
    ready: dict[str, Any],
    base: Metrics,
    figures: Metrics,
) -> Mimic:
    """Save model, tokeniser and `mimic.json` as `mimics/NAME`, replacing an older mimic.

    `called` is its full name. Raises OSError or SafetensorError if the disk fails; an older mimic
    is kept then.
    """
    final = private_folder(home.mimics) / name
    with atomic_folder(final) as partial:
        _save_trained(partial, loop, _base_that_stays(ready["settings"], loop))
        _save_head(partial, loop)
        facts = _manifest(loop, ready, base, figures)
        write_manifest(partial, {"name": name, "called": called, **facts})
    return read_mimic(final)


def save_model(folder: Path, loop: Loop, precision: str = "float32") -> None:
    """Save model and tokeniser, private and synced to disk: checkpoints are removed after this."""
    import torch

    model = loop.loss_module.model
    if loop.learning is not None and loop.learning.adapters is not None:
        model.float()  # what is added to weights in bfloat16 would mostly be rounded away
        loop.learning.merge()
    model.config.use_cache = True
    wanted = getattr(torch, precision)
    if any(p.dtype != wanted for p in model.parameters()) and not loop.processes.spread:
        model.to(wanted)
    with quiet():
        model.save_pretrained(folder, max_shard_size="100GB")
        loop.form.tokenizer.save_pretrained(folder)
    keep_files(folder)


def _save_trained(folder: Path, loop: Loop, base: str | None) -> None:
    """Save a mimic's model: only the adapter if its base is permanent, else the whole model.

    A large model is written in bfloat16: half the size, and as good.
    """
    learning = loop.learning
    if base is None or learning is None:
        save_model(folder, loop, "bfloat16" if _is_large(loop) else "float32")
        return
    trainable = {n: p for n, p in loop.loss_module.model.named_parameters() if p.requires_grad}
    save_adapter(folder, trainable, learning.settings, base)
    loop.form.tokenizer.save_pretrained(folder)
    keep_files(folder)


def _save_head(folder: Path, loop: Loop) -> None:
    """Save the next-utterance head, if there is one, which may rank replies later."""
    from safetensors.torch import save_file

    if loop.loss_module.candidates:
        weight = loop.loss_module.head.score.weight.detach().float().cpu().contiguous()
        save_file({"score.weight": weight}, folder / HEAD)
        keep_files(folder)


def _base_that_stays(settings: dict[str, Any], loop: Loop) -> str | None:
    """The base that an adapter can be opened with later; None if a whole model has to be saved.

    The starter may change with the next release, a mimic may be replaced or removed, an adapter has
    its own base, and with new tokens more than an adapter is trained.
    """
    learning = loop.learning
    if not _is_large(loop) or learning is None or learning.adapters is None or learning.more:
        return None
    folder = local_base(settings["base"])
    if folder is None:
        return str(settings["base"])  # of the hub
    return None if (folder / MANIFEST).is_file() or read_adapter(folder) else str(folder)


def _is_large(loop: Loop) -> bool:
    return _parameters(loop) > LARGE


def _parameters(loop: Loop) -> int:
    """The number of parameters of the model with adapters merged."""
    named = loop.loss_module.model.named_parameters()
    return sum(p.numel() for name, p in named if ".lora_" not in name)


def _manifest(loop: Loop, ready: dict[str, Any], base: Metrics, figures: Metrics) -> dict[str, Any]:
    settings = ready["settings"]
    reads_all = ready["everybody"] or settings["learn"] == "all"
    return {
        "persona": ready["people"][0],
        "everybody": ready["everybody"],
        "owner": ready.get("owner", ""),  # not in runs of older versions, as is the rhythm
        "rhythm": ready.get("rhythm"),
        "reverse": settings["reverse"],
        "facts": ready["facts"],
        "people": ready["people"],
        "senders": ready.get("senders"),
        "form": ready["form"],
        "token_types": settings["token_types"],
        "base": settings["base"],
        "base_terms": asdict(terms_of(settings["base"])),
        "context": {
            "messages": None if reads_all else settings["context"],
            "tokens": ready["material"]["window_tokens"],
        },
        "parameters": _parameters(loop),
        "data": ready["material"],
        "held_out": {"base": base.as_dict(), "mimic": figures.as_dict()},
        "best_step": loop.state.best_step,
        "last_step": loop.state.step,
        "learning_rate": loop.plan.learning_rate * loop.state.slowdown,
        "phases": loop.state.phases,
        "settings": settings,
        "plan": loop.plan.as_dict(),
        "versions": versions(),
        "begun_at": ready["begun_at"],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "notice": PRIVATE,
    }


def versions() -> dict[str, str]:
    """The versions of the packages that a model was made with."""
    packages = ("chatmimic", "torch", "transformers", "tokenizers")
    return {package: version(package) for package in packages}
