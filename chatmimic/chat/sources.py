"""What `/why` shows: the training messages that a reply resembles, with the shared words marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatmimic.chat.screen import Screen, one_line
from chatmimic.copying.resemblance import RUN
from chatmimic.copying.words import SPAN, bare_words
from chatmimic.dates import day_of

if TYPE_CHECKING:
    from chatmimic.evaluation.secrecy.training_messages import Source

_AROUND = 80  # characters of a long text that are shown before, between and after marks
_LONGEST = 600  # characters that are shown of one text


def show_sources(screen: Screen, reply: str, found: Sequence[Source]) -> None:
    """Show the messages, the most similar first, or say that there are none."""
    if not found:
        screen.note(f"No training message shares {RUN} words in a row with the last reply.")
        return
    total = len(bare_words(reply))
    for source in found:
        one = source.found
        when = "" if one.sent_at is None else f", {day_of(one.sent_at)}"
        screen.note(
            f"{one_line(source.sender)}{when}, in {one_line(source.thread)}:",
            screen.colour(source.sender),
        )
        screen.note(excerpt(one.text, one.marks), "", indent=True)
        copied = " – a copy" if one.longest >= SPAN else ""
        screen.note(f"{one.words} of {total} words, {one.longest} in a row{copied}", indent=True)
    screen.note("Words in [brackets] are in the reply too.")


def excerpt(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """A text on one line with brackets around the marked characters, shortened between them."""
    shown, at = "", 0
    for start, end in marks:
        before = _shortened(text[at:start], bool(at), True)
        shown, at = f"{shown}{before}[{text[start:end]}]", end
        if len(shown) > _LONGEST:
            break
    return one_line(shown + _shortened(text[at:], True, False), _LONGEST + 2 * _AROUND)


def _shortened(text: str, keep_begin: bool, keep_end: bool) -> str:
    """A text without its middle, if it is long; what is next to a mark is kept."""
    if len(text) <= 2 * _AROUND:
        return text
    begin = text[:_AROUND] if keep_begin else ""
    end = text[-_AROUND:] if keep_end else ""
    return f"{begin}…{end}"
