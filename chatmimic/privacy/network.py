"""Network addresses: e-mail, IPv4, IPv6 and MAC."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

from chatmimic.privacy.rules import Rule, has, says, shows

_EMAIL = re.compile(
    r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}"
    r"(?P<end>[^\W\d_]{2,24}|xn--\w{2,59})"
    r"(?![\w@-]|\.\w)"
)
# "ada at example dot org", "ada [at] example [dot] org"
_SPELT_EMAIL = re.compile(
    r"(?i)(?<![\w.+-])[\w.+-]{2,64} ?(?:[\[({<] ?at ?[\])}>]| at ) ?[\w-]{2,63}"
    r"(?: ?(?:[\[({<] ?dot ?[\])}>]| dot ) ?[\w-]{2,63}){1,3}(?!\w)"
)
# Extensions of files and services that are no top-level domain.
_ENDINGS = """
png jpg jpeg gif webp svg ico css js ts py sh rb go rs md txt html htm xml json conf service socket
timer target mount slice scope device swap path automount local localdomain lan
"""
_FILES = frozenset(_ENDINGS.split())
_SERVICES = {"q", "x", "l", "w", "nickserv", "chanserv", "authserv", "userserv"}  # of IRC networks
_CIPHERS = {"openssh.com", "libssh.org", "lysator.liu.se"}  # in the names of ciphers
_PARTS = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(
    rf"(?<![\w.~+-])(?<!(?<!/)/)(?P<first>{_PARTS})\.(?P<second>{_PARTS})\.(?P<third>{_PARTS})"
    rf"\.(?P<fourth>{_PARTS})(?![\w~+]|\.\d|-(?!\d{{1,3}}\.)\w)"
)
_VERSIONED = """
version versions ver v release released rev revision build firmware kernel driver drivers upgrade
upgraded update updated plugin python java flash firefox opera chrome
"""
_VERSION_WORDS = frozenset(_VERSIONED.split())
_LINKING = {"to", "from", "is", "was", "number"}  # "version is 1.2.3.4"
_IPV6 = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){1,6}:[0-9A-Fa-f]{1,4}"
    r"(?:%\w{1,15})?(?!\w|:[\w:]|\.\d)"
)
_MAC = re.compile(
    r"(?<![\w:-])(?:[0-9A-Fa-f]{2}(?P<gap>[:-])(?:[0-9A-Fa-f]{2}(?P=gap)){4}[0-9A-Fa-f]{2}"
    r"(?![\w-]|:\w)"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![\w.]\w))"
)
_OWN_MACHINE, _LAST = 127, 223  # addresses from here on are nobody's


def _is_email(found: re.Match[str]) -> bool:
    """Whether it is no image name (`icon@2x.png`), systemd unit or login of a code host."""
    local, _, domain = found[0].casefold().partition("@")
    if found["end"].casefold() in _FILES or local in _SERVICES or domain in _CIPHERS:
        return False
    return not (found[0].startswith("git@") and found.string[found.end() : found.end() + 1] == ":")


def _is_ipv4(found: re.Match[str]) -> bool:
    """Whether it is somebody's machine: no version number, no mask, not localhost.

    Four numbers below 40, or a first one below 30 and a second below 20, are taken for a version
    ("Firefox 1.5.0.4"), as is anything after such a word; 10.x.x.x is an address.
    """
    first, second, third, fourth = (int(found[n]) for n in ("first", "second", "third", "fourth"))
    if not 1 <= first <= _LAST or first == _OWN_MACHINE:
        return False
    small = max(first, second, third, fourth) < 40 or (first < 30 and second < 20)
    return (first == 10 or not small) and not _is_version(found)


def _is_version(found: re.Match[str]) -> bool:
    """Whether the word before says that it is a version."""
    before = found.string[max(0, found.start() - 24) : found.start()].lower()
    words = re.findall(r"[a-z]+", before)[-2:]
    if words and words[-1] in _LINKING:
        words.pop()
    return bool(words) and words[-1] in _VERSION_WORDS


def _is_ipv6(found: re.Match[str]) -> bool:
    text = found[0].partition("%")[0]
    digits = sum(char != ":" for char in text)
    if digits < 5 or not any(map(str.isdecimal, text)):
        return False  # "::1" is localhost; "ab::cd" is an identifier in code
    try:
        address = IPv6Address(text)
    except AddressValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_mac(found: re.Match[str]) -> bool:
    plain = re.sub(r"[^0-9a-f]", "", found[0].casefold())
    letters = any(map(str.isalpha, plain))
    return len(set(plain)) > 1 and (letters or found["gap"] == ":")


RULES = (
    Rule("email", 0, has("@"), _EMAIL, _is_email),
    Rule("email", 0, says(" dot ", "dot]", "dot)", "dot}", "dot>"), _SPELT_EMAIL),
    Rule("mac", 1, shows(r"[:-][0-9A-Fa-f]{2}[:-]|\.[0-9A-Fa-f]{4}\."), _MAC, _is_mac),
    Rule("ip", 4, shows(r"\d\.\d{1,3}\.\d{1,3}\.\d"), _IPV4, _is_ipv4),
    Rule("ip", 1, shows(r":[0-9A-Fa-f]{0,4}:"), _IPV6, _is_ipv6),
)
