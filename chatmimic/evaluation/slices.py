"""The data of an evaluation: what the mimic read, what its judges learn from, and what tests it.

::

    time ──▶   older    │  read by the mimic  │ judge │  test
               └────────────── judge ─────────────┘

The judges of style never see the text that the mimic was trained on: with the same text, verbatim
copies would look more like the person than the person does. All three slices are cut by time,
because neighbouring messages say much about each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatmimic.conversations import Disentangler, conversations, parse_gap
from chatmimic.errors import EvaluationError
from chatmimic.evaluation.manifest import settings_of, trained_messages, trained_until
from chatmimic.mimic import Mimic
from chatmimic.records import Conversation
from chatmimic.training.data.selection import choose
from chatmimic.training.data.split import split

if TYPE_CHECKING:
    from chatmimic.archive import Archive

JUDGE = 0.4  # share of the held-out messages that judges learn from
_TOO_LARGE = 1.25
FEWEST = 20  # messages of the person in the judges' slice, and in the test


@dataclass(frozen=True)
class Slices:
    """Conversations of a person by what they are used for, each in the order of time."""

    person: str
    read: tuple[Conversation, ...]  # by the mimic, in training
    judge: tuple[Conversation, ...]
    test: tuple[Conversation, ...]

    def count(self, part: Sequence[Conversation]) -> int:
        """The number of the person's messages in a slice."""
        return _count(part, self.person)


def cut(archive: Archive, mimic: Mimic, tell: Callable[[str], None] = lambda words: None) -> Slices:
    """Cut the archive into the slices of a mimic; `tell` is called with what is being done.

    Raises EvaluationError where too little was said later, and the errors of `slices_of`.
    """
    slices = slices_of(archive, mimic, tell)
    _check(slices, mimic)
    return slices


def slices_of(
    archive: Archive, mimic: Mimic, tell: Callable[[str], None] = lambda words: None
) -> Slices:
    """The slices of a mimic, however little is in them.

    The mimic's settings say which threads and dates it was trained on, and its data until when. A
    person who was renamed since has the name that the mimic knows. Raises MimicError for a damaged
    manifest, and the errors of a missing person or thread.
    """
    settings = settings_of(mimic)
    person = archive.person(mimic.persona).name
    gap = parse_gap(settings.gap) if settings.gap else None
    chosen = choose(archive, replace(settings, newest="all"))
    apart = Disentangler(settings.disentangle, person, tell)
    found = [
        _known_as(mimic.persona, person, c)
        for c in conversations(archive, gap, apart, chosen.read)
        if person in c.senders
    ]
    person = mimic.persona
    before, later = _cut_at(found, trained_until(mimic))
    if not _count(before, person) or not _count(later, person):
        # Most messages have no time: the same share as in training, of what is there now.
        before, later = split(found, person, settings.held_out)
    # A mimic that continues another has read what that one read.
    messages = None if settings.from_mimic else trained_messages(mimic)
    older, read = ([], before) if messages is None else _newest(before, person, messages)
    rest, test = _newest(later, person, round((1 - JUDGE) * _count(later, person)))
    return Slices(person, tuple(read), (*older, *rest), tuple(test))


def _check(slices: Slices, mimic: Mimic) -> None:
    judge, test = slices.count(slices.judge), slices.count(slices.test)
    if min(judge, test) >= FEWEST:
        return
    raise EvaluationError(
        f"{slices.person} has {judge + test} messages that {mimic.name} was not trained on; an "
        f"evaluation needs at least {2 * FEWEST}, some to learn from and some to test on.",
        "Import newer chats of theirs, or train a mimic that leaves more out: "
        "`chatmimic train --held-out 0.3`.",
    )


def _known_as(name: str, person: str, conversation: Conversation) -> Conversation:
    """The conversation with a person under another name."""
    if name == person:
        return conversation
    messages = (replace(m, sender=name) if m.sender == person else m for m in conversation.messages)
    return replace(conversation, messages=tuple(messages))


def _cut_at(
    found: Sequence[Conversation], until: int
) -> tuple[Sequence[Conversation], Sequence[Conversation]]:
    """Conversations up to a time in UTC ms, and from then on; one that goes across is cut."""
    before, later = [], []
    for conversation in found:
        times = [m.sent_at for m in conversation.messages]
        at = next((i for i, t in enumerate(times) if t is not None and t > until), len(times))
        before.append(replace(conversation, messages=conversation.messages[:at]))
        later.append(replace(conversation, messages=conversation.messages[at:]))
    return [c for c in before if c.messages], [c for c in later if c.messages]


def _newest(
    found: Sequence[Conversation], person: str, most: int
) -> tuple[list[Conversation], list[Conversation]]:
    """Older conversations, and the newest with about `most` of the person's messages.

    A conversation across the border goes to the newest, or is cut if that would then be more than
    a quarter too large.
    """
    older, total = list(found), 0
    newest: list[Conversation] = []
    while older and total < most:
        newest.insert(0, older.pop())
        total += _count(newest[:1], person)
    if newest and total > _TOO_LARGE * most:
        first = newest[0]
        own = [at for at, m in enumerate(first.messages) if m.sender == person]
        cut_at = own[total - most]
        older.append(replace(first, messages=first.messages[:cut_at]))
        newest[0] = replace(first, messages=first.messages[cut_at:])
    return older, newest


def _count(found: Sequence[Conversation], person: str) -> int:
    return sum(m.sender == person for c in found for m in c.messages)
