"""What an importer is, and what it is given to work with."""

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
    """The beginning of one file, for an importer to recognise."""

    member: Member
    data: bytes  # the first 64 KiB, those of text in UTF-8
    text: str  # the same, decoded as well as it goes; "" where the importer's `magic` shows
    columns_named: bool = False  # the user said which column is what: any table will do

    @property
    def first(self) -> str:
        """The first character that is not space."""
        return self.text.lstrip()[:1]


@dataclass
class Context:
    """One import under way."""

    source: Source
    options: ImportOptions
    report: ImportReport
    heads: dict[str, Head] = field(default_factory=dict)

    def open(self, member: Member) -> Stream:
        """A member's bytes in UTF-8, counted for the progress bar. Close it, or use `with`."""
        return self.source.open(member, self.report)

    def ahead(self, member: Member) -> Stream:
        """The same for a look at what will be read again."""
        return self.source.open(member, self.report, ahead=True)

    def raw(self, member: Member, ahead: bool = False) -> Stream:
        """The same for a file that is no text: its bytes as they are."""
        return Stream(member, self.report, ahead)


class Importer(ABC):
    """Reads the exports of one service. Third parties offer theirs under `chatmimic.importers`."""

    name: str  # what --format takes
    title: str  # what the summary calls it
    description: str  # one line for `chatmimic import --help`
    makes_ids: bool = False  # its formats have none: no id of its own comes twice out of a file
    magic: bytes = b""  # how its files begin if they are no text; it sees no others then

    def announces(self, head: Head) -> bool:
        """Whether the file itself names the format, in its first lines. Asked before the rest."""
        del head
        return False

    def knows(self, head: Head) -> bool:
        """Whether a file is this importer's, by its content."""
        return self.announces(head)

    def guesses(self, head: Head) -> bool:
        """Whether a file that no importer knows may be this one's, by what its lines look like."""
        del head
        return False

    def knows_beside(self, head: Head) -> bool:
        """Whether a file that says too little by itself is this importer's, as its siblings are."""
        return False

    @abstractmethod
    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every message of these files, whatever its kind. Raises ExportError."""
