"""The header of a GGUF file: its metadata, and the sizes of its tensors.

Only the header is read, in milliseconds and without a library, so that an unusable file is reported
before any long work. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chatmimic.errors import BaseError

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
# Value types by number: struct codes of the plain ones, and the two that are not plain.
_PLAIN = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_F16 = 1  # format of a tensor
_ALIGNED = 32  # bytes; tensors begin at multiples of it, unless the file says otherwise
_LONGEST, _MOST = 1 << 24, 1 << 20  # bytes of a string; entries and tensors
_CARDS = (
    *("general.url", "general.repo_url", "general.source.url", "general.source.repo_url"),
    "general.base_model.0.repo_url",
)
_AGAIN = "Download the file again, or use another base."

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Tensor:
    """A tensor's number of elements, format (by number), and offset in bytes."""

    numbers: int
    format: int
    offset: int  # from `Head.begins`


@dataclass(frozen=True)
class Head:
    """The header of a GGUF file. Arrays (the vocabulary) are skipped; their value is None."""

    file: Path
    values: dict[str, Value]
    tensors: tuple[Tensor, ...]
    begins: int  # offset of the tensors in the file, in bytes

    @property
    def parameters(self) -> int:
        """The total number of elements of the tensors."""
        return sum(tensor.numbers for tensor in self.tensors)

    @property
    def precision(self) -> str:
        """The type of two bytes that holds most of the weights best: `float16` or `bfloat16`."""
        halves = sum(tensor.numbers for tensor in self.tensors if tensor.format == _F16)
        return "float16" if 2 * halves > self.parameters else "bfloat16"

    @property
    def architecture(self) -> str:
        """The name of the architecture in llama.cpp: llama, qwen2, gpt2, …"""
        return str(self.values.get("general.architecture", ""))

    @property
    def license(self) -> str:
        """The licence of the weights; "" if the file does not say."""
        return str(self.values.get("general.license", ""))

    @property
    def card(self) -> str:
        """The address of the model card; "" if the file does not say."""
        addresses = (str(self.values.get(key) or "") for key in _CARDS)
        return next((address for address in addresses if address.startswith("https://")), "")

    @property
    def is_part(self) -> bool:
        """Whether the model is split into several files."""
        parts = self.values.get("split.count")
        return isinstance(parts, int) and parts > 1


def is_gguf(path: Path) -> bool:
    """Whether a file begins with the magic number of GGUF."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_head(path: Path) -> Head:
    """Read the header of a GGUF file. Raises BaseError if it is truncated or not GGUF."""
    try:
        with path.open("rb") as file:
            return _head(path, file)
    except (EOFError, struct.error, ValueError, UnicodeDecodeError) as error:
        raise BaseError(
            f"{path} is damaged or cut short: its header cannot be read.", _AGAIN
        ) from error
    except OSError as error:
        raise BaseError(f"Cannot read {path}: {error.strerror or error}.", _AGAIN) from error


def _head(path: Path, file: BinaryIO) -> Head:
    magic, version = _take(file, 4), _number(file, "I")
    if magic != MAGIC:
        raise BaseError(f"{path} is not a GGUF file.", _AGAIN)
    if version not in _VERSIONS:
        raise BaseError(
            f"{path} is GGUF version {version}; only versions 2 and 3 are supported.", _AGAIN
        )
    count, entries = _bounded(_number(file, "Q")), _bounded(_number(file, "Q"))
    values = {_string(file): _value(file, _number(file, "I")) for _ in range(entries)}
    tensors = tuple(_tensor(file) for _ in range(count))
    aligned = values.get("general.alignment")
    step = aligned if isinstance(aligned, int) and aligned > 0 else _ALIGNED
    return Head(path, values, tensors, -(-file.tell() // step) * step)


def _tensor(file: BinaryIO) -> Tensor:
    """Read the entry of a tensor: name, dimensions, format, offset."""
    _string(file)
    sides = _number(file, "I")
    if sides > 8:
        raise ValueError(sides)
    numbers = math.prod(_number(file, "Q") for _ in range(sides))
    return Tensor(numbers, _number(file, "I"), _number(file, "Q"))


def _value(file: BinaryIO, kind: int) -> Value:
    if kind in _PLAIN:
        plain: Value = struct.unpack(
            f"<{_PLAIN[kind]}", _take(file, struct.calcsize(_PLAIN[kind]))
        )[0]
        return plain
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        raise ValueError(kind)
    inner, count = _number(file, "I"), _bounded(_number(file, "Q"))
    if inner in _PLAIN:
        _take(file, count * struct.calcsize(_PLAIN[inner]))
    elif inner == _STRING:  # a vocabulary: some 100,000 of them
        for _ in range(count):
            _take(file, _length(file))
    else:
        for _ in range(count):
            _value(file, inner)
    return None


def _string(file: BinaryIO) -> str:
    return _take(file, _length(file)).decode("utf-8", "replace")


def _length(file: BinaryIO) -> int:
    length = int.from_bytes(_take(file, 8), "little")
    if length > _LONGEST:
        raise ValueError(length)
    return length


def _number(file: BinaryIO, code: str) -> int:
    found: int = struct.unpack(f"<{code}", _take(file, struct.calcsize(code)))[0]
    return found


def _bounded(count: int) -> int:
    if count > _MOST:
        raise ValueError(count)
    return count


def _take(file: BinaryIO, size: int) -> bytes:
    found = file.read(size)
    if len(found) < size:
        raise EOFError
    return found
