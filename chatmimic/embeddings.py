"""Static embeddings of texts, from the weights in the package wordllama (MIT), where installed.

The package is never imported: all that is taken from it are two files, a table of 256 numbers for
each of 32,000 tokens, and the tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "wordllama"
_TOKENS = 512  # of a text; what follows is not read


def are_installed() -> bool:
    """Whether the weights are on this machine."""
    return _files() is not None


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """A unit vector for each text, (texts, 256): the mean of its tokens' vectors.

    The vector of a text without a token is zero. Raises LookupError without the package.
    """
    import numpy as np

    table, tokenizer = _loaded()
    found = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
    for number, text in enumerate(texts):
        ids = [i for i in tokenizer.encode(text, add_special_tokens=False).ids if i < len(table)]
        if ids:
            found[number] = table[ids[:_TOKENS]].mean(axis=0, dtype=np.float32)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    found /= np.where(lengths > 0, lengths, 1)
    return found


@cache
def _loaded() -> tuple[Any, Any]:
    """The table of vectors, (tokens, 256), and the tokenizer."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    held = _files()
    if held is None:
        raise LookupError(f"{PACKAGE} is not installed")
    weights, tokenizer = held
    return load_file(weights)["embedding.weight"], Tokenizer.from_file(str(tokenizer))


def _files() -> tuple[Path, Path] | None:
    """The files of weights and tokenizer in the installed package."""
    from importlib.metadata import PackageNotFoundError, files  # slow to import

    try:
        held = [Path(str(file.locate())) for file in files(PACKAGE) or []]
    except PackageNotFoundError:
        return None
    weights = next(_existing(held, "_256.safetensors"), None)
    tokenizer = next(_existing(held, "_tokenizer_config.json"), None)
    return None if weights is None or tokenizer is None else (weights, tokenizer)


def _existing(held: Sequence[Path], ending: str) -> Iterator[Path]:
    return (file for file in held if file.name.endswith(ending) and file.is_file())
