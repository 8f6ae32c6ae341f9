"""The model hub: which models are in the cache, and downloading others.

One request (`/api/models/NAME?blobs=true`) returns the files with sizes and digests; it must be
answered within two seconds, or the hub counts as unreachable. Then `download.py` fetches each file
that is needed. Files are stored where all Hugging Face programs keep them (`HF_HOME`), in the
shared layout::

    models--NAME/blobs/<digest>                          the content
    models--NAME/snapshots/<commit>/<file>  ──▶ blobs    a folder that can be opened
    models--NAME/refs/main                               the commit that was fetched last
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chatmimic.bases.download import Bar, Transfer, download
from chatmimic.bases.faults import COMMAND_AGAIN, not_fetched, reason
from chatmimic.bases.folder import (
    INDEX,
    TOKENIZERS,
    WEIGHTS,
    check_config,
    read_json,
    shards_of,
    weight_files,
)
from chatmimic.errors import BaseError
from chatmimic.files import size_in_words

# Seconds within which the hub must answer the first request. On slow connections it can be raised
# with HF_HUB_ETAG_TIMEOUT, a variable of the hub's library.
PATIENCE = 2.0
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
# Files needed besides the weights, which describe the model and its tokenizer.
_SMALL = {
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    *(name for names in TOKENIZERS for name in names),
}


@dataclass(frozen=True)
class Remote:
    """A file on the hub: its name, size in bytes, and SHA-256 (64 digits) or git blob id (40)."""

    name: str
    size: int
    digest: str


def cached(name: str, *, with_tokenizer: bool = True) -> Path | None:
    """The folder of a complete base in the hub's cache; None if there is none."""
    if not _NAME.fullmatch(name):
        return None
    _host(name)
    for known_as in (name, f"openai-community/{name}") if "/" not in name else (name,):
        place = _place(known_as)
        try:
            commit = (place / "refs" / "main").read_text().strip()
        except OSError:
            continue
        folder = place / "snapshots" / commit
        if _COMMIT.fullmatch(commit) and _whole(folder, with_tokenizer):
            return folder
    return None


def cached_names() -> list[str]:
    """The names of all models in the hub's cache, including incomplete ones."""
    from huggingface_hub import constants

    found = Path(constants.HF_HUB_CACHE).glob("models--*")
    names = (place.name.removeprefix("models--").replace("--", "/") for place in found)
    return sorted(name for name in names if _NAME.fullmatch(name))


def address(name: str) -> str:
    """The address of a base's page on the hub, its model card."""
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{name}"


def fetch(name: str) -> Path:
    """Download a base from the hub and return its folder. Raises BaseError if that fails.

    Files in the cache are not downloaded again, and an interrupted download is resumed.
    """
    host, commit, files = _requested(name)
    try:
        return _fetch_files(name, host, commit, files)
    except OSError as error:
        raise not_fetched(name, reason(error, host), f"{COMMAND_AGAIN}, or use") from error


def weights_to_fetch(name: str) -> int:
    """The size of a base's weights on the hub in bytes. Raises BaseError as `fetch` does.

    Only safetensors count, which are what is downloaded.
    """
    files = _requested(name)[2]
    if WEIGHTS in files:
        return files[WEIGHTS].size
    return sum(file.size for file in files.values() if file.name.endswith(".safetensors"))


def _requested(name: str) -> tuple[str, str, dict[str, Remote]]:
    """Ask the hub about a base: returns the hub's host, the commit, the files. Or BaseError."""
    if not _NAME.fullmatch(name):
        raise BaseError(
            f'"{name}" is neither a folder nor a valid name on the model hub.',
            "Such names look like gpt2-medium or org/name; `--base starter` needs no network.",
        )
    host = _host(name)
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise not_fetched(name, "HF_HUB_OFFLINE is set, and it is not in the local cache")
    return host, *_listing(name, _answer(name, host), host)


def _host(name: str) -> str:
    """The hub's host. Checked before its library is imported, which fails for invalid addresses."""
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.hostname:
            return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    except ValueError:
        pass
    raise not_fetched(name, f"HF_ENDPOINT is {address!r}, which is not the address of a hub")


def _fetch_files(name: str, host: str, commit: str, files: Mapping[str, Remote]) -> Path:
    from huggingface_hub.utils import WeakFileLock

    place = _place(name)
    (place / "blobs").mkdir(parents=True, exist_ok=True)
    lock = place.parent / ".locks" / place.name / "chatmimic.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with WeakFileLock(lock, timeout=0.2):
            small = [files[wanted] for wanted in sorted(_SMALL & files.keys())]
            if INDEX in files and WEIGHTS not in files:
                small.append(files[INDEX])
            folder = _take(name, host, commit, small)
            check_config(read_json(folder / "config.json"), f"The base {name}")
            _take(name, host, commit, _weights(folder, files, name))
    except TimeoutError as error:  # of the lock; those of the network are handled elsewhere
        raise not_fetched(name, "another process is downloading it right now") from error
    (place / "refs").mkdir(exist_ok=True)
    (place / "refs" / "main").write_text(commit)
    return folder


def _take(name: str, host: str, commit: str, files: Sequence[Remote]) -> Path:
    """Put these files into the folder of the snapshot, downloading those that are missing."""
    from huggingface_hub import constants

    place = _place(name)
    folder = place / "snapshots" / commit
    folder.mkdir(parents=True, exist_ok=True)
    missing = [file for file in files if not (folder / file.name).is_file()]
    _check_room(name, place, missing)
    with Bar(name, host, sum(file.size for file in missing)) as bar:
        for file in missing:
            blob = place / "blobs" / file.digest
            if not blob.is_file():
                url = f"{constants.ENDPOINT}/{name}/resolve/{commit}/{file.name}"
                download(Transfer(name, host, url, blob, file.size, file.digest), bar)
            _point(folder / file.name, blob)
    return folder


def _point(pointer: Path, blob: Path) -> None:
    """Link a name in a snapshot to a blob; where links are not allowed, move the blob there."""
    pointer.unlink(missing_ok=True)  # a dangling link
    try:
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))
    except OSError:
        os.replace(blob, pointer)


def _check_room(name: str, place: Path, files: Sequence[Remote]) -> None:
    begun = sum(
        partial.stat().st_size
        for file in files
        if (partial := place / "blobs" / f"{file.digest}.incomplete").is_file()
    )
    needed, free = sum(file.size for file in files) - begun, shutil.disk_usage(place).free
    if needed > free:
        room = f"only {size_in_words(free)} are free in {place.parent}"
        raise not_fetched(
            name,
            f"it needs {size_in_words(needed)}, but {room}",
            "free some space, set HF_HOME to a folder on another disk, or use",
        )


def _weights(folder: Path, files: Mapping[str, Remote], name: str) -> list[Remote]:
    if WEIGHTS in files:
        return [files[WEIGHTS]]
    if INDEX not in files:
        raise BaseError(
            f"The base {name} has no safetensors weights on the hub; files of other formats can "
            "run any code that was put into them.",
            "Choose a base that has model.safetensors, or `--base starter`.",
        )
    shards = shards_of(read_json(folder / INDEX), f"The index of {name}")
    if absent := [shard for shard in shards if shard not in files]:
        raise not_fetched(name, f"{absent[0]} is in its index, but not on the hub")
    return [files[shard] for shard in shards]


def _answer(name: str, host: str) -> Any:
    """Ask the hub about a name and return its JSON. Raises BaseError after `PATIENCE` seconds.

    The request runs in its own thread, because a DNS lookup has no timeout. A thread that gets
    stuck is abandoned; it ends with the process.
    """
    from huggingface_hub import constants

    patience = PATIENCE
    if "HF_HUB_ETAG_TIMEOUT" in os.environ:
        patience = max(patience, constants.HF_HUB_ETAG_TIMEOUT)
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_ask, args=(name, patience, outcome), daemon=True).start()
    try:
        found = outcome.get(timeout=patience)
    except queue.Empty:
        why = f"{host} did not answer within {patience:g} seconds"
        raise not_fetched(name, why) from None
    if isinstance(found, Exception):
        raise not_fetched(name, reason(found, host)) from found
    return found


def _ask(name: str, patience: float, outcome: queue.SimpleQueue[Any]) -> None:
    from huggingface_hub import constants, get_session
    from huggingface_hub.errors import HTTPError

    from chatmimic.bases.download import headers

    try:
        response = get_session().get(
            f"{constants.ENDPOINT}/api/models/{name}",
            params={"blobs": "true"},
            headers=headers(),
            timeout=patience,
        )
        response.raise_for_status()
        outcome.put(json.loads(response.content))
    except (HTTPError, OSError, ValueError) as error:
        outcome.put(error)


def _listing(name: str, answer: Any, host: str) -> tuple[str, dict[str, Remote]]:
    """The commit, and its files at the top level of the repository, from the hub's answer."""
    try:
        commit = str(answer["sha"])
        files = {
            entry["rfilename"]: Remote(
                entry["rfilename"],
                int(entry["size"]),
                str((entry.get("lfs") or {}).get("sha256") or entry["blobId"]),
            )
            for entry in answer["siblings"]
            if "/" not in entry["rfilename"] and "\\" not in entry["rfilename"]
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_fetched(name, f"the answer from {host} is not that of a model hub") from error
    digests = all(_COMMIT.fullmatch(file.digest) for file in files.values())
    if not _COMMIT.fullmatch(commit) or not digests:
        raise not_fetched(name, f"the answer from {host} is not that of a model hub")
    if "config.json" not in files:
        raise not_fetched(name, "it has no config.json on the hub, so it is not a language model")
    return commit, files


def _place(name: str) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"


def _whole(folder: Path, with_tokenizer: bool) -> bool:
    """Whether a snapshot is complete; another program may have fetched only a part of it."""
    if not (folder / "config.json").is_file():
        return False
    try:
        weight_files(folder)
    except BaseError:
        return False
    if not with_tokenizer:
        return True
    return any(all((folder / name).is_file() for name in names) for names in TOKENIZERS)
