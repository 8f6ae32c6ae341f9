"""The data of a run: the persona's conversations, the latest of them held out."""

from __future__ import annotations

import contextlib
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chatmimic.errors import ArchiveError, TooLittleData
from chatmimic.manifest import MOST_PEOPLE
from chatmimic.records import Conversation, Person
from chatmimic.senders import hashed
from chatmimic.training.data.selection import EVERYTHING, LEAST_MESSAGES, Selection
from chatmimic.training.rng import shuffle
from chatmimic.transcript import Cast

if TYPE_CHECKING:
    from chatmimic.archive import Archive
    from chatmimic.conversations import Disentangler

TESTED = 250  # held-out messages that figures are measured on, the same ones for every base
CAST = MOST_PEOPLE  # the tokens form has a token for the first 32


@dataclass(frozen=True)
class Material:
    """Conversations to train on, later ones that are held out, and the people in them.

    `imitated` is the person to imitate; None: everybody, with the most talkative as the persona.
    """

    persona: str
    cast: Cast
    train: tuple[Conversation, ...]
    held_out: tuple[Conversation, ...]
    fingerprint: str
    gap: str = ""  # the silence that ended a conversation, in words
    busy: int = 0  # threads whose conversations were told apart
    imitated: str | None = None
    selection: dict[str, Any] = field(default_factory=dict)  # of the archive; empty: all of it
    owner: str = ""  # whose exports these are, of the cast; "" where that is not known
    senders: dict[str, Any] | None = None  # everybody in the conversations, hashed; None: not known

    @property
    def messages(self) -> tuple[int, int]:
        """The numbers of messages of the imitated in the training part and the held-out part."""
        return _count(self.train, self.imitated), _count(self.held_out, self.imitated)

    @property
    def messages_tested(self) -> int:
        """The number of messages of the imitated that the metrics are computed on."""
        return _count(self.tested, self.imitated)

    @property
    def tested(self) -> tuple[Conversation, ...]:
        """The held-out conversations of the final evaluation: all, or a sample spread over them.

        The sample does not depend on base, form or machine, so that metrics are comparable.
        """
        return sampled(self.held_out, self.imitated, TESTED)


def gather(
    archive: Archive,
    persona: str,
    gap_ms: int | None,
    held_out: float,
    *,
    selection: Selection = EVERYTHING,
    force: bool = False,
    disentangle: bool | None = None,
    brief: bool = False,
    notify: Callable[[str], None] = lambda words: None,
) -> Material:
    """Collect a persona's conversations ("": everybody's) from the archive, split by time.

    `gap_ms` is the silence that ends a conversation (None: estimated); `held_out` is the share of
    the persona's messages to hold out; `selection` is that of messages. `force` also accepts
    little data; `disentangle` separates conversations that run in parallel (None: in busy
    channels), and calls `notify` with its progress. `brief` is for estimates: conversations are
    separated by the plain rule, and there are neither fingerprint nor hashes of the senders.
    Raises NoSuchPerson and TooLittleData.
    """
    from chatmimic.conversations import NEWEST, Disentangler

    person = archive.person(persona) if persona else _most_talkative(archive)
    imitated = person.name if persona else None
    if not force:
        _check_enough(archive, person, imitated)
    least = 1 if force else LEAST_MESSAGES
    selection = selection.counted(archive, person if imitated else None, least)
    disentangler = Disentangler(disentangle, imitated, notify, newest=0 if brief else NEWEST)
    everything = conversations_with(archive, imitated, gap_ms, selection, disentangler)
    train, later = split(everything, imitated, held_out)
    cast = cast_of(train, person.name)
    return Material(
        person.name,
        cast,
        train,
        later,
        "" if brief else archive.fingerprint(),
        _gap_in_words(archive, everything, gap_ms, selection),
        disentangler.threads,
        imitated,
        dict(selection.description),
        _owner_in(cast, archive.owners()),
        None if brief else _hashed_senders(archive, everything),
    )


def conversations_with(
    archive: Archive,
    imitated: str | None,
    gap_ms: int | None,
    selection: Selection,
    disentangler: Disentangler,
) -> list[Conversation]:
    """The selected conversations of the archive in which a person speaks (None: all), by time."""
    from chatmimic.conversations import conversations

    found = conversations(archive, gap_ms, disentangler, selection.read)
    return [c for c in found if imitated is None or imitated in c.senders]


def _hashed_senders(
    archive: Archive, conversations: Sequence[Conversation]
) -> dict[str, Any] | None:
    """The hashes of all names of everybody who is in conversations."""
    each = archive.names_of_each()
    people = {m.sender for c in conversations for m in c.messages}
    with contextlib.suppress(ArchiveError):  # an archive that cannot be written now
        return hashed(archive.secret(), (n for p in people for n in each.get(p, (p,))))
    return None


def _owner_in(cast: Cast, owners: Sequence[str]) -> str:
    """The owner of the exports who is in the cast, preferably not the persona."""
    known = [name for name in owners if name in cast.people]
    return next((name for name in known if name != cast.people[0]), next(iter(known), ""))


def _check_enough(archive: Archive, person: Person, imitated: str | None) -> None:
    """Raise TooLittleData if there are too few messages to train on."""
    said = person.messages if imitated else sum(p.messages for p in archive.people())
    if said < LEAST_MESSAGES:
        raise TooLittleData(
            f"{f'{imitated} has' if imitated else 'All people together have'} {said} messages in "
            f"the archive; training needs at least {LEAST_MESSAGES}.",
            "Import more of their chats"
            + (", or choose another person from `chatmimic people`" if imitated else "")
            + "; --force trains on fewer.",
        )


def _most_talkative(archive: Archive) -> Person:
    people = [p for p in archive.people() if not p.is_bot]
    if not people:
        raise TooLittleData("The archive is empty.", "`chatmimic import PATH` fills it.")
    return max(people, key=lambda p: p.messages)


def _gap_in_words(
    archive: Archive,
    conversations: Sequence[Conversation],
    gap_ms: int | None,
    selection: Selection,
) -> str:
    """The gap that was asked for, or the range of those estimated for the threads."""
    from chatmimic.conversations import show_gap, thread_gaps

    if gap_ms is not None:
        return show_gap(gap_ms)
    of_each = thread_gaps(archive, selection.read)
    gaps = {of_each[c.service, c.thread] for c in conversations}
    return " to ".join(dict.fromkeys(show_gap(gap) for gap in (min(gaps), max(gaps))))


def split(
    conversations: Sequence[Conversation], persona: str | None, share: float
) -> tuple[tuple[Conversation, ...], tuple[Conversation, ...]]:
    """Split conversations at a point in time: those before it, and those from then on.

    The later part has at least `share` of the persona's messages (None: of everybody's), and
    usually begins with a conversation; if it would then have more than twice as many, it begins
    inside one. Nothing in the first part is later than anything in the second: a conversation
    across the split is cut there. A random split would leak, because neighbouring messages say
    much about each other.
    """
    ordered = sorted(conversations, key=lambda c: c.starts_at or 0)
    places = [_places(number, c) for number, c in enumerate(ordered)]
    own = sorted(
        place
        for c, row in zip(ordered, places, strict=True)
        for m, place in zip(c.messages, row, strict=True)
        if persona in (None, m.sender)
    )
    if not own:
        return tuple(ordered), ()
    wanted = max(1, math.ceil(share * len(own)))
    border = own[-wanted]
    start = places[border[1]][0]
    if bisect_left(own, start) > 0 and len(own) - bisect_left(own, start) <= 2 * wanted:
        border = start
    train, later = [], []
    for conversation, row in zip(ordered, places, strict=True):
        cut = bisect_left(row, border)
        train.append(replace(conversation, messages=conversation.messages[:cut]))
        later.append(replace(conversation, messages=conversation.messages[cut:]))
    return tuple(c for c in train if c.messages), tuple(c for c in later if c.messages)


def sampled(
    conversations: Sequence[Conversation], persona: str | None, most: int
) -> tuple[Conversation, ...]:
    """Parts of conversations, spread over all, with about `most` of the persona's messages.

    All conversations, whole, if there are no more.
    """
    total = _count(conversations, persona)
    if total <= most:
        return tuple(conversations)
    taken, read, found = 0, 0, []
    for part in (p for c in conversations for p in _parts(c, persona, math.ceil(most / 10))):
        own = _count([part], persona)
        if taken * total <= read * most:
            taken += own
            found.append(part)
        read += own
    return tuple(found)


def _parts(conversation: Conversation, persona: str | None, most: int) -> Iterator[Conversation]:
    """A conversation split into parts with a limited number of the persona's messages."""
    own = [at for at, m in enumerate(conversation.messages) if persona in (None, m.sender)]
    borders = [0, *(at + 1 for at in own[most - 1 : -1 : most]), len(conversation.messages)]
    for start, end in pairwise(borders):
        yield replace(conversation, messages=conversation.messages[start:end])


def cast_of(conversations: Sequence[Conversation], persona: str) -> Cast:
    """The cast: the persona, then the people they talk with, the most talkative first."""
    counts = Counter(m.sender for c in conversations for m in c.messages)
    counts.pop(persona, None)
    others = sorted(counts, key=lambda name: (-counts[name], name))
    return Cast((persona, *others[: CAST - 1]))


def continued(
    material: Material, until: int, people: Sequence[str], replay: float, seed: int
) -> Material:
    """The data to continue an earlier mimic: messages later than `until`, and some older ones.

    `until` is the time of the latest message it was trained on, in UTC ms; `people` its cast;
    `replay` the share of the older conversations to repeat, so that they are not forgotten. Raises
    TooLittleData if there is nothing new.
    """
    new = [c for c in material.train if _ends_at(c) > until]
    if not new:
        raise TooLittleData(
            "There are no messages newer than those this mimic was trained on.",
            "Import a newer export first, or train a new mimic without --from.",
        )
    old = [c for c in material.train if _ends_at(c) <= until]
    again = sorted(shuffle(seed, 0, len(old))[: math.ceil(replay * len(old))].tolist())
    cast = dict.fromkeys([*people, *material.cast.people])
    return replace(material, cast=Cast(tuple(cast)[:CAST]), train=(*(old[i] for i in again), *new))


def ends_at(conversations: Sequence[Conversation]) -> int:
    """The time of the latest message in UTC milliseconds; 0 if none has a time."""
    return max(map(_ends_at, conversations), default=0)


def _ends_at(conversation: Conversation) -> int:
    return max((m.sent_at for m in conversation.messages if m.sent_at is not None), default=0)


def _places(number: int, conversation: Conversation) -> list[tuple[int, int, int]]:
    """The position of each message in time, all different: (milliseconds, conversation, message).

    A message without a time gets that of the latest one before it.
    """
    places, latest = [], conversation.starts_at or 0
    for at, message in enumerate(conversation.messages):
        latest = max(latest, message.sent_at or latest)
        places.append((latest, number, at))
    return places


def _count(conversations: Sequence[Conversation], person: str | None) -> int:
    return sum(person in (None, m.sender) for c in conversations for m in c.messages)
