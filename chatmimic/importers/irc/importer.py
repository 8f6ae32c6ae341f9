"""Text logs of IRC clients: irssi, irclogs.ubuntu.com, ZNC, WeeChat, HexChat, mIRC, Eggdrop."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import unquote

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.columns.roles import roles_by_name
from chatmimic.importers.irc.lines import MONTHS, Line, parsed
from chatmimic.importers.parsing.decoding import lines
from chatmimic.importers.parsing.times import LocalClock, clock_of, date_in, parse_iso, without_date
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_LOOKED_AT = 300  # lines
_SURE = 0.6  # of them have a shape known here; logs hold pasted lines and odd events
_JITTER = 120  # seconds a line may be stamped before the one above it
_NIGHT = 12 * 3600  # a log named by its day goes on after midnight only when the clock falls so far
_SUFFIX = re.compile(r"(\.(log|txt|raw|irclog|weechatlog|gz|bz2|xz))+$", re.IGNORECASE)
_CHANNEL = re.compile(r"#+[^\s/#]*[^\s/#.]")
_EGGDROP_DATE = re.compile(r"(\d\d)([A-Z][a-z][a-z])((?:19|20)\d\d)$")
# "ada_", "ada|away", "ada-afk": the same person on a second connection, or out.
_DECORATION = re.compile(
    r"(?:[_`^]+|\|.*|[-_](?:away|afk|work|home|zzz|brb)|\[.+\])$", re.IGNORECASE
)
_BOTS = {"ubottu", "ubotu", "ubot3", "ubot5", "supybot", "meetingology", "evalable", "chanserv"}
_BOTS |= {"nickserv", "memoserv", "statusbot", "limnoria", "botbot"}
# "/msg NickServ identify hunter2", typed into the channel by mistake.
_PASSWORD = re.compile(r"(?i)((?:nickserv|/?(?:msg|quote) \S+) +(?:identify|register|ghost)) +\S.*")
_NO_DATE = (
    "Some logs have no date, neither inside nor in their path; their messages are kept without a "
    "time. A file name such as #chan-2024-05-01.log gives them one."
)


class Irc(Importer):
    """One file per channel, or per channel and day; the channel and the day are in the path."""

    name = "irc"
    title = "IRC log"
    description = "IRC logs: irssi, irclogs.ubuntu.com, ZNC, WeeChat, HexChat, mIRC, Eggdrop"

    def knows(self, head: Head) -> bool:
        """Lines with a stamp and `<nick>`, or with an event of IRC."""
        rows = head.text.lstrip("\ufeff").split("\n")
        if roles_by_name(rows[0].rstrip("\r").split("\t")).complete:
            return False  # a table of time, sender, text looks like weechat's, but for its header
        # The last line may be cut where the head ends.
        some = [row for row in rows[:_LOOKED_AT] if row.strip()][: max(1, len(rows) - 1)]
        found = [parsed(line.rstrip("\r")) for line in some]
        known = sum(line.kind is not Kind.OTHER for line in found)
        return bool(found) and known >= _SURE * len(found) and any(_is_irc(line) for line in found)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every log, in the order of their paths, so that days follow one another."""
        renames = _Renames()
        for member in sorted(members, key=lambda member: member.where):
            yield from _Log(member, context, renames).messages()
        renames.tell(context)


def _is_irc(line: Line) -> bool:
    return line.kind in (Kind.TEXT, Kind.ACTION) or (line.kind is Kind.SYSTEM and "@" in line.text)


class _Log:
    """One file, read line by line with the day and the clock kept in mind."""

    def __init__(self, member: Member, context: Context, renames: _Renames) -> None:
        self._member = member
        self._context = context
        self._report = context.report
        self._renames = renames
        self._clock = LocalClock(context.options.tz, context.report)
        self._day = day_of(member.where)
        self._daily = self._day is not None
        self._seconds: int | None = None  # of the day, of the line before
        self._at: int | None = None
        self._thread = channel_of(member.where)

    def messages(self) -> Iterator[Message]:
        with self._context.open(self._member) as stream:
            rows = lines(stream, self._member.label, self._report)
            for number, raw in enumerate(rows, 1):
                if raw.strip():
                    line = parsed(raw)
                    yield self._message(line, self._sent_at(line), number)

    def _message(self, line: Line, at: int | None, number: int) -> Message:
        text, nick = line.text, line.nick
        if line.renamed is not None:
            self._renames.saw(*line.renamed)
        if nick:
            self._renames.speakers.add(nick)
            if "ident" in text or "IDENT" in text or "regis" in text or "ghost" in text:
                text = self._without_password(text)
        return Message(
            nick,
            text,
            at,
            line.kind,
            "irc",
            self._thread,
            self._thread,
            plain_nick(nick),
            is_bot=nick.casefold() in _BOTS,
            source=f"{self._member.name}:{number}",
        )

    def _without_password(self, text: str) -> str:
        safe = _PASSWORD.sub(r"\1 ***", text)
        if safe != text:
            self._report.repairs["passwords hidden"] += 1
        return safe

    # --- time ---

    def _sent_at(self, line: Line) -> int | None:
        if line.day is not None:
            self._turn_to(*line.day)
        clock = clock_of(line.clock)
        if clock is None:
            return self._at  # events that carry no stamp happen where they stand
        seconds = clock[0] * 3600 + clock[1] * 60 + clock[2]
        if line.day is None:
            self._pass_midnight(seconds)
        self._seconds = seconds
        if self._day is None:
            self._report.note(_NO_DATE)
            return None
        moment = datetime(self._day.year, self._day.month, self._day.day, *clock)
        if line.zone:
            moment = parse_iso(f"{moment.isoformat()}{line.zone}") or moment
        at = self._clock.utc(moment)
        if at is not None and self._at is not None and at < self._at:
            self._report.repairs["out of order"] += 1
        self._at = at
        return at

    def _turn_to(self, year: int, month: int, monthday: int) -> None:
        """Take the day a line names; HexChat names no year."""
        if not year:
            if self._day is None:
                return
            year = self._day.year + (month < self._day.month - 6)
        try:
            self._day = date(year, month, monthday)
        except ValueError:
            return  # 31 June: keep the day we have
        self._seconds = None
        self._daily = False

    def _pass_midnight(self, seconds: int) -> None:
        """A clock that falls back has passed midnight, unless it jitters or was set back."""
        if self._seconds is None or self._day is None:
            return
        fall = self._seconds - seconds
        if fall <= _JITTER or (self._daily and fall < _NIGHT):
            return
        if fall <= 3600 and self._set_back(seconds):
            return
        self._day += timedelta(days=1)

    def _set_back(self, seconds: int) -> bool:
        """Whether this local hour comes twice on this day."""
        if self._clock.zone is None or self._day is None:
            return False
        from dateutil import tz

        midnight = datetime(self._day.year, self._day.month, self._day.day)
        return tz.datetime_ambiguous(midnight + timedelta(seconds=seconds), self._clock.zone)


class _Renames:
    """Nick changes that look like a new name rather than a state: for the user to judge."""

    def __init__(self) -> None:
        self.speakers: set[str] = set()
        self._pairs: Counter[frozenset[str]] = Counter()

    def saw(self, old: str, new: str) -> None:
        if plain_nick(old) != plain_nick(new) and len(self._pairs) < 100_000:
            self._pairs[frozenset((old, new))] += 1

    def tell(self, context: Context) -> None:
        spoke = [(p, n) for p, n in self._pairs.most_common() if p <= self.speakers and n > 1]
        for pair, times in spoke[:5]:
            one, other = sorted(pair)
            context.report.note(
                f'"{one}" and "{other}" changed into each other {times} times; if they are one '
                f"person: chatmimic people merge {one} {other}"
            )


@lru_cache(maxsize=16384)
def plain_nick(nick: str) -> str:
    """The nick without what says "away" or "second connection", in one case: IRC knows no case."""
    plain = _DECORATION.sub("", nick)
    return (plain if len(plain) > 1 else nick).casefold()


def day_of(where: str) -> date | None:
    """The day in a path: `2004/07/05/#ubuntu.txt`, `2004-07-05.log`, `#chan.05Jul2004`."""
    near = "/".join(PurePosixPath(where).parts[-4:])
    found = date_in(near)
    if found is not None:
        return date(*found)
    eggdrop = _EGGDROP_DATE.search(_SUFFIX.sub("", near))
    if eggdrop and eggdrop[2] in MONTHS:
        try:
            return date(int(eggdrop[3]), MONTHS[eggdrop[2]], int(eggdrop[1]))
        except ValueError:
            return None
    return None


def channel_of(where: str) -> str:
    """The channel in a path: its `#name`, or else what the file or its folder is called."""
    parts = [unquote(part) for part in PurePosixPath(where).parts]
    for part in reversed(parts[-3:]):
        found = _CHANNEL.search(without_date(_SUFFIX.sub("", part)))
        if found:
            return found.group()
    for part in reversed(parts):
        name = without_date(_SUFFIX.sub("", part))
        if name and not name.isdigit():
            return name
    return "irc"
