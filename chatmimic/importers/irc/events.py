"""Recognises events (joins, quits, nick changes) as clients, bouncers and bots word them."""

from __future__ import annotations

import re

HOST = r"[(\[<][^\s@]{0,100}@[^\s@]{0,200}[)\]>]"
# An event ends there, or with a reason: "(bye)", "[a.net b.net]", ": bye". What somebody did has
# more words: "joined us for dinner", "has quit smoking".
_END = (
    r"(?=[.!]?\s{0,9}(?:$|\(.{0,1000}\)\.?\s{0,9}$|\[.{0,1000}\]\.?\s{0,9}$"
    r'|".{0,1000}"\.?\s{0,9}$)|:\s)'
)
_CHANNEL = r"[#&][^\s,]{0,200}?"
_PLACE = (
    rf"(?:(?:the )?(?:channel|chat(?: ?room)?|server|network|conversation)(?: {_CHANNEL})?"
    rf"|{_CHANNEL}(?:(?:,| and) ?{_CHANNEL}){{0,9}}|IRC|irc)"
)
_MODES = r"\[?[+-]\w"
# After a nick, and maybe its address.
_DID = "|".join(
    (
        r"(?:(?:has|have) )?(?:joined|entered|left|parted|[Qq]uit|exited)"
        rf"(?: (?:from )?{_PLACE})?{_END}",
        rf"(?:joins|enters|leaves|parts|exits) {_PLACE}{_END}",
        rf"(?:has|have) (?:joined|entered|left) the room{_END}",
        r"(?:joined|entered|left) the room\.\s{0,9}$",
        rf"(?:(?:has|have) )?(?:signed|logged) (?:on|off|in|out){_END}",
        rf"(?:(?:has )?timed out|went (?:on|off)line|is now (?:on|off)line){_END}",
        rf"has (?:gone (?:on|off)line|become (?:un)?available){_END}",
        rf"(?:was|has been) banned(?: (?:from {_PLACE}|by \S{{1,64}}?)){{0,2}}{_END}",
        rf"(?:was|has been) kicked{_END}",
        rf"(?:has )?invited \S{{1,64}} (?:in)?to {_PLACE}{_END}",
        rf"(?:has )?(?:renamed|changed (?:their|his|her) name) to \S{{1,64}}?{_END}",
        rf"(?:has )?(?:dis|re)?connected{_END}",
        rf"(?:is|are) (?:now )?known as \S{{1,64}}?{_END}",
        r"(?:has )?changed (?:\w{1,5} )?nick(?:name)? (?:from \S{1,64} )?"
        rf"to \S{{1,64}}?{_END}",
        r"(?:has )?(?:sets?|changed|changes) (?:(?:channel|user|the) )?modes?"
        rf"(?: (?:of|on|for) \S{{1,200}}(?: to)?)?:? {{0,2}}{_MODES}",
        r"sets modes?: ",
        r"(?:sets|removes) (?:ban|exempt|invite|quiet)s? on \S{1,300}\s{0,9}$",
        r"(?:sets|removes) channel (?:keyword|limit)|removes user limit\s{0,9}$",
        r"sets the channel (?:topic|modes?|limit|key|to )",
        r"(?:gives|removes) (?:voice|(?:channel )?(?:half-?)?op(?:erator)?(?: status)?) "
        r"(?:to|from) \S{1,64}\s{0,9}$",
        rf"was kicked (?:(?:from|off|out of) {_PLACE}(?: by \S|{_END})|by \S{{1,64}}{_END})",
        rf"(?:has been|have been|were) kicked (?:from|off|by) \S{{1,200}}(?: by \S|{_END})",
        r"(?:has |have )?kick(?:ed|s) \S{1,64} "
        rf"(?:(?:from|out of|off) {_PLACE}|\(.{{0,1000}}\)$)",
        r"(?:has )?(?:changed|changes|sets?|cleared) (?:the )?(?:channel )?(?:topic|subject)"
        rf"(?: (?:of|on|for|in) {_CHANNEL})?(?: to)?(?:: | ?[\"'“]|{_END})",
        r"(?:has )?(?:changed|changes|sets?) (?:the )?(?:channel )?topic (?:of|on|for|in) [#&]",
        r"(?:\S{1,64} )?(?:channel )?topic is: ",
        r"(?:->|→|⇒) \S{1,64}\s{0,9}$",
    )
)
# What a line says that does not begin with a nick.
_NOTED = "|".join(
    (
        r"(?:Joins?|Parts?|Quits?|Kicks?|Signoff): \S",
        r"mode \([+-]\w|Topic (?:is|for|set|on|changed)\b|Set by \S{1,300} on ",
        r"(?:Now talking|Rejoined channel|Attempting to rejoin|Disconnected|Netsplit)\b",
        r"You(?:'ve been| are| have| were)\b|Loaded log\b|Retrieving \S{1,200} ",
        r"Nick change: |Mode change |[Mm]ode/[#&]\S|[#&]\S{0,100}: mode change",
        r"Channel (?:modes?\b|[#&]\S{1,200} (?:modes?|created))|Users on [#&]|Cannot join [#&]",
        r"\S{1,64} kicked from [#&]|\S{1,64} got (?:netsplit|lost in the net-?split)",
        r"Last message repeated \d|Connected\. Now logging in|Connecting to \S",
        r"Looking up \S{1,200}\.\.\s{0,9}$",
    )
)
# HexChat, mIRC, PircBot and others write events after the same star as actions: these words tell
# them apart in English. A nick with its address is nobody's own words in any language.
STARRED_EVENT = re.compile(rf" ?\*[ \t]+(?:{_NOTED}|\S{{1,64}} (?:{HOST}(?:\s|$)|{_DID}))")
# Whatever else a star stands for in a log.
STARRED_ADDRESS = re.compile(rf" ?\*[ \t]+\S{{1,64}} {HOST}[ \t]+\S")
# Eggdrop, Textual, LimeChat, KVIrc, catgirl write events without any mark: nobody says that.
BARE_EVENT = re.compile(
    rf"{_NOTED}|\[\S{{1,64}} [A-Z]{{3,20}}\]$|\S{{1,64}} {HOST}(?:\s|$)|\S{{1,64}} (?:{_DID}"
    r"|(?:has )?(?:joined|left|quit) (?:[#&]|IRC\b|irc\b|the channel|the (?:chat ?)?room)"
    rf"|(?:arrives in|leaves|kicks \S{{1,64}} out of) ?{_CHANNEL}(?:\s|:|$)|leaves:"
    r"|places a new sign in [#&]|(?:un)?sets [~&@%+!]?\S{1,64} [+-]\w|has set topic: "
    r"|(?:is|are) now known as |(?:has )?changed the topic )"
)
# Arrows that WeeChat, XChat, ChatZilla, Quassel and IRCCloud put before joins, parts and quits.
ARROW = re.compile(
    r"(?:-->\|?|<--\|?|\|?<--|<->|---|--|=!=|=-=|[←→⇐⇒↔⟵⟶⇦⇨])(?:[ \t]|$)"
)  # fmt: skip
EVENT = re.compile(r"(?:-!-|\*\*\*|===?|!!!|>>>)(?:[ \t]|$)")
_MARK = re.compile(
    r"(?:(?:Join|Part|Quit|Nick|Mode)\t"
    r"|(?:-!-|\*{3}|===?|!!!|>>>|-->\|?|<--\|?|\|?<--|<->|--|=-=|[←→⇐⇒↔⟵⟶⇦⇨])[ \t]{1,9})"
)
_ADDRESSED = re.compile(rf" ?\*[ \t]+(?P<nick>\S{{1,64}}) {HOST} (?P<words>\S.*)", re.DOTALL)


def is_marked(rest: str) -> bool:
    """Whether the rest of a line is an event with a known mark and wording."""
    mark = _MARK.match(rest)
    return mark is not None and is_event_text(rest[mark.end() :])


def is_surely_event(words: str) -> bool:
    """Whether this is the wording of an event, which no person would use."""
    return STARRED_EVENT.match(f"* {words}") is not None


def is_event_text(words: str) -> bool:
    """The same for looser wordings, on lines that no person sent."""
    return BARE_EVENT.match(words) is not None


def is_starred(rest: str) -> bool:
    """Whether the rest of a line is an event with a star and an address."""
    found = _ADDRESSED.match(rest)
    return found is not None and is_event_text(f"{found['nick']} {found['words']}")
