"""The encoding of a file: given by the user, or detected from all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from chatmimic.importers.encodings.guessing import Guess, guessed
from chatmimic.importers.encodings.names import codec_of, shown
from chatmimic.importers.encodings.recoding import ISO_2022_JP, Choice
from chatmimic.importers.encodings.survey import Survey
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member

_USUAL = "cp1252"
_IN_SPITE = "asked"
_AS_IT_SAYS = "as it says itself"
_BEST = "which fits the letters best"
# Languages that a few words identify; of the others only the letters are certain.
_TOLD = {
    **{name: name for name in ("Chinese", "Japanese", "Korean", "Greek", "Hebrew", "Thai")},
    **dict.fromkeys(("Russian", "Ukrainian", "Bulgarian", "Serbian"), "Cyrillic"),
    **dict.fromkeys(("Arabic", "Persian"), "Arabic"),
    "traditional Chinese": "traditional Chinese",
}
_FEW = 2  # least number of non-UTF-8 pieces to judge by
_SOME = 5  # … and if it is uncertain
_NAMED = 3  # most files in a note


class Encodings:
    """The encodings of the files of one export: given by the user, or detected."""

    def __init__(self, given: str | None = None) -> None:
        self.given = "" if given is None else codec_of(given)
        self._chosen: dict[str, Choice] = {}
        self._sure: Counter[str] = Counter()
        self._read: dict[str, Choice] = {}  # name → choice, of files that were read

    def known(self, member: Member) -> Choice | None:
        """The choice for a file that is not UTF-8; None before it was made."""
        return self._chosen.get(member.name)

    def chosen(self, member: Member) -> Choice:
        """Choose the encoding of a file that is not known to be UTF-8. Raises ExportError."""
        found = self._chosen.get(member.name)
        if found is None:
            found = self._chosen[member.name] = self._choice(member)
            if found.codec and found.why and not found.other:
                self._sure[found.codec] += 1
        return found

    def was_read(self, member: Member, choice: Choice) -> None:
        """Record the encoding of a file, for the summary."""
        if choice.why:
            self._read[member.name] = choice

    def tell(self, report: ImportReport) -> None:
        """Add notes about files that are not UTF-8 to the report."""
        alike: dict[Choice, list[str]] = {}
        for name, choice in self._read.items():
            alike.setdefault(replace(choice, other=choice.other and _USUAL), []).append(name)
        for choice, names in alike.items():
            choice = self._read[names[0]]
            some = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
            what = some if len(names) == 1 else f"{len(names):,} files ({some})"
            report.note(_sentence(choice, what, len(names) == 1))
        self._read.clear()

    def _choice(self, member: Member) -> Choice:
        found = Survey(member)
        if self.given.startswith("utf_8"):
            return Choice()
        if self.given:
            if not found.other and (found.begins_utf8 or found.strong):
                return Choice(why=_IN_SPITE)
            return Choice(self.given, bool(found.other) and found.is_mixed(self.given))
        if found.shifted:
            guess = guessed(found.other) if found.other else None
            codec = guess.codec if guess is not None else ISO_2022_JP
            return Choice(codec, True, shifted=True, why="Japanese")
        if not found.other:
            return Choice()
        likely = self._sure.most_common(1)
        guess = guessed(found.other, likely[0][0] if likely else "")
        if found.is_mixed(guess.codec):
            enough = found.others >= (_FEW if guess.sure else _SOME)
            return _chosen(guess, by_lines=True) if enough and guess.codec != _USUAL else Choice()
        if found.declared and found.fits(found.declared):
            return Choice(found.declared, why=_AS_IT_SAYS)
        # Text in Windows-1252 hardly ever looks like UTF-8.
        return _chosen(guess, by_lines=guess.codec == _USUAL)


def _chosen(guess: Guess, by_lines: bool) -> Choice:
    if not guess.sure:
        return Choice(guess.codec, by_lines, why="a guess", other=guess.next or _USUAL)
    return Choice(guess.codec, by_lines, why=_TOLD.get(guess.language, _BEST))


def _sentence(choice: Choice, what: str, single: bool) -> str:
    is_, was, they_are = ("is", "was", "it is") if single else ("are", "were", "they are")
    if choice.why == _IN_SPITE:
        return f"{what} {is_} clearly UTF-8, and {was} read so in spite of --encoding."
    name = shown(ISO_2022_JP if choice.shifted else choice.codec)
    if choice.by_lines and choice.codec != _USUAL:
        what, they_are = f"Lines in {what} that are not UTF-8 were read as {name}", "they are"
    else:
        what = f"{what} {is_} not UTF-8 and {was} read as {name}"
    if choice.other:
        return (
            f"{what}, which is a guess. If letters are wrong, give the encoding, e.g. --encoding "
            f"{shown(choice.other).lower()}."
        )
    is_given = choice.why in (_AS_IT_SAYS, _BEST)
    reason = choice.why if is_given else f"in which {they_are} {choice.why}"
    return f"{what}, {reason}; use --encoding NAME to override this."
