"""People who are to stay out: their messages, their reactions, their name where it is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from chatmimic.importers import ImportReport
from chatmimic.privacy.key import Keyed
from chatmimic.records import Message

REASON = "excluded"
_NAME = "[name]"


class Exclusion:
    """Keeps some people's messages out, and says in the end whose name matched nobody."""

    def __init__(self, names: tuple[str, ...], keyed: Keyed) -> None:
        self._wanted = {_plain(name): name for name in names if _plain(name)}
        self._met: set[str] = set()
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

    def tell(self, report: ImportReport) -> None:
        """Note the names that nobody had."""
        for plain, name in self._wanted.items():
            if plain not in self._met:
                report.note(f'Nobody in it is called "{name}": nothing was excluded by that name.')

    def _is_theirs(self, *names: str) -> bool:
        found = [plain for plain in map(_plain, names) if plain in self._wanted]
        self._met.update(found)
        return bool(found)

    def _thread(self, message: Message) -> str:
        """The key of a thread that is named after them says nothing any more."""
        if not self._named.search(message.thread):
            return message.thread
        return f"thread-{self._keyed.digits('thread', message.service, message.thread)}"


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _both_forms(names: Iterable[str]) -> set[str]:
    """Names with accents within their letters and as signs of their own: texts have either."""
    return {unicodedata.normalize(form, name) for name in names for form in ("NFC", "NFD")}
