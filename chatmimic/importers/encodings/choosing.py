"""Which encoding a file is in: what the user says, or what the whole of it shows."""

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
# Languages that a few words are enough to tell; of the others only the letters are certain.
_TOLD = {
    **{name: name for name in ("Chinese", "Japanese", "Korean", "Greek", "Hebrew", "Thai")},
    **dict.fromkeys(("Russian", "Ukrainian", "Bulgarian", "Serbian"), "Cyrillic"),
    **dict.fromkeys(("Arabic", "Persian"), "Arabic"),
    "traditional Chinese": "traditional Chinese",
}
_FEW = 2  # pieces that are not UTF-8, of which something can be said
_SOME = 5  # … and where it is not sure
_NAMED = 3  # files in a note


class Encodings:
    """The encodings of the files of one export: what the user says, or what each shows."""

    def __init__(self, asked: str | None = None) -> None:
        self.asked = "" if asked is None else codec_of(asked)
        self._chosen: dict[str, Choice] = {}
        self._sure: Counter[str] = Counter()
        self._read: dict[str, Choice] = {}  # name → what was chosen, of files that were read

    def known(self, member: Member) -> Choice | None:
        """What was chosen for a file that is not UTF-8; None where it was not asked yet."""
        return self._chosen.get(member.name)

    def chosen(self, member: Member) -> Choice:
        """The encoding of a file that is not, or not known to be, UTF-8. Raises ExportError."""
        found = self._chosen.get(member.name)
        if found is None:
            found = self._chosen[member.name] = self._choice(member)
            if found.codec and found.why and not found.other:
                self._sure[found.codec] += 1
        return found

    def was_read(self, member: Member, choice: Choice) -> None:
        """Keep in mind that a file was read so, for the summary."""
        if choice.why:
            self._read[member.name] = choice

    def tell(self, report: ImportReport) -> None:
        """Say in notes how the files that are not UTF-8 were read."""
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
        if self.asked.startswith("utf_8"):
            return Choice()
        if self.asked:
            if not found.other and (found.begins_utf8 or found.strong):
                return Choice(why=_IN_SPITE)
            return Choice(self.asked, bool(found.other) and found.is_mixed(self.asked))
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
        # The letters of Windows-1252 hardly ever look like UTF-8: what does, is.
        return _chosen(guess, by_lines=guess.codec == _USUAL)


def _chosen(guess: Guess, by_lines: bool) -> Choice:
    if not guess.sure:
        return Choice(guess.codec, by_lines, why="a guess", other=guess.next or _USUAL)
    return Choice(guess.codec, by_lines, why=_TOLD.get(guess.language, _BEST))


def _sentence(choice: Choice, what: str, single: bool) -> str:
    is_, was, they_are = ("is", "was", "it is") if single else ("are", "were", "they are")
    if choice.why == _IN_SPITE:
        return f"{what} {is_} UTF-8 without a doubt, and {was} read so in spite of --encoding."
    name = shown(ISO_2022_JP if choice.shifted else choice.codec)
    if choice.by_lines and choice.codec != _USUAL:
        what, they_are = f"Lines in {what} that are not UTF-8 were read as {name}", "they are"
    else:
        what = f"{what} {is_} not UTF-8 and {was} read as {name}"
    if choice.other:
        return (
            f"{what}, which is only a guess. Where letters are wrong, name the encoding, as "
            f"--encoding {shown(choice.other).lower()}."
        )
    told = choice.why in (_AS_IT_SAYS, _BEST)
    reason = choice.why if told else f"in which {they_are} {choice.why}"
    return f"{what}, {reason}; --encoding NAME overrules that."
