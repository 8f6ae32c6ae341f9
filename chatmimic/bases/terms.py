"""Under which licence a base may be used, and where its model card is."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatmimic.bases.smollm2 import CARD, LICENSE
from chatmimic.bases.smollm2 import NAME as SMOLLM2

STARTER = "starter"
STARTER_FOLDER = Path(__file__).parent.parent / "starter"
# Where a folder says what it was made from, the first that does.
_RECORDS = ("base.json", "mimic.json")
_LICENSE = re.compile(r"^license: *[\"']?([\w.-]+)", re.MULTILINE)
_DEEP = 8  # bases that were made from one another


@dataclass(frozen=True)
class Terms:
    """The licence of a base's weights and its model card: an address, or a file; "" if unknown."""

    license: str = ""
    card: str = ""

    def __str__(self) -> str:
        """`Apache-2.0, https://…`, or nothing."""
        return ", ".join(filter(None, (self.license, self.card)))


def terms_of(base: str) -> Terms:
    """The terms of a base as `--base` names it, as far as it is on this machine and says so.

    What was made from another base (a warmed-up base, a mimic that was gone on from) has its terms.
    """
    return _terms(base, _DEEP)


def named_with_terms(base: str, terms: Terms) -> str:
    """A base as `--base` names it, short, with its terms: `smollm2 (Apache-2.0, https://…)`."""
    name = Path(base).name if os.path.isabs(base) else base
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
        said = _object(folder / name)
        if source := _part(said, "source") or _part(said, "base_terms"):
            return Terms(_text(source, "license"), _text(source, "card"))
        if deep and (base := _text(_part(said, "settings"), "base")):
            return _terms(base, deep - 1)
    return Terms(_of_readme(folder))


def _of_readme(folder: Path) -> str:
    """The licence that a model card names in its head, as those of the hub do."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        text = (folder / "README.md").read_text("utf-8")[:10_000]
        head = text.split("---", 2)[1] if text.startswith("---") else ""
        if found := _LICENSE.search(head):
            return found[1]
    return ""


def _object(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = json.loads(file.read_text("utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _part(said: dict[str, Any], key: str) -> dict[str, Any]:
    value = said.get(key)
    return value if isinstance(value, dict) else {}


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""
