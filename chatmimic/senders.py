"""Who is in the data of a mimic, as hashes: a cast is cut at 200 names, and quiet people forgotten.

The hashes depend on random bytes of the archive, which stay in it: a mimic that is passed on tells
nobody whether a name is among them.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable
from typing import Any

_DIGITS = 12  # hexadecimal, of each hash: 48 bits, so that one of 10,000 names is no coincidence


def hashed(secret: bytes, names: Iterable[str]) -> dict[str, Any]:
    """The record of these names, for a manifest."""
    return _record(_key(secret), {_digest(secret, name) for name in names}, complete=True)


def joined(record: dict[str, Any], earlier: object) -> dict[str, Any]:
    """A record with the names of an earlier one; incomplete if that is of another archive."""
    names = set(record["names"].split())
    if not isinstance(earlier, dict) or earlier.get("key") != record["key"]:
        return _record(record["key"], names, complete=False)
    before = earlier.get("names")
    known = isinstance(before, str) and earlier.get("complete") is True
    names.update(before.split() if isinstance(before, str) else ())
    return _record(record["key"], names, complete=known)


def _record(key: str, names: set[str], *, complete: bool) -> dict[str, Any]:
    return {"key": key, "complete": complete, "names": " ".join(sorted(names))}


def is_among(record: object, secret: bytes, names: Collection[str]) -> bool | None:
    """Whether one of these names is in a record; None if it cannot be told."""
    if not isinstance(record, dict) or record.get("key") != _key(secret):
        return None
    known = record.get("names")
    if not isinstance(known, str):
        return None
    if not {_digest(secret, name) for name in names}.isdisjoint(known.split()):
        return True
    return False if record.get("complete") is True else None


def _digest(secret: bytes, name: str) -> str:
    data = name.encode("utf-8", "surrogatepass")
    return hmac.digest(secret, b"sender\x1f" + data, "sha256").hex()[:_DIGITS]


def _key(secret: bytes) -> str:
    """What tells the random bytes of one archive from those of another."""
    return hmac.digest(secret, b"key", "sha256").hex()[:_DIGITS]
