"""Reads one backup as a stream of elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import as_milliseconds
from chatmimic.importers.parsing.json_stream.stream import MAX_RECORD, TRUNCATED_WAY_ON
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.parsing.tapbacks import is_text_tapback
from chatmimic.importers.parsing.xml import guarded_parser
from chatmimic.importers.sms.people import People, given, is_own, key_of, thread_of
from chatmimic.importers.sms.xml_stream import xml_of
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_RECEIVED = "1"
_SENT = {"2", "4", "6"}  # 4 and 6 are on their way
_NOT_SENT = {"3": "draft", "5": "not sent"}  # the boxes of what nobody got → why it is left out
_FROM = "137"  # the type of an MMS address that is the sender's; others are of who got it
_MOST_WAITING = 10_000  # MMS of groups for which nothing has shown yet which number is one's own
_LAYOUT = {"application/smil", "text/x-vcard"}
_NO_SUBJECT = {"", "nosubject", "no subject", "(no subject)"}
_RICH = "proto:"  # RCS keeps its own records in the subject

Attributes = Mapping[str, str]


def read_backup(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of a file. Raises DamagedExport, and UnsafeExport for malicious XML."""
    backup = _Backup(member, context)
    try:
        with context.open(member) as stream:
            for data in xml_of(stream, context.report):
                yield from backup.parsed(data)
            yield from backup.parsed(b"", last=True)
    except DamagedExport as damage:
        if not context.options.allow_truncated:
            raise
        context.report.note(f"{damage.what} What follows is lost.")
    yield from backup.released()


@dataclass(slots=True)
class _Mms:
    """An MMS that is being read."""

    about: Attributes
    source: str
    texts: list[str] = field(default_factory=list)
    things: int = 0  # parts that are no text
    sender: str = ""
    others: list[str] = field(default_factory=list)  # addresses of those who got it


def _shape_of(root: str, service: str) -> str:
    if service == "signal":
        return "of Signal"
    return "calls" if root == "calls" else "messages"


class _Backup:
    """Parses one file; holds the messages so far."""

    def __init__(self, member: Member, context: Context) -> None:
        self._file = member.name
        self._label = member.label
        self._report = context.report
        self._service = "sms"
        self._people = People()
        self._number = 0  # of the record at hand
        self._mms: _Mms | None = None
        self._own: set[str] = set()  # keys of the telephone's own numbers, as MMS show them
        self._waiting: list[_Mms] = []
        self._seen: set[int] = set()  # MMS that have an id of the network
        self._shape = ""  # of the file, as its comments and its first element show
        self._done: list[Message] = []
        self._since = 0  # bytes since the last element
        self._parser = guarded_parser(member.label)
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CommentHandler = self._comment

    def parsed(self, data: bytes, last: bool = False) -> Iterator[Message]:
        """Parse bytes; returns the complete messages. Raises DamagedExport."""
        self._since += len(data)
        fault = ""
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            fault = f"is not XML ({expat.ErrorString(error.code)}, line {error.lineno})"
        done, self._done = self._done, []
        yield from done
        if self._since > MAX_RECORD:
            fault = fault or f"has an element of over {MAX_RECORD >> 20} million bytes"
        if fault:
            raise self._broken(fault)

    def _broken(self, fault: str) -> DamagedExport:
        return DamagedExport(
            f"{self._label} {fault}, in or after record {self._number}.", TRUNCATED_WAY_ON
        )

    # --- what the parser calls ---

    def _comment(self, text: str) -> None:
        if "File Created By Signal" in text and not self._shape:
            self._service = "signal"

    def _begin(self, tag: str, about: Attributes) -> None:
        self._since = 0
        if not self._shape:
            self._shape = _shape_of(tag, self._service)
            self._report.variants[self._shape] += 1
        if tag in ("sms", "mms", "call"):
            self._number += 1
        if tag == "sms":
            self._take(self._sms(about))
        elif tag == "mms":
            self._mms = _Mms(about, self._source)
        elif tag == "call":
            self._report.leave_out("call", self._source)
        elif self._mms is not None and tag == "part":
            _add_part(self._mms, about)
        elif self._mms is not None and tag == "addr":
            _add_address(self._mms, about)

    def _end(self, tag: str) -> None:
        if tag == "mms" and self._mms is not None:
            mms, self._mms = self._mms, None
            self._learn_own(mms)
            if self._is_seen(mms):
                self._report.leave_out("duplicate", mms.source)
            elif _is_unsettled(mms) and not self._own and len(self._waiting) < _MOST_WAITING:
                self._waiting.append(mms)
            else:
                self._take(self._of_mms(mms))

    def _take(self, message: Message | None) -> None:
        if message is not None:
            self._done.append(message)

    # --- messages ---

    @property
    def _source(self) -> str:
        return f"{self._file}:{self._number}"

    def _sms(self, about: Attributes) -> Message | None:
        text = given(about.get("body"))
        kind = Kind.SYSTEM if is_text_tapback(text) else Kind.TEXT
        addresses = given(about.get("address"))
        return self._message(
            about, addresses, given(about.get("type")), "", kind, text, self._source
        )

    def _of_mms(self, mms: _Mms) -> Message | None:
        subject = given(mms.about.get("sub")).strip()
        if subject.casefold() not in _NO_SUBJECT and not subject.startswith(_RICH):
            mms.texts.insert(0, subject)
        text = "\n".join(mms.texts)
        kind = Kind.TEXT if text.strip() or not mms.things else Kind.MEDIA
        kind = Kind.SYSTEM if is_text_tapback(text) else kind
        box = given(mms.about.get("msg_box"))
        return self._message(
            mms.about, self._addresses(mms), box, mms.sender, kind, text, mms.source
        )

    def _addresses(self, mms: _Mms) -> str:
        """The other participants of an MMS: as stated, or else all addresses but the owner's."""
        if _is_addressed(mms):
            return given(mms.about.get("address"))
        some = dict.fromkeys((mms.sender, *mms.others))
        return "~".join(one for one in some if one and key_of(one) not in self._own)

    def _is_seen(self, mms: _Mms) -> bool:
        """Whether the same MMS, including its id, was seen before."""
        id_ = given(mms.about.get("m_id")).strip()
        if not id_:
            return False
        key = hash((id_, mms.about.get("date"), mms.about.get("msg_box"), mms.sender, *mms.texts))
        before = len(self._seen)
        self._seen.add(key)
        return len(self._seen) == before

    def _learn_own(self, mms: _Mms) -> None:
        """Learn the owner's number: the sender of outgoing messages, or the only recipient."""
        box = mms.about.get("msg_box")
        alone = box == _RECEIVED and len(mms.others) == 1
        own = [mms.sender] if box in _SENT else mms.others if alone else []
        self._own.update(key_of(one) for one in own if one and not is_own(one))
        if self._own and self._waiting:
            self._done += self.released()

    def released(self) -> list[Message]:
        """The MMS that waited for the owner's number."""
        waiting, self._waiting = self._waiting, []
        return [one for one in map(self._of_mms, waiting) if one is not None]

    def _message(
        self,
        about: Attributes,
        addresses: str,
        box: str,
        sender: str,
        kind: Kind,
        text: str,
        source: str,
    ) -> Message | None:
        """Make a message; None (and counted) if it was never sent."""
        if box in _NOT_SENT:
            self._report.leave_out(_NOT_SENT[box], source)
            return None
        names = given(about.get("contact_name"))
        if given(about.get("address")) or "~" not in addresses:
            self._people.learn(addresses, names)
        name = key = ""
        if box == _RECEIVED:
            address = addresses if not sender or is_own(sender) else sender
            name, key = self._people.name_of(address), key_of(address)
        elif box in _SENT:
            note_owner(self._report)
            name = key = OWNER
        else:
            kind = Kind.OTHER
        others = [self._people.name_of(one) for one in addresses.split("~") if not is_own(one)]
        return Message(
            name,
            text,
            as_milliseconds(about.get("date"), self._report),
            kind,
            self._service,
            thread_of(addresses),
            ", ".join(others[:8]),
            key,
            source=source,
        )


def _is_addressed(mms: _Mms) -> bool:
    """Whether an MMS names anybody but the owner."""
    named = given(mms.about.get("address")).split("~")
    return any(one.strip() and not is_own(one) for one in named)


def _is_unsettled(mms: _Mms) -> bool:
    """Whether its participants are clear only once the owner's number is known."""
    return not _is_addressed(mms) and mms.about.get("msg_box") == _RECEIVED and len(mms.others) > 1


def _add_address(mms: _Mms, about: Attributes) -> None:
    address = given(about.get("address"))
    if about.get("type") == _FROM:
        mms.sender = address
    elif address:
        mms.others.append(address)


def _add_part(mms: _Mms, about: Attributes) -> None:
    """Add a text or an attachment of an MMS; layout is ignored."""
    type_ = given(about.get("ct"))
    if type_ == "text/plain":
        text = given(about.get("text"))
        mms.texts += [text] if text.strip() else []
    elif type_ not in _LAYOUT:
        mms.things += 1
