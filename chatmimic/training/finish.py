"""From a finished loop to a mimic: a folder in Hugging Face format, whole or not there."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chatmimic import __version__
from chatmimic.bases import local_base, terms_of
from chatmimic.bases.adapter import read_adapter, save_adapter
from chatmimic.bases.loading import quiet
from chatmimic.files import keep_files, private_folder, whole_folder
from chatmimic.home import Home
from chatmimic.mimic import MANIFEST, Mimic, read_mimic, write_manifest
from chatmimic.training.figures import Figures
from chatmimic.training.loop import Loop
from chatmimic.training.plan import LARGE

PRIVATE = "A mimic is as private as the chats it was trained on: it can repeat them."


def write_mimic(
    home: Home,
    name: str,
    called: str,
    loop: Loop,
    ready: dict[str, Any],
    base: Figures,
    figures: Figures,
) -> Mimic:
    """Save model, tokeniser and `mimic.json` as `mimics/NAME`, in place of an older one.

    `called` is its name in full.

    Raises OSError or SafetensorError for a disk that gives out; an older mimic stays then.
    """
    final = private_folder(home.mimics) / name
    with whole_folder(final) as partial:
        _save_learnt(partial, loop, _base_that_stays(ready["settings"], loop))
        facts = _manifest(loop, ready, base, figures)
        write_manifest(partial, {"name": name, "called": called, **facts})
    return read_mimic(final)


def save_model(folder: Path, loop: Loop, precision: str = "float32") -> None:
    """Model and tokeniser, private and lasting: the checkpoints are removed after this."""
    import torch

    model = loop.learner.model
    if loop.learning is not None and loop.learning.adapters is not None:
        model.float()  # what is added to weights in bfloat16 would mostly be rounded away
        loop.learning.merge()
    model.config.use_cache = True
    wanted = getattr(torch, precision)
    if any(p.dtype != wanted for p in model.parameters()) and not loop.ranks.spread:
        model.to(wanted)
    with quiet():
        model.save_pretrained(folder, max_shard_size="100GB")
        loop.form.tokenizer.save_pretrained(folder)
    keep_files(folder)


def _save_learnt(folder: Path, loop: Loop, base: str | None) -> None:
    """What a mimic is on disk: an adapter where its base stays, else a whole model.

    A large model is written in bfloat16: half the size, and as good.
    """
    learning = loop.learning
    if base is None or learning is None or learning.adapters is None:
        save_model(folder, loop, "bfloat16" if _is_large(loop) else "float32")
        return
    learnt = {n: p for n, p in loop.learner.model.named_parameters() if p.requires_grad}
    save_adapter(folder, learnt, learning.settings, base)
    loop.form.tokenizer.save_pretrained(folder)
    keep_files(folder)


def _base_that_stays(settings: dict[str, Any], loop: Loop) -> str | None:
    """The base that an adapter can be opened with as long as it is there; None: there is none.

    The starter may be another one in the next release, a mimic is replaced and removed, an adapter
    has a base of its own, and where a form has tokens of its own more than an adapter is learnt.
    """
    if not _is_large(loop) or (loop.learning is not None and loop.learning.more):
        return None
    folder = local_base(settings["base"])
    if folder is None:
        return str(settings["base"])  # of the hub
    return None if (folder / MANIFEST).is_file() or read_adapter(folder) else str(folder)


def _is_large(loop: Loop) -> bool:
    return _parameters(loop) > LARGE


def _parameters(loop: Loop) -> int:
    """How many parameters the model has when adapters are added to it."""
    named = loop.learner.model.named_parameters()
    return sum(p.numel() for name, p in named if ".lora_" not in name)


def _manifest(loop: Loop, ready: dict[str, Any], base: Figures, figures: Figures) -> dict[str, Any]:
    settings = ready["settings"]
    reads_all = ready["everybody"] or settings["learn"] == "all"
    return {
        "persona": ready["people"][0],
        "everybody": ready["everybody"],
        "owner": ready.get("owner", ""),  # a run of an older chatmimic may go on
        "reverse": settings["reverse"],
        "facts": ready["facts"],
        "people": ready["people"],
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
        "learning_rate": loop.plan.learning_rate * loop.state.slowdown,
        "spells": loop.state.spells,
        "settings": settings,
        "plan": ready["plan"],
        "versions": versions(),
        "begun_at": ready["begun_at"],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "notice": PRIVATE,
    }


def versions() -> dict[str, str]:
    """What a model was made with."""
    packages = ("torch", "transformers", "tokenizers")
    return {"chatmimic": __version__, **{package: version(package) for package in packages}}
