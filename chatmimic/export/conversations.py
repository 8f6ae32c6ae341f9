"""Conversations of the archive, chosen, split and made private as for a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatmimic.conversations import Disentangler, parse_gap
from chatmimic.errors import ArchiveError, TooLittleData
from chatmimic.importers import ImportReport
from chatmimic.privacy import PrivacyFilter, PrivacyOptions
from chatmimic.records import Conversation, Message
from chatmimic.training.data.selection import choose
from chatmimic.training.data.split import conversations_with, split
from chatmimic.training.settings import TrainSettings

if TYPE_CHECKING:
    from chatmimic.archive import Archive

WHOLE, TRAIN, TEST = "", "train", "test"  # names of parts: the files that Hugging Face looks for


@dataclass(frozen=True)
class Exported:
    """Conversations by the name of their part; `persona` is the name that their person has here.

    `persona` is "" if nobody was chosen. `redacted` counts the replacements of each type.
    """

    persona: str
    parts: dict[str, tuple[Conversation, ...]]
    redacted: dict[str, int]


def gather_conversations(
    archive: Archive,
    settings: TrainSettings,
    held_out: float | None = None,
    privacy: PrivacyOptions | None = None,
    key: bytes | None = None,
) -> Exported:
    """The conversations that a training with these settings would read.

    With `held_out`, that share of the persona's latest messages is a part of its own, split as for
    a training. `key` is that of the home, for pseudonyms. Raises NoSuchPerson, NoSuchThread, and
    TooLittleData if nothing is left.
    """
    person = archive.person(settings.persona) if settings.persona else None
    imitated = person.name if person else None
    selection = choose(archive, settings).counted(archive, person, 1)
    gap_ms = None if settings.gap is None else parse_gap(settings.gap)
    found = conversations_with(
        archive, imitated, gap_ms, selection, Disentangler(settings.disentangle, imitated)
    )
    if not found:
        raise TooLittleData(
            "There is nothing to export.", "`chatmimic people` lists who is in the archive."
        )
    parts = {WHOLE: tuple(found)}
    if held_out is not None:
        parts = dict(zip((TRAIN, TEST), split(found, imitated, held_out), strict=True))
    if not privacy:
        return Exported(imitated or "", parts, {})
    return _made_private(archive, imitated or "", parts, privacy, key)


def _made_private(
    archive: Archive,
    persona: str,
    parts: dict[str, tuple[Conversation, ...]],
    privacy: PrivacyOptions,
    key: bytes | None,
) -> Exported:
    """The parts after redaction, exclusion and renaming."""
    applied = _filter_of(archive, persona, privacy, key)
    safe = {name: _filtered(part, applied) for name, part in parts.items()}
    redacted = dict(applied.redacted)
    return Exported(_named(persona, applied), safe, redacted)


def _filter_of(
    archive: Archive, persona: str, privacy: PrivacyOptions, key: bytes | None
) -> PrivacyFilter:
    """The filter, which knows all names of everybody in the archive."""
    excluded = [archive.person(name) for name in privacy.exclude]
    if persona in (person.name for person in excluded):
        raise ArchiveError(
            f'"{persona}" cannot be both the persona and left out.', "Change --exclude."
        )
    names = tuple(dict.fromkeys(n for p in excluded for n in (p.name, *p.names)))
    applied = PrivacyFilter(replace(privacy, exclude=names), key)
    applied.add_known(names)
    everybody = {name for person in archive.people() for name in (person.name, *person.names)}
    applied.collect_names(Message(name, "") for name in sorted(everybody))
    return applied


def _filtered(part: Sequence[Conversation], applied: PrivacyFilter) -> tuple[Conversation, ...]:
    safe = (
        replace(c, messages=tuple(applied.apply_once(c.messages, ImportReport()))) for c in part
    )
    return tuple(conversation for conversation in safe if conversation.messages)


def _named(persona: str, applied: PrivacyFilter) -> str:
    """The name of the persona after the filter."""
    if not persona:
        return ""
    (message,) = applied.apply_once([Message(persona, "")], ImportReport())
    return message.sender
