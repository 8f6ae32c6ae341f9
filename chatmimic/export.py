"""Export of a mimic as a complete model, for programs that cannot read adapters."""

from __future__ import annotations

import os
from pathlib import Path

from chatmimic.errors import MimicError
from chatmimic.files import atomic_folder, keep_files, size_in_words, typed_path
from chatmimic.mimic import Mimic, write_manifest


def export(mimic: Mimic, folder: Path, precision: str = "bfloat16") -> Path:
    """Write a mimic's whole model, its tokenizer and `mimic.json` into a new folder.

    `precision` is the name of a floating-point type of torch. Raises MimicError if `folder` exists
    or cannot be written, or the mimic cannot be loaded.
    """
    import torch

    final = typed_path(folder).absolute()
    if os.path.lexists(final):
        raise MimicError(f"{folder} already exists.", "Choose a new folder.")
    whole = mimic.load_whole()
    model = whole.model.to(getattr(torch, precision))
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(final) as partial:
            model.save_pretrained(partial, max_shard_size="100GB")
            whole.tokenizer.save_pretrained(partial)
            write_manifest(partial, {k: v for k, v in mimic.manifest.items() if k != "format"})
            keep_files(partial)
    except OSError as error:
        needed = size_in_words(sum(p.nbytes for p in model.parameters()))
        raise MimicError(
            f"Cannot write {folder}: {error.strerror or error} (it needs {needed}).",
            "Free some space there, or choose another folder.",
        ) from error
    return final
