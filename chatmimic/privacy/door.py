"""The door between importers and the archive: what a user does not want inside stays outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chatmimic.importers import ImportReport
from chatmimic.privacy.exclusion import Exclusion
from chatmimic.privacy.key import Keyed
from chatmimic.privacy.pseudonyms import Pseudonyms
from chatmimic.privacy.redaction import Redaction
from chatmimic.privacy.redactor import Example, Redactor
from chatmimic.records import Message


@dataclass(frozen=True)
class PrivacyOptions:
    """What the user asked for."""

    redact: bool = False  # secrets in texts, titles and names become placeholders
    exclude: tuple[str, ...] = ()  # people whose messages stay out
    pseudonyms: bool = False  # everybody gets an invented name

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return self.redact or bool(self.exclude) or self.pseudonyms


class Door:
    """What messages go through on their way into the archive.

    One door may serve several exports: what it counts, and whom it knows, adds up. `key` is the
    home's (`key_of`): with another one, or none, everybody gets other names.
    """

    def __init__(self, options: PrivacyOptions, key: bytes | None = None) -> None:
        keyed = Keyed(key)
        self.options = options
        self._redactor = Redactor()
        self._exclusion = Exclusion(options.exclude, keyed) if any(options.exclude) else None
        self._redaction = Redaction(self._redactor, keyed) if options.redact else None
        self._pseudonyms = Pseudonyms(keyed) if options.pseudonyms else None

    @property
    def redacted(self) -> Counter[str]:
        """Of each type how many were replaced."""
        return self._redactor.redacted

    @property
    def examples(self) -> dict[str, list[Example]]:
        """Of each type the first few, masked, and where they stood."""
        return self._redactor.examples

    @property
    def wants_to_meet(self) -> bool:
        """Whether a first pass over the export (`meet`) makes more sure."""
        return self._pseudonyms is not None

    def meet(self, messages: Iterable[Message]) -> None:
        """Learn everybody's name before the first message goes through.

        Without it, who is spoken of before they first speak is still named there.
        """
        if self._pseudonyms is not None:
            for message in messages:
                self._pseudonyms.meet(message)

    def know(self, names: Iterable[str]) -> None:
        """Take these for names of people who may be missing in an export: the archive's."""
        if self._exclusion is not None:
            self._exclusion.know(names)

    def look(self, messages: Iterable[Message]) -> None:
        """See who is in an export, before any is imported: of several each may lack somebody."""
        if self._exclusion is not None:
            for message in messages:
                self._exclusion.meet(message)

    def check(self) -> None:
        """Raises ExportError where somebody is to be excluded whom nobody is called like."""
        if self._exclusion is not None:
            self._exclusion.check()

    def let_in(
        self,
        messages: Iterable[Message],
        report: ImportReport,
        again: Callable[[], Iterable[Message]],
    ) -> Iterator[Message]:
        """What `through` gives, once everybody was met where that makes more sure.

        `again` reads the export once more, without a word to the user.
        """
        if self.wants_to_meet:
            self.meet(again())
        return self.through(messages, report)

    def pseudonym(self, name: str) -> str:
        """The name under which somebody is in the archive."""
        return self._pseudonyms.of(name) if self._pseudonyms is not None else name

    def through(self, messages: Iterable[Message], report: ImportReport) -> Iterator[Message]:
        """The messages as they may be kept, lazily. Who stays out is counted in the report.

        Raises ExportError after the last one, where somebody is to be excluded who was not met in
        any export so far.
        """
        for message in messages:
            if self._pseudonyms is not None:
                self._pseudonyms.meet(message)
            if self._exclusion is not None:
                if self._exclusion.keeps_out(message, report):
                    continue
                message = self._exclusion.message(message)
            if self._redaction is not None:
                message = self._redaction.message(message)
            if self._pseudonyms is not None:
                message = self._pseudonyms.message(message)
            yield message
        if self._exclusion is not None:
            self._exclusion.check()
            self._exclusion.tell(report)
