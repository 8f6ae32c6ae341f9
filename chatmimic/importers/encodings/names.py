"""Names of encodings, for people and for Python."""

from __future__ import annotations

import codecs

from chatmimic.errors import ExportError

_SHOWN = {
    "cp1252": "Windows-1252",
    "gb18030": "GB18030",
    "cp950": "Big5",
    "big5hkscs": "Big5-HKSCS",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "cp949": "EUC-KR",
    "cp1251": "Windows-1251",
    "koi8_r": "KOI8-R",
    "koi8_u": "KOI8-U",
    "cp866": "CP866",
    "iso8859_5": "ISO-8859-5",
    "mac_cyrillic": "Mac Cyrillic",
    "cp1250": "Windows-1250",
    "iso8859_2": "ISO-8859-2",
    "cp852": "CP852",
    "cp1253": "Windows-1253",
    "iso8859_7": "ISO-8859-7",
    "cp1254": "Windows-1254",
    "cp857": "CP857",
    "cp1255": "Windows-1255",
    "cp862": "CP862",
    "cp1256": "Windows-1256",
    "iso8859_6": "ISO-8859-6",
    "cp1257": "Windows-1257",
    "cp1258": "Windows-1258",
    "cp874": "TIS-620",
    "mac_roman": "Mac Roman",
    "cp850": "CP850",
    "iso2022_jp_ext": "ISO-2022-JP",
}
# Python codecs that are no file encodings.
_NONE = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
_EXAMPLES = "For example --encoding gb18030, shift_jis, euc_kr, windows-1251, koi8-r or utf-8."


def shown(codec: str) -> str:
    """The common name of an encoding."""
    return _SHOWN.get(codec, codec.replace("_", "-").upper())


def codec_of(name: str) -> str:
    """Python's name of an encoding. Raises ExportError for an unknown one."""
    try:
        found = codecs.lookup(name.strip())
    except (LookupError, ValueError, UnicodeError):
        found = None
    plain = found.name.replace("-", "_") if found is not None else ""
    if found is None or plain in _NONE or not found._is_text_encoding:
        raise ExportError(f'There is no encoding called "{name}".', _EXAMPLES)
    return plain


def holds_ascii(codec: str) -> bool:
    """Whether an encoding is a superset of ASCII."""
    plain = b'\n 0aZ +AGE- ~{!!~} \x1b$B$"\x1b(B'  # with the shifts of UTF-7, HZ and ISO-2022
    try:
        return plain.decode(codec) == plain.decode("ascii")
    except UnicodeError:
        return False
