"""Excluding people: their messages and copies of these, their reactions, mentions of their name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from chatmimic.errors import ExportError
from chatmimic.importers import ImportReport
from chatmimic.lookup import close, quoted, suggestion
from chatmimic.privacy.key import Keyed
from chatmimic.quotes import NAME, Quotes, both_forms
from chatmimic.records import Message, Person

REASON = "excluded"
_REMEMBERED = 10_000  # names kept for suggestions


class Exclusion:
    """Drops the messages of some people, and rejects names that nobody has."""

    def __init__(self, names: tuple[str, ...], keyed: Keyed) -> None:
        self._wanted = {_plain(name): name for name in names if _plain(name)}
        self._met: set[str] = set()
        self._known: set[str] = set()
        self._seen: set[str] = set()  # for suggestions
        self._keyed = keyed
        self._quotes = Quotes(self._wanted)
        spelt = "|".join(
            r"\s+".join(map(re.escape, plain.split())) for plain in both_forms(self._wanted)
        )
        self._called = re.compile(rf"(?i)(?<=@)\u2068?(?:{spelt})(?!\w)|\A(?:{spelt})(?=[:,])")
        self._named = re.compile(rf"(?i)(?<!\w)(?:{spelt})(?!\w)")

    def keeps_out(self, message: Message, report: ImportReport) -> bool:
        """Whether a message is from an excluded person, moving it from kept to excluded."""
        if not self._is_theirs(message.sender, message.sender_key):
            return False
        _leave_out(message, report)
        self._quotes.add(message.text, message.sent_at)
        return True

    def message(self, message: Message, report: ImportReport) -> Message | None:
        """The message of somebody else, without excluded people's words, reactions and mentions.

        None, and counted as excluded, if it was only a copy of their words. In notices ("Bo
        joined") and titles the name is removed everywhere.
        """
        text = self._quotes.without(message.text, message.kind, message.sent_at)
        if text is None:
            _leave_out(message, report)
            return None
        called = self._called if message.kind.has_words else self._named
        return replace(
            message,
            text=called.sub(NAME, text),
            reactions=tuple(r for r in message.reactions if not self._is_theirs(r.sender)),
            thread=self._thread(message),
            thread_title=self._named.sub(NAME, message.thread_title),
        )

    def add_known(self, names: Iterable[str]) -> None:
        """Add names of existing people, who may be missing from an export: the archive's."""
        self._known.update(map(_plain, names))

    def collect_names(self, message: Message) -> None:
        """Note the names in a message, and its words if it is theirs, without excluding it."""
        if self._is_theirs(message.sender, message.sender_key):
            self._quotes.add(message.text, message.sent_at)
        for reaction in message.reactions:
            self._is_theirs(reaction.sender)

    def check(self) -> None:
        """Raise ExportError for excluded names that nobody seen so far has, with similar ones."""
        missing = [n for plain, n in self._wanted.items() if plain not in self._met | self._known]
        if not missing:
            return
        near = (one for name in missing for one in close(name, self._seen))
        raise ExportError(
            f"Nobody is called {' or '.join(quoted([name]) for name in missing)} (--exclude), "
            "so nothing was imported.",
            f"{suggestion(dict.fromkeys(near))}Write names as the export shows them; if not "
            "everybody occurs in each of several exports, import them with one command.",
        )

    def note_unused(self, report: ImportReport) -> None:
        """Note in the report the excluded names that occurred only elsewhere."""
        for plain, name in self._wanted.items():
            if plain not in self._met:
                report.note(f'Nobody in it is called "{name}": nothing was excluded by that name.')

    def _is_theirs(self, *names: str) -> bool:
        if len(self._seen) < _REMEMBERED:
            self._seen.add(names[0])
        found = [plain for plain in map(_plain, names) if plain in self._wanted]
        self._met.update(found)
        return bool(found)

    def _thread(self, message: Message) -> str:
        """Replace the key of a thread that contains an excluded name by a digest."""
        if not self._named.search(message.thread):
            return message.thread
        return f"thread-{self._keyed.digits('thread', message.service, message.thread)}"


def names_of(people: Iterable[Person]) -> set[str]:
    """All names and ids by which these people can be excluded."""
    everybody = list(people)
    ids = {account.partition(" ")[2] for person in everybody for account in person.accounts}
    return ids.union(*(person.names for person in everybody))


def _leave_out(message: Message, report: ImportReport) -> None:
    """Move a message from kept to excluded."""
    if message.kind.has_words:
        report.kept -= 1
        report.by_bots -= message.is_bot
        report.leave_out(REASON, message.source)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()
