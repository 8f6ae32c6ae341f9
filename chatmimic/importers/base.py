"""The base class of importers, and the arguments they get."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chatmimic.importers.report import ImportOptions, ImportReport
from chatmimic.importers.sources import Source
from chatmimic.importers.streams import Member, Stream
from chatmimic.records import Message


@dataclass(frozen=True)
class Head:
    """The beginning of one file, by which importers recognise it."""

    member: Member
    data: bytes  # the first 64 KiB; text is in UTF-8
    text: str  # the same as text, decoded leniently; "" for files with an importer's `magic`
    columns_named: bool = False  # the user gave --columns: any table is accepted

    @property
    def first(self) -> str:
        """The first character that is not whitespace."""
        return self.text.lstrip()[:1]


@dataclass
class Context:
    """The state of a running import."""

    source: Source
    options: ImportOptions
    report: ImportReport
    heads: dict[str, Head] = field(default_factory=dict)

    def open(self, member: Member) -> Stream:
        """A member's bytes in UTF-8, counted for the progress bar. Close it, or use `with`."""
        return self.source.open(member, self.report)

    def ahead(self, member: Member) -> Stream:
        """Open a member that will be read again later."""
        return self.source.open(member, self.report, ahead=True)

    def raw(self, member: Member, ahead: bool = False) -> Stream:
        """Open a binary member: its bytes as they are."""
        return Stream(member, self.report, ahead)


class Importer(ABC):
    """Reads the exports of one service. Third parties use the entry point `chatmimic.importers`."""

    name: str  # the value of --format
    title: str  # its name in the summary
    description: str  # one line for `chatmimic import --help`
    makes_ids: bool = False  # its formats have no ids: it makes them, unique in a file
    magic: bytes = b""  # how its binary files begin; it then gets no others

    def announces(self, head: Head) -> bool:
        """Whether the file itself names the format in its first lines. Tried first."""
        del head
        return False

    def knows(self, head: Head) -> bool:
        """Whether a file is in this importer's format, by its content."""
        return self.announces(head)

    def guesses(self, head: Head) -> bool:
        """Whether a file that no importer knows looks like this importer's format."""
        del head
        return False

    def knows_beside(self, head: Head) -> bool:
        """Whether an ambiguous file is this importer's, given that its siblings are."""
        return False

    @abstractmethod
    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all messages of these files, of every kind. Raises ExportError."""
