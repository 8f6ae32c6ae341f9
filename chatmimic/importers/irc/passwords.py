"""Removes passwords meant for services of an IRC network."""

from __future__ import annotations

import re

HIDDEN = "[password]"

_SERVICE = r"(?:(?:nick|chan|auth|user|oper|memo|host)serv|[qxlw])(?:@[\w.-]{1,60})?"
_SAY = r"(?:/(?:msg|m|query|notice)|/?(?:msg|privmsg|squery|quote|raw))"
_ALONE = (
    r"(?:identify|sidentify|auth|login|register|setpass|newpass|resetpass|challengeauth"
    r"|set[ \t]{1,3}(?:password|passwd))"
)
# After these stands whom it is about first; a password may follow.
_ABOUT = (
    r"(?P<about>ghost|recover|release|regain|reclaim|group|link)"
    r"[ \t]{1,3}(?!(?:my|your|the|that|this|his|her|its?|an?|him)\s)\S{1,64}"
)
_ORDER = rf"(?:{_ALONE}|{_ABOUT})"
# No more than that stands after an order; a sentence goes on.
_NO_MORE = r"(?=(?:[ \t]{1,3}\S{1,200}){1,3}[ \t]{0,5}(?:\n|$))"
# One word after a nick; else up to three that end the line, or the first two of a sentence that
# goes on.
_WORDS = (
    r"(?P<secret>(?(about)\S{1,200}|(?:\S{1,200}(?:[ \t]{1,3}\S{1,200}){0,2}(?=[ \t]{0,5}(?:\n|$))"
    r"|\S{1,200}(?:[ \t]{1,3}\S{1,200})?)))"
)
# "/msg NickServ identify hunter2", "/ns id hunter2", "/msg Q@CServe.quakenet.org AUTH ada hunter2",
# "/quote PASS ada:hunter2", "nickserv identify hunter2", "/cs identify #tea hunter2"; "/oper ada
# hunter2" only where a line begins: "/login" is a page, too.
SAID = re.compile(
    rf"""(?ixm) (?<![\w/])
    (?: (?:/cs|(?:{_SAY} [ \t]{{1,3}})? /?chanserv) [ \t]{{1,3}} {_ALONE}
            [ \t]{{1,3}} [\#&]\S{{1,100}} {_NO_MORE}
      | (?: {_SAY} [ \t]{{1,3}} (?:-\S{{1,20}}[ \t]{{1,3}})? =?{_SERVICE} [ \t]{{1,3}} [:"]?
          | /(?:ns|cs|as|nickserv|chanserv|authserv) [ \t]{{1,3}}) {_ORDER}
      | {_SAY} [ \t]{{1,3}} (?:-\S{{1,20}}[ \t]{{1,3}})? \S{{1,60}} [ \t]{{1,3}} identify
      | /(?:quote|raw) [ \t]{{1,3}} (?:pass|oper|identify|auth|login)
      | /(?:ns|cs|as|nickserv|chanserv|authserv) [ \t]{{1,3}} id
      | (?:nick|chan|auth)serv [ \t]{{1,3}} {_ALONE} {_NO_MORE}
      | (?<![^\n]) /(?:identify|oper|pass|authserv|login) {_NO_MORE}
    ) [ \t]{{1,3}} {_WORDS}"""
)
# What stands there in instructions, and in talk about them.
_NO_SECRET = re.compile(
    r"""(?ix) [<\[({*\u2026] | \.{2,3}(?:\s|$)
    | (?:your|my|the|that|this|his|her|new|old|user|nick)?[-_ ]?
        (?:password|passwd|passphrase|pass|pw|username|nickname|nick|account|command)s?
        (?:[-_]?here)?(?:[\W_]|$)
    | (?:your|my|the|a|an|to|and|or|if|is|it|you|i|in|on|at|of|for|with|when|then|than|type|first
        |before|after|again|help|so|as|by|that|this|from|will|can|do|does|not|but|works?|command|yourself
        |automatically|please|error|failed|failure|fails|requests?|users?|channels?|pages?|routes?
        |endpoints?|urls?|forms?|without|works?|worked|returns?|gives?|redirects?|shows?|takes?|broken
        |now|first|doesn't|didn't|isn't|won't|still|also|only|always|never|seems?|has|was|via|using
        |should|would|could|must|needs?|correctly|properly|manually)(?:[\s.,;:!?)'"]|$)"""
)


def may_hold_password(text: str) -> bool:
    """A cheap test whether a text may contain a command to a service."""
    low = text.lower()
    if "ident" in low or "auth" in low or "pass" in low or "serv" in low:
        return True
    return "/oper " in low or "login" in low or "/ns " in low or "/cs " in low


def is_secret(found: re.Match[str]) -> bool:
    """Whether what follows a command (a match of SAID) is a password, not an instruction."""
    secret, order = found["secret"], found[0][: found.start("secret") - found.start()].lower()
    if secret[0] in "#&" and ("chanserv" in order or order.startswith("/cs")):
        return False  # a channel
    return _NO_SECRET.match(secret) is None and any(map(str.isalnum, secret))


def without_passwords(text: str) -> str:
    """Replace passwords for NickServ and similar services with `[password]`."""

    def hide(found: re.Match[str]) -> str:
        start = found.start("secret") - found.start()
        end = found.end("secret") - found.start()
        return found[0][:start] + HIDDEN + found[0][end:] if is_secret(found) else found[0]

    return SAID.sub(hide, text) if may_hold_password(text) else text
