"""Viber's system messages and placeholders, for photos, calls and deleted messages."""

from __future__ import annotations

import re

from chatmimic.records import Kind

_MEDIA = (
    "photo message", "video message", "voice message", "sticker", "sticker message",
    "file message", "gif message", "location message", "contact message",
    "message photo", "message vidéo", "message vocal", "autocollant", "fichier",
    "fotonachricht", "videonachricht", "sprachnachricht", "dateinachricht",
    "mensaje de foto", "mensaje de video", "mensaje de voz", "pegatina",
    "фотоповідомлення", "відеоповідомлення", "голосове повідомлення", "файлове повідомлення",
    "стікер", "фотосообщение", "видеосообщение", "голосовое сообщение", "файловое сообщение",
    "стикер", "фото съобщение", "видео съобщение", "гласово съобщение", "стикер",
    "μήνυμα φωτογραφίας", "μήνυμα βίντεο", "φωνητικό μήνυμα", "αυτοκόλλητο",
)  # fmt: skip
_CALLS = (
    "missed call", "incoming call", "outgoing call", "missed video call", "incoming video call",
    "outgoing video call",
    "пропущений виклик", "вхідний виклик", "вихідний виклик",
    "пропущенный вызов", "входящий вызов", "исходящий вызов", "appel manqué", "appel entrant",
    "appel sortant", "verpasster anruf",
)  # fmt: skip
_DELETED = (
    "message deleted", "this message was deleted", "you deleted a message", "deleted message",
    "сообщение удалено", "повідомлення видалено", "message supprimé", "nachricht gelöscht",
)  # fmt: skip
_KINDS = {
    **dict.fromkeys(_MEDIA, Kind.MEDIA),
    **dict.fromkeys(_CALLS, Kind.CALL),
    **dict.fromkeys(_DELETED, Kind.DELETED),
}
_LONGEST = 60
_LENGTH = re.compile(r" ?\((?:\d{1,2}:)?\d{1,2}:\d\d\)$")  # of a voice message or a call


def kind_of(text: str) -> Kind:
    """The kind of a text that consists only of Viber's words."""
    text = text.strip()
    if len(text) > _LONGEST or text[:1] != text[:1].upper():
        return Kind.TEXT
    plain = _LENGTH.sub("", text).casefold().rstrip(".")
    return _KINDS.get(plain, Kind.TEXT)
