"""People who are to stay out: their messages, their reactions, their name where it is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from chatmimic.errors import ExportError
from chatmimic.importers import ImportReport
from chatmimic.lookup import close, quoted, suggestion
from chatmimic.privacy.key import Keyed
from chatmimic.records import Message, Person

REASON = "excluded"
_NAME = "[name]"
_REMEMBERED = 10_000  # names that may be suggested


class Exclusion:
    """Keeps some people's messages out, and refuses names that are nobody's."""

    def __init__(self, names: tuple[str, ...], keyed: Keyed) -> None:
        self._wanted = {_plain(name): name for name in names if _plain(name)}
        self._met: set[str] = set()
        self._known: set[str] = set()
        self._seen: set[str] = set()  # to suggest them
        self._keyed = keyed
        spelt = "|".join(
            r"\s+".join(map(re.escape, plain.split()))
            for plain in sorted(_both_forms(self._wanted), key=len, reverse=True)
        )
        self._called = re.compile(rf"(?i)(?<=@)\u2068?(?:{spelt})(?!\w)|\A(?:{spelt})(?=[:,])")
        self._named = re.compile(rf"(?i)(?<!\w)(?:{spelt})(?!\w)")

    def keeps_out(self, message: Message, report: ImportReport) -> bool:
        """Whether it is one of theirs. It is counted as `excluded` if it was counted as kept."""
        if not self._is_theirs(message.sender, message.sender_key):
            return False
        if message.kind.has_words:
            report.kept -= 1
            report.by_bots -= message.is_bot
            report.leave_out(REASON, message.source)
        return True

    def message(self, message: Message) -> Message:
        """Somebody else's message without their reactions, and without their name where called.

        Notices ("Bo joined") and titles lose the name wherever it stands.
        """
        called = self._called if message.kind.has_words else self._named
        return replace(
            message,
            text=called.sub(_NAME, message.text),
            reactions=tuple(r for r in message.reactions if not self._is_theirs(r.sender)),
            thread=self._thread(message),
            thread_title=self._named.sub(_NAME, message.thread_title),
        )

    def know(self, names: Iterable[str]) -> None:
        """Take names for somebody's: whoever is in the archive may be missing in an export."""
        self._known.update(map(_plain, names))

    def meet(self, message: Message) -> None:
        """See whose names a message shows, and keep nothing out."""
        self._is_theirs(message.sender, message.sender_key)
        for reaction in message.reactions:
            self._is_theirs(reaction.sender)

    def check(self) -> None:
        """Raises ExportError for names that nobody has of all who were met, with near ones."""
        missing = [n for plain, n in self._wanted.items() if plain not in self._met | self._known]
        if not missing:
            return
        near = (one for name in missing for one in close(name, self._seen))
        raise ExportError(
            f"Nobody is called {' or '.join(quoted([name]) for name in missing)}, whom --exclude "
            "names, so nothing was imported.",
            f"{suggestion(dict.fromkeys(near))}Write names as the export shows them; where not "
            "everybody is in each of several exports, import them with one command.",
        )

    def tell(self, report: ImportReport) -> None:
        """Note the names that nobody had, but who are known."""
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
        """The key of a thread that is named after them says nothing any more."""
        if not self._named.search(message.thread):
            return message.thread
        return f"thread-{self._keyed.digits('thread', message.service, message.thread)}"


def names_of(people: Iterable[Person]) -> set[str]:
    """Every name and id that somebody may be excluded by."""
    everybody = list(people)
    ids = {account.partition(" ")[2] for person in everybody for account in person.accounts}
    return ids.union(*(person.names for person in everybody))


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _both_forms(names: Iterable[str]) -> set[str]:
    """Names with accents within their letters and as signs of their own: texts have either."""
    return {unicodedata.normalize(form, name) for name in names for form in ("NFC", "NFD")}
