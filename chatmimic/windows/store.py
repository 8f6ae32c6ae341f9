"""Windows on disk: four or five arrays, memory-mapped, private to their owner."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from chatmimic.files import private_file, private_folder
from chatmimic.records import Conversation, Message
from chatmimic.transcript import Form, Mark, Weigh
from chatmimic.windows.excerpts import excerpts
from chatmimic.windows.packing import Piece, pack, pieces

ARRAYS = ("ids", "marks", "positions", "characters")
WEIGHTS = "weights"  # only if the loss weights differ


class Rows(Protocol):
    """The part of NumPy's array interface that windows use: rows by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """As NumPy's."""


@dataclass(frozen=True)
class Windows:
    """Packed windows: arrays of shape `(windows, time)`.

    `ids` are tokens, `marks` are `Mark` values, `positions` count from 0 within each piece, so that
    pieces do not attend to each other. `characters`, of shape `(windows,)`, is the length of the
    trained text in each, ends included: the denominator of figures per character. `weights` are the
    loss weights of the tokens; None: 1.
    """

    ids: Rows
    marks: Rows
    positions: Rows
    characters: Rows
    weights: Rows | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def fill(self) -> float:
        """The share of positions that hold a token of a transcript."""
        # Padding is a run of position 0 at the end of a row.
        size = max(1, len(self) * self.ids.shape[1])
        return 1 - sum(_tail(self.positions[row]) for row in range(len(self))) / size

    @property
    def target_tokens(self) -> int:
        """The number of tokens in the loss, in one pass."""
        return sum(int((self.marks[row] != Mark.CONTEXT).sum()) for row in range(len(self)))

    @property
    def total_characters(self) -> float:
        """The number of characters of all text that is trained on."""
        return float(sum(self.characters[row] for row in range(len(self))))

    @classmethod
    def open(cls, folder: Path) -> Windows:
        """Memory-map the windows that a WindowsWriter wrote to a folder."""
        there = (*ARRAYS, WEIGHTS) if (folder / f"{WEIGHTS}.npy").is_file() else ARRAYS
        return cls(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in there})


class WindowsWriter:
    """Collects pieces and writes them as windows; counts its excerpts and tokens."""

    def __init__(self, window: int, padding: int) -> None:
        self.window = window
        self.padding = padding
        self.added = self.tokens = 0
        self._pieces: list[Piece] = []

    def add(
        self,
        conversation: Conversation,
        form: Form,
        learn: Collection[str] | None,
        weigh: Weigh | None = None,
    ) -> None:
        """Encode one excerpt with a form and keep its pieces."""
        self.added += 1
        for piece in pieces(form.encode(conversation, learn, weigh), self.window):
            self._pieces.append(piece)
            self.tokens += len(piece.ids)

    def write(self, folder: Path, *, packed: bool = True) -> Windows:
        """Pack all pieces, or give each its own window, and write the arrays to a folder."""
        private_folder(folder)
        lengths = [len(p.ids) for p in self._pieces]
        plan = pack(lengths, self.window) if packed else [[i] for i in range(len(lengths))]
        kinds = self._kinds()
        (folder / f"{WEIGHTS}.npy").unlink(missing_ok=True)  # of windows that were here before
        with contextlib.ExitStack() as stack:
            # Written as a stream: through a memory map a full disk would kill the process (SIGBUS).
            files = {
                name: stack.enter_context(self._array(folder / f"{name}.npy", kind, len(plan)))
                for name, kind in kinds.items()
            }
            for indices in plan:
                row = self._row([self._pieces[i] for i in sorted(indices)])
                for name, file in files.items():
                    file.write(row[name].astype(kinds[name]).tobytes())
        return Windows.open(folder)

    def _kinds(self) -> dict[str, np.dtype[Any]]:
        """The type of each array: two bytes for ids and positions if that is enough."""
        most = max((int(p.ids.max()) for p in self._pieces), default=0)
        weighed = any(p.weights is not None for p in self._pieces)
        return {
            **({WEIGHTS: np.dtype(np.float32)} if weighed else {}),
            "ids": np.min_scalar_type(max(most, self.padding, 256)),
            "marks": np.dtype(np.uint8),
            "positions": np.min_scalar_type(max(self.window, 256)),
            "characters": np.dtype(np.float64),
        }

    @contextlib.contextmanager
    def _array(self, path: Path, kind: np.dtype[Any], rows: int) -> Iterator[BinaryIO]:
        """Create a `.npy` file with its header, ready for rows to be appended."""
        shape = (rows,) if path.stem == "characters" else (rows, self.window)
        descr = np.lib.format.dtype_to_descr(kind)
        with private_file(path).open("wb") as file:
            header = {"descr": descr, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            yield file

    def _row(self, row: Sequence[Piece]) -> dict[str, NDArray[Any]]:
        """The values of one window, for each array."""
        padding = self.window - sum(len(p.ids) for p in row)
        weights = [np.ones(len(p.ids)) if p.weights is None else p.weights for p in row]
        return {
            WEIGHTS: np.concatenate([*weights, np.zeros(padding)]),
            "ids": np.concatenate([*(p.ids for p in row), np.full(padding, self.padding)]),
            "marks": np.concatenate([*(p.marks for p in row), np.full(padding, Mark.CONTEXT)]),
            "positions": np.concatenate([*(np.arange(len(p.ids)) for p in row), np.zeros(padding)]),
            "characters": np.asarray(sum(p.characters for p in row)),
        }


def build_windows(
    conversations: Iterable[Conversation],
    form: Form,
    learn: Collection[str] | None,
    *,
    window: int,
    context: int,
    folder: Path,
    packed: bool = True,
    near: Collection[str] | None = None,
    weigh: Weigh | None = None,
    before: Sequence[tuple[Message, ...]] = (),
) -> Windows:
    """Encode excerpts of all conversations with a form and pack them, in a folder.

    `learn` names the people whose words are trained on (None: everybody), `weigh` gives the loss
    weight of a message; `context` is the number of messages kept before each of theirs, or of the
    people in `near`; `window` is in tokens; `packed` says whether excerpts share windows. Each
    excerpt is preceded by the messages of one of `before`, in turn.
    """
    writer = WindowsWriter(window, form.end_of_conversation)
    for conversation in conversations:
        for excerpt in excerpts(conversation, near or learn, context):
            if before:
                first = before[writer.added % len(before)]
                excerpt = replace(excerpt, messages=first + excerpt.messages)
            writer.add(excerpt, form, learn, weigh)
    return writer.write(folder, packed=packed)


def _tail(positions: NDArray[np.int32]) -> int:
    """The number of padding positions: the run of zeros at the end of a row."""
    filled = np.flatnonzero(positions)
    return len(positions) - 1 - int(filled[-1]) if len(filled) else len(positions)
