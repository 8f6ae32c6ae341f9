"""Windows of a corpus too large for memory, in shards that are packed separately.

A shard is a folder of the arrays of `store.py`. `shards.json` lists every file with its SHA-256,
includes its own digest, and is written last: a corpus is complete or absent.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatmimic.errors import TrainingError
from chatmimic.files import file_digest, private_folder, write_atomically
from chatmimic.records import Conversation
from chatmimic.transcript import Form
from chatmimic.windows.store import ARRAYS, Windows, WindowsWriter

SHARD_TOKENS = 1 << 21  # 2 M tokens: 19 MB on disk, and 60 MB of memory while packing
LIST = "shards.json"


class ShardWriter:
    """Writes excerpts into shards, with one shard in memory at a time."""

    def __init__(
        self, folder: Path, window: int, padding: int, *, shard_tokens: int = SHARD_TOKENS
    ) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = private_folder(folder)
        self.window, self.padding = window, padding
        self.shard_tokens = shard_tokens
        self._writer = WindowsWriter(window, padding)
        self._shards: list[dict[str, Any]] = []

    def add(self, conversation: Conversation, form: Form, learn: Collection[str] | None) -> None:
        """Encode one excerpt with a form; a full shard is written to disk."""
        self._writer.add(conversation, form, learn)
        if self._writer.tokens >= self.shard_tokens:
            self._flush()

    def close(self) -> int:
        """Write the last shard and the list of all. Returns the number of windows."""
        if self._writer.tokens:
            self._flush()
        facts = {"window": self.window, "shards": self._shards}
        facts["sha256"] = _digest(facts)
        write_atomically(self.folder / LIST, json.dumps(facts, indent=2))
        return sum(int(shard["windows"]) for shard in self._shards)

    def _flush(self) -> None:
        name = f"{len(self._shards):05}"
        windows = self._writer.write(self.folder / name)
        self._shards.append(
            {
                "name": name,
                "windows": len(windows),
                "tokens": self._writer.tokens,
                "learnt": windows.target_tokens,
                "characters": windows.total_characters,
                "files": {f"{n}.npy": file_digest(self.folder / name / f"{n}.npy") for n in ARRAYS},
            }
        )
        self._writer = WindowsWriter(self.window, self.padding)


def open_shards(
    folder: Path, *, check: bool = False, notify: Callable[[str], None] = lambda words: None
) -> Windows:
    """All windows of a corpus, memory-mapped; `check` reads every shard and compares its digests.

    Raises TrainingError naming the file that is damaged or missing.
    """
    parts = []
    for shard in list_shards(folder):
        where = folder / shard["name"]
        if check:
            notify(f"checking {folder.name}/{shard['name']}")
            _check(where, shard["files"])
        try:
            parts.append(Windows.open(where))
        except (OSError, ValueError, EOFError) as error:  # EOFError for an empty file
            raise _damaged(where) from error
    return join(parts)


def list_shards(folder: Path) -> list[dict[str, Any]]:
    """The list entry of each shard: name, windows, tokens, learnt, characters, files."""
    try:
        facts = json.loads((folder / LIST).read_text("utf-8"))
        kept = facts.pop("sha256", None)
        found: list[dict[str, Any]] = facts["shards"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder / LIST) from error
    if kept is not None and kept != _digest(facts):
        raise _damaged(folder / LIST)
    return found


def _digest(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _check(where: Path, files: dict[str, str]) -> None:
    for name, kept in files.items():
        try:
            if file_digest(where / name) == kept:
                continue
        except OSError as error:
            raise _damaged(where / name) from error
        raise _damaged(where / name)


def _damaged(path: Path) -> TrainingError:
    return TrainingError(
        f"The shard {path} is damaged or missing; it was not used.",
        "Start again with --replace in place of --resume: the shards are written anew.",
    )


@dataclass(frozen=True)
class Joined:
    """Several arrays with rows of one length as one; `rows` selects and orders the rows.

    Only rows that are read are copied.
    """

    parts: Sequence[NDArray[Any]]
    starts: NDArray[np.int64]  # first row of each part, then the total
    rows: NDArray[np.int64] | None = None  # None: all, in order

    @classmethod
    def of(cls, parts: Sequence[NDArray[Any]]) -> Joined:
        """All rows of the parts."""
        lengths = [len(part) for part in parts]
        return cls(parts, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))

    def __len__(self) -> int:
        return int(self.starts[-1]) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """As NumPy's."""
        return (len(self), *self.parts[0].shape[1:])

    @property
    def size(self) -> int:
        """As NumPy's."""
        return int(np.prod(self.shape))

    def __getitem__(self, wanted: NDArray[np.int64]) -> NDArray[Any]:
        places = np.asarray(wanted) if self.rows is None else self.rows[wanted]
        flat = np.atleast_1d(places)
        whose = np.searchsorted(self.starts, flat, side="right") - 1
        found = [
            self.parts[part][row - self.starts[part]] for part, row in zip(whose, flat, strict=True)
        ]
        return np.stack(found) if np.ndim(places) else found[0]


def join(parts: Sequence[Windows]) -> Windows:
    """Windows from several folders as one."""
    if not parts:
        raise _nothing()
    return Windows(*(Joined.of([getattr(p, n) for p in parts]) for n in ARRAYS))


def _nothing() -> TrainingError:
    return TrainingError("There is nothing to train on.", "Import more into the corpus.")


def mix(corpora: Sequence[tuple[Windows, float]], seed: int) -> Windows:
    """One pass over several corpora, each read `weight` times.

    A weight of 2.5 takes every window twice and a random half of them, depending on the seed, a
    third time. Raises TrainingError if the weights leave nothing.
    """
    rows, first = [], 0
    rng = np.random.default_rng(seed)
    for windows, weight in corpora:
        count = len(windows)
        rows += [np.arange(first, first + count)] * int(weight)
        more = round((weight - int(weight)) * count)
        rows.append(first + np.sort(rng.permutation(count)[:more]))
        first += count
    chosen = np.concatenate(rows).astype(np.int64)
    if not len(chosen):
        raise _nothing()
    flat = {n: [a for w, _ in corpora for a in _arrays(getattr(w, n))] for n in ARRAYS}
    return Windows(
        **{n: Joined(parts, Joined.of(parts).starts, chosen) for n, parts in flat.items()}
    )


def _arrays(array: Any) -> Sequence[NDArray[Any]]:
    return array.parts if isinstance(array, Joined) else [array]
