"""Classifies records of WeChat, by type number, type name or text."""

from __future__ import annotations

import re
from xml.parsers import expat

from chatmimic.errors import UnsafeExport
from chatmimic.importers.parsing.xml import guarded_parser
from chatmimic.records import Kind

_APP = 49  # links, files, quotes and all else that has a type of its own within
_KINDS = {
    **dict.fromkeys((3, 34, 42, 43, 44, 47, 48, 62, 66, 67), Kind.MEDIA),
    **dict.fromkeys((50, 52, 53, 64), Kind.CALL),
    **dict.fromkeys((37, 38, 40, 51, 9999, 10000, 10002, 11000), Kind.SYSTEM),
}
_TEXT_APPS = {1, 57}  # a text with a link in it, and one that quotes: the title is the sender's
_FORWARDED_APPS = {19, 24, 40}  # a bundle of messages, a note, its parts
_SYSTEM_APPS = {62, 87}  # a pat on the shoulder, the notice of a group
_LARGEST_XML = 1 << 20
_PREFIX = re.compile(r"[\w@.-]{1,64}:\n")  # of whom a message of a group is, in raw exports

# Names of types, by a part that no other has; what several fit is what stands first.
_NAMED = (
    ("文本", Kind.TEXT), ("引用", Kind.TEXT), ("回复", Kind.TEXT), ("系统", Kind.SYSTEM),
    ("撤回", Kind.DELETED), ("拍一拍", Kind.SYSTEM), ("通话", Kind.CALL),
    ("聊天记录", Kind.FORWARDED), ("转发", Kind.FORWARDED), ("笔记", Kind.FORWARDED),
    ("公告", Kind.SYSTEM), ("邀请", Kind.SYSTEM), ("添加好友", Kind.SYSTEM),
    ("打招呼", Kind.SYSTEM),
    *((name, Kind.MEDIA) for name in (
        "图片", "语音", "视频", "表情", "文件", "名片", "链接", "图文", "位置", "红包", "转账",
        "小程序", "音乐", "音频", "分享", "卡片", "直播", "礼物", "接龙", "公众号", "游戏",
    )),
)  # fmt: skip
# The same in English, as WeClone's files in English and WeFlow's have them.
_ENGLISH = (
    ("text", Kind.TEXT), ("quote", Kind.TEXT), ("reply", Kind.TEXT), ("system", Kind.SYSTEM),
    ("recall", Kind.DELETED), ("revoke", Kind.DELETED), ("call", Kind.CALL),
    ("voip", Kind.CALL), ("forward", Kind.FORWARDED), ("chat history", Kind.FORWARDED),
    *((name, Kind.MEDIA) for name in (
        "image", "photo", "voice", "audio", "video", "emoji", "sticker", "file", "card", "link",
        "location", "music", "transfer", "red packet", "mini program", "miniprogram", "share",
        "game", "live",
    )),
)  # fmt: skip
_RECALLED = ("撤回了一条消息", "recalled a message", "recalled message", "<revokemsg>")
_TAG = r"\[[^\[\]\s]{1,8}\]"
_TAGS = re.compile(rf"(?:{_TAG}\s?){{1,9}}")
_MEDIA_TAGS = {
    "[图片]", "[语音]", "[视频]", "[表情]", "[表情包]", "[动画表情]", "[文件]", "[音乐分享]",
    "[音乐]", "[链接]", "[位置]", "[名片]", "[红包]", "[转账]", "[小程序]",
    "[闪照]", "[QQ红包]", "[贴纸]",
}  # fmt: skip
_CALL_TAGS = {"[语音通话]", "[视频通话]", "[通话]"}


def by_number(type_: int, sub: int, content: str) -> tuple[Kind, str]:
    """The kind and text of a record, by type and content."""
    type_, sub = type_ & 0xFFFFFFFF, sub or type_ >> 32  # WeChat 4 has both in one number
    if type_ == 1:
        return Kind.TEXT, content
    if type_ == _APP:
        return _app(sub, content)
    kind = _KINDS.get(type_, Kind.OTHER)
    if kind is Kind.SYSTEM:
        return (Kind.DELETED if is_recalled(content) else kind), content
    return kind, "" if content.lstrip()[:1] == "<" else content


def by_name(name: str, content: str) -> tuple[Kind, str]:
    """The kind and text of a record, by the name of its type, Chinese or English."""
    table, name = (_ENGLISH, name.casefold()) if name.isascii() else (_NAMED, name)
    kind = next((kind for part, kind in table if part in name), Kind.OTHER)
    if kind is Kind.SYSTEM and is_recalled(content):
        kind = Kind.DELETED
    if content.lstrip().startswith("<") and any(word in name for word in ("引用", "quote")):
        return _app(57, content)
    return kind, own_words(content) if kind is Kind.TEXT else content


def by_text(text: str) -> Kind:
    """The kind of a message by its text alone: `[图片]` for a photo."""
    if text in _CALL_TAGS:
        return Kind.CALL
    if text.lstrip().startswith("[链接]:title:"):
        return Kind.MEDIA
    tags = set(re.findall(_TAG, text)) if _TAGS.fullmatch(text) else set()
    return Kind.MEDIA if tags and tags <= _MEDIA_TAGS else Kind.TEXT


def is_recalled(sentence: str) -> bool:
    """Whether a system message says that a message was recalled."""
    return any(words in sentence for words in _RECALLED)


def own_words(text: str) -> str:
    """A text without the quoted message below it."""
    return text.partition("\n引用:")[0].partition("\n引用：")[0]


def without_prefix(content: str) -> tuple[str, str]:
    """Split the sender from `wxid_ada:` and a newline; "" if there is no prefix."""
    found = _PREFIX.match(content)
    if found is None:
        return "", content
    return found.group()[:-2], content[found.end() :]


def _app(sub: int, content: str) -> tuple[Kind, str]:
    title = content
    if content.lstrip().startswith("<"):
        parts = _parts(content.strip())
        if parts is None:
            return Kind.OTHER, ""
        title = parts.get("title", "")
        inner = parts.get("type", "").strip()
        sub = int(inner) if inner.isascii() and inner.isdigit() and len(inner) < 9 else sub
    if sub in _TEXT_APPS:
        return Kind.TEXT, title
    if sub in _FORWARDED_APPS:
        return Kind.FORWARDED, title
    return (Kind.SYSTEM if sub in _SYSTEM_APPS else Kind.MEDIA), title


def _parts(xml: str) -> dict[str, str] | None:
    """The title and type of `<appmsg>`; None for invalid or unsafe XML."""
    if len(xml) > _LARGEST_XML:
        return None
    reader = _AppReader()
    parser = guarded_parser("a message")
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(xml.encode("utf-8", "replace"), True)
    except (expat.ExpatError, UnsafeExport):
        return None
    return reader.found


class _AppReader:
    """Parses `<appmsg>`, without nested elements: a quoted message has a title, too."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._open: list[str] = []

    def begin(self, tag: str, _: dict[str, str]) -> None:
        self._open.append(tag)

    def end(self, _: str) -> None:
        self._open.pop()

    def text(self, data: str) -> None:
        if self._open[-2:-1] == ["appmsg"] and len(self._open) <= 3:
            name = self._open[-1]
            self.found[name] = self.found.get(name, "") + data
