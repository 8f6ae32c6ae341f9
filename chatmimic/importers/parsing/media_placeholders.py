"""Placeholders of text exports for photos, stickers and files, in the languages of the apps.

An app sets them apart with marks of its own: "[Photo]", "<사진>".
"""

from __future__ import annotations

# A row for each language. Those after the bar may have a name or an address behind them.
_ROWS = (
    # English; Japanese; Chinese of Taiwan and of the mainland; Korean
    "photo, photos, image, picture, sticker, stickers, video, videos, voice message, voice "
    "note, audio, gift, emoji, emoticon, emoticons, gif, music | file, album, contact, "
    "contacts, location, note, notes, poll, event, link, post, null",
    "写真, 画像, スタンプ, 動画, ボイスメッセージ, 音声, ギフト, プレゼント, 絵文字 | "
    "ファイル, アルバム, 連絡先, 位置情報, ノート, 投票, イベント, 日程調整",
    "照片, 圖片, 相片, 貼圖, 影片, 語音訊息, 語音, 禮物, 表情貼 | 檔案, 相簿, 聯絡資訊, "
    "聯絡人, 位置, 位置訊息, 位置資訊, 記事本, 投票, 活動",
    "图片, 贴图, 视频, 语音信息, 语音消息, 语音讯息, 语音, 礼物, 表情贴, 表情 | 文件, 相册, "
    "联系人, 联系方式, 名片, 位置信息, 记事本, 投票, 活动",
    "사진, 스티커, 동영상, 영상, 음성메시지, 음성 메시지, 선물, 이모티콘 | 파일, 앨범, 연락처, "
    "위치, 위치정보, 위치 정보, 지도, 노트, 투표, 일정",
    # Thai; Vietnamese; Indonesian and Malay
    "รูป, รูปภาพ, ภาพ, ภาพถ่าย, สติกเกอร์, สติ๊กเกอร์, วิดีโอ, วีดีโอ, ข้อความเสียง, เสียง, "
    "ของขวัญ | ไฟล์, อัลบั้ม, อัลบัม, ผู้ติดต่อ, รายชื่อติดต่อ, ตำแหน่ง, ตำแหน่งที่ตั้ง, โน้ต, "
    "โน๊ต, โพล, โหวต",
    "hình ảnh, ảnh, nhãn dán, tin nhắn thoại, quà tặng, quà | tệp, tệp tin, tập tin, liên hệ, "
    "danh bạ, vị trí, ghi chú, bình chọn",
    "foto, stiker, pelekat, pesan suara, mesej suara, hadiah | berkas, fail, kontak, kenalan, "
    "lokasi, catatan, nota, jajak pendapat",
    # Spanish; Portuguese; French; Italian; German
    "foto, fotos, imagen, pegatina, vídeo, vídeos, mensaje de voz, regalo | archivo, álbum, "
    "contacto, ubicación, nota, encuesta",
    "imagem, figurinha, autocolante, mensagem de voz, presente | arquivo, ficheiro, contato, "
    "localização, enquete",
    "image, autocollant, autocollants, vidéo, vidéos, message vocal, cadeau | fichier, "
    "position, lieu, localisation, sondage",
    "immagine, adesivo, messaggio vocale, regalo | contatto, posizione, sondaggio",
    "bild, sprachnachricht, geschenk | datei, kontakt, standort, notiz, umfrage",
    # Russian; Turkish; Arabic
    "фото, фотография, изображение, стикер, видео, голосовое сообщение, подарок | файл, "
    "альбом, контакт, местоположение, геолокация, заметка, опрос",
    "fotoğraf, resim, çıkartma, sesli mesaj, hediye | dosya, albüm, kişi, konum, not, anket",
    "صورة, ملصق, فيديو, رسالة صوتية, هدية | ملف, ألبوم, جهة اتصال, الموقع, موقع, ملاحظة, استطلاع",
)


def _split() -> tuple[frozenset[str], frozenset[str]]:
    alone: set[str] = set()
    named: set[str] = set()
    for row in _ROWS:
        first, second = row.split(" | ")
        alone |= set(first.split(", "))
        named |= set(second.split(", "))
    return frozenset(alone | named), frozenset(named)


_MEDIA, _NAMED = _split()


def is_media_placeholder(word: str) -> bool:
    """Whether this is a media placeholder."""
    return word.strip().casefold() in _MEDIA


def starts_with_media_placeholder(word: str) -> bool:
    """Whether this is a media placeholder after which a file name or a place may follow."""
    return word.strip().casefold() in _NAMED
