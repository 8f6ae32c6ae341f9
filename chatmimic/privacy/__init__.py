"""Privacy at the door: what is redacted, left out or renamed before anything is kept.

`Door` stands between the importers and the archive; `key_of` gives the key of a home, on which
pseudonyms depend. Nothing that was replaced is written down anywhere.
"""

from __future__ import annotations

from chatmimic.privacy.door import Door, PrivacyOptions
from chatmimic.privacy.exclusion import names_of
from chatmimic.privacy.key import has_key, key_of
from chatmimic.privacy.redactor import TYPES, Example

__all__ = ["TYPES", "Door", "Example", "PrivacyOptions", "has_key", "key_of", "names_of"]
