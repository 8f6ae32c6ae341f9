"""Phone numbers: international ones, national ones of a typical shape, and labelled ones."""

from __future__ import annotations

import re

from chatmimic.privacy.rules import Rule, digits_of, grouped, has, says, shows

_GAP = r"[ .\-/\u00a0\u2009\u202f\u2010-\u2013]"  # separator of two groups
# A digit of a number, with its separator. A separator is followed by two digits at least.
_DIGIT = rf"(?:\d|{_GAP}{{1,2}}\(?(?=\d\d)\d|\(\d|\){_GAP}{{0,2}}\d| ?\(0\){_GAP}?\d)"
_NOT_AFTER = r"(?<![\w.,:/=#%$€£*+~^&?\[{<-])"
_END = r"(?![\w%€$£]|[.,:]\d|-\w)"

_INTERNATIONAL = re.compile(
    rf"(?<![\w+=.^])\+\d{{1,3}}(?:{_GAP}{{1,2}}\(?\d\)?)?{_DIGIT}{{6,13}}(?!\w)"
)
_ZEROS = re.compile(
    rf"{_NOT_AFTER}00[1-9]\d{{0,2}}(?:{_GAP}{{1,2}}\(?\d\)?)?{_DIGIT}{{7,13}}{_END}"
)
# (415) 555-2671, 415-555-2671, 415.555.2671, 1-800-555-0199
_NORTH_AMERICAN = re.compile(
    rf"{_NOT_AFTER}(?:1[-. ])?(?:\([2-9]\d\d\)[ -]?|[2-9]\d\d(?P<gap>[-.]))"
    rf"[2-9]\d\d(?(gap)(?P=gap)|[-. ])\d{{4}}{_END}"
)
# 0171 1234567, 020 7946 0018, 06 12 34 56 78, 0171/1234567, (030) 123456, 07700900123
_NATIONAL = re.compile(
    rf"{_NOT_AFTER}(?<!\d{{4}} )(?:\((?=0\d{{1,5}}\)))?0[1-9]{_DIGIT}{{6,10}}{_END}"
)
_OTHERS = re.compile(
    rf"{_NOT_AFTER}(?:"
    r"1[3-9]\d([ -])\d{4}\1\d{4}"  # China
    r"|8[ -]?\(?9\d\d\)?[ -]\d{3}[ -]\d\d[ -]\d\d"  # Russia
    r"|\(\d\d\) ?9?\d{4}-\d{4}"  # Brazil
    rf"){_END}"
)
_CALLED = re.compile(
    r"(?i)(?<![^\W_])(?:(?:tele)?phone|tel|t[ée]l[ée]phone|telefon(?:nummer|nr)?"
    r"|handy(?:nummer|nr)?|cell|mobile?|mobil(?:nummer)?|portable|m[óo]vil|celular|tel[ée]fono|fax|whatsapp|sms"
    r"|text me|call(?: me| us| him| her| them)?|ring(?: me| us)?|dial|ruf mich an"
    r"|(?:my|your|his|her|their|our|new|phone) (?:number|nr|no)"
    r"|meine? nummer|mon num[ée]ro|mi n[úu]mero)(?![^\W_])"
    rf"[^\d\n+(]{{0,20}}(?<![\w/=#-])(?P<secret>\+?\(?\d{_DIGIT}{{6,13}}){_END}"
)
_MENTIONED = re.compile(r"(?:(?<![\w.])@|wa\.me/|tel:)(?P<secret>\+?\d{7,15})(?![\w@])")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}([-./])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([-./])\d\d\2\d\d)(?!\d)"
)
_BITS = set("01 ")
# Calling codes of one and two digits, and prefixes of those of three (ITU E.164).
_ONE = {"1", "7"}
_TWO = {
    *("20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46"),
    *("47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63"),
    *("64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"),
}
_THREE = {"21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68"}
_THREE |= {"69", "80", "85", "87", "88", "96", "97", "99"}


def _is_international(found: re.Match[str]) -> bool:
    """Whether it has an existing calling code and a valid number of digits."""
    return _is_dialled(digits_of(found[0]))


def _is_with_zeros(found: re.Match[str]) -> bool:
    digits = digits_of(found[0])[2:]
    return len(digits) >= 10 and _is_dialled(digits)


def _is_dialled(digits: str) -> bool:
    if not 8 <= len(digits) <= 15:
        return False
    if digits[0] in _ONE:
        return len(digits) == 11 and digits[1] in "23456789"
    return digits[:2] in _TWO or (digits[:2] in _THREE and len(digits) >= 9)


def _is_national(found: re.Match[str]) -> bool:
    """Whether it is grouped like a phone number and is no date: 0171 1234567, 06 12 34 56 78."""
    groups = grouped(found[0])
    digits = sum(map(len, groups))
    if not 9 <= digits <= 12 or _DATE.search(found[0]) or set(found[0]) <= _BITS:
        return False
    if len(groups) == 1:
        return digits in (10, 11)
    gaps = set(re.findall(_GAP, found[0]))
    if len(groups) == 2 and gaps == {"."}:
        return False  # a fraction
    if all(len(group) == 2 for group in groups):
        return len(groups) == 5 and len(gaps) == 1
    return len(groups) <= 5 and len(gaps) <= 2 and len(groups[-1]) >= 2


def _is_called(found: re.Match[str]) -> bool:
    """Whether a number that the text calls a phone number has a valid length and is no date."""
    digits = digits_of(found["secret"])
    return 7 <= len(digits) <= 15 and not _DATE.search(found["secret"])


_words_for = says(
    *("phon", "fon", "tel", "tél", "cell", "mobi", "handy", "portable", "vil", "celular", "fax"),
    *("whatsapp", "sms", "text me", "call", "ring", "dial", "ruf ", "num", "númer", " n"),
)

RULES = (
    Rule("phone", 8, has("+"), _INTERNATIONAL, _is_international),
    Rule("phone", 11, shows(r"00[1-9]\d"), _ZEROS, _is_with_zeros),
    Rule("phone", 10, shows(r"\d{3}[-. ]\d{4}"), _NORTH_AMERICAN),
    Rule("phone", 9, shows(r"0[1-9]"), _NATIONAL, _is_national),
    Rule("phone", 10, shows(r"\d{4}[- ]\d{4}|\d\d[ -]\d\d"), _OTHERS),
    Rule("phone", 7, _words_for, _CALLED, _is_called),
    Rule("phone", 7, has("@", "wa.me/", "tel:"), _MENTIONED),
)
