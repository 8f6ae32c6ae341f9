"""Bases: the models that training starts from, by name, by folder, or the starter.

The road of a base is one way::

    name ──▶ find_base ──▶ a folder on this machine ──▶ open_base ──▶ model and tokenizer

`hub.py` is the only module of the project that reaches the network, and only for a name that is
neither `starter` nor a folder nor already fetched. `folder.py` looks a folder over without
loading it, `download.py` fetches one file and can go on where it stopped, and `loading.py` hands a
sound folder to transformers. Nothing here loads a pickle or runs code that came with a base.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chatmimic.bases.adapter import base_of, read_adapter
from chatmimic.bases.elsewhere import ollama_file
from chatmimic.bases.folder import BaseFacts, check_tokenizer, look_over
from chatmimic.bases.gguf_file import is_gguf
from chatmimic.bases.smollm2 import CARD, is_ready, need_smollm2, smollm2_file
from chatmimic.bases.smollm2 import NAME as SMOLLM2
from chatmimic.bases.terms import STARTER, STARTER_FOLDER, Terms, terms_of
from chatmimic.errors import BaseError
from chatmimic.folders import called
from chatmimic.home import Home

# The hub's library reads these when it is first imported: nobody is told what is done here.
for _switch in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_switch, "1")

DEFAULT = "gpt2-medium"  # what `chatmimic train` starts from where no base is named

__all__ = [
    "DEFAULT",
    "SMOLLM2",
    "STARTER",
    "Base",
    "BaseFacts",
    "Terms",
    "base_here",
    "describe_base",
    "find_base",
    "is_here",
    "open_base",
    "option_that_works",
    "own_base",
    "own_bases",
    "terms_of",
]


@dataclass(frozen=True)
class Base:
    """A causal language model in memory (float32, on the CPU) with its tokenizer."""

    model: Any
    tokenizer: Any
    name: str
    where: Path | None  # None for a new one, which is on no disk yet


def own_base(name: str, home: Home) -> str:
    """The folder of a base that was made in this home, else the name as it is.

    Raises BaseError where several may be meant.
    """
    found = called(home.bases, name, own_bases(home))
    if len(found) > 1:
        raise BaseError(
            f'Several bases may be meant by "{name}".', f"Say which: {', '.join(found)}."
        )
    return str(home.bases / found[0]) if found else name


def base_here(name: str, home: Home, tell: Callable[[str], None] = lambda words: None) -> str:
    """What `open_base` takes for a base that a user named: the same name, or a folder of the home.

    The bases of this home go by their names; a GGUF file, a model as Ollama calls it, and `smollm2`
    are made into one of them first, of which `tell` hears. Raises BaseError.
    """
    file = Path(name).expanduser()
    if _is_smollm2(name) and not os.path.isdir(file):
        return _smollm2(name, home, tell)
    own = own_base(name, home)
    if own != name:
        return own
    called = ""
    if not os.path.exists(file) and ":" in name and (kept := ollama_file(name)):
        file, called = kept, name
    if os.path.isfile(file) and is_gguf(file):
        from chatmimic.bases.gguf import base_of_file

        return str(base_of_file(file.absolute(), home, tell, called))
    return name


def _is_smollm2(name: str) -> bool:
    return name.casefold() == SMOLLM2


def _smollm2(name: str, home: Home, tell: Callable[[str], None]) -> str:
    """The base of the package's file, or one of that name which was made here of something else.

    Where the package is not there any more it is what was made from it. Another version of the
    package may hold another file, which is another base.
    """
    from chatmimic.bases.gguf import base_of_file, source_of

    own = own_base(name, home)
    if own != name and (smollm2_file() is None or not source_of(Path(own))):
        return own
    return str(base_of_file(need_smollm2(), home, tell, SMOLLM2, CARD))


def own_bases(home: Home) -> list[str]:
    """The names of all bases that were made in this home, by `pretrain` or of GGUF files."""
    if not home.bases.is_dir():
        return []
    # Folders with a dot are a pretraining's that is writing its base, or was killed at it.
    return sorted(f.name for f in home.bases.glob("[!.]*") if (f / "config.json").is_file())


def option_that_works(home: Home) -> str:
    """What a `chatmimic train` shown to a user needs so that it runs without the hub.

    Nothing where the default base is on this machine, else ` --base smollm2` or ` --base starter`;
    nothing either where the starter is not installed. Imports no torch.
    """
    if is_here(DEFAULT, home):
        return ""
    if is_here(SMOLLM2, home):
        return f" --base {SMOLLM2}"
    return f" --base {STARTER}" if is_here(STARTER, home) else ""


def is_here(name: str, home: Home) -> bool:
    """Whether a base can be opened as things are: nothing has to be fetched or installed."""
    if _is_smollm2(name) and is_ready():
        return True
    if name == STARTER:
        return (STARTER_FOLDER / "config.json").is_file()
    from chatmimic.bases.hub import cached

    with contextlib.suppress(BaseError):  # an address that is no hub's: then it holds nothing
        return own_base(name, home) != name or os.path.isdir(name) or cached(name) is not None
    return False


def find_base(name: str, *, tokenizer: str | None = None) -> Path:
    """The folder of a base, fetched from the hub first if it is a hub name and not yet here.

    Loads no weights and imports neither torch nor transformers. `tokenizer` names another folder
    or file to take the tokenizer from. Raises BaseError, within three seconds where the hub
    cannot be reached.
    """
    folder = local_base(name)
    if folder is None:
        from chatmimic.bases.hub import cached, fetch

        folder = cached(name, with_tokenizer=tokenizer is None) or fetch(name)
    _look_over(folder, name, tokenizer)
    return folder


def describe_base(name: str) -> BaseFacts:
    """Parameters, layers and window of a base on this machine; nothing is loaded or fetched.

    Raises BaseError when it is not here or is damaged.
    """
    folder = local_base(name)
    if folder is None:
        from chatmimic.bases.hub import cached

        folder = cached(name)
    if folder is None:
        raise BaseError(
            f'The base "{name}" is not on this machine yet.', "`chatmimic train` fetches it."
        )
    return _look_over(folder, name)


def _look_over(folder: Path, name: str, tokenizer: str | None = None) -> BaseFacts:
    """The facts of a sound folder; those of its base too, where it is an adapter."""
    adapter = read_adapter(folder)
    if adapter is None:
        return look_over(folder, name, tokenizer)
    whole = look_over(base_of(adapter), name, tokenizer)
    check_tokenizer(folder, tokenizer)
    return replace(whole, where=folder, bytes=whole.bytes + adapter.weights.stat().st_size)


def open_base(
    name: str,
    *,
    dropout: float = 0.0,
    attention: str = "sdpa",
    tokenizer: str | None = None,
    prepare: Callable[[Any], Any] | None = None,
) -> Base:
    """Load a base: `starter`, a folder, or a name on the model hub.

    `dropout` (0 to 1) is set wherever the architecture knows one. `prepare` gets the model with its
    weights in the precision that they have on the disk, and gives the one that is wanted. Raises
    BaseError.

    Example::

        base = open_base("starter")
        base.model(**base.tokenizer("hello", return_tensors="pt"))
    """
    folder = find_base(name, tokenizer=tokenizer)
    from chatmimic.bases.loading import load_model, load_tokenizer

    model = load_model(folder, dropout=dropout, attention=attention, stored=prepare is not None)
    if prepare is not None:  # before the tokenizer needs memory too
        model = prepare(model)
    words = load_tokenizer(Path(tokenizer).expanduser() if tokenizer else folder)
    if len(words) > model.get_input_embeddings().num_embeddings:
        raise BaseError(
            f"The tokenizer of {name} knows {len(words):,} tokens and its model only "
            f"{model.get_input_embeddings().num_embeddings:,}.",
            "They belong to different models: give the right one with --tokenizer.",
        )
    return Base(model, words, name, folder)


def local_base(name: str) -> Path | None:
    """The folder that `name` means without a hub; None for a hub name."""
    if name == STARTER:
        return _starter()
    path = Path(name).expanduser()
    if name and os.path.isdir(path):  # pathlib's own would raise for a name too long to be one
        return path.absolute()
    if os.path.isfile(path) and path.suffix == ".gguf":
        raise BaseError(f"{name} is not a GGUF file, whatever it is called.", "Fetch it again.")
    if os.path.isfile(path):
        raise BaseError(
            f"The base {name} is a file, and a base is a folder.",
            "Give the folder that holds config.json and model.safetensors, or a GGUF file.",
        )
    if path.is_absolute() or name.startswith((".", "~")) or "\\" in name or name.count("/") > 1:
        raise BaseError(
            f"There is no base at {name}: no such file or folder.",
            "Give a folder, a GGUF file, a name on the model hub such as gpt2-medium, or "
            "`--base starter`.",
        )
    return None


def _starter() -> Path:
    if not (STARTER_FOLDER / "config.json").is_file():
        raise BaseError(
            "The starter is not part of this installation of chatmimic.",
            "Install a released package, or give another base with --base FOLDER.",
        )
    return STARTER_FOLDER
