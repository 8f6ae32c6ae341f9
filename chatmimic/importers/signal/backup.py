"""Reads `main.jsonl`, Signal Desktop's export: people, chats and messages as JSON lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import as_milliseconds
from chatmimic.importers.parsing.json_stream.lines import json_rows
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

_MEDIA = {"stickerMessage", "viewOnceMessage", "contactMessage", "giftBadge", "poll",
          "paymentNotification"}  # fmt: skip
_DELETED = {"remoteDeletedMessage", "adminDeletedMessage"}
_CALLS = {"individualCall", "groupCall"}
_MENTION = "\ufffc"  # stands in a text for a name


def read_backup(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of the file. Raises DamagedExport."""
    backup = _Backup(member, context)
    with context.open(member) as stream:
        for number, item in json_rows(stream, member.label, False, context):
            frame = as_dict(item)
            backup.learn(frame)
            if "chatItem" in frame or not isinstance(item, dict):
                yield backup.message(as_dict(frame.get("chatItem")), number)


@dataclass(frozen=True)
class _Recipient:
    """A person, a group or the owner."""

    name: str
    key: str  # stable from one export to the next, as its numbers are not
    is_bot: bool = False


_NOBODY = _Recipient("", "")


class _Backup:
    """The people and chats so far: the file defines them before it uses them."""

    def __init__(self, member: Member, context: Context) -> None:
        self._file = member.name
        self._report = context.report
        self._own_name = "Me"
        self._people: dict[str, _Recipient] = {}
        self._keys: dict[str, str] = {}  # account id → name, for mentions
        self._chats: dict[str, _Recipient] = {}

    def learn(self, frame: Mapping[str, Any]) -> None:
        """Read a line about the account, a person or a chat."""
        if "account" in frame:
            self._own_name = _full(as_dict(frame["account"])) or self._own_name
        elif "recipient" in frame:
            recipient = as_dict(frame["recipient"])
            known = self._recipient(recipient)
            self._people[text_of(recipient.get("id"))] = known
            self._keys[text_of(as_dict(recipient.get("contact")).get("aci"))] = known.name
        elif "chat" in frame:
            chat = as_dict(frame["chat"])
            with_ = self._people.get(text_of(chat.get("recipientId")), _NOBODY)
            self._chats[text_of(chat.get("id"))] = with_

    def _recipient(self, recipient: Mapping[str, Any]) -> _Recipient:
        if "self" in recipient:
            self._report.owner = self._own_name
            return _Recipient(self._own_name, "self")
        if "group" in recipient:
            return _group(as_dict(recipient["group"]), text_of(recipient.get("id")))
        if "releaseNotes" in recipient:
            return _Recipient("Signal", "releaseNotes", is_bot=True)
        contact = as_dict(recipient.get("contact"))
        number = text_of(contact.get("e164"))
        phone = f"+{number.removeprefix('+')}" if number else ""
        name = _contact_name(contact) or phone or text_of(contact.get("username"))
        key = text_of(contact.get("aci")) or phone or text_of(recipient.get("id"))
        return _Recipient(name or f"Unknown {key[:8]}", key)

    def message(self, item: Mapping[str, Any], number: int) -> Message:
        """Convert a message; one of an unknown format is Kind.OTHER."""
        author = self._people.get(text_of(item.get("authorId")), _NOBODY)
        chat = self._chats.get(text_of(item.get("chatId")), _NOBODY)
        kind, text = _kind_and_text(item)
        standard = _words(item)
        quote = as_dict(standard.get("quote"))
        sent = text_of(item.get("dateSent"))
        at = None if not item else as_milliseconds(sent, self._report)
        own = chat.key == "self"
        return Message(
            author.name,
            self._with_names(text, as_list(as_dict(standard.get("text")).get("bodyRanges"))),
            at,
            kind,
            "signal",
            chat.key,
            "Note to Self" if own else chat.name,
            author.key,
            _id(sent, author),
            self._answered(quote) if quote and kind.has_words else "",
            tuple(self._reactions(standard)),
            author.is_bot,
            f"{self._file}:{number}",
        )

    def _answered(self, quote: Mapping[str, Any]) -> str:
        author = self._people.get(text_of(quote.get("authorId")), _NOBODY)
        return _id(text_of(quote.get("targetSentTimestamp")), author)

    def _reactions(self, standard: Mapping[str, Any]) -> Iterator[Reaction]:
        for one in map(as_dict, as_list(standard.get("reactions"))):
            who = self._people.get(text_of(one.get("authorId")), _NOBODY)
            yield Reaction(text_of(one.get("emoji")), who.name)

    def _with_names(self, text: str, ranges: Any) -> str:
        """Insert `@Name` where the text has a placeholder for a mention."""
        if _MENTION not in text:
            return text
        marked = [one for one in map(as_dict, ranges) if "mentionAci" in one]
        marked.sort(key=lambda one: _start(one.get("start")))
        names = iter([self._keys.get(text_of(one["mentionAci"])) or "Unknown" for one in marked])
        first, *rest = text.split(_MENTION)
        return first + "".join(f"@{next(names, 'Unknown')}{piece}" for piece in rest)


def _start(value: Any) -> int:
    return value if isinstance(value, int) else 0  # left out where it is 0


def _words(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of an item with text, quote and reactions."""
    for name in ("standardMessage", "directStoryReplyMessage", *sorted(_MEDIA)):
        if name in item:
            return as_dict(item[name])
    return {}


def _kind_and_text(item: Mapping[str, Any]) -> tuple[Kind, str]:
    words = _words(item)
    if "standardMessage" in item:
        text = text_of(as_dict(words.get("text")).get("body"))
        return (Kind.MEDIA if words.get("attachments") and not text else Kind.TEXT), text
    if "directStoryReplyMessage" in item:
        reply = as_dict(as_dict(words.get("textReply")).get("text"))
        text = text_of(reply.get("body"))
        return (Kind.TEXT if text else Kind.MEDIA), text
    if any(name in item for name in _DELETED):
        return Kind.DELETED, ""
    if any(name in item for name in _MEDIA):
        return Kind.MEDIA, ""
    if "updateMessage" in item:
        called = _CALLS & as_dict(item["updateMessage"]).keys()
        return (Kind.CALL if called else Kind.SYSTEM), ""
    return Kind.OTHER, ""


def _group(group: Mapping[str, Any], number: str) -> _Recipient:
    title = as_dict(as_dict(as_dict(group.get("snapshot")).get("title"))).get("title")
    name = text_of(title) or "Group"
    # The key opens the group to whoever has it: only what cannot be turned back is kept.
    secret = text_of(group.get("masterKey"))
    hashed = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    key = hashed[:16] if secret else f"{name} {number}"
    return _Recipient(name, f"group {key}")


def _contact_name(contact: Mapping[str, Any]) -> str:
    """The name that Signal shows: nickname, else address book, else profile."""
    nickname = as_dict(contact.get("nickname"))
    return (
        _joined(nickname.get("given"), nickname.get("family"))
        or _joined(contact.get("systemGivenName"), contact.get("systemFamilyName"))
        or _joined(contact.get("profileGivenName"), contact.get("profileFamilyName"))
    )


def _full(account: Mapping[str, Any]) -> str:
    return _joined(account.get("givenName"), account.get("familyName"))


def _joined(given: Any, family: Any) -> str:
    return " ".join(filter(None, (text_of(given).strip(), text_of(family).strip())))


def _id(sent: str, author: _Recipient) -> str:
    """The id of a message: Signal identifies it by time and author."""
    return f"{sent}/{author.key}" if sent and author.key else ""
