"""Telling what WhatsApp wrote from what people wrote: media, calls, deleted and edited messages."""

from __future__ import annotations

import re
from collections import Counter

from chatmimic.records import Kind

MARK = "\u200e"  # stands before whatever WhatsApp itself puts into a message
_MARKED_TAG = f"{MARK}<"
REPEATS = 3  # of one text in <>: nobody types that by hand
_MOST_TAGS = 200
_LONGEST_TAG = 80
_IN_MARKUP = frozenset("!/=\"'?;{}[]()$%#\\")  # "<!-- a comment -->" is pasted by people

# "<Media omitted>" as Android writes it; other languages show by repetition.
_OMITTED = {
    "media omitted", "medien ausgeschlossen", "medien weggelassen", "multimedia omitido",
    "archivo omitido", "médias omis", "fichier omis", "media omessi", "mídia oculta",
    "arquivo de mídia oculto", "ficheiro não revelado", "media weggelaten", "без медиафайлов",
    "медиафайл пропущен", "medya dahil edilmedi", "media tidak disertakan", "pominięto multimedia",
    "省略多媒体文件", "忽略多媒體檔", "メディアなし", "미디어 파일 제외됨", "המדיה לא נכללה",
    "تم استبعاد الوسائط", "view once voice message omitted", "video note omitted",
}  # fmt: skip
# iOS: "image omitted" behind a mark; the verb comes last in these languages.
_OMITTED_ENDS = (
    " omitted", " weggelassen", " ausgelassen", " omitido", " omitida", " omis", " omise",
    " omesso", " omessa", " omessi", " ocultado", " ocultada", " oculta", " oculto", " weggelaten",
    " utelämnad", " udeladt", " utelatt", " pominięto", " dahil edilmedi", " пропущено",
    " отсутствует",
)  # fmt: skip
_IOS_THING = re.compile(
    r"(?:image|photo|video|video note|audio|GIF|sticker|document|contact card) omitted", re.I
)
# <attached: 00000012-PHOTO.jpg>
_ATTACHED = re.compile(rf"{MARK}?<[^<>:\n]{{1,40}}: [^<>\n]{{1,255}}\.\w{{1,8}}>")
_OWN_FILE = re.compile(r"[A-Z]{3}-\d{8}-WA\d{4,6}\.\w{1,5} \([^()\n]{3,40}\)")
_ANY_FILE = re.compile(
    r"[^\n]{1,255}\.\w{1,8} \((?:file attached|Datei angehängt|archivo adjunto|fichier joint"
    r"|file allegato|arquivo anexado|ficheiro anexado|bestand bijgevoegd|файл добавлен|dosya ekli"
    r"|file terlampir|文件附件|檔案附件|添付ファイル)\)"
)
_PLACE = re.compile(
    r"(?:location|live location|[^\s:]{3,20}): "
    r"https://maps\.google\.com/\?q=-?\d{1,3}\.\d{1,20},-?\d{1,3}\.\d{1,20}",
    re.I,
)
_DELETED = {
    "this message was deleted", "you deleted this message", "you deleted this message as admin",
    "diese nachricht wurde gelöscht", "du hast diese nachricht gelöscht",
    "se eliminó este mensaje", "este mensaje fue eliminado", "eliminaste este mensaje",
    "ce message a été supprimé", "vous avez supprimé ce message",
    "questo messaggio è stato eliminato", "hai eliminato questo messaggio", "mensagem apagada",
    "essa mensagem foi apagada", "esta mensagem foi apagada", "você apagou esta mensagem",
    "dit bericht is verwijderd", "u hebt dit bericht verwijderd", "данное сообщение удалено",
    "вы удалили данное сообщение", "bu mesaj silindi", "bu mesajı sildiniz",
    "pesan ini telah dihapus", "anda telah menghapus pesan ini", "ta wiadomość została usunięta",
    "このメッセージは削除されました", "此消息已删除", "此訊息已刪除", "삭제된 메시지입니다",
    "הודעה זו נמחקה", "تم حذف هذه الرسالة",
}  # fmt: skip
_DELETED_BY = re.compile(r"this message was deleted by admin .{1,200}")
_EDITED = {
    "this message was edited", "diese nachricht wurde bearbeitet", "se editó este mensaje",
    "ce message a été modifié", "questo messaggio è stato modificato", "mensagem editada",
    "dit bericht is bewerkt", "данное сообщение изменено", "bu mesaj düzenlendi",
    "pesan ini diedit", "wiadomość edytowana",
}  # fmt: skip
_CALL = re.compile(r"(?:missed |silenced )?(?:group )?(?:voice|video) call(?:[,. ].{0,80})?", re.I)
_MISSED = re.compile(r"Missed (?:group )?(?:voice|video) call(?: at .{1,20})?")  # needs no mark
_SYSTEM = re.compile(
    r"Messages (?:and calls|to this)|This chat is with|POLL:|(?:You're|You are) (?:now|no longer) "
    r"an admin|You blocked|You unblocked|You were added|Waiting for this message"
    r"|.{1,120}?(?: added | left$| left\.| removed | joined| created (?:this )?group"
    r"| changed |security code| turned o| pinned a message| requested to join"
    r"| was added| was removed| disappearing messages| is a contact)"
)


class Tags:
    """Texts that are nothing but `<…>`, of which the often repeated ones are no person's."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()

    def saw(self, rest: str) -> None:
        """Take what stands after a stamp."""
        if not rest.endswith(">"):
            return
        text = rest.partition(": ")[2].strip(MARK)
        if _is_tag(text) and (text in self._times or len(self._times) < _MOST_TAGS):
            self._times[text] += 1

    def repeated(self) -> frozenset[str]:
        """Those that are WhatsApp's."""
        return frozenset(tag for tag, times in self._times.items() if times >= REPEATS)


def _is_tag(text: str) -> bool:
    one = text[:1] == "<" and text[-1] == ">" and text.count("<") == text.count(">") == 1
    if not one or len(text) > _LONGEST_TAG or not _IN_MARKUP.isdisjoint(text):
        return False
    return " " in text or not text.isascii()


def judged(text: str, tags: frozenset[str] = frozenset()) -> tuple[Kind, str, bool]:
    """What a text sent by somebody is, the words in it, and whether it was edited.

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
    """The kind of a text that is WhatsApp's from end to end."""
    low = bare.casefold().removesuffix(".")
    if bare == "null" or bare in tags or (low[:1] == "<" and low[1:-1] in _OMITTED):
        return Kind.MEDIA
    if low in _DELETED or (low.startswith("this ") and _DELETED_BY.fullmatch(low)):
        return Kind.DELETED
    # What every such text holds is looked for first: these patterns are slow to say no.
    if "://maps.google.com/" in bare and _PLACE.fullmatch(bare):
        return Kind.MEDIA
    if low.endswith(" omitted") and _IOS_THING.fullmatch(bare):
        return Kind.MEDIA
    last = bare.rpartition(MARK)[2] if marked or MARK in bare else ""
    if last.endswith(_OMITTED_ENDS) and len(last) <= _LONGEST_TAG and "\n" not in bare:
        return Kind.MEDIA
    if marked and _CALL.fullmatch(bare):
        return Kind.CALL
    if bare.startswith("Missed ") and not marked and _MISSED.fullmatch(bare):
        return Kind.CALL
    if bare.startswith("POLL:\n") or (marked and _SYSTEM.match(bare)):
        return Kind.SYSTEM
    return None


def _without_attachment(text: str) -> str:
    """The caption of an attached file; the text itself where there is no such file."""
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
    ours = text[start - 1 : start] == MARK or tag.casefold().removesuffix(".") in _EDITED
    if start < 1 or not ours or len(tag) > _LONGEST_TAG:
        return text
    return text[:start].removesuffix(MARK).removesuffix(" ")


def call_or_system(sentence: str) -> Kind:
    """What a line without a sender tells of."""
    return Kind.CALL if _CALL.fullmatch(sentence.strip(MARK)) else Kind.SYSTEM
