"""Privacy: redaction, exclusion and pseudonyms, applied before anything is stored.

`PrivacyFilter` works between importers and archive; `key_of` returns the key of a home, from which
pseudonyms are derived. Replaced text is stored nowhere.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from chatmimic.privacy.options import PrivacyOptions

if TYPE_CHECKING:
    from chatmimic.privacy.exclusion import names_of
    from chatmimic.privacy.filter import PrivacyFilter
    from chatmimic.privacy.key import has_key, key_of
    from chatmimic.privacy.redactor import TYPES, Example

_PLACES = {
    "TYPES": "redactor",
    "Example": "redactor",
    "PrivacyFilter": "filter",
    "has_key": "key",
    "key_of": "key",
    "names_of": "exclusion",
}

__all__ = [
    "TYPES",
    "Example",
    "PrivacyFilter",
    "PrivacyOptions",
    "has_key",
    "key_of",
    "names_of",
]


def __getattr__(name: str) -> Any:
    """Load the classes that only an import with privacy options needs on first use."""
    if name not in _PLACES:
        raise AttributeError(f"module 'chatmimic.privacy' has no attribute {name!r}")
    return getattr(importlib.import_module(f"chatmimic.privacy.{_PLACES[name]}"), name)
