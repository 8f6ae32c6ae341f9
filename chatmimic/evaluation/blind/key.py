"""The key of an exported test: the right answers, kept in the home. It has no text of messages."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from chatmimic.errors import BlindTestError
from chatmimic.evaluation.blind.rounds import MOST, PAIR, WHOSE, BlindTest
from chatmimic.files import private_folder, write_atomically
from chatmimic.home import Home

LETTERS = "abcd"  # of choices, in the codes of answers
_FORMAT = 1


@dataclass(frozen=True)
class Key:
    """The right answers of an exported test, as numbers of choices."""

    id: str
    kind: str
    mimics: tuple[str, ...]
    choices: int
    right: tuple[int, ...]
    seed: int

    @classmethod
    def of(cls, test: BlindTest) -> Key:
        """The key of a test, with a new id."""
        right = tuple(one.right for one in test.rounds)
        return cls(
            secrets.token_hex(5), test.kind, test.mimics, len(test.choices), right, test.seed
        )

    @property
    def chance(self) -> float:
        """The share of right answers that guessing comes to."""
        return 1 / self.choices


def key_path(home: Home, id: str) -> Path:
    """Where the key of an export is."""
    return home.blind_tests / f"{id}.json"


def write_key(home: Home, key: Key) -> Path:
    """Write a key into the home, readable by its owner only."""
    path = key_path(home, key.id)
    private_folder(path.parent)
    write_atomically(path, json.dumps({"format": _FORMAT, **asdict(key)}, indent=2) + "\n")
    return path


def read_key(home: Home, id: str) -> Key:
    """The key of an export. Raises BlindTestError if it is not in this home, or damaged."""
    path = key_path(home, id)
    try:
        facts = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BlindTestError(
            f"The answers belong to a test ({id}) that was not exported from this home.",
            "Score them where it was exported, or with the --home it was exported with.",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    key = _key(facts)
    if key is None or key.id != id:
        raise _damaged(path)
    return key


def _key(facts: object) -> Key | None:
    """The key that facts describe; None if they do not."""
    try:
        if not isinstance(facts, dict) or facts.pop("format") != _FORMAT:
            return None
        mimics, right = facts.pop("mimics"), facts.pop("right")
        if not (isinstance(mimics, list) and isinstance(right, list)):
            return None
        key = Key(**facts, mimics=tuple(mimics), right=tuple(right))
        whole = (
            key.kind in (PAIR, WHOSE)
            and type(key.choices) is int
            and 2 <= key.choices <= len(LETTERS)
            and bool(key.mimics)
            and all(isinstance(name, str) for name in key.mimics)
            and type(key.seed) is int
            and 0 < len(key.right) <= MOST
            and all(type(one) is int and 0 <= one < key.choices for one in key.right)
        )
    except (KeyError, TypeError):
        return None
    return key if whole else None


def _damaged(path: Path) -> BlindTestError:
    return BlindTestError(f"The key {path} is damaged.", "Restore it, or export a new test.")
