"""The folder of a user's data, and the names in it."""

from __future__ import annotations

import contextlib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from chatmimic.errors import SettingsError
from chatmimic.files import private_folder, typed_path


@dataclass(frozen=True)
class Home:
    """The folder of archive, runs and mimics: `--home`, `CHATMIMIC_HOME` or the default."""

    path: Path

    @classmethod
    def find(cls, given: str | os.PathLike[str] | None = None) -> Home:
        """The given home, or this user's data folder. Raises SettingsError if there is none."""
        chosen = given or os.environ.get("CHATMIMIC_HOME")
        if chosen:
            return cls(typed_path(chosen).absolute())
        from platformdirs import user_data_path

        found = user_data_path("chatmimic", appauthor=False)
        if not found.is_absolute():  # "~/.local/…", which would be a folder called "~" here
            raise SettingsError(
                "This user has no home folder.", "Choose a folder for the archive with --home."
            )
        return cls(found)

    @property
    def option(self) -> str:
        """The `--home` option that a suggested command needs; "" if this is the default home."""
        with contextlib.suppress(SettingsError):  # without a default home it is always needed
            if self == Home.find():
                return ""
        return f" --home {shlex.quote(str(self.path))}"

    def make(self) -> Home:
        """Create the folder, readable by its owner only."""
        private_folder(self.path)
        return self

    @property
    def archive(self) -> Path:
        """The SQLite file of all messages and people."""
        return self.path / "archive.sqlite"

    def corpus(self, name: str) -> Path:
        """The SQLite file of the corpus in a folder of `corpora`."""
        return self.corpora / name / "archive.sqlite"

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
    def blind_tests(self) -> Path:
        """The folder of the keys of exported blind tests."""
        return self.path / "turing"

    @property
    def chats(self) -> Path:
        """The folder of the chats that are kept, and of typed lines if they are."""
        return self.path / "chats"
