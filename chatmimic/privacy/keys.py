"""Keys and tokens: with a known prefix, in links, and long random strings."""

from __future__ import annotations

import re
from collections import Counter
from math import log2

from chatmimic.privacy.rules import Rule, has, says, shows

_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"[^-]*(?:-(?!----(?:END|BEGIN))[^-]*)*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
)
# Each service's key prefix, and what is known of the rest.
_KNOWN = {
    "sk-": r"sk-(?:[a-z]{2,8}-){0,2}[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic
    "k_": r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    "whsec_": r"whsec_[A-Za-z0-9]{24,}",
    "gh": r"gh[pousr]_[A-Za-z0-9]{30,}",  # GitHub
    "github_pat_": r"github_pat_[A-Za-z0-9_]{22,}",
    "gl": r"gl(?:pat|dt|rt|ptt|soat)-[A-Za-z0-9_-]{20,}",  # GitLab
    "xox": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack
    "xapp-": r"xapp-[A-Za-z0-9-]{20,}",
    "IA": r"(?:AKIA|ASIA|ABIA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # Amazon
    "AIza": r"AIza[A-Za-z0-9_-]{35}",  # Google
    "ya29.": r"ya29\.[A-Za-z0-9_-]{20,}",
    "GOCSPX-": r"GOCSPX-[A-Za-z0-9_-]{20,}",
    "eyJ": r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",  # JSON web tokens
    "mfa.": r"mfa\.[A-Za-z0-9_-]{60,}",  # Discord
    "npm_": r"npm_[A-Za-z0-9]{36}",
    "pypi-": r"pypi-[A-Za-z0-9_-]{30,}",
    "hf_": r"hf_[A-Za-z0-9]{30,}",  # Hugging Face
    "dop_v1_": r"dop_v1_[a-f0-9]{64}",
    "shp": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",  # Shopify
    "SG.": r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,}",  # SendGrid
    "AGE-": r"AGE-SECRET-KEY-1[A-Z0-9]{50,}",
}
_TOKEN = re.compile(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(_KNOWN.values())})")
# Bot tokens of Discord and Telegram: no prefix, but three or two parts.
_PARTED = re.compile(
    r"(?<![A-Za-z0-9_-])(?:[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"
    r"|\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-]))"
)
_BEARER = re.compile(
    r"(?i)(?<!\w)(?:bearer|authorization:\s{0,2}(?:basic|token))\s{1,3}(?P<secret>[\w.~+/=-]{16,})"
)
_STRONG = (
    r"access_token|id_token|refresh_token|auth_token|token|api_?key|client_secret|secret|sig"
    r"|signature|password|passwd|pwd|passphrase|x-amz-signature|x-amz-credential"
    r"|x-amz-security-token|x-goog-signature"
)
_QUERY = re.compile(
    rf"(?i)[?&;#](?:(?P<strong>{_STRONG})|key|auth|code|hash|session(?:_?id)?|sid|ticket|invite)"
    r"=(?P<secret>[^\s&;#\"'<>\[\]]{4,512})"
)
# Anybody with such a link can post or join.
_INVITES = (
    r"discord(?:app)?\.com/api/webhooks/\d{15,22}/(?P<secret>[\w-]{20,})",
    r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[\w/]{20,})",
    r"chat\.whatsapp\.com/(?:invite/)?(?P<secret>\w{15,})",
    r"t(?:elegram)?\.me/(?:joinchat/|\+)(?P<secret>[\w-]{12,})",
)
_LOGIN_IN_LINK = re.compile(
    r"(?i)(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,15}://"
    r"(?P<secret>[^\s/@:\[\]]{1,64}:[^\s/@\[\]]{1,64})@"
)
_RANDOM = re.compile(r"(?<![\w/+=.:%&?@#-])[A-Za-z0-9+/_-]{32,}={0,2}(?![\w+=@-]|[.:]\w)")
_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_BITS = 4.0  # least entropy per character of a random string


def _has_digit(found: re.Match[str]) -> bool:
    """Whether there is a digit: words alone are no key ("sk-learn-something-very-long")."""
    return any(char.isdecimal() for char in found[0])


def _is_worth(found: re.Match[str]) -> bool:
    """Whether the value is a secret: of "?key=" if long and random, of "?token=" nearly always."""
    value = found["secret"]
    if found["strong"]:
        return len(value) >= 6
    digits, letters = any(map(str.isdecimal, value)), any(map(str.isalpha, value))
    return len(value) >= 16 and digits and letters and "/" not in value


def is_random(text: str) -> bool:
    """Whether a long string looks random: not a word, an identifier, a path or a hash.

    Hashes and fingerprints are hexadecimal, frequent in public chats, and no secrets.
    """
    if not (any(map(str.isupper, text)) and any(map(str.islower, text))):
        return False
    if not any(map(str.isdecimal, text)) or text.count("/") + text.count("-") > len(text) / 12:
        return False
    length = len(text)
    bits = -sum(n / length * log2(n / length) for n in Counter(text).values())
    return bits >= _BITS and len(_BORDER.findall(text)) >= length / 5


RULES = (
    Rule("key", 1, has("PRIVATE KEY"), _PEM),
    Rule("password", 0, has("://"), _LOGIN_IN_LINK),
    Rule("key", 1, has(*_KNOWN), _TOKEN, _has_digit),
    Rule("key", 1, shows(r"[A-Za-z0-9_-]{27}"), _PARTED, _has_digit),
    Rule("key", 1, says("bearer ", "authorization:"), _BEARER, _has_digit),
    Rule("key", 0, has("="), _QUERY, _is_worth),
    *(Rule("key", 0, has(".com/", ".me/"), re.compile(link, re.IGNORECASE)) for link in _INVITES),
)
LATE_RULES = (Rule("key", 1, shows(r"[A-Za-z0-9+/_-]{32}"), _RANDOM, lambda f: is_random(f[0])),)
