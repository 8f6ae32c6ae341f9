"""Classifies messages: text, media, calls, deleted and edited ones, system messages."""

from __future__ import annotations

import re
from collections import Counter

from chatmimic.importers.whatsapp.phrases import (
    DELETED,
    EDITED,
    LIVE_LOCATION,
    MISSED,
    OMITTED,
    OMITTED_THINGS,
    VIEW_ONCE,
    WAITING,
)
from chatmimic.importers.whatsapp.system_notices import is_encryption
from chatmimic.records import Kind

MARK = "\u200e"  # stands before whatever WhatsApp itself puts into a message
_MARKED_TAG = f"{MARK}<"
REPEATS = 3  # of one text in <>: nobody types that by hand
_MOST_TAGS = 200
_LONGEST_TAG = 80
_KINDS = {
    **dict.fromkeys(OMITTED_THINGS | LIVE_LOCATION, Kind.MEDIA),
    **dict.fromkeys(DELETED, Kind.DELETED),
    **dict.fromkeys(MISSED, Kind.CALL),
    **dict.fromkeys(WAITING, Kind.SYSTEM),
}
_AT_A_PLACE = "https://"
_CLOCK_ENDS = frozenset("m.0123456789")
_IN_MARKUP = frozenset("!/=\"'?;{}[]()$%#\\")  # "<!-- a comment -->" is pasted by people

# iOS: "image omitted" behind a mark; the verb comes last in these languages.
_OMITTED_ENDS = (
    " omitted", " weggelassen", " ausgelassen", " omitido", " omitida", " omis", " omise",
    " omesso", " omessa", " omessi", " ocultado", " ocultada", " oculta", " oculto", " weggelaten",
    " utelämnad", " udeladt", " utelatt", " pominięto", " dahil edilmedi", " пропущено",
    " отсутствует",
)  # fmt: skip
# <attached: 00000012-PHOTO.jpg>
_ATTACHED = re.compile(rf"{MARK}?<[^<>:\n]{{1,40}}: [^<>\n]{{1,255}}\.\w{{1,8}}>")
_OWN_FILE = re.compile(r"[A-Z]{3}-\d{8}-WA\d{4,6}\.\w{1,5} \([^()\n]{3,40}\)")
_ANY_FILE = re.compile(
    r"[^\n]{1,255}\.\w{1,8} \((?:file attached|Datei angehängt|archivo adjunto|fichier joint"
    r"|file allegato|arquivo anexado|ficheiro anexado|bestand bijgevoegd|файл добавлен|dosya ekli"
    r"|file terlampir|文件附件|檔案附件|添付ファイル)\)"
)
_PLACE = re.compile(
    r"(?:(?:live )?location|[^\s:]{2,20})(?: ?[:：] ?\u200e?)"
    r"https://(?:maps\.google\.com/(?:maps)?\?q=-?\d{1,3}\.\d{1,20},(?:%20)?-?\d{1,3}\.\d{1,20}"
    r"|foursquare\.com/v/\S{1,200})",
    re.I,
)
_DELETED_BY = re.compile(r"this message was deleted by admin .{1,200}")
_CALL = re.compile(r"(?:missed |silenced )?(?:group )?(?:voice|video) call(?:[,. ].{0,80})?", re.I)
_TALKED = re.compile(
    r"(?:missed |silenced )?(?:group )?(?:voice|video) call[,.] "
    r"(?:\d+ (?:sec|min|hr)s?|no answer|tap to call back|\d+ joined|silenced.{0,40})"
)
_DOCUMENT = re.compile(r"[^\n]{1,200}\.\w{1,8} • \d+ pages? document omitted")
_MISSED = re.compile(r"(?P<call>.{5,40}?)(?: (?:at|um|a las|à|alle|às|om|kl\.?|в) \d.{0,20})?")
# A poll in any language: the word, what is asked, and answers with their votes.
_POLL = re.compile(
    r"[^\n:]{2,20}:\n[^\n]{1,500}"
    r"(?P<options>(?:\n[^\n:]{2,20}: [^\n]{1,200}\(\d[^\n()]{0,30}\)){1,20})\n*"
)
_EVENT = re.compile(r"EVENT: [^\n]{1,200}\n(?:[A-Z][^\n:]{2,30}: [^\n]{0,500}\n*){1,10}")
_SYSTEM = re.compile(
    r"Messages (?:and calls|to this)|This chat is with|POLL:|(?:You're|You are) (?:now|no longer) "
    r"an admin|You blocked|You unblocked|You were added|Waiting for this message"
    r"|.{1,120}?(?: added | left$| left\.| removed | joined| created (?:this )?group"
    r"| changed |security code| turned o| pinned a message| requested to join"
    r"| was added| was removed| disappearing messages| is a contact)"
)


class Tags:
    """Texts of the form `<…>`: those often repeated are placeholders."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()

    def add(self, rest: str) -> None:
        """Add the rest of a line after its timestamp."""
        if not rest.endswith(">"):
            return
        text = rest.partition(": ")[2].strip(MARK)
        if _is_tag(text) and (text in self._times or len(self._times) < _MOST_TAGS):
            self._times[text] += 1

    def repeated(self) -> frozenset[str]:
        """The placeholders of WhatsApp."""
        return frozenset(tag for tag, times in self._times.items() if times >= REPEATS)


def _is_tag(text: str) -> bool:
    one = text[:1] == "<" and text[-1] == ">" and text.count("<") == text.count(">") == 1
    if not one or len(text) > _LONGEST_TAG or not _IN_MARKUP.isdisjoint(text):
        return False
    return " " in text or not text.isascii()


def classified(text: str, tags: frozenset[str] = frozenset()) -> tuple[Kind, str, bool]:
    """Classify a text: its kind, the person's own words, and whether it was edited.

    Text behind WhatsApp's own mark that has no known wording is Kind.OTHER.
    """
    marked = text.startswith(MARK)
    bare = text.strip(MARK)
    kind = _whole(bare, marked, tags)
    if kind is not None:
        return kind, bare, False
    words = _without_attachment(text)
    if words != text:
        return (Kind.TEXT if words else Kind.MEDIA), words or bare, False
    if marked:
        return Kind.OTHER, bare, False
    words = _without_edit_mark(text)
    return Kind.TEXT, words, words != text


def _whole(bare: str, marked: bool, tags: frozenset[str]) -> Kind | None:
    """The kind of a text that consists only of WhatsApp's words."""
    low = bare.casefold().removesuffix(".").removesuffix("。")
    if bare == "null" or bare in tags or (low[:1] == "<" and low[1:-1].strip() in OMITTED):
        return Kind.MEDIA
    kind = _KINDS.get(low)
    if kind is not None:
        return kind
    if low.startswith("this ") and _DELETED_BY.fullmatch(low):
        return Kind.DELETED
    if low.startswith(VIEW_ONCE):
        return Kind.MEDIA
    if is_encryption(bare):
        return Kind.SYSTEM
    # What every such text holds is looked for first: these patterns are slow to say no.
    if _AT_A_PLACE in bare and ".com/" in bare and _PLACE.fullmatch(bare):
        return Kind.MEDIA
    last = bare.rpartition(MARK)[2] if marked or MARK in bare else ""
    if last.endswith(_OMITTED_ENDS) and len(last) <= _LONGEST_TAG and "\n" not in bare:
        return Kind.MEDIA
    if (marked or low[-1:] in _CLOCK_ENDS) and _is_call(bare, low, marked):
        return Kind.CALL
    if " call" in low[:30] and _TALKED.fullmatch(low):
        return Kind.CALL
    if low.endswith("document omitted") and _DOCUMENT.fullmatch(low):
        return Kind.MEDIA
    if ("\n" in bare and _is_card(bare)) or (marked and _SYSTEM.match(bare)):
        return Kind.SYSTEM
    return None


def _is_call(bare: str, low: str, marked: bool) -> bool:
    if marked and _CALL.fullmatch(bare):
        return True
    timed = _MISSED.fullmatch(low) if len(low) < _LONGEST_TAG else None
    return timed is not None and timed["call"] in MISSED


def _is_card(bare: str) -> bool:
    """Whether a text of several lines is a poll or an event."""
    first = bare.partition("\n")[0]
    if first == "POLL:" or (first.startswith("EVENT: ") and _EVENT.fullmatch(bare)):
        return True
    if not first.endswith(":") or "(" not in bare:
        return False
    poll = _POLL.fullmatch(bare)
    options = poll["options"].strip("\n").split("\n") if poll else []
    return len(options) > 1 and len({option.partition(":")[0] for option in options}) == 1


def _without_attachment(text: str) -> str:
    """The caption of an attachment; without one, the text itself."""
    first, _, caption = text.partition("\n")
    name = first.strip(MARK)
    if name.endswith(")") and (_OWN_FILE.fullmatch(name) or _ANY_FILE.fullmatch(name)):
        return caption.strip()
    start = text.rfind(_MARKED_TAG)
    start = 0 if start < 0 and text[:1] == "<" else start
    found = _ATTACHED.match(text, start) if start >= 0 else None
    if found is None or (found.end() < len(text) and found.start() > 0):
        return text
    return (text[: found.start()] + text[found.end() :]).strip(MARK + " \n")


def _without_edit_mark(text: str) -> str:
    if not text.endswith(">"):
        return text
    start = text.rfind("<")
    tag = text[start + 1 : -1]
    ours = text[start - 1 : start] == MARK or tag.casefold().removesuffix(".") in EDITED
    if start < 1 or not ours or len(tag) > _LONGEST_TAG:
        return text
    return text[:start].removesuffix(MARK).removesuffix(" ")


def call_or_system(sentence: str) -> Kind:
    """The kind of a line without a sender."""
    return Kind.CALL if _CALL.fullmatch(sentence.strip(MARK)) else Kind.SYSTEM
