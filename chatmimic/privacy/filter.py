"""The filter between importers and archive: keeps out what a user does not want stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from chatmimic.importers import ImportReport
from chatmimic.privacy.exclusion import Exclusion
from chatmimic.privacy.key import Keyed
from chatmimic.privacy.options import PrivacyOptions
from chatmimic.privacy.pseudonyms import Pseudonyms
from chatmimic.privacy.redaction import Redaction
from chatmimic.privacy.redactor import Example, Redactor
from chatmimic.records import Message


class PrivacyFilter:
    """Redacts, excludes and renames messages on their way into the archive.

    One filter can serve several exports: its counts and known names add up. `key` is the home's
    (`key_of`); with another one, or none, pseudonyms differ.
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
        """The number of replacements of each type."""
        return self._redactor.redacted

    @property
    def examples(self) -> dict[str, list[Example]]:
        """The first few replacements of each type, masked, with their places."""
        return self._redactor.examples

    @property
    def needs_two_passes(self) -> bool:
        """Whether the export should be read once before it is filtered (`collect_names`)."""
        return self._pseudonyms is not None or self._exclusion is not None

    def collect_names(self, messages: Iterable[Message]) -> None:
        """Collect everybody's name, and excluded people's words, before a message is filtered.

        Without this, mentions of people before their own first message are not replaced, nor are
        copies of messages that come later in the export.
        """
        for message in messages:
            if self._pseudonyms is not None:
                self._pseudonyms.collect_names(message)
            if self._exclusion is not None:
                self._exclusion.collect_names(message)

    def add_known(self, names: Iterable[str]) -> None:
        """Add names of existing people, who may be missing from an export: the archive's."""
        if self._exclusion is not None:
            self._exclusion.add_known(names)

    def scan(self, messages: Iterable[Message]) -> None:
        """Note who occurs in an export, before any is imported: each may lack somebody."""
        if self._exclusion is not None:
            for message in messages:
                self._exclusion.collect_names(message)

    def check(self) -> None:
        """Raise ExportError if nobody has the name of a person to exclude."""
        if self._exclusion is not None:
            self._exclusion.check()

    def apply(
        self,
        messages: Iterable[Message],
        report: ImportReport,
        reread: Callable[[], Iterable[Message]],
    ) -> Iterator[Message]:
        """Filter the messages, in two passes if needed. See `apply_once`.

        `reread` reads the export again, without progress or notes.
        """
        if self.needs_two_passes:
            self.collect_names(reread())
        return self.apply_once(messages, report)

    def pseudonym(self, name: str) -> str:
        """The name of a person in the archive."""
        return self._pseudonyms.of(name) if self._pseudonyms is not None else name

    def apply_once(self, messages: Iterable[Message], report: ImportReport) -> Iterator[Message]:
        """Filter the messages, lazily. Excluded ones are counted in the report.

        Raises ExportError after the last message if a person to exclude occurred in no export so
        far.
        """
        for message in messages:
            if self._pseudonyms is not None:
                self._pseudonyms.collect_names(message)
            if self._exclusion is not None:
                if self._exclusion.keeps_out(message, report):
                    continue
                others = self._exclusion.message(message, report)
                if others is None:
                    continue
                message = others
            if self._redaction is not None:
                message = self._redaction.message(message)
            if self._pseudonyms is not None:
                message = self._pseudonyms.message(message)
            yield message
        if self._exclusion is not None:
            self._exclusion.check()
            self._exclusion.note_unused(report)
