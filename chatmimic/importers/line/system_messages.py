"""LINE's system messages and media placeholders, in all its languages.

A telephone sets media apart in brackets ("[写真]"); LINE on a computer writes the bare word.
"""

from __future__ import annotations

import re

from chatmimic.importers.parsing.media_placeholders import (
    is_media_placeholder,
    starts_with_media_placeholder,
)
from chatmimic.records import Kind

_BRACKETED = re.compile(r"\[(?P<word>[^\[\]\n]{1,30})\](?P<rest>\s.{1,300})?", re.DOTALL)
_BARE = frozenset(
    ("photo", "photos", "sticker", "stickers", "video", "videos", "audio", "写真", "スタンプ",
     "動画", "ボイスメッセージ", "照片", "圖片", "图片", "貼圖", "贴图", "影片", "视频", "사진",
     "스티커", "동영상", "รูป", "รูปภาพ", "สติกเกอร์", "วิดีโอ", "foto", "stiker")
)  # fmt: skip
_BARE_CALLS = frozenset(
    ("missed call", "canceled call", "cancelled call", "no answer", "不在着信", "未接來電",
     "未接来电", "부재중 전화", "ไม่ได้รับสาย")
)  # fmt: skip
_UNSENT = re.compile(
    r".{0,100}?(?:(?: |\A)(?:unsent a message|message unsent)"
    r"|(?:が|\A)メッセージの送信を取り消しました"
    r"|已?收回(?:了)?(?:一[則条條])?(?:訊息|消息)|撤回了一[条條](?:消息|訊息)"
    r"|메시지(?: 전송)?[을를] 취소(?:했|하였)습니다|ยกเลิก(?:การส่ง)?ข้อความ(?:แล้ว)?"
    r"|(?: |\A)membatalkan pengiriman pesan|(?: |\A)thu hồi (?:một )?tin nhắn)[.。]?",
    re.IGNORECASE,
)
_EVENT = re.compile(
    r".{1,100}?(?: (?:joined|left) the (?:group|chat|chatroom|community)"
    r"| (?:invited|added|removed) .{1,200} (?:to|from) the (?:group|chat|chatroom)"
    r"| (?:changed|updated) the (?:group|chat)(?:room)?(?:'s|’s)? .{1,100}"
    r"| (?:created|deleted|updated) (?:the|an|a) (?:album|note|poll|event).{0,100}"
    r"| made an announcement"
    r"|が(?:グループ|トーク|オープンチャット)?に?(?:参加|招待)しました|が(?:グループを|トークを)?(?:退出|退会)しました"
    r"|が.{1,200}[をに](?:招待|追加|削除|変更)しました|がアナウンスしました"
    r"|已?加入(?:了)?(?:群組|群组|该群|聊天|社群|聊天室)|已?(?:離開|离开|退出)(?:了)?(?:群組|群组|聊天|社群|聊天室)"
    r"|已退群|(?:已|)(?:邀請|邀请|新增|將|将)(?:了)?.{1,200}(?:加入|添加至群|添加到群|至群組|退出)"
    r"|님(?:이|을) .{0,200}?(?:초대|들어|참여|나갔|나가|내보|변경).{0,30}"
    r"| ?(?:ได้)?(?:เข้าร่วม|ออกจาก)(?:กลุ่ม|แชท|การสนทนา)| ?เพิ่ม.{1,200}เข้า(?:ร่วม)?กลุ่ม)[.。]?",
    re.IGNORECASE,
)  # fmt: skip


# One of these is in every sentence above: most of what people write has none.
_VERBS = (
    "joined", "left", "invited", "added", "removed", "changed", "updated", "created", "deleted",
    "made", "unsent", "しました", "加入", "離開", "离开", "退", "邀", "新增", "將", "将",
    "收", "撤", "님이", "님을", "취소", "เข้า", "ออก", "ยกเลิก", "membatalkan", "thu hồi",
)  # fmt: skip


def is_event(text: str) -> bool:
    """Whether a text is a system message: joined, left, unsent."""
    if len(text) > 400 or "\n" in text or not any(map(text.__contains__, _VERBS)):
        return False
    return _UNSENT.fullmatch(text) is not None or _EVENT.fullmatch(text) is not None


def kind_of(sender: str, text: str, bare: bool = False) -> Kind:
    """The kind of a line. `bare`: media placeholders have no brackets."""
    if text.startswith("☎"):
        return Kind.CALL
    # Of the one who acts, and nobody else, LINE speaks under their own name.
    own = not sender or text.startswith(sender)
    if own and len(text) <= 400 and _UNSENT.fullmatch(text):
        return Kind.DELETED
    if not sender or text.startswith("ⓘ ") or (own and is_event(text)):
        return Kind.SYSTEM
    if _is_media(text) or (bare and text.casefold() in _BARE):
        return Kind.MEDIA
    return Kind.CALL if bare and text.casefold() in _BARE_CALLS else Kind.TEXT


def _is_media(text: str) -> bool:
    found = _BRACKETED.fullmatch(text)
    if found is None:
        return False
    return (is_media_placeholder if found["rest"] is None else starts_with_media_placeholder)(
        found["word"]
    )
