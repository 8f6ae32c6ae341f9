"""One damaged export, read: whether anything comes out but messages and an ExportError."""

from __future__ import annotations

import hashlib
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chatmimic.errors import ExportError
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.registry import importers

TESTS = Path(__file__).resolve().parents[1]
EXPORTS = TESTS / "importers" / "exports"
FOUND = Path(__file__).resolve().parent / "found"
SECONDS = 1.0  # of the processor, for each 100 kB
MEMORY = 300 << 20  # bytes more than before


class TooMuch(Exception):
    """An input that takes too long or too much memory."""


@dataclass(frozen=True)
class Seed:
    """A whole export, and the file in it that is damaged."""

    root: Path
    file: Path

    @property
    def data(self) -> bytes:
        """What the file holds."""
        return self.file.read_bytes()


@cache
def seeds(reader: str) -> tuple[Seed, ...]:
    """Every file of every export that a reader has among the fixtures."""
    if reader in ("imessage", "dht"):
        return (_messages_database() if reader == "imessage" else _tracker_database(),)
    title = next(one.title for one in importers() if one.name == reader)
    told = (p for p in sorted(EXPORTS.glob("*.expected")) if _titled(p, title))
    roots = [p.with_suffix("") for p in told]
    return tuple(Seed(root, file) for root in roots for file in _files(root))


def _titled(expected: Path, title: str) -> bool:
    return expected.read_text(encoding="utf-8").startswith(f"# {title}\n")


def _files(root: Path) -> list[Path]:
    return [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())


def _messages_database() -> Seed:
    sys.path.insert(0, str(TESTS / "importers"))
    from chat_dbs import ZERO, chat_db, typedstream

    folder = Path(tempfile.mkdtemp(prefix="fuzz-imessage-"))
    rows = [
        {"text": f"hello {n}", "date": n * 10**15, "handle_id": n % 3, "chat": 1 + n % 4}
        for n in range(30)
    ]
    rows += [
        {"attributedBody": typedstream("hidden"), "date": ZERO, "thread_originator_guid": "G1"}
    ]
    path = chat_db(folder / "chat.db", rows)
    return Seed(path, path)


def _tracker_database() -> Seed:
    sys.path.insert(0, str(TESTS / "importers"))
    from chat_dbs import tracker_db

    folder = Path(tempfile.mkdtemp(prefix="fuzz-dht-"))
    rows = [
        (n, 1 + n % 2, 70 + n % 2 * 10, f"hello {n} <@1>", 1_600_000_000_000 + n, n - 1, n % 3 == 0)
        for n in range(1, 31)
    ]
    path = tracker_db(folder / "talk.dht", rows)
    return Seed(path, path)


class Trials:
    """Reads damaged copies of a reader's exports, in a folder of its own."""

    def __init__(self, reader: str, folder: Path, slower: float = 1.0) -> None:
        self.seeds = seeds(reader)
        self._folder = folder
        self._slower = slower  # than usual: what watches every line takes its time
        for number, seed in enumerate(self.seeds):
            (folder / str(number)).mkdir()
            copy = shutil.copytree if seed.root.is_dir() else shutil.copyfile
            copy(seed.root, self._copy(number))

    def _copy(self, number: int) -> Path:
        return self._folder / str(number) / self.seeds[number].root.name

    def run(self, number: int, data: bytes) -> int:
        """Read export `number` with this in its file's place; how many messages it gave.

        Raises TooMuch, and whatever comes out of a reader that should not.
        """
        seed, copy = self.seeds[number], self._copy(number)
        (copy / seed.file.relative_to(seed.root)).write_bytes(data)
        return read(copy, len(data), self._slower)

    def keep(self, number: int, reader: str, data: bytes) -> Path:
        """Copy a finding to where the tests look at it ever after."""
        copy, name = self._copy(number), hashlib.sha256(data).hexdigest()[:8]
        suffix = "" if copy.is_dir() else copy.suffix
        kept = FOUND / f"{reader}-{name}{suffix}"
        if copy.is_dir():
            shutil.copytree(copy, kept, dirs_exist_ok=True)
        else:
            shutil.copyfile(copy, kept)
        return kept


def read(path: Path, size: int, slower: float = 1.0) -> int:
    """Read an export to its end, as whoever it is for. Raises as `Trials.run` does."""
    began, before = time.process_time(), _memory()
    messages = 0
    try:
        for _ in read_exports(path, ImportOptions(tz="UTC", date_order="dmy"), ImportReport()):
            messages += 1
    except ExportError:
        pass
    seconds, more = time.process_time() - began, _memory() - before
    most = SECONDS * slower * max(1.0, size / 100_000)
    if seconds > most:
        raise TooMuch(f"{size:,} bytes took {seconds:.1f} s")
    if more > MEMORY:
        raise TooMuch(f"{size:,} bytes took {more >> 20} MiB")
    return messages


def _memory() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most << 10
