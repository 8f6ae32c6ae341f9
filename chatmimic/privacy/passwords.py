"""Passwords, PINs and login codes: sent to an IRC service, or written as "password: …"."""

from __future__ import annotations

import re

from chatmimic.importers.irc.passwords import SAID, is_secret, may_hold_password
from chatmimic.privacy.rules import Rule, has, says

_NAMES = (
    r"passwords?|passwd|passwort|passwörter|passphrase|passcode|pass(?:word)?[ _-]?phrase|kennwort"
    r"|mot[ ]de[ ]passe|mdp|contraseña|contrasena|senha|wachtwoord|lösenord|пароль|hasło"
    r"|pwd|pw|pass|psk|wpa[ _-]?key|wlan[ _-]?key"
)
_KEY_NAMES = (
    r"(?:api|access|secret|auth|client|private|encryption|license|licence|product)"
    r"[ _-]{0,2}(?:key|token|secret)|secret|token|apikey"
)
_LEAD = r"(?:(?<=--)|(?<![^\W_])(?<![-/]))"
_MARK = r"(?:[\"'`]?\s{0,3}(?:=>|:=|->|[:=\uff1a])\s{0,3})"
_VALUE = r"(?:(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]{3,64})(?P=quote)|(?P<plain>\S{3,128}))"
_ASSIGNED = re.compile(
    rf"(?i){_LEAD}(?:(?P<password>{_NAMES})|{_KEY_NAMES}){_MARK}(?P<secret>{_VALUE})"
)
_IS = re.compile(
    rf"(?i){_LEAD}(?:{_NAMES})(?:\s{{1,3}}(?:for|of|to|für)"
    r"\s[^\s.!?]{1,30}(?:\s[^\s.!?]{1,30})?)?"
    r"\s{1,3}(?:is|ist|est|es|was|lautet|=)\s{1,3}(?P<secret>\S{4,128})"
)
_PIN = re.compile(
    r"(?i)(?<![^\W_])(?:pin(?:[ -]?(?:code|number|nummer))?|tan|otp"
    r"|(?:verification|security|login|confirmation|auth(?:entication)?|one[- ]time|access|door|gate"
    r"|alarm|2fa|entry)[ -]?(?:code|pin|passcode))"
    r"(?:\s{0,2}[:=]\s{0,2}|\s{1,2}(?:is|ist|est)\s{1,2})"
    r"(?P<secret>[A-Z]?-?\d{4,8})(?![\w]|[.,:/-]\d)"
)
_GOOGLE = re.compile(r"(?<!\w)(?P<secret>G-\d{6})(?= is your )")
_PLACEHOLDER = re.compile(r"[<\[({*$%&]|#{2}|\.{2}|\u2026|x{3,}(?:\W|$)", re.IGNORECASE)
# Words after "password:" that are none: the beginning of a sentence, a state, a field.
_NOT_ONE = """
the a an i it its is was you your my our his her their this that no not yes none any same what when
where who why how if and or but to for from with on in at of please enter type again new old change
changed reset required needed wrong incorrect invalid correct okay expired empty blank null nil true
false string str text field prompt protected recovery manager hash hint auth authentication security
yourself unknown failed failure error denied accepted auto root sudo admin default compat files user
username login account here there hidden secret secrets set unset password passwd passwort kennwort
pass token key string... todo tbd n/a optional int bool das der die ein eine ist nicht kein falsch
richtig vergessen neu le la les un une est pas mon
"""
_WORDS = frozenset(_NOT_ONE.split())


def _is_value(found: re.Match[str]) -> bool:
    """Whether the text after "password:" or "key=" is a secret."""
    quoted, plain = found["quoted"], found["plain"]
    if quoted is not None:
        return not _PLACEHOLDER.match(quoted) and quoted.casefold() not in _WORDS
    value = plain.rstrip(".,;!?)\"'")
    if len(value) < 3 or _PLACEHOLDER.match(value) or value.casefold() in _WORDS:
        return False
    if "(" in value and found["password"] is None or "://" in value or value[0] in "(/$-":
        return False  # code, a link, a path, a variable, an option
    if found["password"] is None:
        return len(value) >= 8 and _is_mixed(value)
    assigned = "=" in found[0][: found.start("secret") - found.start()]
    return _is_mixed(value) or assigned or _ends_there(found)


def _ends_there(found: re.Match[str]) -> bool:
    """Whether a single word and no sentence follows the colon: "password: swordfish"."""
    after = found.string[found.end() : found.end() + 3]
    return not after.strip(" \t") or after[0] == "\n" or found["plain"][-1] in ",;."


def _is_mixed(value: str) -> bool:
    """Whether it mixes letters and digits or contains punctuation, unlike a word."""
    letters = any(char.isalpha() for char in value)
    digits = any(char.isdecimal() for char in value)
    odd = any(char in "!@#$%^&*+=~?_|" for char in value[:-1])
    return (letters and digits) or (odd and letters) or (digits and value.isdecimal())


def _is_said(found: re.Match[str]) -> bool:
    """Whether the text after "the password is" is a secret: it must not look like a word."""
    value = found["secret"].rstrip(".,;!?)\"'").lstrip("\"'`(")
    if _PLACEHOLDER.match(value) or "://" in value or len(value) < 4:
        return False
    return _is_mixed(value)


_SIGNS = (
    *("pass", "pwd", "pw", "psk", "wpa", "wlan", "kennwort", "mdp", "contrase", "senha"),
    *("wachtwoord", "lösenord", "пароль", "hasło", "secret", "token", "key"),
)
_names_one = says(*_SIGNS)


def _assigns(text: str) -> object:
    return (":" in text or "=" in text or "->" in text or "\uff1a" in text) and _names_one(text)


RULES = (
    Rule("password", 0, may_hold_password, SAID, is_secret),
    Rule("password", 0, _assigns, _ASSIGNED, _is_value),
    Rule("password", 0, _names_one, _IS, _is_said),
    Rule("password", 4, says("pin", "tan", "otp", "code"), _PIN),
    Rule("password", 6, has("G-"), _GOOGLE),
)
