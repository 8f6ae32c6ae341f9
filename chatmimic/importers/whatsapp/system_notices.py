"""Recognises system messages: "Tove changed the group name to …", "Boat Club: Nils added you".

Such a notice is known by its shape first (who acts stands at its head, nothing follows what they
did), and then by words of the languages that most phones have.
"""

from __future__ import annotations

import re
from collections.abc import Container

from chatmimic.importers.parsing.dates.dated_lines import MARKS, SPACES
from chatmimic.importers.whatsapp.phrases import ENCRYPTED, LONGEST_NOTICE

MAX_LENGTH = 300  # characters of a notice that tells what somebody did
_BEGINNING = 6  # characters
_BEGINNINGS = {beginning[:_BEGINNING] for beginning in ENCRYPTED}
_WORDS_OF_A_NAME = 8
_WORDS_OF_A_DEED = 4
_LONG_FOR_A_NAME = 25  # characters, behind another name
_SOME = 2  # as often as a notice with ": " comes word for word alike; names come oftener
_QUOTES = {"“": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』", '"': '"'}
_QUOTES |= {"”": "”", "»": "«»"}  # as in Finnish and Danish
_BOTH = '"”»'  # open and close
_ELSE = frozenset("“„«‹「『")  # open quotations that those may close
_PHONE = re.compile(rf"\+\d[\d\-() \u00a0\u2011]{{5,22}}\d[{MARKS}]?[{SPACES}](?=[^\W\d])")
# No name holds these words, whoever they are said of.
_NO_NAME = re.compile(
    r" (?:created (?:this |the )?group|changed (?:the subject|the group|this group"
    r"|their phone number)|joined using|joined from the community|added you to a group"
    r"|hat die Gruppe(?:nbeschreibung|nbild)? |hat den (?:Betreff|Gruppennamen) "
    r"|creó (?:el|este) grupo|cambió (?:el asunto|el nombre del grupo|la descripción del grupo)"
    r"|te añadió a un grupo|a (?:créé|changé|modifié) (?:le|ce|l'objet|la description)\b"
    r"|(?:criou|mudou|alterou) (?:o|este|a descrição do) (?:grupo|nome do grupo|assunto)"
    r"|ha (?:creato|cambiato|modificato) (?:il gruppo|questo gruppo|l'oggetto|il nome del gruppo)"
    r"|heeft (?:de groep|het onderwerp|de groepsnaam)|(?:membuat|mengubah) (?:grup|subjek)"
    r"|(?:создал|изменил)а? (?:группу|тему|название группы|описание))(?!\w)"
    r"| (?:grupo|gruppo|(?:der|einer|zur) Gruppe|groupe|groep|групп[уе]|груп[иу])\b.{0,40} "
    r"(?:[Cc]ommunity|communauté|comunidade?|comunità|сообществ\w+|спільнот\w+)(?: \w+)?$"
    r"|security code\b|^(?:Messages and calls|Messages to this|Your security code|Group created by"
    r"|You're now an admin|This chat is with|You joined a group)(?!\w)"
)
# The first word of what somebody did, behind their name or "You".
_VERBS = {
    "added", "approved", "allowed", "canceled", "cancelled", "changed", "closed", "created",
    "deleted", "disabled", "edited",
    "enabled", "ended", "invited", "is", "joined", "left", "linked", "made", "opened", "pinned",
    "rejected", "removed", "renamed",
    "requested", "reset", "set", "shared", "started", "turned", "unlinked", "unpinned",
    "updated", "upgraded", "was",
    "hat", "ist", "wurde", "hast", "bist",
    "añadió", "agregó", "creó", "cambió", "eliminó", "salió", "activó", "desactivó", "fijó",
    "editó", "solicitó",
    "s'est", "t'a", "ha",
    "adicionou", "criou", "mudou", "alterou", "removeu", "saiu", "entrou", "fixou", "ativou",
    "desativou", "editou",
    "heeft", "werd", "har", "lade", "skapade", "ändrade", "ændrede", "oprettede", "endret",
    "opprettet", "lisäsi", "loi", "vaihtoi",
    "utworzył", "utworzyła", "zmienił", "zmieniła", "dodał", "dodała", "usunął", "usunęła",
    "создал", "создала", "изменил", "изменила", "добавил", "добавила", "удалил", "удалила",
    "закрепил", "закрепила",
    "створив", "створила", "змінив", "змінила", "додав", "додала",
    "menambahkan", "membuat", "mengubah", "mengeluarkan", "bergabung", "menyematkan",
}  # fmt: skip
_YOU = {
    "You", "Du", "Sie", "Tú", "Usted", "Vous", "Tu", "Você", "U", "Je", "Вы", "Ви", "Anda",
    "Siz", "Ty", "Sinä",
}  # fmt: skip
_IN_QUOTES = r"(?:[“\"„«‘'「『].{0,200}[”\"“»’'」』])"
# Names, of which no word begins with a small letter.
_NAME = r"(?![a-zß-öø-ÿ])\S{1,60}"
_NAMES = rf"{_NAME}(?: (?:(?:and|und|y|e|et|en|og|och|dan) )?{_NAME}){{0,8}}"
# What somebody did, from behind their name to the end of the notice.
_DEEDS = re.compile(
    rf"(?:created (?:this |the )?group(?: {_IN_QUOTES})?"
    rf"|(?:added|removed) (?:you|{_NAMES})|left(?: the group)?"
    r"|[Aa]dded [Yy]ou to a [Gg]roup in (?:the|a) [Cc]ommunity.{0,120}"
    r"|joined(?: using .{0,40}link| from the community| via .{1,40}| the group)?"
    r"|was (?:added|removed)|is (?:now|no longer) an admin"
    r"|(?:changed|deleted) (?:this group's|the group) (?:icon|photo|description|image)"
    rf"|changed (?:the (?:subject|group name|group description)|this group's (?:subject|name))"
    rf"(?: from {_IN_QUOTES})?(?: to {_IN_QUOTES})?"
    r"|changed (?:this group's|the group) settings.{0,120}"
    r"|changed (?:their phone number|to \+).{0,120}|changed the message timer.{0,80}"
    r"|pinned a message|reset (?:this group's|the group) invite link|requested to join.{0,60}"
    r"|turned (?:on|off) (?:disappearing messages|admin approval).{0,160}|updated the message timer"
    r"|started a (?:voice |video )?call"
    rf"|hat (?:die|diese) Gruppe(?: {_IN_QUOTES})? (?:erstellt|verlassen)"
    rf"|hat (?:dich|{_NAMES}) (?:hinzugefügt|entfernt)|hat das Gruppenbild (?:geändert|entfernt)"
    rf"|hat (?:den Betreff|den Gruppennamen|die Gruppenbeschreibung)(?: (?:von|zu) .{{1,220}})?"
    r" geändert|hat die Gruppeneinstellungen .{0,120}geändert|ist .{0,60}beigetreten"
    r"|hat eine Nachricht (?:angeheftet|angepinnt)"
    rf"|creó (?:el|este) grupo(?: {_IN_QUOTES})?|(?:añadió|agregó|eliminó) a {_NAMES}"
    r"|te (?:añadió|agregó|eliminó)|salió del grupo|se unió .{1,80}"
    rf"|cambió (?:el asunto|el nombre|la descripción|el ícono|el icono|la foto|la imagen)"
    rf"(?: (?:del|de este) grupo)?(?: (?:de|a) {_IN_QUOTES}){{0,2}}"
    rf"|a créé (?:le|ce) groupe(?: {_IN_QUOTES})?|a ajouté {_NAMES}"
    r"|vous a ajouté(?:\(e\))?|est parti(?:e)?|a quitté le groupe"
    r"|a changé (?:l'icône|l'image|la photo|la description).{0,40}"
    rf"|ha creato (?:il|questo) gruppo(?: {_IN_QUOTES})?|(?:ti ha aggiunto|ha aggiunto {_NAMES})"
    r"|ha abbandonato(?: il gruppo)?|ha (?:cambiato|modificato) (?:l'icona|l'immagine).{0,40}"
    rf"|criou (?:o|este) grupo(?: {_IN_QUOTES})?|adicionou (?:você|{_NAMES})|removeu {_NAMES}"
    r"|saiu(?: do grupo)?|entrou usando .{1,80}|(?:mudou|alterou) (?:a imagem|o ícone) .{0,40}"
    rf"|heeft (?:de|deze) groep(?: {_IN_QUOTES})? (?:aangemaakt|gemaakt|verlaten)"
    rf"|heeft (?:je|u|{_NAMES}) (?:toegevoegd|verwijderd)|heeft de groepsafbeelding gewijzigd"
    r")[.。]?"
)
_TO_YOU = re.compile(
    r"(?:You(?:'re|’re| are) (?:now|no longer) an admin|You were added|You left"
    r"|Du bist (?:jetzt|kein\S*) Admin(?: mehr)?|Du wurdest hinzugefügt"
    r"|Ahora eres (?:admin|administrador)|Ya no eres (?:admin|administrador)"
    r"|Vous êtes maintenant administrateur|Ora sei amministratore"
    r"|Agora você é um admin|Você agora é (?:um )?admin|Je bent nu beheerder"
    r"|(?:Disappearing messages were|Admin approval was) turned o.{0,160})[.。]?"
)


def is_encryption(text: str) -> bool:
    """Whether a text is the encryption notice at the top of a chat."""
    begins = text[:_BEGINNING] in _BEGINNINGS  # quicker than all of them
    return begins and text.startswith(ENCRYPTED) and len(text) <= LONGEST_NOTICE


def is_event_text_of(actor: str, text: str) -> bool:
    """Whether a text is just what somebody did: "Nils left", not "Nils left, did he"."""
    if not actor or not text.startswith(actor) or len(text) > MAX_LENGTH:
        return False
    if text[len(actor) : len(actor) + 1] not in SPACES:
        return False
    return _DEEDS.fullmatch(text[len(actor) :].strip(SPACES + MARKS)) is not None


def is_notice(text: str) -> bool:
    """Whether a text may be a system message about anybody; people write such texts, too."""
    text = text.strip(MARKS)
    if is_encryption(text) or _TO_YOU.fullmatch(text):
        return True
    return any(is_event_text_of(text[:end], text) for end in _ends(text)[:_WORDS_OF_A_NAME])


def addresses_owner(text: str) -> bool:
    """Whether a system message addresses the phone's owner or is about the whole chat."""
    text = text.strip(MARKS)
    return is_encryption(text) or _TO_YOU.fullmatch(text) is not None


def mentions(text: str, people: Container[str]) -> bool:
    """Whether a text begins with one of these names, as system messages do."""
    text = text.strip(MARKS)
    return any(text[:end] in people for end in _ends(text))


def begins_notice(name: str, times: int, people: Container[str]) -> bool:
    """Whether the words before ": " are not a name but the beginning of a system message.

    `people`: who else speaks in the file.
    """
    if _NO_NAME.search(name):
        return True
    if times > _SOME:
        return False
    if _PHONE.match(name):
        return True
    actors = (name[:end] for end in _ends(name) if _is_event(name[end + 1 :]))
    return any(actor in people or actor in _YOU for actor in actors)


def _is_event(words: str) -> bool:
    """Whether words after a name are an event: by the verb, or too many for a name."""
    some = words.split()
    if some and some[0] in _VERBS:
        return True
    long = len(some) >= _WORDS_OF_A_DEED and len(words) > _LONG_FOR_A_NAME
    return long and all(word[0].islower() for word in some)


def open_quote(name: str, text: str) -> bool:
    """Whether a quotation that begins in the "name" ends in the "text"."""
    _, opening = _before_quote(name)
    return opening != "" and any(mark in text for mark in _QUOTES[opening])


def is_quoting(name: str, people: Container[str]) -> bool:
    """Whether a "name" with an open quotation is what somebody did.

    The deed stands before the quotation, or behind it, as in Turkish: then a person of the chat
    stands before it.
    """
    before, opening = _before_quote(name)
    # Scripts without spaces have quotation marks of their own.
    is_marked = len(before.split()) > 1 or (opening != '"' and not before.isascii())
    return is_marked or before in people


def _before_quote(name: str) -> tuple[str, str]:
    """The words before an open quotation, and its mark; "" and "" if there is none."""
    for opening, closing in _QUOTES.items():
        opens = opening not in _BOTH or (name.count(opening) % 2 and _ELSE.isdisjoint(name))
        start = name.rfind(opening) if opens else -1
        if start > 0 and not any(mark in name[start + 1 :] for mark in closing):
            return name[:start].strip(), opening
    return "", ""


def _ends(text: str) -> list[int]:
    """The positions where a name at the beginning of a text may end."""
    head = text[:MAX_LENGTH]
    return [at for at, char in enumerate(head) if char in SPACES and at]
