"""Finds the base of an adapter: where it was, in the home of the mimic, in the cache, or remade."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

from chatmimic.bases.adapter import Adapter, base_digest, is_adapter, places, read_adapter
from chatmimic.bases.smollm2 import CARD, smollm2_file
from chatmimic.bases.smollm2 import NAME as SMOLLM2
from chatmimic.bases.terms import short_name
from chatmimic.errors import BaseError
from chatmimic.files import file_digest
from chatmimic.home import Home


def base_of(adapter: Adapter) -> Path:
    """The folder of an adapter's base, wherever the one with the right digest is.

    Nothing is fetched, but a base made from the installed package's file is made again if it is
    gone. Raises BaseError if the base is not on this machine, or only another one of that name.
    """
    there = list(dict.fromkeys(places(adapter.folder, adapter.base)))
    whole = [place for place in there if not is_adapter(place)]
    right = next((place for place in whole if _is_right(adapter, place)), None)
    found = right or _made_again(adapter)
    if found is None:
        raise _no_base(adapter, [*whole, *there])
    return found


def digest_of(folder: Path) -> str:
    """The SHA-256 of a base; for an adapter it covers its own weights and those of its base.

    Raises BaseError.
    """
    adapter = read_adapter(folder)
    if adapter is None:
        return base_digest(folder)
    digests = file_digest(adapter.weights) + base_digest(base_of(adapter))
    return hashlib.sha256(digests.encode()).hexdigest()


def _is_right(adapter: Adapter, place: Path) -> bool:
    """Whether this is the base that the adapter was trained with, if it records its digest."""
    with contextlib.suppress(BaseError):  # a damaged base must not hide another one
        return adapter.digest is None or base_digest(place) == adapter.digest
    return False


def _made_again(adapter: Adapter) -> Path | None:
    """Make the base of a mimic in its home again; None if that is not possible.

    The digest tells whether it was made from the file of the installed package.
    """
    mimics, file = adapter.folder.absolute().parent, smollm2_file()
    home = Home(mimics.parent)
    if file is None or mimics != home.mimics or file_digest(file) != adapter.digest:
        return None
    from chatmimic.bases.gguf import base_of_file

    return base_of_file(file, home, called=SMOLLM2, card=CARD)


def _no_base(adapter: Adapter, places: Sequence[Path]) -> BaseError:
    """The error if no place has the right base. Raises BaseError for a damaged one."""
    name = short_name(adapter.base)
    if not places:
        return BaseError(
            f"{adapter.folder} needs the base {name}, which is not on this machine any more.",
            _way_back(adapter.base),
        )
    if is_adapter(places[0]):
        return BaseError(
            f"{adapter.folder} is an adapter of {places[0]}, which is an adapter too.",
            "Merge one of them into its model with peft, and use the merged folder.",
        )
    base_digest(places[0])
    return BaseError(
        f"{adapter.folder} was trained on a different {name} than {places[0]}.",
        "Restore that base, or train the mimic again.",
    )


def _way_back(base: str) -> str:
    """How to get a missing base back: by its name on the hub, or from its file."""
    if short_name(base) == base:
        return "Install or download it again (see `chatmimic bases`), or train the mimic again."
    return (
        "`chatmimic train --base FILE --plan` makes it again from the file it was made from. "
        "Without the file, restore its folder or train the mimic again."
    )
