"""The spans of a large archive, kept in a private file beside it as long as it stays the same."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chatmimic.archive.derived import remove_derived, spans_file
from chatmimic.archive.rows import Scope
from chatmimic.copying.spans import Spans
from chatmimic.errors import ChatmimicError
from chatmimic.files import write_atomically

if TYPE_CHECKING:
    from chatmimic.archive import Archive

LARGE = 200_000  # spans; to index fewer takes less than a second
_VERSION = 1  # raised when words or spans are computed in another way
_PARTS = ("hashes", "owners", "placed", "threads")


def spans_in(archive: Archive) -> Spans:
    """The spans of all messages of an archive, read from their file if it is up to date."""
    mark = f"{_VERSION}:{archive.fingerprint()}"
    file = spans_file(archive.path)
    spans = _read(file, mark)
    if spans is None:
        spans = Spans.of(archive.rows(Scope(), texts=True))
        if len(spans.hashes) >= LARGE:
            _keep(spans, file, mark)
            if mark != f"{_VERSION}:{archive.fingerprint()}":  # somebody was forgotten meanwhile
                remove_derived(archive.path)
    return spans


def _read(file: Path, mark: str) -> Spans | None:
    """The spans in a file; None if there are none, of this archive as it is, or it is damaged."""
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as kept:
            if str(kept["mark"]) != mark:
                return None
            spans = Spans(*(kept[part] for part in _PARTS))
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return None
    same = len(spans.hashes) == len(spans.owners) and len(spans.placed) == len(spans.threads)
    return spans if same else None


def _keep(spans: Spans, file: Path, mark: str) -> None:
    """Write the file, if the disk takes it: it only saves time."""
    content = io.BytesIO()
    np.savez(content, mark=np.array(mark), **{part: getattr(spans, part) for part in _PARTS})
    with contextlib.suppress(ChatmimicError):
        write_atomically(file, content.getvalue())
