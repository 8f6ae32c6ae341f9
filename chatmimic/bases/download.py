"""Download of one file, which can be resumed and is verified.

The hub's own library discards a broken download when its process ends. Here the part that arrived
is kept as `<digest>.incomplete`, the next attempt requests the rest (HTTP Range), and the complete
file is checked against the hub's digest before it gets its name.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from chatmimic.bases.faults import COMMAND_AGAIN, not_fetched, reason
from chatmimic.files import size_in_words

# How often a broken download is resumed within one command if the connection delivered something,
# and the pause before, in seconds.
TRIES, PAUSE = 5, 0.5
_BLOCK = 1 << 20
_WORTH_A_LINE = 20_000_000  # bytes; smaller downloads are not announced


@dataclass(frozen=True)
class Transfer:
    """A file to download: its base, host and address, destination, size in bytes, and digest."""

    name: str
    host: str
    url: str
    blob: Path
    size: int
    digest: str

    @property
    def partial(self) -> Path:
        """The file of what has arrived so far."""
        return self.blob.with_name(f"{self.blob.name}.incomplete")


class Bar:
    """Progress of a download on standard error: a bar on a terminal, else one line."""

    def __init__(self, name: str, host: str, total: int) -> None:
        self._label, self._total = f"Downloading {name} from {host}", total
        self._progress: Any = None

    def __enter__(self) -> Bar:
        if not sys.stderr.isatty():
            if self._total > _WORTH_A_LINE:
                print(f"{self._label} ({size_in_words(self._total)})", file=sys.stderr, flush=True)
            return self
        if not self._total:
            return self
        self._progress = _progress()
        self._task = self._progress.add_task(self._label, total=self._total)
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def skip(self, there: int) -> None:
        """Count bytes of an earlier attempt, without counting them as speed."""
        if self._progress is not None:
            done = self._progress.tasks[0].completed
            self._progress.reset(self._task, completed=done + there)

    def move(self, arrived: int) -> None:
        """Count bytes that arrived; a negative number for bytes that must be fetched again."""
        if self._progress is not None:
            self._progress.advance(self._task, arrived)


def headers(start: int = 0) -> dict[str, str]:
    """The HTTP headers: the program's name, the user's token if there is one, the range."""
    from huggingface_hub import get_token

    sent = {"User-Agent": "chatmimic", "Accept-Encoding": "identity"}
    if token := get_token():
        sent["Authorization"] = f"Bearer {token}"
    if start:
        sent["Range"] = f"bytes={start}-"
    return sent


def download(transfer: Transfer, bar: Bar) -> None:
    """Download a file to `transfer.blob`, resuming an earlier attempt.

    Raises BaseError if that fails; what has arrived is kept for the next attempt. Raises OSError if
    the disk fails.
    """
    from huggingface_hub.errors import HTTPError

    bar.skip(_arrived(transfer))
    for left in reversed(range(TRIES)):
        had = _arrived(transfer)
        try:
            _receive(transfer, bar)
            break
        except HTTPError as error:
            if not left or _arrived(transfer) == had:
                raise _broken_off(transfer, error) from error
            time.sleep(PAUSE)
    _check(transfer)
    os.replace(transfer.partial, transfer.blob)


def _receive(transfer: Transfer, bar: Bar) -> None:
    """Append what is missing to the partial file. HTTPError if the connection breaks."""
    from huggingface_hub import constants, get_session

    with transfer.partial.open("ab") as out:
        have = out.tell()
        if have == transfer.size:
            return
        with get_session().stream(
            "GET",
            transfer.url,
            headers=headers(have),
            timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
        ) as response:
            if have and response.status_code in (200, 416):  # the whole again, or no such rest
                out.truncate(0)
                bar.move(-have)
            response.raise_for_status()
            for piece in response.iter_raw():
                out.write(piece)
                bar.move(len(piece))


def _arrived(transfer: Transfer) -> int:
    return transfer.partial.stat().st_size if transfer.partial.is_file() else 0


def _broken_off(transfer: Transfer, error: BaseException) -> Exception:
    kept = _arrived(transfer)
    if not kept:
        transfer.partial.unlink(missing_ok=True)
        return not_fetched(transfer.name, reason(error, transfer.host))
    arrived = f"{size_in_words(kept)} of {size_in_words(transfer.size)}"
    why = f"{reason(error, transfer.host)} after {arrived}"
    return not_fetched(transfer.name, why, f"{COMMAND_AGAIN}, or use")


def _check(transfer: Transfer) -> None:
    """Compare size and digest with those of the hub; remove a file that differs."""
    size = transfer.partial.stat().st_size
    if size == transfer.size and _digest(transfer) == transfer.digest:
        return
    transfer.partial.unlink()
    arrived = f"{size_in_words(size)} of {size_in_words(transfer.size)}"
    raise not_fetched(
        transfer.name,
        f"what arrived from {transfer.host} does not match the hub's checksum ({arrived}) and was "
        "removed",
        "run the same command again, or use",
    )


def _digest(transfer: Transfer) -> str:
    if len(transfer.digest) == 64:
        sum_ = hashlib.sha256()
    else:  # a git blob id is the SHA-1 of a small header and the content
        sum_ = hashlib.sha1(b"blob %d\0" % transfer.size, usedforsecurity=False)
    with transfer.partial.open("rb") as raw:
        while block := raw.read(_BLOCK):
            sum_.update(block)
    return sum_.hexdigest()


def _progress() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False, emoji=False, highlight=False),
        transient=True,
    )
