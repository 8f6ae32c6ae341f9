"""Recognises system messages of Messenger and Instagram, which look like people's.

All that are known in English, and the commonest of other languages.

Old exports mark them with a type, newer ones do not. Their shape tells them: nobody speaks in
them, or they begin with the name of who did it, and nothing follows the last word that Meta wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chatmimic.importers.messenger.sentences_by_language import (
    DEEDS,
    EMOJI,
    HINTS,
    OWN_DEEDS,
    OWN_REACTIONS,
    PEOPLE_SAY,
    WHOLE_MEDIA,
    WHOLE_SYSTEM,
)
from chatmimic.records import Kind

_THING = (
    r"(?:an? |\d+ )?(?:attachments?|photos?|videos?|GIFs?|stickers?|voice (?:message|clip)s?|links?"
    r"|files?|live location|location|posts?|reels?|story|stories|story highlights?|contact cards?"
    r"|events?)"
)
_TALK = r"(?:(?:audio|video|voice|group) )*(?:call|chat)"
_TALK_FIRST = r"(?:Audio|Video|Voice|Group) (?:audio |video )?(?:call|chat)"
_NAME = r".{1,60}"
_OPTION = r'".{1,200}"(?: and \d+ other options?)?'
_HIS = r"(?:his|her|their|your)"
_SEEN_SINCE = r"(?:\. (?:They|You) can only see messages sent after (?:they|you) were added)?"
_MAKE = r"(?:change|create|set|make|generate)"
# What the app lets people do, with its own things.
_DID = (
    r"(?:created|started|ended|updated|changed|named|renamed|deleted|edited|joined|left|shared|sent"
    r"|added|removed|set|cleared|closed|pinned|unpinned|invited \S{1,60} to|accepted|declined|took)"
)
_OF_APP = (
    r"(?:polls?|plans?|albums?|reminders?|contacts?(?: cards?)?|theme|nicknames?|group photo|chat"
    r"|room|story|note|broadcast channel|channel|wallpaper|quick reaction|avatar stickers?"
    r"|screen recording|screenshots?|watch party|AI (?:image|theme|sticker)s?)"
)
_VANISHING = r"(?:disappearing messages|vanish mode)(?:\. [A-Z].{1,300})?"

Table = Mapping[Kind, tuple[str, ...]]
Known = list[tuple[Kind, re.Pattern[str]]]


def _known(table: Table) -> Known:
    """Compile the patterns of a table by kind, without the full stop at the end."""
    return [
        (kind, re.compile("|".join(f"(?:{one})" for one in patterns), re.DOTALL))
        for kind, patterns in table.items()
    ]


# Nobody is named as who did it.
_WHOLE = _known(
    {
        Kind.MEDIA: (
            r"Click for (?:audio|video)",
            rf"(?:Sent|Shared) {_THING}",
            *WHOLE_MEDIA,
            r"(?:Attachment|Message|Photo|Video|Post|Reel|Story) unavailable",
            r"Unavailable message",
            r"This (?:story|post|reel|attachment|content|message) is"
            r" (?:no longer available|unavailable)",
        ),
        Kind.CALL: (
            rf"(?:The {_TALK} (?:has )?|{_TALK_FIRST} )(?:ended|started)",
            r"(?:Missed )?(?:audio|video|voice) call",
        ),
        Kind.SYSTEM: (
            r"Liked a message",
            r"Reacted .{1,24} to your message",
            r"(?:Replied|Reacted(?: .{1,24})?) to your (?:story|note)",
            rf"Reacted to your (?:story|note): {EMOJI}",
            r"You waved at each other!?",
            r"Mentioned you in (?:a|their) story",
            r"You are now connected on Messenger",
            rf"Say hi to your new Facebook friend,? {_NAME}",
            r"You can now (?:message|call)(?: and call)? each other"
            r"(?: and see info like [^.]{1,160})?",
            r"This poll is no longer available",
            r"A poll has been unsent",
            r"(?:Your|\S.{0,59}?['’]s) (?:poll has multiple updates|key has changed)",
            r"This group was created",
            r"The group name was set to .{1,200}",
            rf"Someone added .{{1,400}} to the group{_SEEN_SINCE}",
            r"A chat admin changed who can add people to (?:admins only|all members)",
            r"Disappearing messages were (?:turned on|turned off|changed)(?:\. [A-Z].{1,200})?",
            r"(?:A screenshot was taken|Current screen was recorded)",
            r"(?:New messages|Messages) and calls are secured with end-to-end encryption"
            r"(?:\. Only people in this chat can .{1,80})?",
            r"Instagram upgraded the security of this chat\. .{1,120}",
            rf"Your other chat (?:with {_NAME} was|has been) archived",
            r"Previous messages may be in your other chat",
            rf"You're messaging {_NAME} for the first time\. If you ever feel .{{1,90}}",
            r"This account can't receive your message because .{1,120}",
            r"[Ww]ord effects?",
            *WHOLE_SYSTEM,
        ),
    }
)
# What somebody did. `_LOOSE`: by whomever, and with a full stop or without.
_LOOSE = _known(
    {
        Kind.DELETED: (r"unsent a message",),
        Kind.SYSTEM: (
            r"liked a message",
            r"reacted .{1,24} to (?:your|a|his|her|their own) message",
            r"created a poll: .*",
            r"(?:gefällt eine Nachricht|a aimé un message|curtiu uma mensagem)",
        ),
    }
)
# By whomever; a full stop tells it from talk about it ("Ada left the group and is sad").
_STOPPED = _known(
    {
        Kind.MEDIA: (
            rf"(?:sent|shared) {_THING}",
            r"(?:hat einen Anhang gesendet|a envoyé une pièce jointe|envió un archivo adjunto"
            r"|enviou um anexo|ha inviato un allegato|heeft een bijlage verzonden"
            r"|skickade en bilaga)",
        ),
        Kind.CALL: (rf"missed (?:your|an?) {_TALK}(?: (?:from|with) {_NAME})?",),
        Kind.SYSTEM: (
            r"named the group .{1,200}",
            r"(?:changed|removed|set) the (?:group|chat) (?:photo|theme|name|emoji|colou?rs?)"
            r"(?: to .{1,200})?",
            r"(?:changed|set) the (?:theme|quick reaction|emoji|chat theme|colou?rs?)(?: using AI)?"
            r" to .{1,200}",
            rf"(?:set|cleared|changed) (?:the|{_HIS})(?: own)? nickname(?: for {_NAME})?"
            r"(?: to .{1,200})?",
            rf"added .{{1,400}} to the group{_SEEN_SINCE}",
            r"removed .{1,200} from the group",
            r"(?:left|created|joined) (?:the|this) group",
            rf"made {_NAME} an? (?:group )?admin",
            rf"(?:added|removed) {_NAME} as (?:a|an) group admin",
            r"(?:is|are) (?:now|no longer) an admin",
            r"changed who can add people to (?:admins only|all members)",
            r"(?:un)?pinned a message",
            rf"added {_NAME} on Messenger",
            rf"added {_OPTION} to the poll",
            rf"(?:voted for|removed {_HIS} vote for|changed {_HIS} vote to) {_OPTION}"
            r"(?: in the poll)?",
            rf"turned (?:on|off) {_VANISHING}",
            r"changed disappearing messages(?:\. [A-Z].{1,200})?",
            r"turned (?:on|off) message sharing permissions for this chat(?:\. [A-Z].{1,200})?",
            r"turned (?:on|off) (?:member|admin) approval(?: and .{1,120})?",
            r"(?:added|removed) an? (?:new )?device (?:to|from) this conversation",
            r"(?:set|added|removed|changed|created|deleted) .{0,160}word effects?(?: .{1,160})?",
            *DEEDS,
        ),
    }
)
# Only of the sender: people say these of others ("Bo called a plumber.", "Bo took a screenshot.").
_OWN = _known(
    {
        Kind.MEDIA: (r"(?:sent|shared) an? (?:post|reel|story|story highlight)",),
        Kind.CALL: (
            rf"(?:started an?|joined the) {_TALK}",
            rf"missed (?:your|an?) {_TALK}(?: (?:from|with) {_NAME})?",
        ),
        Kind.SYSTEM: (
            r"(?:replied|reacted(?: .{1,24})?) to (?:your|their) (?:story|note)",
            r"mentioned (?:you|this user|@\S{1,60}) in (?:a|your|their) story",
            *OWN_REACTIONS,
        ),
    }
)
_OWN_STOPPED = _known(
    {
        Kind.CALL: (
            r"called [^,.]{1,60}",
            rf"left the {_TALK}",
            r"(?:started|stopped) sharing (?:video|.{1,20} screen)",
        ),
        Kind.SYSTEM: (
            r"took a screenshot(?: of (?:the|this) (?:chat|conversation))?",
            r"(?:started|stopped) sharing (?:live|.{1,20}) location",
            r"recorded the screen",
            r"waved at (?:you|each other)",
            r"responded (?:Going|Maybe|Can['’]t Go) to .{1,200}",
            rf"voted for {_NAME}",
            rf"changed {_HIS} vote to {_NAME}",
            rf"{_DID} (?:an?|the|this|{_HIS}) (?:[\w-]{{1,20}} ){{0,2}}{_OF_APP}(?:,? {_NAME})?",
            rf"(?:is using|used) (?:Meta )?AI to {_MAKE} (?:an?|the|your|{_HIS}) .{{1,200}}",
            rf"mentioned {_NAME} in (?:a|your|their) story",
            *OWN_DEEDS,
        ),
    }
)
# Most messages have neither such a first word nor a full stop at their end, or else none of the
# words below, and are not looked at further.
_FIRST_WORDS = {
    "You", "Your", "You're", "Click", "Sent", "Attachment", "Message", "Photo", "Video", "Post",
    "Reel", "Story", "Unavailable", "This", "The", "Audio", "Voice", "Group", "Missed", "audio",
    "video", "voice", "Liked", "Reacted", "Replied", "Mentioned", "Say", "A", "Someone",
    "Disappearing", "Current", "New", "Messages", "Instagram", "Previous", "Word", "word", "Le",
    "Curtiu", "Hat", "Reaccionó", "Reagiu", "Ha", "Shared", "Gefällt", "Vous", "Respondió", "Te",
    "Respondeu", "Mencionou", "Ti", "Envió", "Compartió", "Enviou", "Compartilhou",
}  # fmt: skip
_HINT = re.compile(
    r"Sent |sent |shared |call|Click|iked a m|chat|unsent|group|nickname|the theme|emoji|colou?r"
    r"|admin|eacted |pinned a|on Messenger|new Facebook|each other|poll|voted|vote |turned o"
    r"|ord effect|quick reac|story|your note|their note|navailable|no longer a|screen|isappearing"
    r"|encryption|in your other|device|key has changed|sharing |can't receive your|for the first"
    r"|mensaje|mensagem|Nachricht|messaggio|un message|à (?:votre|ton) |Anhang|pièce jointe|adjunto"
    r"|plan|album|reminder|contact|room|channel|wallpaper|avatar|watch party|AI |in your story"
    r"|um anexo|allegato|bijlage|bilaga|waved at|approval|responded |" + HINTS
)
# "She left the group." is somebody talking.
_PEOPLE_SAY = {"i", "he", "she", "they", "we", "it", "who", "someone", "somebody", "everyone"}
_PEOPLE_SAY |= {"everybody", "nobody", "my", "his", "her", "their", "our", "the", "that", "this"}
_PEOPLE_SAY |= PEOPLE_SAY | {
    "just",
    "sorry",
    "and",
    "but",
    "so",
    "then",
    "also",
    "only",
    "lol",
    "haha",
    "yes",
}
_MOST_WORDS = 5  # of a name or a nickname
_LONGEST = 600  # characters; the templates of Messenger are shorter


def kind_of_sentence(text: str, sender: str) -> Kind | None:
    """The kind of a system message; None for people's text."""
    if len(text) > _LONGEST:
        return None
    bare = text.rstrip()
    stopped = bare.endswith(".")
    first, own = bare.partition(" ")[0], sender.partition(" ")[0]
    likely = stopped or first == own or first in _FIRST_WORDS or " message" in text
    if not (likely or " a poll: " in text) or not _HINT.search(text):
        return None
    bare = bare.removesuffix(".")
    whole = _kind_in(_WHOLE, bare)
    if whole is not None:
        return whole
    for actor in ("You", sender, own):
        if actor and bare.startswith(f"{actor} "):
            kind = _kind_of_own(bare[len(actor) + 1 :], stopped, strict=actor == "You")
            if kind is not None:
                return kind
    return _kind_of_anyones(bare, stopped)


def _kind_of_own(did: str, stopped: bool, strict: bool) -> Kind | None:
    """The kind of a sentence about the sender; after "You" a full stop is required."""
    kind = _kind_in(_OWN, did) or _kind_in(_LOOSE, did)
    if kind is None and (stopped or not strict):
        kind = _kind_in(_OWN_STOPPED, did) or _kind_in(_STOPPED, did)
    return kind


def _kind_of_anyones(bare: str, stopped: bool) -> Kind | None:
    """The kind of a sentence about anybody, whose name ends at one of the first spaces."""
    name, _, did = bare.partition(" ")
    if name.casefold() in _PEOPLE_SAY:
        return None
    for _ in range(_MOST_WORDS):
        kind = _kind_in(_LOOSE, did)
        if kind is None and stopped:
            kind = _kind_in(_STOPPED, did)
        if kind is not None:
            return kind
        did = did.partition(" ")[2]
    return None


def _kind_in(known: Known, text: str) -> Kind | None:
    return next((kind for kind, pattern in known if pattern.fullmatch(text)), None)
