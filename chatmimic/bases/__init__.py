"""Bases: the models that training starts from, given by name, by folder, or the starter.

::

    name ──▶ find_base ──▶ a folder on this machine ──▶ open_base ──▶ model and tokenizer

`hub.py` is the only module of the project that uses the network, and only for a name that is
neither `starter` nor a folder nor already in the cache. `folder.py` checks a folder without loading
it, `download.py` fetches one file and can resume, and `loading.py` loads a checked folder with
transformers. Nothing here loads a pickle or runs code that came with a base.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chatmimic.bases.adapter import read_adapter
from chatmimic.bases.adapter_base import base_of, digest_of
from chatmimic.bases.elsewhere import ollama_file
from chatmimic.bases.folder import BaseInfo, check_tokenizer, inspect_base
from chatmimic.bases.gguf_file import is_gguf
from chatmimic.bases.smollm2 import CARD, is_ready, need_smollm2, smollm2_file
from chatmimic.bases.smollm2 import NAME as SMOLLM2
from chatmimic.bases.terms import STARTER, STARTER_FOLDER, Terms, short_name, terms_of
from chatmimic.errors import BaseError
from chatmimic.files import typed_path
from chatmimic.folders import called
from chatmimic.home import Home
from chatmimic.lookup import close, suggestion

# Turn off telemetry. The hub's library reads these variables when it is first imported.
for _switch in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_switch, "1")

DEFAULT = "gpt2-medium"  # the default of `chatmimic train --base`

__all__ = [
    "DEFAULT",
    "SMOLLM2",
    "STARTER",
    "Base",
    "BaseInfo",
    "FoundBase",
    "Terms",
    "base_here",
    "describe_base",
    "find_base",
    "load_whole",
    "is_here",
    "locate_base",
    "open_base",
    "option_that_works",
    "own_base",
    "own_bases",
    "terms_of",
    "weights_folder",
]


@dataclass(frozen=True)
class Base:
    """A causal language model in memory (float32, on the CPU) with its tokenizer."""

    model: Any
    tokenizer: Any
    name: str
    where: Path | None  # None for a new one, which is not on disk yet


@dataclass(frozen=True)
class FoundBase:
    """A base on this machine: its name, its folder, and where else its tokenizer is taken from."""

    name: str
    folder: Path
    tokenizer: str | None = None

    def open(
        self,
        *,
        dropout: float = 0.0,
        attention: str = "sdpa",
        load: Callable[[Path], Any] | None = None,
    ) -> Base:
        """Load it, with the options of `open_base`. Raises BaseError."""
        from chatmimic.bases.loading import load_tokenizer

        # Before the tokenizer needs memory too.
        if load is not None:
            model = load(self.folder)
        else:
            model = load_whole(self.folder, dropout=dropout, attention=attention)
        words = load_tokenizer(typed_path(self.tokenizer) if self.tokenizer else self.folder)
        if len(words) > model.get_input_embeddings().num_embeddings:
            raise BaseError(
                f"The tokenizer of {short_name(self.name)} has {len(words):,} tokens, but its "
                f"model only {model.get_input_embeddings().num_embeddings:,}.",
                "They belong to different models: choose the right tokenizer with --tokenizer.",
            )
        return Base(model, words, self.name, self.folder)

    def digest(self) -> str:
        """The SHA-256 of its weights (see `digest_of`). Raises BaseError."""
        return digest_of(self.folder)


def own_base(name: str, home: Home) -> str:
    """The folder of the base of that name in this home; if there is none, the name itself.

    Raises BaseError if the name matches several.
    """
    found = called(home.bases, name, own_bases(home))
    if len(found) > 1:
        raise BaseError(f'"{name}" matches several bases.', f"Choose one: {', '.join(found)}.")
    return str(home.bases / found[0]) if found else name


def base_here(name: str, home: Home, notify: Callable[[str], None] = lambda words: None) -> str:
    """The argument of `open_base` for a base named by a user: a folder of the home, or the name.

    Bases of this home have their names there. A GGUF file, a model of Ollama (`llama3.2:1b`) and
    `smollm2` are first converted into a base of the home; `notify` is called with what is being
    done. Raises BaseError.
    """
    file = typed_path(name)
    if _is_smollm2(name) and not os.path.isdir(file):
        return _smollm2(name, home, notify)
    own = own_base(name, home)
    if own != name:
        return own
    called = ""
    if not os.path.exists(file) and ":" in name and (kept := ollama_file(name)):
        file, called = kept, name
    if os.path.isfile(file) and is_gguf(file):
        from chatmimic.bases.gguf import base_of_file

        return str(base_of_file(file.absolute(), home, notify, called))
    return name


def _is_smollm2(name: str) -> bool:
    return name.casefold() == SMOLLM2


def _smollm2(name: str, home: Home, notify: Callable[[str], None]) -> str:
    """The base made from the package's file, or one of that name made from something else.

    If the package was removed, it is the one made from it before. Another version of the package
    may contain another file, which is another base.
    """
    from chatmimic.bases.gguf import base_of_file
    from chatmimic.bases.source import source_of

    own = own_base(name, home)
    if own != name and (smollm2_file() is None or not source_of(Path(own))):
        return own
    return str(base_of_file(need_smollm2(), home, notify, SMOLLM2, CARD))


def own_bases(home: Home) -> list[str]:
    """The names of all bases that were made in this home, by `pretrain` or from GGUF files."""
    if not home.bases.is_dir():
        return []
    # Folders with a dot belong to a run that is writing its base, or was killed while doing so.
    return sorted(f.name for f in home.bases.glob("[!.]*") if (f / "config.json").is_file())


def option_that_works(home: Home) -> str:
    """The option that a suggested `chatmimic train` needs so that it works without the hub.

    "" if the default base is on this machine, else ` --base smollm2` or ` --base starter`; also ""
    if the starter is not installed. Does not import torch.
    """
    if is_here(DEFAULT, home):
        return ""
    if is_here(SMOLLM2, home):
        return f" --base {SMOLLM2}"
    return f" --base {STARTER}" if is_here(STARTER, home) else ""


def is_here(name: str, home: Home) -> bool:
    """Whether a base can be opened right now, without fetching or installing anything."""
    if _is_smollm2(name) and is_ready():
        return True
    if name == STARTER:
        return (STARTER_FOLDER / "config.json").is_file()
    from chatmimic.bases.hub import cached

    with contextlib.suppress(BaseError):  # for an invalid HF_ENDPOINT
        return own_base(name, home) != name or os.path.isdir(name) or cached(name) is not None
    return False


def find_base(name: str, *, tokenizer: str | None = None) -> Path:
    """The folder of a base, fetched from the hub first if it is a hub name and not in the cache.

    Loads no weights and imports neither torch nor transformers. `tokenizer` is another folder or
    file to take the tokenizer from. Raises BaseError, within three seconds if the hub cannot be
    reached.
    """
    folder = local_base(name)
    if folder is None:
        from chatmimic.bases.hub import cached, fetch

        try:
            folder = cached(name, with_tokenizer=tokenizer is None) or fetch(name)
        except BaseError as error:
            hint = suggestion(close(name, (STARTER, SMOLLM2)))
            raise type(error)(error.what, f"{hint}{error.hint}") from error
    _inspect_base(folder, name, tokenizer)
    return folder


def locate_base(name: str, *, tokenizer: str | None = None) -> FoundBase:
    """The base of that name, found once for all that is done with it (see `find_base`)."""
    return FoundBase(name, find_base(name, tokenizer=tokenizer), tokenizer)


def describe_base(name: str) -> BaseInfo:
    """Parameters, layers and context length of a base on this machine, without loading it.

    Nothing is fetched, but the base of an adapter may be made again (see `base_of`). Raises
    BaseError if the base is not on this machine or is damaged.
    """
    folder = local_base(name)
    if folder is None:
        from chatmimic.bases.hub import cached

        folder = cached(name)
    if folder is None:
        raise BaseError(
            f'The base "{name}" is not on this machine yet.', "`chatmimic train` downloads it."
        )
    return _inspect_base(folder, name)


def _inspect_base(folder: Path, name: str, tokenizer: str | None = None) -> BaseInfo:
    """Check a folder and describe it; for an adapter, describe its base."""
    adapter = read_adapter(folder)
    if adapter is None:
        return inspect_base(folder, name, tokenizer)
    whole = inspect_base(base_of(adapter), name, tokenizer)
    check_tokenizer(folder, tokenizer)
    return replace(whole, where=folder, bytes=whole.bytes + adapter.weights.stat().st_size)


def open_base(
    name: str,
    *,
    dropout: float = 0.0,
    attention: str = "sdpa",
    tokenizer: str | None = None,
    load: Callable[[Path], Any] | None = None,
) -> Base:
    """Load a base: `starter`, a folder, or a name on the model hub.

    `dropout` (0 to 1) sets all dropout probabilities of the architecture. By default the model is
    float32, with an adapter merged into its weights; `load`, a function of the folder, returns
    another one. Raises BaseError.

    Example::

        base = open_base("starter")
        base.model(**base.tokenizer("hello", return_tensors="pt"))
    """
    found = locate_base(name, tokenizer=tokenizer)
    return found.open(dropout=dropout, attention=attention, load=load)


def weights_folder(folder: Path) -> Path:
    """The folder with the configuration and the weights: of an adapter, its base's."""
    adapter = read_adapter(folder)
    return folder if adapter is None else base_of(adapter)


def load_whole(folder: Path, **options: Any) -> Any:
    """The model of a folder; an adapter's is that of its base with the adapter merged."""
    from chatmimic.bases.adapter import merge
    from chatmimic.bases.loading import load_model

    adapter = read_adapter(folder)
    if adapter is None:
        return load_model(folder, **options)
    model = load_model(base_of(adapter), **options)
    merge(model, adapter)
    return model


def local_base(name: str) -> Path | None:
    """The local folder that `name` means; None for a hub name."""
    if name == STARTER:
        return _starter()
    path = typed_path(name)
    if name and os.path.isdir(path):  # pathlib's is_dir raises for a name that is too long
        return path.absolute()
    if os.path.isfile(path) and path.suffix == ".gguf":
        raise BaseError(f"{name} is not a GGUF file, in spite of its name.", "Download it again.")
    if os.path.isfile(path):
        raise BaseError(
            f"The base {name} is a file, not a folder.",
            "Use the folder with config.json and model.safetensors, or a GGUF file.",
        )
    if path.is_absolute() or name.startswith((".", "~")) or "\\" in name or name.count("/") > 1:
        raise BaseError(
            f"There is no base at {name}: no such file or folder.",
            "Use a folder, a GGUF file, a name on the model hub such as gpt2-medium, or "
            "`--base starter`.",
        )
    return None


def _starter() -> Path:
    if not (STARTER_FOLDER / "config.json").is_file():
        raise BaseError(
            "The starter is not part of this installation of chatmimic.",
            "Install a released package, or use another base with --base.",
        )
    return STARTER_FOLDER
