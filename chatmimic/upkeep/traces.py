"""Where a person's words are or may be, apart from the archive."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatmimic.archive import Archive
from chatmimic.chat.kept import kept_chats, kept_files
from chatmimic.corpora import known_corpora
from chatmimic.errors import ArchiveError, MimicError
from chatmimic.files import folder_size
from chatmimic.home import Home
from chatmimic.lookup import fold
from chatmimic.mimic import MANIFEST, Mimic, read_mimic
from chatmimic.quotes import Named
from chatmimic.senders import is_among
from chatmimic.training.checkpointing.resumable import SAMPLES
from chatmimic.training.data.split import CAST
from chatmimic.upkeep.removal import LEFT, remove_folder, remove_with_leftovers
from chatmimic.upkeep.runs import (
    FINISHED,
    PRETRAINING,
    TRAINING,
    StoredRun,
    facts_of,
    list_runs,
    read_object,
)

MIMIC, RUN, CHAT, LINES, LEFTOVER = "mimic", "run", "chat", "typed lines", "leftover"
CORPUS, BASE = "corpus", "base"


@dataclass(frozen=True)
class Trace:
    """Something that holds a person's words, or may (`sure` is False), and why."""

    kind: str
    name: str
    path: Path
    why: str
    sure: bool = True
    holder: str = ""  # the process that is working on it

    @property
    def size(self) -> int:
        """Size on disk in bytes."""
        if self.path.is_dir():
            return folder_size(self.path)
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def is_removable(self) -> bool:
        """Whether `remove` may be called: a corpus is somebody else's talk, and only named."""
        return self.kind != CORPUS

    def remove(self) -> None:
        """Delete it for good."""
        if self.kind == MIMIC:
            remove_with_leftovers(self.path)
        elif self.path.is_dir():
            remove_folder(self.path)
        else:
            self.path.unlink(missing_ok=True)


def find_traces(home: Home, names: Collection[str], secret: bytes | None) -> list[Trace]:
    """What holds or may hold the words of a person of these names, apart from the archive.

    `secret` is that of the archive (`Archive.secret`), which hashes of names depend on.
    """
    knows = _Knows(names, secret)
    mimics = list(_mimics(home, knows))
    ours = {trace.name for trace in mimics if trace.kind == MIMIC}
    return [
        *mimics,
        *_runs(home, knows),
        *_leftovers(home),
        *_chats(home, knows, ours),
        *_corpora(home, knows),
    ]


class _Knows:
    """Whether something has a person of some names."""

    def __init__(self, names: Collection[str], secret: bytes | None) -> None:
        self.names = frozenset(names)
        self._folded = {fold(name) for name in names}
        self._secret = secret
        self.named = Named(names)

    def one_of(self, people: object) -> bool:
        """Whether the person is among some people."""
        if not isinstance(people, list | tuple | set | frozenset):
            return False
        return any(isinstance(p, str) and fold(p) in self._folded for p in people)

    def trained(self, facts: dict[str, Any]) -> bool | None:
        """Whether a mimic or a run was trained on chats with the person; None: perhaps."""
        people = facts.get("people")
        if self.one_of(people):
            return True
        found = None
        if self._secret is not None:
            found = is_among(facts.get("senders"), self._secret, self.names)
        # An older version recorded only the cast, which is complete as long as it is not full.
        is_whole = facts.get("senders") is None and isinstance(people, list) and len(people) < CAST
        return False if found is None and is_whole else found


# -- mimics and runs -----------------------------------------------------------------------------


def _mimics(home: Home, knows: _Knows) -> Iterator[Trace]:
    for folder in sorted(home.mimics.iterdir()) if home.mimics.is_dir() else ():
        if not folder.is_dir():
            continue
        kind = LEFTOVER if folder.name[0] == "." else MIMIC
        if trace := _mimic(kind, folder, knows):
            yield trace


def _mimic(kind: str, folder: Path, knows: _Knows) -> Trace | None:
    mimic = _opened(folder)
    if mimic is None:
        return Trace(kind, folder.name, folder, "it cannot be read", sure=False)
    if knows.one_of([mimic.persona]):
        return Trace(kind, folder.name, folder, "it imitates them")
    return _trained(kind, folder, knows.trained({**mimic.manifest, "people": [*mimic.people]}))


def _opened(folder: Path) -> Mimic | None:
    with contextlib.suppress(MimicError):
        return read_mimic(folder)
    return None


def _trained(kind: str, folder: Path, known: bool | None, holder: str = "") -> Trace | None:
    if known is False:
        return None
    if known:
        return Trace(kind, folder.name, folder, "it was trained on chats with them", holder=holder)
    why = "it does not say with whom all its chats were"
    return Trace(kind, folder.name, folder, why, sure=False, holder=holder)


def _runs(home: Home, knows: _Knows) -> Iterator[Trace]:
    for run in list_runs(home):
        if run.kind == TRAINING and (trace := _run(run, knows)):
            yield trace


def _run(run: StoredRun, knows: _Knows) -> Trace | None:
    if run.persona is not None and knows.one_of([run.persona]):
        return Trace(RUN, run.name, run.path, "it is of them", holder=run.holder)
    if run.state == FINISHED:  # only a log is left, and samples: see `drop_samples`
        return None
    facts = facts_of(run)
    known = knows.trained(facts) if facts else None
    return _trained(RUN, run.path, known, run.holder)


def drop_samples(home: Home, names: Collection[str], secret: bytes | None) -> int:
    """Delete the samples of finished runs that were trained on chats with a person.

    Returns the number of files deleted. Those of unfinished runs belong to their checkpoints.
    """
    knows, count = _Knows(names, secret), 0
    for run in list_runs(home):
        samples = run.path / SAMPLES
        if run.state == FINISHED and samples.is_file():
            mimic = _opened(home.mimics / run.name)
            among = mimic is None or _mimic(MIMIC, mimic.path, knows) is not None
            if among or _speaks(samples, knows):
                samples.unlink()
                count += 1
    return count


def _speaks(samples: Path, knows: _Knows) -> bool:
    """Whether the person says something in samples; also if they cannot be read."""
    try:
        rows = [json.loads(line) for line in samples.read_text("utf-8").splitlines() if line]
        who = [row.get("who") for row in rows] + [pair[0] for r in rows for pair in r["before"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return True
    return knows.one_of(who)


def _leftovers(home: Home) -> Iterator[Trace]:
    """Half-written and half-removed files and folders, beside runs and chats."""
    for place in (home.path, home.runs, home.chats):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if path.name.startswith(LEFT):
                yield Trace(LEFTOVER, path.name, path, "a killed command left it", sure=False)


# -- chats and corpora ---------------------------------------------------------------------------


def _chats(home: Home, knows: _Knows, mimics: Collection[str]) -> Iterator[Trace]:
    read = set()
    for path, saved in kept_chats(home.chats):
        read.add(path)
        said = " ".join(message.text for message in saved.messages)
        reasons = (
            (not saved.mimics.isdisjoint(mimics), "a mimic that knows them speaks in it"),
            (knows.one_of([*saved.room, *(m.sender for m in saved.messages)]), "they speak in it"),
            (knows.named.without(said) != said, "their name is in it"),
        )
        if why := next((words for holds, words in reasons if holds), ""):
            yield Trace(CHAT, path.stem, path, why)
    for path in kept_files(home.chats):
        if path not in read:
            yield Trace(CHAT, path.stem, path, "it cannot be read", sure=False)
    yield from _typed_lines(home.chats / "lines", knows)


def _typed_lines(path: Path, knows: _Knows) -> Iterator[Trace]:
    if path.is_file():
        lines = path.read_text("utf-8", "replace")
        if knows.named.without(lines) != lines:
            yield Trace(LINES, path.name, path, "their name is in it")


def _corpora(home: Home, knows: _Knows) -> Iterator[Trace]:
    for name in known_corpora(home):
        path = home.corpus(name)
        try:
            with Archive.open(path, create=False) as archive:
                each = archive.names_of_each()
        except ArchiveError:
            yield Trace(CORPUS, name, path, "it cannot be read", sure=False)
            continue
        if theirs := [p for p, all_names in each.items() if knows.one_of(all_names)]:
            yield Trace(CORPUS, name, path, f"somebody called {theirs[0]} is in it", sure=False)


def readers_of_corpus(home: Home, name: str) -> list[Trace]:
    """The runs, bases and mimics that were trained on a corpus of that name."""
    why = f"it was trained on the corpus {name}"
    runs = [
        Trace(run.kind if run.kind == PRETRAINING else RUN, run.name, run.path, why, sure=False)
        for run in list_runs(home)
        if run.state != FINISHED and _has_read(facts_of(run), name, unsure=run.kind == PRETRAINING)
    ]
    finished = [
        Trace(kind, folder.name, folder, why, sure=False)
        for kind, place, file in ((BASE, home.bases, "base.json"), (MIMIC, home.mimics, MANIFEST))
        for folder in (sorted(place.iterdir()) if place.is_dir() else ())
        if folder.name[0] != "." and _has_read(read_object(folder / file), name)
    ]
    return [*runs, *finished]


def _has_read(facts: dict[str, Any], corpus: str, *, unsure: bool = False) -> bool:
    """Whether the facts of a run, a base or a mimic name a corpus; `unsure` without facts."""
    if not facts:
        return unsure
    settings = facts.get("settings")
    asked = settings.get("corpus") if isinstance(settings, dict) else None
    said = [*_listed(facts.get("corpora")), *_listed(asked)]
    names = (one.get("name") if isinstance(one, dict) else one for one in said)
    return any(str(one).partition("=")[0] == corpus for one in names)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
