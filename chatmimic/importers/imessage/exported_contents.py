"""Separates the text of a message from what imessage-exporter adds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from chatmimic.importers.imessage.exported_times import AT
from chatmimic.importers.parsing.tapbacks import is_text_tapback
from chatmimic.records import Kind

_REPLY = "This message responded to an earlier message."
_BINNED = "This message was deleted from the conversation!"
_TAPBACKS = {"Tapbacks:", "Reactions:"}
_TAPBACK = re.compile(r"(?P<what>.{1,60}?) by (?P<who>.{1,200})")
_STICKER = re.compile(r"(?:[A-Z][a-z]{1,12} )?Sticker from .{1,200}(?:: .{1,1000}| not found!)")
_VERBS = {
    "Loved": "❤️", "Liked": "👍", "Disliked": "👎", "Laughed": "😂", "Emphasized": "‼️",
    "Questioned": "❓",
}  # fmt: skip
_EFFECT = re.compile(
    r"Sent with (?:Confetti|Echo|Fireworks|Balloons|Heart|Lasers|Shooting Star[t]?|Sparkles"
    r"|Spotlight|Slam|Loud|Gentle|Invisible Ink)"
)
_EDITED_FIRST = re.compile(rf"{AT} .*")
_EDITED = re.compile(r"Edited .{1,100}? later: (?P<text>.*)")
_UNSENT = re.compile(
    r".{1,200} unsent this message part (?:.{1,100} after sending)?!"
    r"|(?:You|They) deleted a message\."
)
_SYSTEM = {
    "SharePlay Message\nEnded", "SharePlay Message Ended", "Started sharing location!",
    "Stopped sharing location!",
}  # fmt: skip
_SUFFIX = (
    r"\.(?:jpe?g|heics?|heif|png|gif|tiff?|webp|bmp|mov|mp4|m4v|3gpp?|avi|mp3|m4a|caf|amr|wav|aac"
    r"|vcf|vcard|pluginpayloadattachment|usdz)"
)
_FOLDERS = r"(?:~?/|[A-Za-z]:[\\/]|[\w.@-]{0,80}/?(?=attachments/))"
# Where a file lies: in Messages' own folder, in a backup of an iPhone, or with the export.
_ATTACHED = re.compile(
    rf"{_FOLDERS}[^\n]{{0,1000}}?(?:attachments[\\/][^\n]{{1,1000}}|stickercache/[^\n]{{1,1000}}"
    rf"|/[0-9a-f]{{2}}/[0-9a-f]{{40}}|{_SUFFIX})|[^\n/\\?*:|<>]{{1,200}}{_SUFFIX}",
    re.IGNORECASE,
)
_MISSING = {"Attachment missing!", "Attachment does not exist!"}
_TOLD = "Transcription: "  # of a voice message, below its file
# "Game Pigeon message:" and the app's own words below it; what some apps say on one line.
_APP = re.compile(
    r"(?:[A-Z0-9][\w.&'-]{0,40}(?: [A-Z0-9][\w.&'-]{0,40}){0,4}|\w+(?:\.\w+){1,6}) message:"
)
_APP_LINE = re.compile(
    r"(?:Apple (?:Pay|Cash|Card)) transaction: .{1,200}|(?:Fitness|Activity) message: .{1,200}"
    r"|Photo album: .{1,300}|Unable to format app message: .{1,300}"
    r"|Handwritten messages are not yet supported!|Check\u00a0In: .{1,200}"
)
_LINK = re.compile(r"https?://\S{1,2000}")


@dataclass
class Parts:
    """The contents of a message."""

    kind: Kind = Kind.TEXT
    text: str = ""
    answers: bool = False  # whether it is a reply; to what stands elsewhere
    tapbacks: list[tuple[str, str]] = field(default_factory=list)  # the emoji, and whose it is
    edited: bool = False
    previews: int = 0  # lines of the preview of a link


def parts_of(lines: Sequence[str]) -> Parts:
    """Parse the lines of a message after time and name."""
    parts = Parts()
    left = _without_program(_without_tapbacks(list(lines), parts), parts)
    left, binned = (left[1:], True) if left[:1] == [_BINNED] else (left, False)
    left = _last_wording(left, parts)
    words, things, unsent = _sorted(left)
    text = "\n".join(words).strip("\n")
    if text in _SYSTEM or is_text_tapback(text):
        parts.kind, parts.text = Kind.SYSTEM, text
    elif not text.strip():
        parts.kind = Kind.MEDIA if things else Kind.DELETED if unsent or binned else Kind.TEXT
    elif _APP_LINE.fullmatch(words[0]) or (len(words) > 1 and _APP.fullmatch(words[0])):
        parts.kind, parts.text = Kind.MEDIA, text
    else:
        parts.text = _without_preview(text, parts)
    if binned and parts.kind is Kind.TEXT:
        parts.kind = Kind.DELETED
    return parts


def tapback_of(line: str) -> tuple[str, str] | None:
    """Parse "Loved by Ada" to an emoji and a name; None for other lines."""
    found = _TAPBACK.fullmatch(line)
    if found is None:
        return None
    what = found["what"]
    is_emoji = not any(character.isalpha() for character in what)
    return (_VERBS.get(what, what), found["who"]) if is_emoji or what in _VERBS else None


def _without_tapbacks(lines: list[str], parts: Parts) -> list[str]:
    left: list[str] = []
    at = 0
    while at < len(lines):
        start, at = at, at + 1
        if lines[start] not in _TAPBACKS:
            left.append(lines[start])
            continue
        given = []
        while at < len(lines) and (tapback_of(lines[at]) or _STICKER.fullmatch(lines[at])):
            given.append(tapback_of(lines[at]))
            at += 1
        if not given:
            left.append(lines[start])
            continue
        parts.tapbacks += [one for one in given if one is not None]
        at += at < len(lines) and not lines[at].strip()
    return left


def _without_program(lines: list[str], parts: Parts) -> list[str]:
    """The lines without blank ones and the program's additions at the end."""
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and lines[-1] == _REPLY:
        parts.answers = True
        return _without_program(lines[:-1], parts)
    return [line for at, line in enumerate(lines) if not (at and _EFFECT.fullmatch(line))]


def _last_wording(lines: list[str], parts: Parts) -> list[str]:
    """The last version of an edited message.

    The first wording has its time before it. People paste such lines too, but then no other
    wording follows.
    """
    found = [(at, edit) for at, line in enumerate(lines) if (edit := _EDITED.fullmatch(line))]
    if not found or _EDITED_FIRST.fullmatch(lines[0]) is None:
        return lines
    parts.edited = True
    at, edit = found[-1]
    return [edit["text"], *lines[at + 1 :]]


def _sorted(lines: list[str]) -> tuple[list[str], bool, bool]:
    """Split text lines from attachments and unsent messages."""
    words: list[str] = []
    things = unsent = False
    for line in lines:
        if _ATTACHED.fullmatch(line) or line in _MISSING or _STICKER.fullmatch(line):
            things = True
        elif things and line.startswith(_TOLD):
            continue
        elif _UNSENT.fullmatch(line):
            unsent = True
        else:
            words.append(line)
    return words, things, unsent


def _without_preview(text: str, parts: Parts) -> str:
    """The text without a link preview: after a link come title and summary of its page."""
    link, gap, rest = text.partition("\n")
    if not gap or not _LINK.fullmatch(link):
        return text
    parts.previews = rest.count("\n") + 1
    return link
