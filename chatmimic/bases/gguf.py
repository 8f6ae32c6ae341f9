"""GGUF files as bases: their weights are converted once into a folder of the home.

GGUF is the format of Ollama, LM Studio and llama.cpp: one file, with matrices of a few bits per
number. transformers can read many of them, but cannot train or save what it read, so the weights
are copied into a new model.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from chatmimic.bases.gguf_file import Head, read_head
from chatmimic.bases.loading import explained, load_gguf, quiet
from chatmimic.bases.source import source_of
from chatmimic.errors import BaseError, DamagedBase, TrainingError
from chatmimic.files import (
    atomic_folder,
    file_digest,
    keep_files,
    private_folder,
    size_in_words,
    write_atomically,
)
from chatmimic.folders import folder_name
from chatmimic.home import Home
from chatmimic.lock import Lock

LOCK = ".lock"
# Architectures that transformers reads from GGUF and that are trained on text alone.
READ = (
    *("llama", "mistral", "qwen2", "qwen3", "phi3", "gemma2", "gemma3", "gpt2"),
    *("falcon", "bloom", "stablelm", "starcoder2", "nemotron", "lfm2"),
)
_WAIT = 0.2  # seconds between two checks whether another process is done
_BYTES = 6  # per parameter during conversion: float32, and what is kept


def base_of_file(
    file: Path,
    home: Home,
    notify: Callable[[str], None] = lambda words: None,
    called: str = "",
    card: str = "",
) -> Path:
    """The folder of a GGUF file's base in the home; it is made if it does not exist yet.

    `called` is the name of the base (default: that of the file); `card` the address of its model
    card, unless the file has one; `notify` is called with what takes a while. Raises BaseError if
    the file is damaged or of an unsupported architecture, if there is too little memory or disk
    space, and if the package `gguf` is missing.
    """
    seen = _seen(file)
    if seen and (folder := _made_before(home, called or file.stem, seen)):
        return folder
    head = read_head(file)
    _check_architecture(head)
    digest = file_digest(file)
    folder = _place(home, called or file.stem, digest)
    if folder.exists():
        return folder
    private_folder(home.bases)
    _check_can_be_read(head, home.bases)
    with _alone(home.bases / LOCK, notify):
        folder = _place(home, called or file.stem, digest)  # another process may have made it
        if not folder.exists():
            notify(f"converting {head.file.name} into a base (once)")
            source = {"sha256": digest, **seen, **_described(head, card)}
            _convert(head, source, folder)
    return folder


def _seen(file: Path) -> dict[str, Any]:
    """Name, size and time of a file, to recognise it without reading it; {} if it is missing."""
    with contextlib.suppress(OSError):
        found = file.stat()
        return {"file": file.name, "bytes": found.st_size, "modified_ns": found.st_mtime_ns}
    return {}


def _made_before(home: Home, stem: str, seen: Mapping[str, Any]) -> Path | None:
    """The folder that was made from a file with the same name, size and time."""
    return next((f for f in _numbered(home, stem) if seen.items() <= source_of(f).items()), None)


def _place(home: Home, stem: str, digest: str) -> Path:
    """The folder that was made from the file with this digest, else a new one."""
    found = list(_numbered(home, stem))
    same = (folder for folder in found if source_of(folder).get("sha256") == digest)
    name = folder_name(stem)
    free = home.bases / (f"{name}-{len(found) + 1}" if found else name)
    return next(same, free)


def _numbered(home: Home, stem: str) -> Iterator[Path]:
    """The existing bases of this name: `smollm2`, `smollm2-2`, …"""
    name = folder_name(stem)
    numbered = (home.bases / (name if n == 1 else f"{name}-{n}") for n in count(1))
    return takewhile(Path.exists, numbered)


@contextlib.contextmanager
def _alone(lock: Path, notify: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process is making a base, and lock it out."""
    reported = False
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(Lock(lock, "A base"))
                break
            except TrainingError:
                if not reported:
                    notify("waiting for another chatmimic process that is making a base")
                reported = True
                time.sleep(_WAIT)
        yield


def _described(head: Head, card: str) -> dict[str, Any]:
    """What is recorded about a file's model: name, licence, model card."""
    return {
        "model": head.values.get("general.name"),
        "license": head.license or None,
        "card": card or head.card or None,
    }


def _check_architecture(head: Head) -> None:
    if head.is_part:
        raise BaseError(
            f"{head.file} is only a part of a model that is split into several files.",
            "Merge them with llama.cpp's `llama-gguf-split`, or use another base.",
        )
    if head.architecture not in READ:
        raise BaseError(
            f'{head.file} has the architecture "{head.architecture}", which is not supported.',
            f"Supported: {', '.join(READ)}.",
        )


def _check_can_be_read(head: Head, bases: Path) -> None:
    """Raise BaseError for what would fail later: a truncated file, too little memory or disk."""
    if find_spec("gguf") is None:
        raise BaseError(
            f"Reading {head.file.name} needs the package gguf.",
            "Install it: pip install 'chatmimic[gguf]'.",
        )
    _check_whole(head)
    import psutil

    needed = head.parameters * _BYTES
    if needed > (free := psutil.virtual_memory().available):
        raise BaseError(
            f"{head.file.name} has {head.parameters:,} parameters: converting it takes "
            f"{size_in_words(needed)} of memory, but only {size_in_words(free)} are free.",
            "Close other programs, or choose a smaller model.",
        )
    if _size(head) > (room := shutil.disk_usage(bases).free):
        raise _no_room(head, bases, f"only {size_in_words(room)} are free")


def _check_whole(head: Head) -> None:
    """Raise DamagedBase if the file ends before its last tensor does."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    ends = head.begins
    for tensor in head.tensors:
        with contextlib.suppress(ValueError):  # a newer format: transformers reports it
            numbers, size = GGML_QUANT_SIZES[GGMLQuantizationType(tensor.format)]
            ends = max(ends, head.begins + tensor.offset + tensor.numbers // numbers * size)
    if ends > (there := head.file.stat().st_size):
        raise DamagedBase(
            f"{head.file} is cut short: {there:,} bytes instead of {ends:,}.",
            "Download the file again, or use another base.",
        )


def _size(head: Head) -> int:
    """Size of the resulting base in bytes, without its tokenizer."""
    return 2 * head.parameters


def _no_room(head: Head, bases: Path, why: str) -> BaseError:
    return BaseError(
        f"Cannot write the base from {head.file.name} into {bases}: it needs "
        f"{size_in_words(_size(head))}, but {why}.",
        "Free some space there, or choose another place with --home.",
    )


def _convert(head: Head, source: dict[str, Any], final: Path) -> None:
    """Write the folder of the base, completely or not at all."""
    from safetensors import SafetensorError

    made, tokenizer = _read(head)
    try:
        with atomic_folder(final) as folder:
            with quiet():
                made.save_pretrained(folder, max_shard_size="100GB")
                tokenizer.save_pretrained(folder)
            facts = _facts(head, source, final.name)
            write_atomically(folder / "base.json", json.dumps(facts, ensure_ascii=False, indent=2))
            keep_files(folder)
    except (OSError, SafetensorError) as error:
        # The errors of safetensors end in the system's message: "I/O error: No space left …".
        why = getattr(error, "strerror", None) or str(error).rpartition(": ")[2]
        raise _no_room(head, final.parent, why) from error


def _facts(head: Head, source: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "called": name,
        "parameters": head.parameters,
        "source": source,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read(head: Head) -> tuple[Any, Any]:
    """A model that can be saved, with two bytes per parameter, and its tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with explained(head.file, "read"):
        with _bar(head) as done:
            model, tokenizer = load_gguf(head.file, head.precision, done)
        # A model read from GGUF cannot be saved, so a new model takes over its weights.
        plain = {k: v for k, v in model.config.to_dict().items() if k != "quantization_config"}
        config = AutoConfig.for_model(plain.pop("model_type"), **plain)
        config.architectures = [type(model).__name__]
        with torch.device("meta"):
            made = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
        made.load_state_dict(model.state_dict(), assign=True)
        made.tie_weights()
    return made, tokenizer


@contextlib.contextmanager
def _bar(head: Head) -> Iterator[Callable[[], None]]:
    """A progress bar of the tensors read, on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading the weights", total=len(head.tensors))
        yield lambda: progress.advance(task)
