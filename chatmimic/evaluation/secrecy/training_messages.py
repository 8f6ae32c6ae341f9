"""The messages that a mimic may have read in training, so that copies of them are recognised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from chatmimic.archive import Archive
from chatmimic.archive.reading import Thread
from chatmimic.archive.rows import Scope
from chatmimic.copying.kept import spans_in
from chatmimic.copying.resemblance import Resemblance, most_alike
from chatmimic.copying.spans import Reach, Spans
from chatmimic.copying.words import places_of
from chatmimic.errors import ArchiveError, ChatmimicError
from chatmimic.evaluation.manifest import settings_of, trained_until
from chatmimic.mimic import Mimic
from chatmimic.training.data.selection import choose


@dataclass(frozen=True)
class Source:
    """A training message that a text resembles: who sent it, and where."""

    sender: str
    thread: str
    found: Resemblance


class TrainingMessages:
    """The messages of the archive that a mimic may have read, of anybody in its threads.

    These are all up to the end of its training data; of them it may have read only the newest. With
    `memory` they are all in its threads, since any of them may be recalled.
    Everything raises ArchiveError for an archive that is missing or unreadable, NoSuchPerson if the
    persona is not in it, and MimicError for a damaged manifest.
    """

    def __init__(self, archive: Path, mimic: Mimic, *, memory: bool = False) -> None:
        self._archive = archive
        self._mimic = mimic
        self._memory = memory

    @cached_property
    def spans(self) -> Spans:
        """Their spans of eight words, without stock phrases."""
        with Archive.open(self._archive, create=False) as archive:
            reach = reach_of(archive, self._mimic, memory=self._memory)
            return spans_in(archive).within(reach)

    def checked(self) -> tuple[Spans | None, str]:
        """The spans, or a sentence that says why there are none."""
        try:
            return self.spans, ""
        except ChatmimicError as error:
            return None, f"Replies are not checked for copies of training messages: {error.what}"

    def copied(self, text: str) -> list[str] | None:
        """What of a text is copied, each piece eight words or longer; None: cannot be checked."""
        spans, _ = self.checked()
        if spans is None:
            return None
        return [text[start:end] for start, end in places_of(text, spans.copied(text))]

    def most_alike(self, text: str, most: int = 3) -> list[Source]:
        """The messages that share the most words in a row with a text, those first."""
        with Archive.open(self._archive, create=False) as archive:
            reach = reach_of(archive, self._mimic, memory=self._memory)
            found = most_alike(text, archive.rows(Scope(), texts=True), reach, most)
            people = archive.names()
            threads = archive.thread_names({one.thread for one in found})
        return [Source(people[one.person], threads[one.thread], one) for one in found]


def training_messages(
    archive: Path, mimic: Mimic, *, memory: bool = False
) -> TrainingMessages | None:
    """The messages that a mimic may have read; None for a base, which has read none of them."""
    return TrainingMessages(archive, mimic, memory=memory) if mimic.manifest.get("data") else None


def reach_of(archive: Archive, mimic: Mimic, *, memory: bool = False) -> Reach:
    """Which messages of the archive a mimic may have read, or with `memory` may recall.

    A mimic that continues another has read what that one read, and what was said since.
    """
    settings = settings_of(mimic)
    whose = None if mimic.manifest.get("everybody") else archive.person(mimic.persona).name
    threads: Iterable[Thread] = archive.threads(person=whose)
    until = trained_until(mimic) or None
    if settings.from_mimic or memory:
        everywhere = frozenset(thread.number for thread in threads)
        return Reach(everywhere, None, None if memory else until)
    try:
        said: Mapping[str, Any] = choose(archive, replace(settings, newest="all")).description
    except ArchiveError:  # renamed or removed since: all that could be it
        said = {}
    inside = (thread.number for thread in threads if _is_meant(thread, said))
    return Reach(frozenset(inside), said.get("since_ms"), until)


def _is_meant(thread: Thread, said: Mapping[str, Any]) -> bool:
    """Whether a selection of messages, as described, takes some of a thread."""
    key = {"service": thread.service, "key": thread.key}
    listed = [
        [{name: one[name] for name in key} for one in said.get(which, ())]
        for which in ("threads", "excluded_threads")
    ]
    services = said.get("services")
    return (
        (services is None or thread.service in services)
        and (not listed[0] or key in listed[0])
        and key not in listed[1]
    )
