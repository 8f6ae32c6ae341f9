"""Numbers with check digits: bank cards, IBANs, and national identification numbers."""

from __future__ import annotations

import re
from datetime import date

from chatmimic.privacy.rules import Rule, digits_of, grouped, luhn, says, shows

_CARD = re.compile(
    r"(?<!\d)(?<!\d[ -])(?<![\w#@<.,])\d(?:[ -]?\d){12,18}(?![ -]?\d)(?![\w.]\w)(?!\w)"
)
# How the digits of a card are grouped.
_CARD_GROUPS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1), (6, 13), (8, 8)}

# Length of an IBAN by its country.
_IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FO", "GL", "NL", "FK", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK", "MN"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "TL", "OM", "SO"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}


def _iban_pattern() -> str:
    by_length: dict[int, list[str]] = {}
    for country, length in _IBAN_LENGTHS.items():
        by_length.setdefault(length, []).append(country)
    shapes = (
        rf"(?:{'|'.join(countries)})[ ]?\d\d(?:[ -]?[A-Z0-9]){{{length - 4}}}"
        for length, countries in by_length.items()
    )
    return rf"(?<![A-Z0-9])(?:{'|'.join(shapes)})(?![A-Z0-9])"


_IBAN = re.compile(_iban_pattern(), re.IGNORECASE)


def is_card(found: re.Match[str]) -> bool:
    """Whether digits are a card number, by length, prefix, groups and Luhn's check digit."""
    digits, groups = digits_of(found[0]), tuple(map(len, grouped(found[0])))
    if len(groups) > 1 and groups not in _CARD_GROUPS:
        return False
    return _is_issued(digits) and luhn(digits)


def _is_issued(digits: str) -> bool:
    """Whether cards with this prefix and length are issued."""
    length, two, four = len(digits), int(digits[:2]), int(digits[:4])
    if digits[0] == "4":
        return length in (13, 16, 19)
    if two in (34, 37):
        return length == 15
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return length == 16
    if two in (36, 38, 39) or 300 <= four // 10 <= 305:
        return length == 14
    if 3528 <= four <= 3589 or four == 6011 or two in (64, 65):
        return 16 <= length <= 19
    return (two in (50, 56, 57, 58, 62, 63, 67)) and 16 <= length <= 19


def is_iban(found: re.Match[str]) -> bool:
    """Whether the check digits are right: the number is 1 modulo 97."""
    plain = re.sub(r"[ -]", "", found[0]).upper()
    number = "".join(str(int(char, 36)) for char in plain[4:] + plain[:4])
    return plain.isascii() and int(number) % 97 == 1


# --- numbers of people ----------------------------------------------------------------------------

_SSN = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-]|\.\d)")
# Without spaces it looks like a model number, so that the text must say what it is.
_NINO = re.compile(
    r"(?:(?<!\w)(?=\S\S )|(?i:national insurance|ni n(?:umber|o)|nino)[^\d\n]{0,20}(?<!\w))"
    r"(?P<secret>(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    r"(?:\d{6}|(?: \d\d){3} ?)[A-D])(?!\w)"
)
_CPF = re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d\d(?![\w-])")
_DNI = re.compile(r"(?<![\w.-])(?:\d{8}|[XYZ]\d{7})-?[A-Z](?![\w-])")
_FISCAL = re.compile(r"(?i)(?<!\w)[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z](?!\w)")
_NIR = re.compile(
    r"(?<![\w.-])[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?\d\d ?\d{3} ?\d{3} ?\d\d(?![\w-]|[ .]\d)"
)
_HETU = re.compile(r"(?<!\w)\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y](?!\w)")
_TAX = re.compile(
    r"(?i)(?:steuer|tax|tin\b|idnr|id-nr)[^\d\n]{0,30}"
    r"(?P<secret>[1-9]\d ?\d{3} ?\d{3} ?\d{3})(?!\w|[ .]\d)"
)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
# Values of letters and digits at odd positions of an Italian codice fiscale.
_FISCAL_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2
        + (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)


def _is_cpf(found: re.Match[str]) -> bool:
    digits = [int(digit) for digit in digits_of(found[0])]
    if len(set(digits)) == 1:
        return False
    for place in (9, 10):
        total = sum(d * (place + 1 - n) for n, d in enumerate(digits[:place]))
        if (total * 10 % 11) % 10 != digits[place]:
            return False
    return True


def _is_dni(found: re.Match[str]) -> bool:
    plain = found[0].replace("-", "")
    number = plain[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(number) % 23] == plain[-1]


def _is_fiscal(found: re.Match[str]) -> bool:
    plain = found[0].upper()
    odd = sum(_FISCAL_ODD[char] for char in plain[:15:2])
    even = sum(int(s) if s.isdecimal() else ord(s) - 65 for s in plain[1:15:2])
    return chr(65 + (odd + even) % 26) == plain[15]


def _is_nir(found: re.Match[str]) -> bool:
    digits = digits_of(found[0])
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _is_hetu(found: re.Match[str]) -> bool:
    plain = found[0]
    century = {"+": 1800, "-": 1900, "A": 2000}[plain[6]]
    try:
        date(century + int(plain[4:6]), int(plain[2:4]), int(plain[:2]))
    except ValueError:
        return False
    return _HETU_LETTERS[int(plain[:6] + plain[7:10]) % 31] == plain[10]


def _is_german_tax_id(found: re.Match[str]) -> bool:
    """Whether one digit occurs two or three times and the last is the check digit (ISO 7064)."""
    digits = [int(digit) for digit in digits_of(found["secret"])]
    most = max(digits[:10].count(d) for d in digits[:10])
    if most not in (2, 3):
        return False
    product = 10
    for digit in digits[:10]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[10]


RULES = (
    Rule("iban", 6, shows(r"[A-Za-z]{2} ?\d\d"), _IBAN, is_iban),
    Rule("card", 13, shows(r"\d(?:[ -]?\d){12}"), _CARD, is_card),
    Rule("id", 9, shows(r"\d-\d\d-\d"), _SSN),
    Rule("id", 6, shows(r"\d[A-D]|\d [A-D]"), _NINO),
    Rule("id", 11, shows(r"\d\.\d{3}-\d"), _CPF, _is_cpf),
    Rule("id", 7, shows(r"\d{7}-?[A-Z]"), _DNI, _is_dni),
    Rule("id", 7, shows(r"\d{3}[A-Za-z]"), _FISCAL, _is_fiscal),
    Rule("id", 15, shows(r"\d(?: ?\d){14}"), _NIR, _is_nir),
    Rule("id", 9, shows(r"\d{6}[-+A]\d{3}"), _HETU, _is_hetu),
    Rule("id", 11, says("steuer", "tax", "tin", "idnr", "id-nr"), _TAX, _is_german_tax_id),
)
