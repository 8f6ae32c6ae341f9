"""Finds, from all logs, bridges and nicks of the same person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from chatmimic.importers.irc.bridges import Bridge, Bridges
from chatmimic.importers.irc.lines import Entry
from chatmimic.importers.irc.nicks import is_anybodys, is_bot, plain_nick
from chatmimic.importers.parsing.json_stream.stream import encoding_of
from chatmimic.importers.report import ImportReport

_KEPT = 100_000  # pairs of nicks that are kept in mind
_TALK = 200  # messages of a channel in which people who both speak are both there
_NEAR = 2000  # messages from a change of nick in which that change tells who speaks
_MOST = 6  # nicks of one person
_TOLD = 5  # notes


class Renames:
    """Nick changes that were later undone, and whether both nicks were ever active at once.

    The server vouches that who changes from one nick to another is one person then. The next who
    bears that nick may be another. So two nicks are one person's only if somebody changed from
    the one to the other and somebody back, the two never took turns in one talk, and the lesser
    one mostly spoke near such a change.
    """

    def __init__(self, follow: bool = True) -> None:
        self._follow = follow
        self._changes: Counter[tuple[str, str]] = Counter()
        self._groups: dict[str, frozenset[str]] = {}
        self._recent: dict[tuple[str, frozenset[str]], list[tuple[str, int]]] = defaultdict(list)
        self._apart: set[frozenset[str]] = set()
        self._spoke: Counter[str] = Counter()
        self._explained: Counter[str] = Counter()  # of these, messages near a change
        self._changed_at: dict[tuple[str, str], int] = {}  # thread and nick → place
        self._waiting: dict[tuple[str, str], list[int]] = defaultdict(list)  # places, not yet near

    def add(self, old: str, new: str) -> None:
        """Add a change (first pass)."""
        pair = plain_nick(old), plain_nick(new)
        if (
            self._follow
            and pair[0] != pair[1]
            and (pair in self._changes or len(self._changes) < _KEPT)
        ):
            self._changes[pair] += 1

    def candidates(self) -> bool:
        """Whether nicks changed into each other and back, so that a second pass is needed."""
        for one, other in list(self._changes):
            if (other, one) in self._changes and one < other and self._own(one, other):
                joined = self._groups.get(one, frozenset((one,)))
                joined |= self._groups.get(other, frozenset((other,)))
                self._groups.update(dict.fromkeys(joined, joined))
        self._groups = {nick: group for nick, group in self._groups.items() if len(group) <= _MOST}
        return bool(self._groups)

    def _own(self, *nicks: str) -> bool:
        return not any(is_anybodys(nick) or is_bot(nick) for nick in nicks)

    def changed(self, thread: str, old: str, new: str, place: int) -> None:
        """Add a change (second pass): the old nick was active until here, the new one from here."""
        self._turn(thread, plain_nick(old), place)
        for nick in (plain_nick(old), plain_nick(new)):
            group = self._groups.get(nick)
            if group is not None:
                self._recent.pop((thread, group), None)
                self._changed_at[thread, nick] = place
                waiting = self._waiting.pop((thread, nick), ())
                self._explained[nick] += sum(place - at <= _NEAR for at in waiting)

    def spoke(self, thread: str, nick: str, place: int) -> None:
        """Add a message (second pass); `place` is its number among all messages."""
        plain = plain_nick(nick)
        if plain not in self._groups:
            return
        self._spoke[plain] += 1
        if place - self._changed_at.get((thread, plain), -_NEAR - 1) <= _NEAR:
            self._explained[plain] += 1
        else:
            waiting = self._waiting[thread, plain]
            waiting.append(place)
            del waiting[:-_NEAR]
        self._turn(thread, plain, place)

    def _turn(self, thread: str, plain: str, place: int) -> None:
        group = self._groups.get(plain)
        if group is None:
            return
        turns = [turn for turn in self._recent[thread, group] if place - turn[1] <= _TALK]
        nicks = [turn[0] for turn in turns]
        if plain in nicks:  # this one was there, then others, and now this one again: all are
            since = nicks[nicks.index(plain) + 1 :]
            self._apart |= {frozenset((plain, other)) for other in since}
            turns = [turn for turn in turns if turn[0] != plain]
        self._recent[thread, group] = [*turns, (plain, place)]

    def keys(self, report: ImportReport) -> dict[str, str]:
        """The main nick of each other nick of the same person. Adds notes."""
        keys: dict[str, str] = {}
        noted = 0
        for group in sorted(set(self._groups.values()), key=sorted):
            spoke = sorted((n for n in group if self._spoke[n]), key=lambda n: (-self._spoke[n], n))
            if len(spoke) < 2:
                continue
            apart = any(pair <= group for pair in self._apart)
            same = [n for n in spoke[1:] if self._explained[n] * 2 >= self._spoke[n]]
            joined = not apart and bool(same)
            keys.update(dict.fromkeys(same, spoke[0]) if joined else {})
            if noted < _TOLD:
                report.note(_joined_note([spoke[0], *same]) if joined else _apart_note(spoke))
            noted += 1
        return keys


def _joined_note(nicks: list[str]) -> str:
    named = ", ".join(f'"{nick}"' for nick in nicks)
    return (
        f"{named} are read as one person: they changed into each other and back, and never spoke "
        "by turns; --no-follow-nicks keeps them apart."
    )


def _apart_note(nicks: list[str]) -> str:
    named = ", ".join(f'"{nick}"' for nick in nicks)
    return (
        f"{named} changed into each other, but were also active at once; if they are one person: "
        f"chatmimic people merge {nicks[0]} {nicks[1]}"
    )


@dataclass(frozen=True)
class Surveyed:
    """What the survey found."""

    bridges: dict[str, Bridge] = field(default_factory=dict)  # by plain nick
    keys: dict[str, str] = field(default_factory=dict)


def may_matter(raw: str) -> bool:
    """A cheap test whether a line may be a nick change or come from a bridge."""
    # Written out: a loop takes three times as long.
    return (
        "> <" in raw
        or "> [" in raw
        or "> (" in raw
        or "*<" in raw
        or ": <" in raw
        or " known as " in raw
        or ("\t" in raw and ("\t<" in raw or "\t[" in raw))
        or ("* " in raw and " <" in raw)
        or ("ick " in raw and ("ick change: " in raw or " changed nick " in raw))
    )


def may_any_matter(data: bytes) -> bool:
    """The same for a whole file, before decoding."""
    return not encoding_of(data).startswith("utf-8") or may_matter(data.decode("latin-1"))


def first_pass(rows: Iterable[Entry], thread: str, bridges: Bridges, renames: Renames) -> None:
    """First pass over a log: candidates for bridges and nick changes."""
    named = thread.startswith("#")
    for kind, nick, text, _, renamed, elsewhere in rows:
        if kind.has_words:
            bridges.met(thread, nick, text)
        elif renamed is not None:
            renames.add(*renamed)
        thread = thread if named else elsewhere or thread


def second_pass(
    rows: Iterable[Entry], thread: str, place: int, bridges: Bridges, renames: Renames
) -> int:
    """Second pass over a log. Returns the number of its last message among all."""
    named = thread.startswith("#")
    for kind, nick, _, _, renamed, elsewhere in rows:
        if nick and kind.has_words:
            place += 1
            bridges.spoke(thread, nick)
            renames.spoke(thread, nick, place)
        elif renamed is not None:
            renames.changed(thread, *renamed, place)
        thread = thread if named else elsewhere or thread
    return place
