"""Sanitising text: before it enters the archive, and before it reaches a terminal."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

# C0 and C1 controls except tab and newline: they carry no meaning.
_CONTROLS = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# Characters that control a terminal or reorder text: controls except newline, bidirectional
# overrides and isolates, line and paragraph separators.
_UNSHOWABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)
# Characters that nobody sees: marks of direction, width and language, and selectors.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0e"
    "\ufeff\ufff9-\ufffb\U000e0100-\U000e01ef]"
)
_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")  # not in flags
# Joiners belong to emoji and to scripts such as Persian's; between Latin letters they do nothing.
_JOINERS = re.compile(
    "(?<![\u0300-\U0010ffff])[\u200c\u200d\ufe0f]+|[\u200c\u200d]+(?![\u0300-\U0010ffff])"
)
_BLANKS = str.maketrans(dict.fromkeys("\u115f\u1160\u2800\u3164\uffa0", " "))


def without_invisible(name: str) -> str:
    """A name on one line, without what cannot be seen; "" if nothing can be."""
    if not name.isascii():
        name = _JOINERS.sub("", _TAGS.sub("", _INVISIBLE.sub("", name.translate(_BLANKS))))
    return " ".join(name.split())


def clean(text: str) -> str:
    """Clean text for storage: no NUL, no lone surrogates, no controls but tab and newline.

    NUL and lone surrogates become U+FFFD, "\\r\\n" and "\\r" become newline, other controls are
    dropped. Surrogate pairs that a JSON parser left unjoined are joined.
    """
    if text.isprintable():  # nearly always: controls and surrogates are not printable
        return text
    if _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = text.replace("\x00", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)


def visible(text: str) -> str:
    """Make text harmless to a terminal: controls become pictures (␛), direction marks �.

    Newlines stay. Idempotent.
    """
    return _UNSHOWABLE.sub(
        lambda found: _picture(found.group()), text.encode("utf-8", "replace").decode()
    )


def _picture(control: str) -> str:
    code = ord(control)
    if control == "\t":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def shown(text: str, style: str = "") -> Text:
    """Text of a chat or a model as a Rich text for the screen: visible, and never markup."""
    from rich.text import Text

    return Text(visible(text), style=style, end="")


def perplexity_in_words(perplexity: float, digits: int = 1) -> str:
    """A perplexity for display: 69.0, 3.1e+08 if large, a dash for None."""
    if not math.isfinite(perplexity):
        return "–"
    return f"{perplexity:,.{digits}f}" if perplexity < 1e6 else f"{perplexity:.1e}"
