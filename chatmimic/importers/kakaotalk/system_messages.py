"""KakaoTalk's system messages and media placeholders."""

from __future__ import annotations

import re
from collections.abc import Container

from chatmimic.importers.parsing.media_placeholders import is_media_placeholder
from chatmimic.records import Kind

_LONGEST = 500  # characters of a sentence of KakaoTalk's
_MEDIA_LINE = re.compile(
    r"(?:사진|동영상|음성 ?메시지|이모티콘|photos?|videos?|emoticons?|stickers?|voice note"
    r"|voice message"
    r"|写真|動画|スタンプ|ボイスメッセージ|照片|圖片|图片|影片|视频|貼圖|表情)"
    r"|사진 \d{1,3}장|동영상 \d{1,3}개|\d{1,3} (?:photos|videos)|(?:photo|video) \d{1,3}"
    r"|写真\s?\d{1,3}枚|(?:照片|圖片|图片)\s?\d{1,3}[張张]"
    r"|(?:파일|File|ファイル|檔案|文件|연락처|Contact|連絡先|위치|Location|位置|지도|Map|샵검색)"
    r": .{1,200}"
    r"|[0-9a-f]{64}\.[0-9a-z]{2,5}",  # a photo that lies beside the text of Android
    re.IGNORECASE,
)
_SET_APART = re.compile(r"[<(\[](?P<word>[^<>()\[\]]{1,30})[>)\]]")
_UNREAD = re.compile(r"(?P<word>.{1,20}?) ?(?:읽지 않음|not read|unread)", re.IGNORECASE)
_DELETED = re.compile(
    r"(?:삭제된 메시지입니다|(?:이 )?메시지가 삭제되었습니다|이 메시지는 삭제되었습니다"
    r"|(?:This|The) message (?:was|has been) deleted|채팅방 관리자가 메시지를 가렸습니다"
    r"|削除されたメッセージです|メッセージが削除されました|已?删除的消息|消息已删除|訊息已刪除)[.。]?",
    re.IGNORECASE,
)
_CALL = re.compile(
    r"(?:보이스톡|페이스톡|그룹콜|라이브톡|보이스룸) ?"
    r"(?:해요|부재중|취소|종료|시작|거절|\d[\d:]{0,8}).{0,20}"
    r"|보이스룸이 .{1,30}습니다\.?"
    r"|(?:Voice|Video) (?:Call|Talk) (?:Cancell?ed|Missed|Ended|\d[\d:]{0,8}).{0,20}"
    r"|Live Talk (?:started|ended).{0,20}",
    re.IGNORECASE,
)
_EVENT = re.compile(
    r".{1,100}?님이 .{0,300}?"
    r"(?:초대했습니다|초대하였습니다|나갔습니다|들어왔습니다|내보냈습니다|입장했습니다|퇴장했습니다"
    r"|방장이 되(?:었|셨)습니다|부방장이 되(?:었|셨)습니다)\.?"
    r"|.{1,100}?님을 내보냈습니다\.?"
)
_EVENT_EN = re.compile(
    r"(?P<who>.{1,100}?) (?:invited .{1,300}|(?:has )?(?:joined|left)(?: (?:this|the) "
    r"(?:chatroom|chat room|chat|group))?\.?|(?:was|has been) (?:removed|kicked).{0,60})"
)


def is_event(text: str, names: Container[str] = ()) -> bool:
    """Whether a line without a timestamp is a system message: joined, left, deleted.

    In English, somebody who is known: "the milk left" is what people write too.
    """
    if len(text) > _LONGEST:
        return False
    if _EVENT.fullmatch(text) or _DELETED.fullmatch(text):
        return True
    english = _EVENT_EN.fullmatch(text)
    return english is not None and english["who"] in names


def kind_of(sender: str, text: str) -> Kind:
    """The kind of a message; KakaoTalk itself has no sender."""
    short = len(text) <= _LONGEST
    if short and _DELETED.fullmatch(text):
        return Kind.DELETED
    if short and _CALL.fullmatch(text):
        return Kind.CALL
    if not sender:
        return Kind.SYSTEM
    lines = text.split("\n", 100)
    return Kind.MEDIA if lines and all(map(_is_media, lines)) else Kind.TEXT


def _is_media(line: str) -> bool:
    if len(line) > _LONGEST:
        return False
    if _MEDIA_LINE.fullmatch(line):
        return True
    apart = _SET_APART.fullmatch(line)
    if apart is None:
        return False
    unread = _UNREAD.fullmatch(apart["word"])
    return is_media_placeholder(unread["word"] if unread is not None else apart["word"])
