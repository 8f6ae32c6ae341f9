"""Places: street addresses of common shapes, and coordinates."""

from __future__ import annotations

import re

from chatmimic.names import COMMON
from chatmimic.privacy.rules import Rule, has, says, shows

_WORD = r"[A-ZÀ-ÖØ-ÞĀŁŚŻŠČ][a-zß-öø-ÿāłśżšč'’.]{1,25}"
_BRITISH = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_TAIL = (
    rf"(?:,? (?:{_WORD} ?){{0,3}},? ?(?:{_BRITISH}|[A-Z]{{2}},? \d{{5}}(?:-\d{{4}})?)(?!\w))"
    r"|(?:,? (?:D-|A-|CH-|F-)?\d{4,5} " + _WORD + r"(?:[ -]" + _WORD + r"){0,2})"
)
_SURE = (
    r"Street|Avenue|Ave|Road|Rd|Lane|Ln|Boulevard|Blvd|Drive|Terrace|Crescent|Parkway|Pkwy|Highway"
    r"|St"
)
_UNSURE = (
    r"Dr|Way|Close|Court|Ct|Place|Pl|Square|Sq|Gardens|Row|Hill|Mews|Grove|Park|Walk|Loop|Trail"
)
_HOUSE = r"(?<![\w/.,:#$€£-])\d{1,5}[A-Za-z]?(?:[-/]\d{1,4})?,? "
_ENGLISH = re.compile(
    rf"{_HOUSE}(?P<name>(?:[NSEW]{{1,2}}\.? )?(?:(?:{_WORD}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,3}})"
    rf"(?:(?:{_SURE})(?!\w)\.?(?:{_TAIL})?|(?:{_UNSURE})(?!\w)\.?(?:{_TAIL}))"
)
_LOWER = re.compile(
    r"(?<![\w/.,:#$€£-])\d{1,5} (?P<name>[a-z]{4,20}) (?:street|avenue|boulevard)(?!\w)"
)
_GERMAN_ENDS = (
    "straße",
    "strasse",
    "str.",
    "gasse",
    "allee",
    "platz",
    "weg",
    "ring",
    "damm",
    "ufer",
)
_GERMAN = re.compile(
    rf"(?<![\w-])(?:{_WORD}[ -]){{0,3}}(?P<name>[A-ZÄÖÜ]?[a-zäöüß]{{1,30}}?)"
    r"(?P<end>straße|strasse|str\.|gasse|allee|platz|weg|ring|damm|ufer)"
    rf",? ?\d{{1,4}}(?: ?[a-h])?(?![\w.:%]\w)(?!\w)(?:{_TAIL})?"
)
_GERMAN_APART = re.compile(
    rf"(?<![\w-])(?:{_WORD}[ -]){{1,3}}(?:Straße|Strasse|Str\.|Allee|Gasse) \d{{1,4}}(?: ?[a-h])?"
    rf"(?!\w)(?:{_TAIL})?"
)
_FRENCH = re.compile(
    r"(?i)(?<![\w/.,:#$€£-])\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place"
    r"|chemin|all[ée]e|impasse|quai|route) (?:(?:de la|de l['’]|des|du|de|d['’]|la|le|les|l['’]) ?)"
    rf"[\w'’-]{{3,25}}(?-i:(?:[ -]{_WORD}){{0,3}})(?:(?-i:{_TAIL}))?"
    rf"|(?<![\w/.,:#$€£-])\d{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|quai) "
    rf"(?-i:{_WORD}(?:[ -]{_WORD}){{0,3}})(?:(?-i:{_TAIL}))?"
)
_SOUTHERN = re.compile(
    r"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Via|Viale|Piazza|Corso|Rua|Travessa|ul\.) ?"
    rf"(?:(?:de|del|della|dei|da|do|dos|la|las|los) ){{0,2}}{_WORD}"
    rf"(?: (?:(?:de|del|di) )?{_WORD}){{0,3}}"
    rf",? (?:n[º°.] ?)?\d{{1,4}}(?![\w.:]\w)(?!\w)(?:{_TAIL})?"
)
_NORTHERN_ENDS = (
    *("straat", "laan", "gracht", "plein", "kade", "gatan", "vägen", "gata", "veien", "gade"),
    "utca",
)
_NORTHERN = re.compile(
    rf"(?<!\w)[A-ZÅÄÖØÆ][a-zåäöøæ]{{2,25}}?(?:{'|'.join(_NORTHERN_ENDS)})"
    r" \d{1,4}(?: ?[a-zA-Z])?(?!\w|[.:]\w)"
)
# "Platz 3", "Arbeitsplatz 5": not streets; "way", "hour": things that are counted.
_OTHER_PLACES = """
arbeits park stell sitz listen tabellen speicher lager liege zelt steck start steh ersatz tor spiel
markt schau fest heim aus hin rück um unter be halb durch mittel weit gegen zu parlaments studien
ausbildungs praktikums kita spring hunger wett
"""
_NO_STREETS = frozenset(_OTHER_PLACES.split())
_NO_NAMES = re.compile(
    r"\b(?:Hard|Disk|Floppy|Flash|Thumb|Usb|Zip|Tape|Google|One|State|Backup|Boot|Data|Street|Minutes?"
    r"|Hours?|Days?|Years?|Times?|More|Different|Easy|Per|Of|The|In|On|Wide|Lane|Drive)\b"
)

_DEGREES = r"-?\d{1,3}\.\d{4,15}"
_COORDINATES = re.compile(
    rf"(?<![\w.,])(?P<first>{_DEGREES})°? ?[NSns]? ?[,;/ ] {{0,2}}(?P<second>{_DEGREES})(?!\d|\.\d)"
    r"(?:°? ?[EWew](?!\w))?"
)
_MAP = re.compile(
    rf"(?<=[@=:/])(?P<first>{_DEGREES})(?:,|%2C)(?P<second>{_DEGREES})(?!\d)", re.IGNORECASE
)
_MINUTES = r"\d{1,3} ?[°º] ?\d{1,2} ?['’′] ?(?:\d{1,2}(?:\.\d{1,6})? ?(?:\"|″|”|''|’’) ?)?"
_SEXAGESIMAL = re.compile(rf"(?<!\w){_MINUTES}[NS][ ,;/]{{0,3}}{_MINUTES}[EWO](?!\w)")


def _is_english(found: re.Match[str]) -> bool:
    """Whether the words can name a street, unlike "1 Hard Drive"."""
    return not _NO_NAMES.search(found["name"])


def _is_lower(found: re.Match[str]) -> bool:
    return found["name"] not in COMMON and not _NO_NAMES.search(found["name"].capitalize())


def _is_german(found: re.Match[str]) -> bool:
    """Whether it is a street and no other noun; in lower case only if unambiguous."""
    sure = found["end"].startswith("str")
    return (sure or found["name"][:1].isupper()) and found["name"].lower() not in _NO_STREETS


def _is_on_earth(found: re.Match[str]) -> bool:
    return abs(float(found["first"])) <= 90 and abs(float(found["second"])) <= 180


RULES = (
    Rule("coordinates", 10, has("@", "=", ":", "/"), _MAP, _is_on_earth),
    Rule("coordinates", 10, shows(r"\d\.\d{4}"), _COORDINATES, _is_on_earth),
    Rule("coordinates", 4, has("°", "º"), _SEXAGESIMAL),
    Rule("address", 1, shows(r"\d[A-Za-z]?,? [A-Z0-9]"), _ENGLISH, _is_english),
    Rule("address", 1, has(" street", " avenue", " boulevard"), _LOWER, _is_lower),
    Rule("address", 1, has(*_GERMAN_ENDS), _GERMAN, _is_german),
    Rule("address", 1, has("Straße ", "Strasse ", "Str. ", "Allee ", "Gasse "), _GERMAN_APART),
    Rule(
        "address",
        1,
        says("rue ", "ave", "av.", "boul", "bd ", "pla", "che", "all", "imp", "qua", "rou"),
        _FRENCH,
    ),
    Rule("address", 1, has("Ca", "C/", "Av", "P", "Via", "Co", "Ru", "Tr", "ul."), _SOUTHERN),
    Rule("address", 1, has(*_NORTHERN_ENDS), _NORTHERN),
)
