"""The Ubuntu Dialogue Corpus: a tree of small TSV files, or large CSV files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso, possible
from chatmimic.importers.parsing.tables import Shape, separated_rows
from chatmimic.importers.parsing.text_lines import lines
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_HEADER = ["folder", "dialogueID", "date", "from", "to", "text"]
_CSV = Shape(",", True, _HEADER, [])
_LOOKED_AT = 20


class Ubuntu(Importer):
    """Reads `dialogs/N/M.tsv` or `dialogueText*.csv`."""

    name = "ubuntu"
    title = "Ubuntu Dialogue Corpus"
    description = "Ubuntu Dialogue Corpus: the tree of TSV files, or the CSV files made of it"

    def knows(self, head: Head) -> bool:
        """Whether it has rows of (time, from, to, text) without a header, or the CSV's header."""
        return _is_csv(head.text) or _is_tsv(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all dialogues, each once: the CSV files overlap with each other and the tree."""
        clock = LocalClock(None, context.report)
        in_tree: set[int] = set()
        in_tables: set[int] = set()
        for member in members:
            if _is_csv(context.source.head(member, 256).decode("utf-8", "replace")):
                yield from _csv_messages(member, context, clock, in_tables, in_tree)
            else:
                yield from _tsv_messages(member, context, clock, in_tables, in_tree)


def _is_csv(text: str) -> bool:
    return text.lstrip("\ufeff").split("\n", 1)[0].strip() == ",".join(_HEADER)


def _is_tsv(text: str) -> bool:
    rows = text.lstrip("\ufeff").split("\n")[:_LOOKED_AT]
    cells = [row.split("\t", 3) for row in rows if row.strip()]
    if len(cells) == _LOOKED_AT or not text.endswith("\n"):
        cells = cells[:-1] or cells  # the last may be cut
    good = sum(len(row) == 4 and "T" in row[0] and parse_iso(row[0]) is not None for row in cells)
    return bool(cells) and good == len(cells)


def _tsv_messages(
    member: Member, context: Context, clock: LocalClock, in_tables: set[int], in_tree: set[int]
) -> Iterator[Message]:
    parts = PurePosixPath(member.where).parts[-2:]
    thread = "/".join(parts)
    context.report.variants["TSV"] += 1
    in_tree.add(hash(thread))
    known = hash(thread) in in_tables
    with context.open(member) as stream:
        for number, line in enumerate(lines(stream, member.label, context.report), 1):
            if line.strip() and known:
                context.report.leave_out("duplicate", f"{member.name}:{number}")
            elif line.strip():
                row = line.split("\t", 3)  # the text may hold tabs and quotes
                yield _message(row, thread, f"{member.name}:{number}", context, clock)


def _csv_messages(
    member: Member, context: Context, clock: LocalClock, in_tables: set[int], in_tree: set[int]
) -> Iterator[Message]:
    here: set[int] = set()
    context.report.variants["CSV"] += 1
    with context.open(member) as stream:
        rows = separated_rows(stream, member.label, _CSV, context.report)
        next(rows, None)
        for number, row in rows:
            if len(row) < 6:
                yield _unparsed(row, member.base, f"{member.name}:{number}")
                continue
            thread = f"{row[0]}/{row[1]}"
            here.add(hash(thread))
            if hash(thread) in in_tables or hash(thread) in in_tree:
                context.report.leave_out("duplicate", f"{member.name}:{number}")
            else:
                yield _message(row[2:], thread, f"{member.name}:{number}", context, clock)
    in_tables |= here


def _message(
    row: Sequence[str], thread: str, source: str, context: Context, clock: LocalClock
) -> Message:
    """Convert a row of (time, from, to, text). `to` is a guess of the corpus."""
    if len(row) < 4:
        return _unparsed(row, thread, source)
    moment = parse_iso(row[0])
    at = possible(None, context.report) if moment is None else clock.utc(moment)
    sender = row[1].strip()
    return Message(sender, row[3], at, Kind.TEXT, "ubuntu", thread, thread, sender, source=source)


def _unparsed(row: Sequence[str], thread: str, source: str) -> Message:
    return Message("", "\t".join(row), None, Kind.OTHER, "ubuntu", thread, thread, source=source)
