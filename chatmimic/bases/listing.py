"""The bases on this machine, and what is known of each without loading it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chatmimic.bases import STARTER, describe_base, own_bases
from chatmimic.bases.elsewhere import Kept, kept_elsewhere
from chatmimic.bases.folder import BaseInfo, inspect_base, read_json
from chatmimic.bases.gguf import READ
from chatmimic.bases.gguf_file import Head, read_head
from chatmimic.bases.hub import cached, cached_names
from chatmimic.bases.smollm2 import INSTALL, smollm2_file
from chatmimic.bases.smollm2 import NAME as SMOLLM2
from chatmimic.bases.terms import Terms, terms_of
from chatmimic.errors import BaseError
from chatmimic.files import folder_size
from chatmimic.home import Home

# Class names of causal language models end in one of these.
_CAUSAL = ("ForCausalLM", "LMHeadModel")


@dataclass(frozen=True)
class Listed:
    """A base: its name for `--base`, where it comes from, and `fault`, why it cannot be used.

    `source` is starter, package, home (made here), hub, Ollama, LM Studio or llama.cpp.
    `parameters` is None and `architecture` is "" if unknown; `bytes` is the size on disk. `said` is
    the content of `base.json`, of a base made here.
    """

    base: str
    source: str
    parameters: int | None = None
    architecture: str = ""
    bytes: int = 0
    fault: str = ""
    terms: Terms = Terms()
    path: Path | None = None
    description: dict[str, Any] = field(default_factory=dict)


def list_bases(home: Home) -> list[Listed]:
    """List the starter, smollm2, the bases of this home, and models of other programs."""
    made = [_made(home.bases / name) for name in own_bases(home)]
    found = [_starter()]
    if SMOLLM2 not in (one.base for one in made):
        found.append(_smollm2())
    return [*found, *made, *_of_hub(), *map(_kept, kept_elsewhere())]


def _starter() -> Listed:
    try:
        return _from_info(describe_base(STARTER), "starter")
    except BaseError as error:
        return Listed(STARTER, "starter", fault=error.what)


def _smollm2() -> Listed:
    terms = terms_of(SMOLLM2)
    if (file := smollm2_file()) is None:
        return Listed(SMOLLM2, "package", fault=f"not installed: {INSTALL}", terms=terms)
    return _gguf(SMOLLM2, "package", file, terms)


def _made(folder: Path) -> Listed:
    """A base of this home; what its `base.json` does not say is left empty."""
    description: dict[str, Any] = {}
    try:
        description = read_json(folder / "base.json")
        kind = str(read_json(folder / "config.json").get("model_type", ""))
    except BaseError:
        kind = ""
    parameters = description.get("parameters")
    return Listed(
        folder.name,
        "home",
        parameters if isinstance(parameters, int) else None,
        kind,
        folder_size(folder),
        terms=terms_of(str(folder)),
        path=folder,
        description=description,
    )


def _of_hub() -> Iterator[Listed]:
    """The complete causal language models in the hub's cache."""
    for name in cached_names():
        folder = cached(name)
        try:
            if folder is not None and _is_causal(folder):
                facts = inspect_base(folder, name)
                yield _from_info(facts, "hub", _unknown(facts.architecture))
        except BaseError as error:
            yield Listed(name, "hub", fault=error.what, path=folder)


def _is_causal(folder: Path) -> bool:
    named = read_json(folder / "config.json").get("architectures")
    return isinstance(named, list) and any(str(n).endswith(_CAUSAL) for n in named)


def _unknown(architecture: str) -> str:
    """The fault of an architecture that the installed transformers does not know; "" if it does."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    known = architecture in CONFIG_MAPPING_NAMES
    return "" if known else f'the architecture "{architecture}" is unknown to transformers'


def _from_info(facts: BaseInfo, source: str, fault: str = "") -> Listed:
    return Listed(
        facts.name,
        source,
        facts.parameters,
        facts.architecture,
        facts.bytes,
        fault,
        terms_of(facts.name),
        facts.where,
    )


def _kept(kept: Kept) -> Listed:
    return _gguf(kept.name, kept.program, kept.file)


def _gguf(name: str, source: str, file: Path, terms: Terms | None = None) -> Listed:
    """List a GGUF file by its header."""
    try:
        head = read_head(file)
        size = file.stat().st_size
    except (BaseError, OSError) as error:
        what = error.what if isinstance(error, BaseError) else f"cannot be read: {error.strerror}"
        return Listed(name, source, fault=what, path=file)
    return Listed(
        name,
        source,
        head.parameters,
        head.architecture,
        size,
        _not_read(head),
        terms or Terms(head.license, head.card),
        file,
    )


def _not_read(head: Head) -> str:
    if head.architecture not in READ:
        return f'the architecture "{head.architecture}" is not supported'
    if head.is_part:
        return "it is split into several files, which is not supported"
    if find_spec("gguf") is None:
        return "reading it needs the package gguf: pip install 'chatmimic[gguf]'"
    return ""
