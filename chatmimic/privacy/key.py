"""The key of a home: random bytes from which its pseudonyms are derived, in every import."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from random import Random

from chatmimic.errors import ChatmimicError
from chatmimic.files import write_atomically
from chatmimic.home import Home

_BYTES = 32


def has_key(home: Home) -> bool:
    """Whether a home has a key already."""
    return _path(home).exists()


def key_of(home: Home) -> bytes:
    """The key of a home; created, readable by its owner only, if there is none yet.

    Raises ChatmimicError if it cannot be read or written, or is invalid.
    """
    path = _path(home)
    try:
        if not path.exists():
            home.make()
            write_atomically(path, secrets.token_hex(_BYTES) + "\n")
        key = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise ChatmimicError(
            f"{path}, the key for pseudonyms, cannot be read: {error}.",
            "Put the file back from a backup; if there is none, remove it and import again into a "
            "new home: without it everybody gets a different name.",
        ) from error
    if len(key) < _BYTES:
        raise ChatmimicError(
            f"{path}, the key for pseudonyms, is truncated.",
            "Put the file back from a backup, or remove it and import again into a new home.",
        )
    return key


def _path(home: Home) -> Path:
    return home.path / "pseudonyms.key"


class Keyed:
    """Digits and random numbers derived from words and the key, which reveal neither."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key or secrets.token_bytes(_BYTES)

    def digits(self, use: str, *words: str, length: int = 16) -> str:
        """`length` hexadecimal digits, at most 64, which differ for each `use`."""
        return self._digest(use, *words).hex()[:length]

    def rng(self, use: str, *words: str) -> Random:
        """A random number generator seeded by these words."""
        return Random(self._digest(use, *words))

    def _digest(self, *words: str) -> bytes:
        data = "\x1f".join(words).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, data, "sha256")
