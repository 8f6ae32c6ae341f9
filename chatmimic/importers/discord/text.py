"""DiscordChatExporter's plain text, of current and early versions.

Until 2018 a header was "name#1234 [time]", above all that a person wrote in a row; there was no
line at the end, and some files that are handed on have lost their top too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from chatmimic.importers.base import Context
from chatmimic.importers.discord.authors import account, sender_key
from chatmimic.importers.discord.channels import Channel, Place, Settle, place_headed, place_of
from chatmimic.importers.discord.dedup import Authored
from chatmimic.importers.discord.system_messages import kind_of_sentence
from chatmimic.importers.discord.timestamps import Stamp, WrittenTimes, stamp_of
from chatmimic.importers.parsing.dates.date_order import DateSurvey
from chatmimic.importers.parsing.dates.dated_lines import MAX_MESSAGE, first_lines, numbered_lines
from chatmimic.importers.parsing.suspicious_lines import count_header
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_RULE = "=" * 62
_TOP_RULE = re.compile("={48,62}")
_ADDRESS = "https://github.com/Tyrrrz/DiscordChatExporter"  # above the top, in 2017
_HEADER = re.compile(r"\[([^\[\]]{8,80})\] (.+)")
_OLD_HEADER = re.compile(r"(.{1,40}#\d{4}) {1,2}\[([^\[\]]{8,80})\]")
_NUMBERED = re.compile(r".{1,40}#\d{4}(?: \(pinned\))?")
_PINNED = " (pinned)"
_FORWARDED, _REACTIONS = "{Forwarded Message}", "{Reactions}"
_MEDIA = {"{Attachments}", "{Attachment}", "{Embed}", "{Stickers}"}
_BLOCKS = {*_MEDIA, _FORWARDED, _REACTIONS}
_ATTACHED = re.compile(
    r"https://(?:cdn|media|images-ext-\d)\.discordapp\.(?:com|net)/attachments/\S+"
)
_SENT = "Originally sent: "
_COUNT = re.compile(r"Exported ([\d.,\s\u2019']{1,20}) message\(s\)")
_TOP_LINES = 400  # a topic has up to 1,024 characters, of which any may be a line end
_LOOKED_AT = 120  # lines

Rows = Iterator[tuple[int, str]]


def is_text(text: str) -> bool:
    """Whether a file may be the exporter's text."""
    return is_surely_text(text) or _may_be_text(_heads(text))


def is_surely_text(text: str) -> bool:
    """Whether a file certainly is: it begins with its header, or has old discriminators.

    Or, without these, most authors stand right above words.
    """
    rows = first_lines(text, 4)
    rows = rows[1:] if rows[0] == _ADDRESS else rows
    if len(rows) > 2 and _TOP_RULE.fullmatch(rows[0]):
        return rows[1].startswith("Guild:") and rows[2].startswith("Channel:")
    heads = _heads(text)
    if any(_NUMBERED.fullmatch(head.author) for head in heads[:1]):
        return True
    return _may_be_text(heads) and sum(head.above_words for head in heads) * 2 > len(heads)


@dataclass(frozen=True, slots=True)
class _Head:
    author: str
    is_strict: bool  # whether two empty lines stand above it
    above_words: bool


def _may_be_text(heads: list[_Head]) -> bool:
    # WhatsApp writes what is said on the same line.
    alone = sum(": " not in head.author for head in heads) * 2 > len(heads)
    return alone and any(head.is_strict for head in heads)


def _heads(text: str) -> list[_Head]:
    """The first lines of messages in a file without its header; none in others."""
    if _header(first_lines(text, 1)[0]) is None:
        return []
    lines = [row.removesuffix("\r") for row in text.split("\n", _LOOKED_AT)[:_LOOKED_AT]]
    marked = [one for one in _marked(enumerate(lines)) if one.header is not None]
    below = [*lines[1:], ""]
    return [
        _Head(one.header[1], one.is_strict, bool(below[one.number]))
        for one in marked
        if one.header is not None
    ]


@dataclass
class Survey:
    """What a first pass finds: channel, date format, number of messages."""

    dates: DateSurvey
    place: Place
    guild: str = ""
    channel: str = ""
    said_count: int | None = None  # messages, as the file says
    loose: int = 0  # what looks like the head of a message after an empty line …
    strict: int = 0  # … and after the two that nearly always stand there
    topped: bool = False  # the exporter's own lines stand above all messages
    early: bool = False  # of the first versions: nothing stands below them

    @property
    def is_strict(self) -> bool:
        """Whether messages begin only after two blank lines."""
        return self.said_count == self.strict != self.loose


def survey_text(member: Member, context: Context) -> Survey:
    """Make a first pass over a file."""
    survey = Survey(DateSurvey(member.label), place_of(member))
    with numbered_lines(member, context, ahead=True) as rows:
        top, below = _split(rows)
        for raw in top:
            _learn_place(raw, survey)
        survey.topped = bool(top)
        survey.place = place_headed(member, survey.guild, survey.channel)
        for line in _marked(below):
            if line.said_count is not None:
                survey.said_count = line.said_count
            elif line.header is not None:
                survey.loose += 1
                survey.strict += line.is_strict
                survey.early |= not line.raw.startswith(f"[{line.header[0]}]")
                _learn_date(line.header[0], survey.dates)
    return survey


def _learn_date(written: str, dates: DateSurvey) -> None:
    stamp = stamp_of(written)
    if isinstance(stamp, Stamp):
        look = dates.look or stamp.look
        dates.add(stamp.numbers, stamp.written, look, twelve_hour=stamp.twelve_hour)


def _split(rows: Rows) -> tuple[list[str], Rows]:
    """Split the header of a file from the rest; without one, all lines are the rest."""
    first = list(islice(rows, 4))
    at = next((n for n, (_, raw) in enumerate(first) if raw and raw != _ADDRESS), 0)
    if not first or not _TOP_RULE.fullmatch(first[at][1]):
        return [], chain(first, rows)
    top: list[str] = []
    below = chain(first[at + 1 :], rows)
    for _, raw in islice(below, _TOP_LINES):
        if _TOP_RULE.fullmatch(raw):
            break
        top.append(raw)
    return top, below


def _learn_place(raw: str, survey: Survey) -> None:
    name, _, value = raw.partition(":")
    if name == "Guild":
        survey.guild = survey.guild or value.strip()
    elif name == "Channel":
        # "Category / channel"; of a thread, "category / channel / thread".
        survey.channel = survey.channel or value.strip()
    elif name == "Messages":
        survey.said_count = _number(value)
        survey.early = True


def _number(written: str) -> int | None:
    digits = "".join(c for c in written if c in "0123456789")
    return int(digits) if 0 < len(digits) < 10 else None


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    raw: str
    header: tuple[str, str] | None = None  # time and author
    is_strict: bool = False
    said_count: int | None = None  # of the exporter's last line
    like_header: bool = False  # but that no empty line stands above it


def _marked(rows: Iterable[tuple[int, str]]) -> Iterator[_Line]:
    """The lines below the header, each with whether it may begin a message."""
    empty = 1  # so many stand above
    reactions = 0  # the line where such a block begins: below it stands one empty line only
    rule: _Line | None = None
    form: re.Pattern[str] | None = None  # of headers, as the first one shows it
    for number, raw in rows:
        count = _COUNT.fullmatch(raw) if rule is not None else None
        if count is not None:
            yield _Line(number, raw, said_count=_number(count[1]))
            return
        if rule is not None:
            yield rule
        rule = _Line(number, raw) if empty and raw == _RULE else None
        found = _header(raw, form)
        header = found if empty else None
        if header is not None and form is None:
            form = _HEADER if raw.startswith(f"[{header[0]}]") else _OLD_HEADER
        if rule is None:
            strict = empty > 1 or number == reactions + 3
            yield _Line(number, raw, header, strict, like_header=found is not None and not empty)
        reactions = number if raw == _REACTIONS else reactions
        empty = 0 if raw else empty + 1
    if rule is not None:
        yield rule


def _header(raw: str, form: re.Pattern[str] | None = None) -> tuple[str, str] | None:
    """Parse time and author on a line, in this form or in either."""
    if raw[-1:] == "]" and form is not _HEADER:
        found = _OLD_HEADER.fullmatch(raw)
        if found is not None and stamp_of(found[2]) is not None:
            return found[2], found[1]
    found = _HEADER.fullmatch(raw) if raw[:1] == "[" and form is not _OLD_HEADER else None
    if found is None or stamp_of(found[1]) is None:
        return None
    return found[1], found[2].removesuffix(_PINNED)


def read_text(
    member: Member, context: Context, settle: Settle, survey: Survey, order: str
) -> Iterator[Authored]:
    """Yield all messages of a file, and check their number against the one in it."""
    reader = _Reader(member, context, order, settle(survey.place), survey.early)
    met = joined = first = 0
    with numbered_lines(member, context) as rows:
        _, below = _split(rows)
        for head, body in _with_continuations(_marked(below), survey.is_strict):
            met += head is not None
            for line in body:
                if line.like_header or line.header is not None:
                    joined += 1
                    first = first or line.number
            yield reader.message(head, body)
    if joined and met != survey.said_count:  # else the count proves them right
        count_header(f"{member.name}:{first}", context.report, joined)
    _check_count(survey, met, member, context.report)


def _check_count(survey: Survey, met: int, member: Member, report: ImportReport) -> None:
    if survey.said_count is None and survey.topped:
        report.note(
            f'{member.label} lacks its last line ("Exported … message(s)"): it may be truncated.'
        )
    elif survey.said_count is None:
        report.note(
            f"{member.label} lacks the exporter's first and last lines, so it may be incomplete; "
            "to be sure, export it again."
        )
    elif survey.said_count != met:
        in_a_row = survey.early and met < survey.said_count
        why = ": old exports merge messages in a row" if in_a_row else ""
        report.note(
            f"{member.label} should have {survey.said_count:,} messages, but {met:,} were "
            f"found{why}."
        )


def _with_continuations(
    lines: Iterable[_Line], strict: bool
) -> Iterator[tuple[_Line | None, list[_Line]]]:
    """Group lines by message: its first line and the others; None above the first."""
    head: _Line | None = None
    body: list[_Line] = []
    size = 0
    for line in lines:
        if line.said_count is not None:
            break
        if line.header is not None and (line.is_strict or not strict):
            if head is not None or any(one.raw for one in body):
                yield head, body
            head, body, size = line, [], 0
        elif size < MAX_MESSAGE:
            body.append(line)
            size += len(line.raw) + 1
    if head is not None or any(one.raw for one in body):
        yield head, body


class _Reader:
    """Converts the records of one file to messages."""

    def __init__(
        self, member: Member, context: Context, order: str, channel: Channel, early: bool
    ) -> None:
        self._early = early
        self._file = member.name
        self._channel = channel
        self._times = WrittenTimes(order, context.options.tz, context.report)

    def message(self, head: _Line | None, body: list[_Line]) -> Authored:
        """Convert a message; lines without a first line are Kind.OTHER."""
        rows = [line.raw for line in body]
        attached = self._early and _without_attached(rows)
        at = next((n for n, row in enumerate(rows) if _begins_block(rows, n)), len(rows))
        text, marks = "\n".join(rows[:at]).strip("\n"), _BLOCKS.intersection(rows[at:])
        kind = kind_of_sentence(text, bool(attached or marks & _MEDIA))
        if _FORWARDED in marks and not text:
            kind, text = Kind.FORWARDED, _forwarded(rows[at:])
        written, author = head.header if head is not None and head.header else ("", "")
        number = head.number if head is not None else body[0].number
        message = Message(
            account(author),
            text,
            self._times.of(written) if head is not None else None,
            kind if head is not None else Kind.OTHER,
            "discord",
            self._channel.key,
            self._channel.title,
            sender_key("", author, self._channel.key),
            source=f"{self._file}:{number}",
        )
        return message, author


def _without_attached(rows: list[str]) -> bool:
    """Remove the addresses of attachments, which followed the text until 2019."""
    found = False
    while rows and (not rows[-1] or _ATTACHED.fullmatch(rows[-1])):
        found = bool(rows.pop()) or found
    return found


def _begins_block(rows: list[str], number: int) -> bool:
    return rows[number] in _BLOCKS and (number == 0 or not rows[number - 1])


def _forwarded(rows: list[str]) -> str:
    """The forwarded text."""
    below = rows[rows.index(_FORWARDED) + 1 :]
    end = next((n for n, row in enumerate(below) if row.startswith(_SENT)), len(below))
    return "\n".join(below[:end]).strip("\n")
