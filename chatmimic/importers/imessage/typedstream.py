"""Reads `attributedBody`: an NSAttributedString in Apple's typedstream format."""

from __future__ import annotations

_CLASS = b"NSString"
_BYTES = b"\x84\x01+"  # a value of type "+": a length, and as many bytes
_LENGTHS = {0x81: 2, 0x82: 4}  # marks of a longer length → its bytes, little-endian


def text_of(archived: bytes) -> str | None:
    """The string of an archived attributed string; None if there is none."""
    at = archived.find(_CLASS)
    at = archived.find(_BYTES, at) if at >= 0 else at
    if at < 0 or at + len(_BYTES) >= len(archived):
        return None
    at += len(_BYTES)
    length, wide = archived[at], _LENGTHS.get(archived[at], 0)
    at += 1
    if wide:
        length = int.from_bytes(archived[at : at + wide], "little")
        at += wide
    elif length > 0x7F:
        return None
    raw = archived[at : at + length]
    return raw.decode("utf-8", "replace") if len(raw) == length else None
