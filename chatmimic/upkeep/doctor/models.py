"""Whether mimics and bases can be opened, without loading them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from chatmimic.bases.adapter import read_adapter
from chatmimic.errors import BaseError, MimicError
from chatmimic.home import Home
from chatmimic.mimic import read_mimic
from chatmimic.upkeep.doctor.finding import Finding, Level

_LONGEST_HEADER = 100_000_000  # bytes of a safetensors file's table


def check(home: Home) -> Iterator[Finding]:
    """Find mimics and bases that are damaged."""
    for kind, place in (("mimic", home.mimics), ("base", home.bases)):
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if folder.name[0] != "." and (fault := _fault(kind, folder)):
                again = "train it again" if kind == "mimic" else "make it again"
                remove = f"chatmimic {kind}s remove {quote(folder.name)}{home.option}"
                yield Finding(
                    Level.PROBLEM,
                    f"the {kind} {folder.name} is damaged: {fault}",
                    f"restore its folder, or `{remove}` and {again}",
                    folder,
                )


def _fault(kind: str, folder: Path) -> str:
    if folder.is_symlink() and not folder.exists():
        return "it is a link that leads nowhere"
    if not folder.is_dir():
        return "it is not a folder"
    try:
        if kind == "mimic":
            read_mimic(folder)
        adapter = read_adapter(folder)
    except (MimicError, BaseError) as error:
        return error.what
    if adapter is not None and Path(adapter.base).is_absolute() and not Path(adapter.base).exists():
        return f"its base {adapter.base} is gone"
    if adapter is None and not (folder / "config.json").is_file():
        return "config.json is missing"
    files = sorted(folder.glob("*.safetensors"))
    return next(filter(None, map(weights_fault, files)), "" if files else "its weights are missing")


def weights_fault(file: Path) -> str:
    """What is wrong with a safetensors file, by its table and its length; "" if nothing is."""
    if not file.is_file():  # a pipe would be waited for
        return f"{file.name} is not a file"
    try:
        with file.open("rb") as raw:
            (length,) = struct.unpack("<Q", raw.read(8))
            if length > _LONGEST_HEADER:
                return f"{file.name} is not a file of weights"
            table = json.loads(raw.read(length))
        ends = [t["data_offsets"][1] for name, t in table.items() if name != "__metadata__"]
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError, IndexError):
        return f"{file.name} cannot be read"
    missing = 8 + length + max(ends, default=0) - file.stat().st_size
    return f"{file.name} is cut off ({missing:,} bytes are missing)" if missing > 0 else ""
