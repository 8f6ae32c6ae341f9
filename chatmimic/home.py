"""Where a user's data lives, and what each thing in it is called."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from chatmimic.files import private_folder

_FOLDER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Names that Windows keeps for devices: no folder can be called so there.
_DEVICES = (f"{port}{number}" for port in ("com", "lpt") for number in range(10))
_RESERVED = frozenset({"con", "prn", "aux", "nul", *_DEVICES})


@dataclass(frozen=True)
class Home:
    """The folder of archive, runs and mimics: `--home`, `CHATMIMIC_HOME` or the default."""

    path: Path

    @classmethod
    def find(cls, given: str | os.PathLike[str] | None = None) -> Home:
        """The home that was asked for, or this user's own data folder."""
        chosen = given or os.environ.get("CHATMIMIC_HOME")
        if chosen:
            return cls(Path(chosen).expanduser().absolute())
        from platformdirs import user_data_path

        return cls(user_data_path("chatmimic", appauthor=False))

    def make(self) -> Home:
        """Create the folder, readable by its owner only."""
        private_folder(self.path)
        return self

    @property
    def archive(self) -> Path:
        """The SQLite file of all messages and people."""
        return self.path / "archive.sqlite"

    def corpus(self, name: str) -> Path:
        """The SQLite file of a corpus: an archive of other people's talk, kept apart."""
        return self.corpora / slug(name) / "archive.sqlite"

    @property
    def corpora(self) -> Path:
        """The folder with one folder for each corpus."""
        return self.path / "corpora"

    @property
    def bases(self) -> Path:
        """The folder with one folder for each base that `chatmimic pretrain` made."""
        return self.path / "bases"

    @property
    def pretrainings(self) -> Path:
        """The folder with one folder for each pretraining (shards, log, checkpoints)."""
        return self.path / "pretrainings"

    @property
    def mimics(self) -> Path:
        """The folder with one folder for each finished mimic."""
        return self.path / "mimics"

    @property
    def runs(self) -> Path:
        """The folder with one folder for each training run (settings, log, checkpoints)."""
        return self.path / "runs"

    @property
    def chats(self) -> Path:
        """Where the chat keeps its line history and what `/save` writes."""
        return self.path / "chats"


def slug(name: str) -> str:
    """A folder name for any name at all: `[a-z0-9-]{1,64}`, never a path, never empty.

    Plain names become themselves in lower case with hyphens; names that lose more than that get
    eight hex digits of their SHA-256, so that they do not share a folder with another. The folder
    name of a folder name is itself.
    """
    if _FOLDER.fullmatch(name) and len(name) <= 64 and name not in _RESERVED:
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    kept = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-")
    if kept and kept == name.lower().replace(" ", "-") and kept not in _RESERVED:
        return kept
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{kept}-{digest}" if kept else f"persona-{digest}"
