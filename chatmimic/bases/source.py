"""The origin of a base, as recorded in its `base.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def source_of(folder: Path) -> dict[str, Any]:
    """Facts about the file that a base was made from; {} if it was not made from a file."""
    try:
        described = json.loads((folder / "base.json").read_text("utf-8"))["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return described if isinstance(described, dict) else {}
