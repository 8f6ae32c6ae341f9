"""Finds bridges: bots that relay messages of people on other networks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from chatmimic.importers.irc.events import is_surely_event
from chatmimic.importers.irc.nicks import plain_nick
from chatmimic.importers.report import ImportReport
from chatmimic.records import Kind

_NAMES = 3  # that a bridge has passed words on for
_SHARE = 0.5  # of a bridge's messages, at least, are somebody's else …
_ENOUGH = 20  # … of so many; of fewer, …
_NEARLY_ALL = 0.8  # … that many
_ENOUGH_SQUARES = 10  # messages, where only square brackets tell
_OWN = 10  # messages passed on for people who speak here themselves: fewer are quotations
_SEEN = 0.1  # of the messages in one channel
_LAYERS = 3  # of bridges, one behind the other
_KEPT = 100_000  # nicks that begin lines with names, and as many of these names
_TOLD = 5  # notes

_MARKS = r"(?:\*{1,3})?"  # bold, where a bridge turns it into signs
_TAG = r"[\[(][^\[\]()<>\s][^\[\]()<>\n]{0,40}[\])]"  # a network
_ANGLED = re.compile(
    rf"\s?(?P<tags>(?:{_TAG}[ \t]{{0,2}}){{0,3}})(?P<marks>{_MARKS})"
    rf"<[~&@%+]?(?P<name>[^<>\s][^<>\n]{{0,63}})>{_MARKS}:?(?:[ \t](?P<text>.*)|$)",
    re.DOTALL,
)
_SQUARE = re.compile(
    rf"\s?{_MARKS}\[(?P<name>[^\[\]\s][^\[\]\n]{{0,63}})\]{_MARKS}:?(?:[ \t]+(?P<text>.*)|$)",
    re.DOTALL,
)
# "[discord] @Tove: hi", "[telegram] Ada L: hi"; no other tag is sure enough to go by.
_COLON = re.compile(
    r"\s?[\[(](?P<tag>[^\[\]()<>\s]{1,42})[\])][ \t]{1,2}(?P<at>@?)"
    r"(?P<name>[^\s:<>\[\]()@#*/][^:<>\[\]()\n/]{0,40}):[ \t](?P<text>.*)",
    re.DOTALL,
)
_NAME_WORDS = 3  # before a colon
_TAGS = re.compile(r"[\[(]([^\[\]()]{1,42})[\])]")
_STARRED = re.compile(
    r"\s?(?:\*{1,2} ?|Action: )(?P<rest>[^\s*].*)", re.DOTALL
)  # "* Tove waves", "Action: Tove waves"
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))  # bridges part names with them
_SERVICES = (
    r"(?:discord|matrix|telegram|tg|slack|xmpp|jabber|mattermost|gitter|whatsapp|signal|irc|steam"
    r"|zulip|rocket\.?chat|twitch|keybase|teams|mumble|minecraft)"
)
_SERVICE = re.compile(rf"(?i){_SERVICES}")
# "(discord)Tove", "discord/Tove"
_IN_NAME = re.compile(rf"(?i)(?:[\[(]{_SERVICES}[\])]\s?|{_SERVICES}/)(?=\S)")
# "Tove@discord", "Tove [discord]"; and "<Tove> [discord] hi"
_BEHIND_NAME = re.compile(rf"(?i)(?:@{_SERVICES}|\s?\[{_SERVICES}\]|\s?\({_SERVICES}\))$")
_BEHIND = re.compile(rf"(?i)(?:\[(?P<square>{_SERVICES})\]|\((?P<round>{_SERVICES})\))(?:[ \t]+|$)")
_NUMBER = re.compile(r"[\d*^#]{1,9}")  # of a footnote: "[1] https://…"
_SAYS_SO = re.compile(r"(?i).*(?:bridge|relay|gateway|teleirc|discord|matrix|telegram|slack)")
# Links, times, mentions and emoji of Discord, and what mark-up has in angle brackets.
_NO_NAME = re.compile(
    r"(?i)(?:[a-z][a-z0-9+.-]{1,20}:/|www\.|mailto:|[\d:./, -]*\d:\d\d|\d{4}-\d\d-\d\d"
    r"|[@#!&]{0,2}\d{15,}|a?:\w{1,40}:\d|t:\d|/|!--|[a-z]{1,12} ?/$|[a-z]{1,12} [a-z-]{1,20}=[\"'])"
)
_MARK_UP = re.compile(
    r"(?i)(?:a|b|i|u|s|p|br|hr|h\d|em|tt|td|tr|th|li|ul|ol|div|span|img|pre|code|html|head|body"
    r"|table|script|style|strong|enter|return|tab|ctrl|alt|esc|snip|insert .*|your .*)"
)
# Bots that begin with what they speak of, in square brackets: "[engine] ada pushed 3 commits".
_REPORTER = re.compile(r"(?i).*(?:git|travis|jenkins|rss|feed|bugzilla|jira|build|news)")
_ANNOUNCED = re.compile(r"\S{1,64} (?:joins|parts|quits|kicks)\s{0,9}$")  # by "system"

Path = tuple[str, ...]  # a nick, and names behind it


class Layer(NamedTuple):
    """The prefix that one bridge puts before a text."""

    name: str
    text: str
    tags: tuple[str, ...] = ()  # networks, folded
    marked: bool = False  # in bold
    square: bool = False  # the name stands in square brackets, as networks do
    weak: bool = False  # people write so too: "[discord] is down: again"


def without_layer(text: str) -> Layer | None:
    """Strip the first prefix: `<real> text`, `[network] <real> text`, `[real] text`, …"""
    if text[:1] not in "<[( *":
        return None
    found = _ANGLED.match(text)
    if found is not None and (name := _name(found["name"])):
        tags = tuple(tag.casefold() for tag in _TAGS.findall(found["tags"]))
        if not any(_NO_NAME.match(tag) for tag in tags):
            return Layer(name, found["text"] or "", tags, bool(found["marks"]))
    found = _COLON.match(text)
    if found is not None and _SERVICE.fullmatch(found["tag"]):
        name = _name(found["name"])
        if name and (found["at"] or name.count(" ") < _NAME_WORDS):
            tags = (found["tag"].casefold(),)
            return Layer(name, found["text"], tags, weak=not found["at"])
    found = _SQUARE.match(text)
    if found is not None and (name := _name(found["name"])) and not _NUMBER.fullmatch(name):
        return Layer(name, found["text"] or "", square=True)
    return None


def _without_tag_behind(layer: Layer) -> Layer:
    """The same without the network that some bridges put after the name.

    One that stands before a further name or an action is a further bridge's.
    """
    found = _BEHIND.match(layer.text)
    if layer.square or found is None or layer.text[found.end() :].startswith(("<", "* ")):
        return layer
    tag = (found["square"] or found["round"]).casefold()
    return layer._replace(text=layer.text[found.end() :], tags=(*layer.tags, tag))


def _is_network(layer: Layer) -> bool:
    """Whether a name is that of a service, not a person's."""
    return layer.square and _SERVICE.fullmatch(layer.name) is not None


def _name(written: str) -> str:
    """The cleaned name; "" if it is none."""
    name = " ".join(written.translate(_UNSEEN).split())
    name = name[found.end() :] if (found := _IN_NAME.match(name)) else name
    name = name[: found.start()] if (found := _BEHIND_NAME.search(name)) else name
    return "" if _NO_NAME.match(name) or name.startswith("#") else name


@dataclass(slots=True)
class _Candidate:
    """A nick that begins lines with names in brackets, and so may be a bridge."""

    nick: str
    relayed: int = 0
    sure: int = 0  # of these, with a network or a mark before the name: nobody quotes so
    known: int = 0  # of these, with the name of a service
    squares: int = 0  # with nothing but square brackets, as in "[todo] tea"
    behind: int = 0  # with a network behind the name
    lines: int = 0
    names: Counter[str] = field(default_factory=Counter)
    tags: set[str] = field(default_factory=set)
    threads: Counter[str] = field(default_factory=Counter)  # → lines passed on there
    spoke: Counter[str] = field(default_factory=Counter)  # thread → lines there

    def people(self) -> set[str]:
        """The people whose messages were relayed."""
        return self.names.keys() - self.tags


class Relayed(NamedTuple):
    """A message of a bridge: a relayed one, or its own if there is no name."""

    name: str
    text: str
    kind: Kind


@dataclass(frozen=True)
class Bridge:
    """A bridge: where it is, and how it writes names."""

    nick: str
    threads: frozenset[str]
    tags: frozenset[str]
    names: frozenset[str]
    inner: frozenset[Path]  # bridges behind it
    behind: frozenset[Path]  # of it and these, those that put networks behind names

    def relayed(self, text: str, kind: Kind) -> Relayed:
        """The sender and the text of a message of the bridge."""
        path: Path = (self.nick,)
        name, left = "", text
        while len(path) == 1 or path in self.inner:
            layer = without_layer(left)
            if layer is None or _is_network(layer):
                break
            if layer.square and (name or layer.name.casefold() in self.tags):
                break
            layer = _without_tag_behind(layer) if path in self.behind else layer
            name, left = layer.name, layer.text
            path = (*path, name.casefold())
        if not name or path in self.inner:
            return self._own(left, kind)
        if name.casefold() == "system" and _ANNOUNCED.match(left):
            return Relayed("", left, Kind.SYSTEM)
        return Relayed(name, left, kind)

    def _own(self, text: str, kind: Kind) -> Relayed:
        """A message without a name: a relayed action, an event, or its own."""
        tag = without_layer(text)
        rest = tag.text if tag is not None else text
        if kind is Kind.TEXT and (star := _STARRED.match(rest)):
            name, acted = self._actor(star["rest"])
            if is_surely_event(f"{name} {acted}"):
                return Relayed("", text, Kind.SYSTEM)
            if tag is not None or name.casefold() in self.names:
                return Relayed(name, acted, Kind.ACTION)
        return Relayed("", text, Kind.SYSTEM if is_surely_event(rest.lstrip("* ")) else kind)

    def _actor(self, text: str) -> tuple[str, str]:
        """Split the actor from the action; a name may have several words if known."""
        words = text.split(" ")
        for count in range(min(len(words), 6), 1, -1):
            name = " ".join(words[:count])
            if name.casefold() in self.names:
                return name, " ".join(words[count:])
        return words[0].rstrip("*"), " ".join(words[1:])


def _is_known_so(passer: _Candidate) -> bool:
    """Whether its nick or the networks before names show a bridge, so that few names suffice."""
    if _SAYS_SO.match(passer.nick) or passer.known == passer.relayed:
        return True
    return passer.sure >= 2 and passer.sure >= _NEARLY_ALL * passer.relayed


class Bridges:
    """Finds the bridges in all logs together.

    A bridge is who has done so for three names or more, in half of its messages or more; where a
    network stands before the name, or the nick says that it is a bridge, fewer names do. Who
    quotes people that speak here themselves is none.
    """

    def __init__(self) -> None:
        self._passers: dict[Path, _Candidate] = {}
        self._room = _KEPT  # names
        self._speakers: set[str] = set()
        self._named: set[str] = set()

    def met(self, thread: str, nick: str, text: str) -> None:
        """Add a message that may be relayed (first pass)."""
        path: Path = (plain_nick(nick),)
        while len(path) <= _LAYERS and not _MARK_UP.fullmatch(path[0]):
            layer = without_layer(text)
            if layer is None:
                return
            inner = len(path) > 1 and not _is_network(layer)
            if layer.square and (inner or _REPORTER.match(nick)):
                return
            passer = self._passers.get(path)
            if passer is None:
                if len(self._passers) >= _KEPT:
                    return
                passer = self._passers[path] = _Candidate(nick)
            self._take(passer, thread, layer)
            if _is_network(layer):  # "[discord] * Tove waves": only the bridge is known by it
                return
            path, text = (*path, layer.name.casefold()), layer.text

    def _take(self, passer: _Candidate, thread: str, layer: Layer) -> None:
        name = layer.name.casefold()
        tags = _without_tag_behind(layer).tags
        passer.behind += tags != layer.tags
        tags = (*tags, name) if _is_network(layer) else tags
        passer.relayed += 1
        passer.threads[thread] += 1
        passer.squares += layer.square
        if not layer.weak:
            passer.sure += bool(tags) or layer.marked
            passer.known += any(_SERVICE.fullmatch(tag) for tag in tags)
        passer.tags.update(tags if len(passer.tags) < _NAMES else ())
        if _is_network(layer):
            return
        if name in passer.names or (self._room and not _MARK_UP.fullmatch(name)):
            self._room -= name not in passer.names
            passer.names[name] += 1

    def candidates(self) -> bool:
        """Whether there are candidates whose own messages a second pass must count."""
        near = {at[0] for at, p in self._passers.items() if len(at) == 1 and self._may_be(p, at)}
        self._passers = {at: p for at, p in self._passers.items() if at[0] in near}
        self._named = {name for p in self._passers.values() for name in p.names}
        return bool(near)

    def _may_be(self, passer: _Candidate, path: Path) -> bool:
        people = self._people(path)
        return len(people) >= _NAMES or (_is_known_so(passer) and bool(people))

    def _people(self, path: Path) -> set[str]:
        """The people relayed this way, including those behind further bridges."""
        passer = self._passers[path]
        further = [(*path, name) for name in passer.people()]
        inner = (self._passers[at].people() for at in further if self._is_inner(at))
        return passer.people().union(*inner)

    def spoke(self, thread: str, nick: str) -> None:
        """Add a message of any kind (second pass)."""
        plain = plain_nick(nick)
        passer = self._passers.get((plain,))
        if passer is not None:
            passer.lines += 1
            passer.spoke[thread] += 1
        if plain in self._named:
            self._speakers.add(plain)

    def _is_bridge(self, passer: _Candidate, path: Path) -> bool:
        if passer.relayed < _SHARE * passer.lines:
            return False
        nearly_all = passer.relayed >= _NEARLY_ALL * passer.lines
        people = self._people(path)
        if _is_known_so(passer):
            return bool(people) and (nearly_all or len(people) >= _NAMES)
        if len(people) < _NAMES or not (nearly_all or passer.relayed >= _ENOUGH):
            return False
        if passer.squares == passer.relayed < _ENOUGH_SQUARES:
            return False
        own = len(people & self._speakers) * 2 >= len(people)
        return not own or (nearly_all and passer.relayed >= _OWN)

    def _is_inner(self, path: Path) -> bool:
        """Whether a relayed name is a bridge itself."""
        inner, before = self._passers.get(path), self._passers.get(path[:-1])
        if inner is None or before is None or len(inner.names) < _NAMES:
            return False
        return inner.relayed >= _NEARLY_ALL * before.names[path[-1]]

    def _has_behind(self, path: Path) -> bool:
        """Whether a bridge usually puts networks after names."""
        passer = self._passers[path]
        return passer.behind * 2 > passer.relayed

    def found(self, report: ImportReport) -> dict[str, Bridge]:
        """The bridges, by plain nick. Adds notes that name them."""
        bridges: dict[str, Bridge] = {}
        sure = [
            (path, passer)
            for path, passer in self._passers.items()
            if len(path) == 1 and self._is_bridge(passer, path)
        ]
        for noted, (path, passer) in enumerate(sorted(sure, key=lambda one: -one[1].relayed)):
            people = self._people(path)
            inner = frozenset(at for at in self._passers if at[0] == path[0] and self._is_inner(at))
            bridges[path[0]] = Bridge(
                path[0],
                frozenset(t for t, n in passer.threads.items() if n >= _SEEN * passer.spoke[t]),
                frozenset(passer.tags),
                frozenset(people),
                inner,
                frozenset(at for at in (path, *inner) if self._has_behind(at)),
            )
            if noted < _TOLD:
                report.note(_note(passer, len(people)))
        if more := len(sure[_TOLD:]):
            nicks = "nick is read as a bridge" if more == 1 else "nicks are read as bridges"
            report.note(f"{more:,} more {nicks}.")
        return bridges


def _note(passer: _Candidate, people: int) -> str:
    many = "1 person it names" if people == 1 else f"{people:,} people it names"
    return (
        f'"{passer.nick}" is read as a bridge: {passer.relayed:,} of its {passer.lines:,} messages '
        f"are those of the {many}."
    )
