"""The key of a home: random bytes that make its pseudonyms its own, the same in every import."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from random import Random

from chatmimic.errors import ChatmimicError
from chatmimic.files import write_whole
from chatmimic.home import Home

_BYTES = 32


def has_key(home: Home) -> bool:
    """Whether a home has a key already."""
    return _path(home).exists()


def key_of(home: Home) -> bytes:
    """The key of a home; made, for its owner only, when there is none yet.

    Raises ChatmimicError when it cannot be read or written, or is no key.
    """
    path = _path(home)
    try:
        if not path.exists():
            home.make()
            write_whole(path, secrets.token_hex(_BYTES) + "\n")
        key = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise ChatmimicError(
            f"{path}, the key of the pseudonyms, cannot be read: {error}.",
            "Put the file back from a backup; if there is none, remove it and import again into a "
            "new home: without it everybody gets another name.",
        ) from error
    if len(key) < _BYTES:
        raise ChatmimicError(
            f"{path}, the key of the pseudonyms, is cut short.",
            "Put the file back from a backup, or remove it and import again into a new home.",
        )
    return key


def _path(home: Home) -> Path:
    return home.path / "pseudonyms.key"


class Keyed:
    """Digits and chances that follow from words and the key, and lead back to neither."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key or secrets.token_bytes(_BYTES)

    def digits(self, use: str, *words: str, length: int = 16) -> str:
        """So many hexadecimal digits, at most 64; other ones for every `use`."""
        return self._digest(use, *words).hex()[:length]

    def chance(self, use: str, *words: str) -> Random:
        """A source of chances that are always the same for these words."""
        return Random(self._digest(use, *words))

    def _digest(self, *words: str) -> bytes:
        said = "\x1f".join(words).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, said, "sha256")
