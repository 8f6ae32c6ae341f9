"""Which messages of the archive are used: by date, thread and service, and the newest.

Others are not used at all: neither for training nor for evaluation nor as context.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chatmimic.dates import day_of, span_of
from chatmimic.errors import TooLittleData
from chatmimic.records import Message, Person
from chatmimic.training.settings import TrainSettings

if TYPE_CHECKING:
    from chatmimic.archive import Archive, Thread

LEAST_MESSAGES = 50  # of the persona; with fewer, even ten held-out messages are too many

Place = tuple[int, int]  # of a message: UTC milliseconds, and its number in the archive's order


@dataclass(frozen=True)
class Rule:
    """An option that filters messages: how it was typed, and which messages it keeps.

    `keeps` is called with a message and the time when it was sent (None: unknown).
    """

    option: str
    keeps: Callable[[Message, int | None], bool]


@dataclass(frozen=True)
class Selection:
    """A selection of messages. `read` reads those of an archive, in its order.

    `description` describes the selection, for JSON; `newest` is the maximum number of messages of
    the imitated person, and `border` the position of the first of them among the messages from
    `since` (UTC ms) on.
    """

    rules: tuple[Rule, ...] = ()
    newest: int | None = None
    description: Mapping[str, Any] = field(default_factory=dict)
    border: Place | None = None
    since: int | None = None

    def read(self, archive: Archive) -> Iterator[Message]:
        """The selected messages of an archive."""
        return self._of(archive.stream(since=self.since))

    def _of(self, messages: Iterable[Message]) -> Iterator[Message]:
        if not self.rules and self.border is None:
            yield from messages
            return
        for message, sent_at, place in _placed(messages, self.since):
            if self.border is not None and place < self.border:
                continue
            if all(rule.keeps(message, sent_at) for rule in self.rules):
                yield message

    def counted(self, archive: Archive, imitated: Person | None, least: int) -> Selection:
        """The same selection, with the border of --newest determined by counting messages.

        `imitated` is the person whose words are trained on; None: everybody. Raises TooLittleData,
        with the number that each option leaves, if there are fewer than `least`.
        """
        if not self.rules and self.newest is None:
            return self
        if not self.rules and (found := self._bordered(archive, imitated, least)):
            return found
        each, places = self._left(archive.stream(), imitated.name if imitated else None)
        newest = len(places) if self.newest is None else min(self.newest, len(places))
        if newest < len(places):
            each.append((f"--newest {newest}", newest))
        if newest < least:
            raise _too_few(archive, imitated, least, each)
        if newest == len(places):
            return self
        description = {**self.description, "newest": newest, "of_messages": len(places)}
        return replace(self, border=sorted(places)[-newest], description=description)

    def _bordered(self, archive: Archive, imitated: Person | None, least: int) -> Selection | None:
        """The same with the border found in the archive, without reading all of its messages.

        None if there are as few as asked for, or fewer than `least`, or some have no time.
        """
        people = [imitated] if imitated else archive.people()
        total = sum(person.messages for person in people)
        if self.newest is None or not least <= self.newest < total:
            return None
        place = archive.place_of_newest(imitated.name if imitated else None, self.newest)
        if place is None:
            return None
        description = {**self.description, "newest": self.newest, "of_messages": total}
        return replace(self, border=place, since=place[0], description=description)

    def _left(
        self, messages: Iterable[Message], imitated: str | None
    ) -> tuple[list[tuple[str, int]], list[Place]]:
        """How many messages of the imitated each rule leaves, and the positions of the newest."""
        passed: Counter[int] = Counter()
        places = []
        for message, sent_at, place in _placed(messages):
            if imitated in (None, message.sender):
                kept = self._kept_by(message, sent_at)
                passed[kept] += 1
                if kept == len(self.rules):
                    places.append(place)
        left = (
            (rule.option, sum(n for kept, n in passed.items() if kept > number))
            for number, rule in enumerate(self.rules)
        )
        return list(left), places

    def _kept_by(self, message: Message, sent_at: int | None) -> int:
        """How many rules keep a message, up to the first that does not."""
        for number, rule in enumerate(self.rules):
            if not rule.keeps(message, sent_at):
                return number
        return len(self.rules)


EVERYTHING = Selection()


def choose(archive: Archive, settings: TrainSettings) -> Selection:
    """The selection that the settings ask for.

    Raises NoSuchThread, and ArchiveError for a service without messages.
    """
    rules: list[Rule] = []
    description: dict[str, Any] = {}
    if settings.service:
        services = {archive.service(name) for name in settings.service}
        description["services"] = sorted(services)
        rules.append(Rule(_typed("--service", settings.service), _from_services(services)))
    for option, typed, inside in (
        ("--thread", settings.thread, True),
        ("--exclude-thread", settings.exclude_thread, False),
    ):
        if typed:
            threads = [archive.thread(name) for name in typed]
            description["threads" if inside else "excluded_threads"] = [_told(t) for t in threads]
            keys = {(thread.service, thread.key) for thread in threads}
            rules.append(Rule(_typed(option, typed), _in_threads(keys, inside)))
    if settings.since is not None:
        first = span_of(settings.since)[0]
        description |= {"since": settings.since, "since_ms": first}
        rules.append(Rule(f"--since {settings.since}", _from_on(first)))
    if settings.until is not None:
        end = span_of(settings.until)[1]
        description |= {"until": settings.until, "until_ms": end - 1}
        rules.append(Rule(f"--until {settings.until}", _before(end)))
    return Selection(tuple(rules), settings.newest_messages, description)


def check_selection(archive: Archive, settings: TrainSettings) -> None:
    """Raise the errors of `choose`, and TooLittleData if the selection is too small to train on."""
    imitated = archive.person(settings.persona) if settings.persona else None
    choose(archive, settings).counted(archive, imitated, 1 if settings.force else LEAST_MESSAGES)


def in_words(description: Mapping[str, Any]) -> str:
    """A selection in words: `since 2019-05, in "Tea", the newest 500 of 720`."""
    said = []
    if services := description.get("services"):
        said.append(f"from {_listed(services)}")
    if threads := description.get("threads"):
        said.append(f"in {_listed(t['called'] for t in threads)}")
    if threads := description.get("excluded_threads"):
        said.append(f"not in {_listed(t['called'] for t in threads)}")
    said += [f"{name} {description[name]}" for name in ("since", "until") if name in description]
    if "newest" in description:
        said.append(
            f"the newest {description['newest']:,} of {description['of_messages']:,} messages"
        )
    return ", ".join(said)


def _placed(
    messages: Iterable[Message], since: int | None = None
) -> Iterator[tuple[Message, int | None, Place]]:
    """Each message with the time when it was sent and its position in time.

    One without a time gets that of the latest one before it in its thread, at least `since`.
    """
    thread, latest = ("", ""), since
    for number, message in enumerate(messages):
        if thread != (message.service, message.thread):
            thread, latest = (message.service, message.thread), since
        at = message.sent_at
        if at is not None:
            latest = at if latest is None else max(latest, at)
        yield message, latest if at is None else at, (latest or 0, number)


def _from_services(services: set[str]) -> Callable[[Message, int | None], bool]:
    return lambda message, _: message.service in services


def _in_threads(keys: set[tuple[str, str]], inside: bool) -> Callable[[Message, int | None], bool]:
    return lambda message, _: ((message.service, message.thread) in keys) is inside


def _from_on(first: int) -> Callable[[Message, int | None], bool]:
    return lambda _, sent_at: sent_at is not None and sent_at >= first


def _before(end: int) -> Callable[[Message, int | None], bool]:
    return lambda _, sent_at: sent_at is not None and sent_at < end


def _told(thread: Thread) -> dict[str, str]:
    return {"service": thread.service, "key": thread.key, "called": thread.called}


def _typed(option: str, values: Iterable[str]) -> str:
    return " ".join(f'{option} "{value}"' for value in values)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f'"{name}"' for name in names)


def _too_few(
    archive: Archive, imitated: Person | None, least: int, left: Sequence[tuple[str, int]]
) -> TooLittleData:
    """The error: how many messages each option leaves, and from when to when there are any."""
    people = [imitated] if imitated else archive.people()
    said = sum(p.messages for p in people)
    times = [at for p in people for at in (p.first_at, p.last_at) if at is not None]
    range_ = f", from {day_of(min(times))} to {day_of(max(times))}" if times else ""
    whose = f"{imitated.name} has" if imitated else "All people together have"
    some = [f"{option} leaves {count:,}" for option, count in left if count]
    none = [f"{option} leaves none" for option, count in left if not count]
    each = ", ".join(some + none[:1])
    wanted = f"; training needs at least {least}" if least > 1 else ""
    of_these = f". Of these {each}" if each else ""
    return TooLittleData(
        f"{whose} {said:,} messages in the archive{range_}{of_these}{wanted}.",
        "Select more of them" + ("; --force trains on fewer." if least > 1 else "."),
    )
