"""The licence and the model card of a base."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from chatmimic.bases.smollm2 import CARD, LICENSE
from chatmimic.bases.smollm2 import NAME as SMOLLM2
from chatmimic.files import read_up_to

STARTER = "starter"
STARTER_FOLDER = Path(__file__).parent.parent / "starter"
# Files of a folder that may say what it was made from; the first one that does counts.
_RECORDS = ("base.json", "mimic.json")
_LICENSE = re.compile(r"^license: *[\"']?([\w.-]+)", re.MULTILINE)
_LARGEST = 64 << 20  # bytes of a file that tells terms
_DEEP = 8  # length of a chain of bases made from one another


@dataclass(frozen=True)
class Terms:
    """The licence of a base's weights and its model card: an address, or a file; "" if unknown."""

    license: str = ""
    card: str = ""

    def __str__(self) -> str:
        """`Apache-2.0, https://…`, or nothing."""
        return ", ".join(filter(None, (self.license, self.card)))


def terms_of(base: str) -> Terms:
    """The terms of a base, given as for `--base`, as far as they are known on this machine.

    A base or mimic that was trained from another base has the terms of that base.
    """
    return _terms(base, _DEEP)


def short_name(base: str) -> str:
    """The name of a base on the screen: the last part of an absolute path, else the whole name.

    A path may come from another machine with another operating system.
    """
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(base).is_absolute():
            return kind(base).name or base
    return base


def named_with_terms(base: str, terms: Terms) -> str:
    """The short name of a base with its terms: `smollm2 (Apache-2.0, https://…)`."""
    name = short_name(base)
    return f"{name} ({terms})" if str(terms) else name


def _terms(base: str, deep: int) -> Terms:
    if base == STARTER:
        return Terms("CC BY-SA 4.0", "chatmimic/starter/MODEL_CARD.md")
    if base == SMOLLM2:
        return Terms(LICENSE, CARD)
    if os.path.isdir(base):
        return _of_folder(Path(base), deep)
    from chatmimic.bases.hub import address, cached

    with contextlib.suppress(Exception):
        if folder := cached(base, with_tokenizer=False):
            return Terms(_of_readme(folder), address(base))
    return Terms()


def _of_folder(folder: Path, deep: int) -> Terms:
    for name in _RECORDS:
        data = _object(folder / name)
        if source := _part(data, "source") or _part(data, "base_terms"):
            return Terms(_text(source, "license"), _text(source, "card"))
        if deep and (base := _text(_part(data, "settings"), "base")):
            return _terms(base, deep - 1)
    return Terms(_of_readme(folder))


def _of_readme(folder: Path) -> str:
    """The licence in the front matter of a model card; "" if there is none."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        with (folder / "README.md").open("rb") as card:
            text = card.read(10_000).decode("utf-8", "ignore")
        head = text.split("---", 2)[1] if text.startswith("---") else ""
        if found := _LICENSE.search(head):
            return found[1]
    return ""


def _object(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = json.loads(read_up_to(file, _LARGEST))
        return found if isinstance(found, dict) else {}
    return {}


def _part(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
