"""What a training learns from: the persona's conversations, the latest of them held out."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chatmimic.errors import TooLittleData
from chatmimic.records import Conversation, Person
from chatmimic.training.chance import shuffle
from chatmimic.training.chosen import EVERYTHING, LEAST_MESSAGES, Chosen
from chatmimic.transcript import Cast

if TYPE_CHECKING:
    from chatmimic.archive import Archive

TESTED = 250  # held-out messages that figures are measured on, the same ones for every base
CAST = 200  # names a mimic remembers; the tokens form has a token for the first 32


@dataclass(frozen=True)
class Material:
    """Conversations to learn from and later ones to test on, and who speaks in them.

    `learner` is whom to learn; None: everybody, and the persona is who talks most.
    """

    persona: str
    cast: Cast
    learnt: tuple[Conversation, ...]
    held_out: tuple[Conversation, ...]
    fingerprint: str
    gap: str = ""  # the silence that ended a conversation, in words
    busy: int = 0  # threads whose conversations were told apart
    learner: str | None = None
    chosen: dict[str, Any] = field(default_factory=dict)  # of the archive; empty: all of it
    owner: str = ""  # whose exports these are, of the cast; "" where that is not known

    @property
    def messages(self) -> tuple[int, int]:
        """How many messages of whom to learn are in the learnt and in the held-out part."""
        return _count(self.learnt, self.learner), _count(self.held_out, self.learner)

    @property
    def messages_tested(self) -> int:
        """How many messages of whom to learn the figures are measured on."""
        return _count(self.tested, self.learner)

    @property
    def tested(self) -> tuple[Conversation, ...]:
        """The held-out conversations that figures are measured on: all, or some from everywhere.

        Which they are depends on no base, form or machine, so that figures can be compared.
        """
        return sampled(self.held_out, self.learner, TESTED)


def gather(
    archive: Archive,
    persona: str,
    gap_ms: int | None,
    held_out: float,
    *,
    chosen: Chosen = EVERYTHING,
    force: bool = False,
    disentangle: bool | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> Material:
    """Everything the archive has of a persona's conversations, split by time; "": of everybody's.

    `gap_ms` is the silence that ends a conversation (None: from the chats); `held_out` is the
    share of the persona's messages to hold out; `chosen` says which messages are read. `force`
    takes little data too; `disentangle` tells conversations apart that go on at once (None: in busy
    channels), and `tell` hears how far it is.
    Raises NoSuchPerson and TooLittleData.
    """
    from chatmimic.conversations import Apart, conversations

    person = archive.person(persona) if persona else _most_talkative(archive)
    learner = person.name if persona else None
    if not force:
        _check_enough(archive, person, learner)
    least = 1 if force else LEAST_MESSAGES
    chosen = chosen.counted(archive, person if learner else None, least)
    apart = Apart(disentangle, learner, tell)
    everything = [
        c
        for c in conversations(archive, gap_ms, apart, chosen.of)
        if learner is None or learner in c.senders
    ]
    learnt, later = split(everything, learner, held_out)
    cast = cast_of(learnt, person.name)
    return Material(
        person.name,
        cast,
        learnt,
        later,
        archive.fingerprint(),
        _gap_in_words(archive, everything, gap_ms, chosen),
        apart.threads,
        learner,
        dict(chosen.facts),
        _owner_in(cast, archive.owners()),
    )


def _owner_in(cast: Cast, owners: Sequence[str]) -> str:
    """The owner of the exports whom a mimic knows; rather not the persona, who is whom it is of."""
    known = [name for name in owners if name in cast.people]
    return next((name for name in known if name != cast.people[0]), next(iter(known), ""))


def _check_enough(archive: Archive, person: Person, learner: str | None) -> None:
    """Raises TooLittleData where whom to learn has said too little."""
    said = person.messages if learner else sum(p.messages for p in archive.people())
    if said < LEAST_MESSAGES:
        raise TooLittleData(
            f"{f'{learner} has' if learner else 'All people together have'} {said} messages in "
            f"the archive; {LEAST_MESSAGES} are the least to learn a manner from.",
            "Import more of their chats"
            + (", or choose somebody else from `chatmimic people`" if learner else "")
            + "; --force learns from fewer.",
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
    chosen: Chosen,
) -> str:
    """The gap that was asked for, or the least and the greatest that their threads chose."""
    from chatmimic.conversations import show_gap, thread_gaps

    if gap_ms is not None:
        return show_gap(gap_ms)
    of_each = thread_gaps(archive, chosen.of)
    gaps = {of_each[c.service, c.thread] for c in conversations}
    return " to ".join(dict.fromkeys(show_gap(gap) for gap in (min(gaps), max(gaps))))


def split(
    conversations: Sequence[Conversation], persona: str | None, share: float
) -> tuple[tuple[Conversation, ...], tuple[Conversation, ...]]:
    """Cut conversations at an instant: what was said before it, and what was said from then on.

    The later part holds at least `share` of the persona's messages (None: of everybody's), and as a
    rule begins with a conversation; where that would hold more than twice as many, it begins inside
    one. Nothing in the first part is later than anything in the second: a conversation that
    straddles the instant is cut there. Random messages would leak: the others of a burst say much
    of them.
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
    learnt, later = [], []
    for conversation, row in zip(ordered, places, strict=True):
        cut = bisect_left(row, border)
        learnt.append(replace(conversation, messages=conversation.messages[:cut]))
        later.append(replace(conversation, messages=conversation.messages[cut:]))
    return tuple(c for c in learnt if c.messages), tuple(c for c in later if c.messages)


def sampled(
    conversations: Sequence[Conversation], persona: str | None, most: int
) -> tuple[Conversation, ...]:
    """Parts of conversations from everywhere, with about `most` of the persona's messages.

    All conversations, whole, where there are no more.
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
    """A conversation in parts with at most so many of the persona's messages."""
    own = [at for at, m in enumerate(conversation.messages) if persona in (None, m.sender)]
    borders = [0, *(at + 1 for at in own[most - 1 : -1 : most]), len(conversation.messages)]
    for start, end in pairwise(borders):
        yield replace(conversation, messages=conversation.messages[start:end])


def cast_of(conversations: Sequence[Conversation], persona: str) -> Cast:
    """The persona, then whoever talks with them, the most talkative first."""
    counts = Counter(m.sender for c in conversations for m in c.messages)
    counts.pop(persona, None)
    others = sorted(counts, key=lambda name: (-counts[name], name))
    return Cast((persona, *others[: CAST - 1]))


def continued(
    material: Material, until: int, people: Sequence[str], replay: float, seed: int
) -> Material:
    """What an earlier mimic has still to learn: what is later than `until`, and some of the rest.

    `until` is the UTC ms of the latest message it learnt, `people` its cast, `replay` the share of
    the older conversations that it reads again, so that it does not forget them. Raises
    TooLittleData where nothing is new.
    """
    new = [c for c in material.learnt if _ends_at(c) > until]
    if not new:
        raise TooLittleData(
            "Nothing that could be learnt is newer than what this mimic has read.",
            "Import a newer export first; or train anew, without --from.",
        )
    old = [c for c in material.learnt if _ends_at(c) <= until]
    again = sorted(shuffle(seed, 0, len(old))[: math.ceil(replay * len(old))].tolist())
    cast = dict.fromkeys([*people, *material.cast.people])
    return replace(material, cast=Cast(tuple(cast)[:CAST]), learnt=(*(old[i] for i in again), *new))


def ends_at(conversations: Sequence[Conversation]) -> int:
    """The UTC milliseconds of the latest message; 0 where none has a time."""
    return max(map(_ends_at, conversations), default=0)


def _ends_at(conversation: Conversation) -> int:
    return max((m.sent_at for m in conversation.messages if m.sent_at is not None), default=0)


def _places(number: int, conversation: Conversation) -> list[tuple[int, int, int]]:
    """For each message (milliseconds, conversation, message): a place in time, no two the same.

    A message without a time was sent when the latest one before it was.
    """
    places, latest = [], conversation.starts_at or 0
    for at, message in enumerate(conversation.messages):
        latest = max(latest, message.sent_at or latest)
        places.append((latest, number, at))
    return places


def _count(conversations: Sequence[Conversation], person: str | None) -> int:
    return sum(person in (None, m.sender) for c in conversations for m in c.messages)
