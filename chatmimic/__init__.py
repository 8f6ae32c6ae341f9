"""chatmimic: chat exports in, a model that talks in that person's manner out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from chatmimic.machine import let_threads_sleep

if TYPE_CHECKING:
    from chatmimic.api import Talk, import_exports, open_archive, pretrain, talk, train
    from chatmimic.archive import Archive
    from chatmimic.errors import ChatmimicError
    from chatmimic.generation import Decoding
    from chatmimic.home import Home
    from chatmimic.importers import ImportOptions, ImportReport
    from chatmimic.mimic import Mimic
    from chatmimic.records import Conversation, Message, Person

__version__ = "0.1.0"

let_threads_sleep()  # before anything loads torch

_PLACES = {
    "Archive": "archive",
    "ChatmimicError": "errors",
    "Conversation": "records",
    "Decoding": "generation",
    "Home": "home",
    "ImportOptions": "importers",
    "ImportReport": "importers",
    "Message": "records",
    "Mimic": "mimic",
    "Person": "records",
    "Talk": "api",
    "import_exports": "api",
    "open_archive": "api",
    "pretrain": "api",
    "talk": "api",
    "train": "api",
}

__all__ = [
    "Archive",
    "ChatmimicError",
    "Conversation",
    "Decoding",
    "Home",
    "ImportOptions",
    "ImportReport",
    "Message",
    "Mimic",
    "Person",
    "Talk",
    "__version__",
    "import_exports",
    "open_archive",
    "pretrain",
    "talk",
    "train",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `chatmimic --help` loads none."""
    if name not in _PLACES:
        raise AttributeError(f"module 'chatmimic' has no attribute {name!r}")
    return getattr(importlib.import_module(f"chatmimic.{_PLACES[name]}"), name)
