"""GGUF files of other programs on this machine: Ollama, LM Studio, llama.cpp, the hub's cache.

Ollama stores the parts of a model by digest, and lists them in a manifest::

    manifests/<host>/<owner>/<model>/<tag>   JSON: "layers", each with a media type and a digest
    blobs/sha256-<digest>                    the parts; one is the GGUF file
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chatmimic.bases.gguf_file import is_gguf
from chatmimic.files import typed_path

_HOST, _OWNER = "registry.ollama.ai", "library"  # left out of names by Ollama
_MODEL = "application/vnd.ollama.image.model"
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})", re.ASCII)
_LARGEST = 1 << 20  # bytes of a manifest
_DEEPEST = 6  # nesting of LM Studio's folders; it uses two levels


@dataclass(frozen=True)
class Kept:
    """A GGUF file of another program, and the name that `--base` accepts for it."""

    program: str
    name: str
    file: Path


def kept_elsewhere() -> list[Kept]:
    """All such files on this machine, each once, sorted by program and name."""
    found = {kept.file.resolve(): kept for kept in (*_in_folders(), *_of_ollama())}
    return sorted(found.values(), key=lambda kept: (kept.program, kept.name))


def ollama_file(name: str) -> Path | None:
    """The GGUF file of a model by its name in Ollama, e.g. `llama3.2:1b`; None if there is none."""
    return next((kept.file for kept in _of_ollama() if kept.name == name), None)


def _of_ollama() -> Iterator[Kept]:
    for top in _ollama_folders():
        for manifest in sorted((top / "manifests").glob("*/*/*/*")):
            digest = _model_in(manifest)
            blob = top / "blobs" / f"sha256-{digest}"
            if digest and is_gguf(blob):
                yield Kept("Ollama", _ollama_name(manifest), blob)


def _ollama_folders() -> list[Path]:
    """The folders of Ollama's models: if run by the user, or as a service on Linux."""
    if told := os.environ.get("OLLAMA_MODELS"):
        return [typed_path(told)]
    return [Path(os.path.expanduser("~/.ollama/models")), Path("/usr/share/ollama/.ollama/models")]


def _ollama_name(manifest: Path) -> str:
    host, owner, model, tag = manifest.parts[-4:]
    parts = [host, owner, model]
    if host == _HOST:
        parts = [model] if owner == _OWNER else [owner, model]
    return f"{'/'.join(parts)}:{tag}"


def _model_in(manifest: Path) -> str:
    """The digest of the GGUF file in a manifest; "" if there is none."""
    with contextlib.suppress(
        OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError
    ):
        with manifest.open("rb") as content:
            layers = json.loads(content.read(_LARGEST))["layers"]
        digests = (layer["digest"] for layer in layers if layer.get("mediaType") == _MODEL)
        found = _DIGEST.fullmatch(next(digests, ""))
        return found[1] if found else ""
    return ""


def _in_folders() -> Iterator[Kept]:
    for program, top in _folders():
        for file in _gguf_files(top):
            if is_gguf(file):
                yield Kept(program, str(file), file)


def _folders() -> Iterator[tuple[str, Path]]:
    home = Path(os.path.expanduser("~"))
    yield "hub", _hub_cache()
    yield "llama.cpp", _llama_cpp()
    yield "LM Studio", home / ".cache" / "lm-studio" / "models"
    yield "LM Studio", home / ".lmstudio" / "models"
    with contextlib.suppress(OSError, UnicodeDecodeError):  # if the user moved it
        told = (home / ".lmstudio-home-pointer").read_text("utf-8").strip()
        if os.path.isabs(told):
            yield "LM Studio", Path(told) / "models"


def _hub_cache() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _llama_cpp() -> Path:
    if told := os.environ.get("LLAMA_CACHE"):
        return Path(told)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "")) / "llama.cpp"
    caches = "Library/Caches" if sys.platform == "darwin" else ".cache"
    own = os.environ.get("XDG_CACHE_HOME", "") if sys.platform == "linux" else ""
    return Path(own or os.path.expanduser(f"~/{caches}")) / "llama.cpp"


def _gguf_files(top: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(top):
        if len(Path(folder).relative_to(top).parts) >= _DEEPEST:
            below.clear()
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".gguf"))
