"""A GGUF file as a base: its weights written once into a folder of the home that training opens.

GGUF is what Ollama, LM Studio and llama.cpp keep models in: one file, its matrices in a few bits a
number. transformers reads many of them, but trains from and saves none, so the weights are taken
out of what it reads.
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
from chatmimic.errors import BaseError, DamagedBase, TrainingError
from chatmimic.files import (
    file_digest,
    keep_files,
    private_folder,
    size_in_words,
    whole_folder,
    write_whole,
)
from chatmimic.folders import folder_name
from chatmimic.home import Home
from chatmimic.lock import Lock

LOCK = ".lock"
# What transformers reads of GGUF and trains as text alone.
READ = (
    *("llama", "mistral", "qwen2", "qwen3", "phi3", "gemma2", "gemma3", "gpt2"),
    *("falcon", "bloom", "stablelm", "starcoder2", "nemotron", "lfm2"),
)
_WAIT = 0.2  # seconds between two looks whether another process is done
_BYTES = 6  # a parameter while it is converted: float32 and bfloat16


def base_of_file(
    file: Path,
    home: Home,
    tell: Callable[[str], None] = lambda words: None,
    called: str = "",
    card: str = "",
) -> Path:
    """The folder of a GGUF file's base in the home, made if it is not there yet.

    `called` is the base's name, else the file's; `card` the address of its model card, where the
    file does not say; `tell` hears what takes its time. Raises BaseError for a file that is damaged
    or of an architecture that transformers does not read, where there is too little memory or room
    on the disk, and where the package `gguf` is missing.
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
    with _alone(home.bases / LOCK, tell):
        folder = _place(home, called or file.stem, digest)  # another process may have made it
        if not folder.exists():
            tell(f"making a base of {head.file.name} (once)")
            source = {"sha256": digest, **seen, **_said_of(head, card)}
            _convert(head, source, folder)
    return folder


def _seen(file: Path) -> dict[str, Any]:
    """What tells a file from others without reading it; nothing where it is not there."""
    with contextlib.suppress(OSError):
        found = file.stat()
        return {"file": file.name, "bytes": found.st_size, "modified_ns": found.st_mtime_ns}
    return {}


def _made_before(home: Home, stem: str, seen: Mapping[str, Any]) -> Path | None:
    """The folder that was made from a file which looks like this one: it is not read again."""
    return next((f for f in _numbered(home, stem) if seen.items() <= source_of(f).items()), None)


def _place(home: Home, stem: str, digest: str) -> Path:
    """The folder that was made from the file with this digest, else a free one."""
    found = list(_numbered(home, stem))
    same = (folder for folder in found if source_of(folder).get("sha256") == digest)
    name = folder_name(stem)
    free = home.bases / (f"{name}-{len(found) + 1}" if found else name)
    return next(same, free)


def _numbered(home: Home, stem: str) -> Iterator[Path]:
    """The bases of this name: `smollm2`, `smollm2-2`, until the first that there is not."""
    name = folder_name(stem)
    numbered = (home.bases / (name if n == 1 else f"{name}-{n}") for n in count(1))
    return takewhile(Path.exists, numbered)


@contextlib.contextmanager
def _alone(lock: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process makes a base."""
    told = False
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(Lock(lock, "A base"))
                break
            except TrainingError:
                if not told:
                    tell("waiting for another chatmimic that is making a base")
                told = True
                time.sleep(_WAIT)
        yield


def source_of(folder: Path) -> dict[str, Any]:
    """What a base says of the file that it was made from; nothing if it was made from none."""
    try:
        said = json.loads((folder / "base.json").read_text("utf-8"))["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def _said_of(head: Head, card: str) -> dict[str, Any]:
    """What stays known of a file's model: its name, its licence, its card."""
    return {
        "model": head.values.get("general.name"),
        "license": head.license or None,
        "card": card or head.card or None,
    }


def _check_architecture(head: Head) -> None:
    if head.is_part:
        raise BaseError(
            f"{head.file} is one of several files that are a model together.",
            "Put them together with llama.cpp's `llama-gguf-split`, or give another base.",
        )
    if head.architecture not in READ:
        raise BaseError(
            f'{head.file} is of the architecture "{head.architecture}", which cannot be read.',
            f"These can: {', '.join(READ)}.",
        )


def _check_can_be_read(head: Head, bases: Path) -> None:
    """Refuse what would fail after a while: a cut file, too little memory, too full a disk."""
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
            f"{head.file.name} has {head.parameters:,} parameters: reading it takes "
            f"{size_in_words(needed)} of memory, and {size_in_words(free)} are free.",
            "Close other programs, or choose a smaller model.",
        )
    if _size(head) > (room := shutil.disk_usage(bases).free):
        raise _no_room(head, bases, f"there is room for {size_in_words(room)}")


def _check_whole(head: Head) -> None:
    """Refuse a file that ends before its last tensor does."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    ends = head.begins
    for tensor in head.tensors:
        with contextlib.suppress(ValueError):  # a format of a later day: transformers says so
            numbers, size = GGML_QUANT_SIZES[GGMLQuantizationType(tensor.format)]
            ends = max(ends, head.begins + tensor.offset + tensor.numbers // numbers * size)
    if ends > (there := head.file.stat().st_size):
        raise DamagedBase(
            f"{head.file} is cut short: {there:,} bytes instead of {ends:,}.",
            "Fetch the file again, or give another base.",
        )


def _size(head: Head) -> int:
    """Bytes of the base that a file becomes, its tokenizer aside."""
    return 2 * head.parameters


def _no_room(head: Head, bases: Path, why: str) -> BaseError:
    return BaseError(
        f"Cannot write a base of {head.file.name} into {bases}: it needs "
        f"{size_in_words(_size(head))}, and {why}.",
        "Free some space there, or choose another place with --home.",
    )


def _convert(head: Head, source: dict[str, Any], final: Path) -> None:
    """Write the base's folder, whole or not at all."""
    from safetensors import SafetensorError

    made, tokenizer = _read(head)
    try:
        with whole_folder(final) as folder:
            with quiet():
                made.save_pretrained(folder, max_shard_size="100GB")
                tokenizer.save_pretrained(folder)
            facts = _facts(head, source, final.name)
            write_whole(folder / "base.json", json.dumps(facts, ensure_ascii=False, indent=2))
            keep_files(folder)
    except (OSError, SafetensorError) as error:
        # What safetensors raises has the system's words at its end: "I/O error: No space left …".
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
    """A model that can be saved, in bfloat16, and its tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with explained(head.file, "read"):
        with _bar(head) as done:
            model, tokenizer = load_gguf(head.file, done)
        # What was read from GGUF refuses to be saved: a new model takes its weights.
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
    """A bar on standard error that moves with each tensor, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading the weights", total=len(head.tensors))
        yield lambda: progress.advance(task)
