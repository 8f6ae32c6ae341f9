"""A mimic as a complete model, for programs that cannot read adapters."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatmimic.errors import MimicError
from chatmimic.export.chat_template import chat_template
from chatmimic.export.gguf import check_gguf, write_gguf
from chatmimic.export.ollama import modelfile
from chatmimic.files import (
    atomic_folder,
    keep_files,
    size_in_words,
    typed_path,
    write_atomically,
)
from chatmimic.generation.decoding import decoding_of
from chatmimic.mimic import LoadedMimic, Mimic, write_manifest

_MOST_ENDS = 512  # ids; some tokenizers have thousands of tokens with a newline


def export(mimic: Mimic, folder: Path, precision: str = "bfloat16") -> Path:
    """Write a mimic's whole model, its tokenizer and `mimic.json` into a new folder.

    The tokenizer has a chat template, which writes chats as the mimic reads them. `precision` is
    the name of a floating-point type of torch. Raises MimicError if `folder` exists or cannot be
    written, or the mimic cannot be loaded.
    """
    import torch

    final = _new(folder)
    loaded = _whole(mimic)
    model: Any = loaded.model
    model.to(getattr(torch, precision)).generation_config = _generation(loaded)
    with _written(folder, final, model) as partial:
        model.save_pretrained(partial, max_shard_size="100GB")
        loaded.tokenizer.save_pretrained(partial)
        write_manifest(partial, {k: v for k, v in mimic.manifest.items() if k != "format"})
    return final


def export_gguf(mimic: Mimic, folder: Path, precision: str = "f16") -> Path:
    """Write a mimic as a GGUF file, with a Modelfile for Ollama, into a new folder.

    `precision` is one of `gguf.PRECISIONS`. Raises MimicError as `export` does, and for a mimic
    that GGUF cannot hold.
    """
    final = _new(folder)
    mimic.check_talks()
    loaded = _whole(mimic)
    check_gguf(loaded.model.config, loaded.tokenizer, bool(mimic.manifest.get("token_types")))
    name = f"{mimic.name}.gguf"
    with _written(folder, final, loaded.model) as partial:
        write_gguf(partial / name, loaded.model, loaded.form, mimic.called, precision)
        write_atomically(partial / "Modelfile", modelfile(loaded, name))
    return final


def _new(folder: Path) -> Path:
    final = typed_path(folder).absolute()
    if os.path.lexists(final):
        raise MimicError(f"{folder} already exists.", "Choose a new folder.")
    return final


def _whole(mimic: Mimic) -> LoadedMimic:
    """The mimic as one model, with a tokenizer that knows its chat template."""
    from chatmimic.transcript import Cast, make_form

    whole = mimic.load_whole()
    form = make_form(str(mimic.manifest["form"]), whole.tokenizer, Cast(mimic.people))
    loaded = LoadedMimic(whole.model, whole.tokenizer, form, mimic)
    # A mimic trained in reverse answers nobody.
    whole.tokenizer.chat_template = None if mimic.manifest.get("reverse") else chat_template(loaded)
    return loaded


@contextlib.contextmanager
def _written(folder: Path, final: Path, model: Any) -> Iterator[Path]:
    """A folder to fill, which is in place at the end. Raises MimicError if the disk fails."""
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(final) as partial:
            yield partial
            keep_files(partial)
    except OSError as error:
        needed = size_in_words(sum(p.nbytes for p in model.parameters()))
        raise MimicError(
            f"Cannot write {folder}: {error.strerror or error} (it needs {needed}).",
            "Free some space there, or choose another folder.",
        ) from error


def _generation(loaded: LoadedMimic) -> Any:
    """How other programs draw a reply unless told otherwise: as `chatmimic chat`, one message."""
    from transformers import GenerationConfig

    form, decoding = loaded.form, decoding_of(loaded.mimic)
    sampled = decoding.temperature > 0
    drawn = {"temperature": decoding.temperature, "top_p": decoding.top_p} if sampled else {}
    ends = sorted({form.end_of_conversation, *form.ends})
    return GenerationConfig(
        bos_token_id=form.end_of_conversation,
        eos_token_id=ends[:_MOST_ENDS],
        pad_token_id=form.end_of_conversation,
        max_new_tokens=decoding.max_tokens,
        do_sample=sampled,
        **drawn,
    )
