"""Facebook Messenger: the "Download your information" JSON and the end-to-end encrypted one."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.messenger.records import Writer, encrypted_record, plain_record
from chatmimic.importers.messenger.system import RepeatTest
from chatmimic.importers.parsing.jsonstream import JsonStream, encoding_of
from chatmimic.importers.parsing.repair import repaired
from chatmimic.importers.streams import Member
from chatmimic.records import Message

_KEY = r'(?<!\\)"({})"\s*:'
_MESSAGES = re.compile(_KEY.format("messages"))
_PLAIN = re.compile(_KEY.format("sender_name|thread_path|is_still_participant|magic_words"))
_ENCRYPTED = re.compile(_KEY.format("threadName|senderName"))
_PARTICIPANTS = re.compile(_KEY.format("participants"))
_TITLE = re.compile(r'(?<!\\)"(title|thread_path|threadName)"\s*:\s*("(?:[^"\\]|\\.)*")')
_PART = re.compile(r"(\d+)(?!.*\d)")
# Titles that many unrelated threads share: those are told apart by their path.
_NOBODY = {"", "facebook user", "facebook users", "messenger user", "instagram user"}


class Messenger(Importer):
    """Threads of `message_N.json` files in any folder, flat encrypted ones, and both together."""

    name = "messenger"
    title = "Facebook Messenger"
    description = "Messenger JSON: message_1.json …, the folder or the zip; also encrypted chats"

    def knows(self, head: Head) -> bool:
        """A JSON object with participants and messages, the way either export writes them."""
        if head.first != "{" or not _PARTICIPANTS.search(head.text):
            return False
        if _ENCRYPTED.search(head.text):
            return True
        return bool(_PLAIN.search(head.text)) and '"author"' not in head.text[:2000]

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """All threads, one after the other."""
        threads: dict[tuple[str, str], list[_Part]] = defaultdict(list)
        parts = [_look(member, context) for member in members]
        _lend_titles(parts, context)
        for part in parts:
            threads[part.service, part.thread].append(part)
        _say_shared_titles(threads, context)
        for parts in threads.values():
            yield from _Thread(sorted(parts, key=_order), context).read()


@dataclass
class _Part:
    """One file of a thread, and what its head and tail say of the thread."""

    member: Member
    encrypted: bool
    title: str
    path: str  # "inbox/ada_1": tells threads of one title apart
    cut: bool = False  # the title, which stands at the end, is not there

    @property
    def service(self) -> str:
        return "instagram" if "your_instagram_activity" in self.member.where else "messenger"

    @property
    def thread(self) -> str:
        """Equal for both exports of a thread: its title, unless that says nothing."""
        return self.path if self.title.casefold() in _NOBODY else self.title


def _look(member: Member, context: Context) -> _Part:
    head = context.source.head(member)
    found = _named_values(head)
    encrypted = bool(_ENCRYPTED.search(_text(head)))
    if not {"title", "threadName"} & found.keys():
        found = _named_values(context.source.tail(member)) | found
    folder = PurePosixPath(member.name).parent.name
    if encrypted:
        title = _without_number(found.get("threadName", "") or PurePosixPath(member.name).stem)
        return _Part(member, True, title, found.get("threadName", member.name))
    path = found.get("thread_path", "") or folder or PurePosixPath(member.name).stem
    return _Part(member, False, repaired(found.get("title", "")), path, "title" not in found)


def _text(data: bytes) -> str:
    return data.decode(encoding_of(data), "replace")


def _named_values(data: bytes) -> dict[str, str]:
    """The last string under each name that describes a thread; messages carry no such names."""
    found: dict[str, str] = {}
    for name, quoted in _TITLE.findall(_text(data)):
        try:
            found[name] = json.loads(quoted, strict=False)
        except ValueError:
            continue  # cut in an escape: the other end of the file may have it whole
    return found


def _without_number(title: str) -> str:
    """ "Ada Lovelace_15" is the encrypted export's name for the thread "Ada Lovelace"."""
    return re.sub(r"_\d+$", "", repaired(title))


def _lend_titles(parts: list[_Part], context: Context) -> None:
    """A file that is cut short has lost its title: the other parts of its thread have it."""
    folder = {part.member.name: str(PurePosixPath(part.member.name).parent) for part in parts}
    titles = {folder[part.member.name]: part.title for part in parts if not part.cut}
    for part in parts:
        if part.cut:
            name = PurePosixPath(part.member.where).parent.name
            part.title = titles.get(folder[part.member.name]) or re.sub(r"_[^_]+$", "", name)
            context.report.note(
                f'{part.member.label} lacks its title; the thread is called "{part.title}".'
            )


def _order(part: _Part) -> tuple[bool, str, int]:
    number = _PART.search(part.member.label)
    # message_1 holds the newest; 10 comes after 2
    folder = str(PurePosixPath(part.member.name).parent)
    return part.encrypted, folder, -int(number[1]) if number else 0


def _say_shared_titles(threads: dict[tuple[str, str], list[_Part]], context: Context) -> None:
    for parts in threads.values():
        paths = {part.path for part in parts if not part.encrypted}
        if len(paths) > 1:
            context.report.note(
                f'{len(paths)} threads are titled "{parts[0].title}"; they were read as one.'
            )


@dataclass
class _Thread:
    """The parts of one thread, read as one; what two exports both have is given once."""

    parts: list[_Part]
    context: Context
    _before: Counter[int] = field(default_factory=Counter)  # given by earlier editions

    def read(self) -> Iterator[Message]:
        editions = _editions(self.parts)
        for edition in editions:
            repeats = RepeatTest()
            seen: Counter[int] = Counter()
            for part in edition:
                for message in self._part(part, repeats):
                    if len(editions) == 1 or self._is_new(message, seen):
                        yield message
            for message in repeats.rest():
                if len(editions) == 1 or self._is_new(message, seen):
                    yield message
            self._before |= seen

    def _is_new(self, message: Message, seen: Counter[int]) -> bool:
        key = hash((message.sent_at, message.sender, message.text))
        seen[key] += 1
        if seen[key] > self._before[key]:
            return True
        self.context.report.leave_out("duplicate", message.source)
        return False

    def _part(self, part: _Part, repeats: RepeatTest) -> Iterator[Message]:
        context = self.context
        write = Writer(part.service, part.thread, part.title, part.member.name, context.report)
        convert = encrypted_record if part.encrypted else plain_record
        with context.open(part.member) as stream:
            items = JsonStream(
                stream,
                part.member.label,
                "messages",
                context.report,
                context.options.allow_truncated,
            )
            for item in items:
                record = convert(item)
                repeats.learn_people(items.beside)
                message = write.message(record, items.record)
                yield from repeats.passed(message, marked=record.marked)
            if items.record == 0 and not isinstance(items.beside.get("messages", []), list):
                context.report.note(f"{part.member.label} holds no list of messages.")


def _editions(parts: list[_Part]) -> list[list[_Part]]:
    """The thread's files by the export they came in. Files of one export never overlap."""
    editions: dict[tuple[bool, str], list[_Part]] = defaultdict(list)
    for part in parts:
        above = 0 if part.encrypted else 2  # …/section/thread/message_1.json
        folders = PurePosixPath(part.member.name).parents
        root = str(folders[min(above, len(folders) - 1)])
        editions[part.encrypted, root].append(part)
    return list(editions.values())
