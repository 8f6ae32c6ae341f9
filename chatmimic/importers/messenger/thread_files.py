"""The files of threads, and what their beginnings and ends say about the threads."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from chatmimic.importers.base import Context
from chatmimic.importers.messenger.page_structure import PageStructure, outline
from chatmimic.importers.messenger.service import (
    MESSENGER,
    resolved_service,
    service_of_place,
    services_in,
)
from chatmimic.importers.parsing.html_pages import is_html
from chatmimic.importers.parsing.json_stream.stream import encoding_of
from chatmimic.importers.parsing.mojibake import repaired
from chatmimic.importers.streams import Member

_KEY = r'(?<!\\)"(?:{})"\s*:'
PLAIN = re.compile(_KEY.format("sender_name|thread_path|is_still_participant|magic_words"))
ENCRYPTED = re.compile(_KEY.format("threadName|senderName"))
PARTICIPANTS = re.compile(_KEY.format("participants"))
RECORD = re.compile(_KEY.format("sender_name") + r'[^{}]{0,400}"timestamp_ms"')
_TITLE = re.compile(r'(?<!\\)"(title|thread_path|threadName)"\s*:\s*("(?:[^"\\]|\\.)*")')
_PART = re.compile(r"(\d+)(?!.*\d)")
_STYLED = 1 << 20  # bytes: where style sheets fill the head of a page, its messages begin later
# Titles that many unrelated threads share: those are told apart by their path.
_NOBODY = {"", "facebook user", "facebook users", "messenger user", "instagram user"}
_NO_TITLE = {"", "messages", "facebook", "instagram", "messenger"}


class Shape(Enum):
    """The format of a file; if a thread comes in several, the first has priority."""

    PLAIN = 0  # "Download your information", in JSON
    ENCRYPTED = 1
    PAGE = 2

    @property
    def title(self) -> str:
        """Its name in the summary."""
        return ("JSON", "encrypted chats", "HTML")[self.value]


@dataclass
class Part:
    """A file of a thread, and what its beginning and end say about the thread."""

    member: Member
    shape: Shape
    title: str
    path: str  # "inbox/ada_1": tells threads of one title apart
    cut: bool = False  # the title, which stands at the end, is not there
    service: str = ""
    services: frozenset[str] = frozenset()  # services it looks like
    outline: PageStructure = PageStructure()

    @property
    def thread(self) -> str:
        """The key of the thread, equal in all exports: its title, unless it has none."""
        return self.path if self.title.casefold() in _NOBODY else self.title

    @property
    def root(self) -> str:
        """The root folder of its export."""
        above = 0 if self.shape is Shape.ENCRYPTED else 2  # …/section/thread/message_1.json
        folders = PurePosixPath(self.member.name).parents
        return str(folders[min(above, len(folders) - 1)])

    @property
    def order(self) -> tuple[int, str, int]:
        """Its position among the files of its thread."""
        number = _PART.search(self.member.base)
        # message_1 holds the newest; 10 comes after 2
        folder = str(PurePosixPath(self.member.name).parent)
        return self.shape.value, folder, -int(number[1]) if number else 0


def parts_of(members: Sequence[Member], context: Context, service: str = "") -> list[Part]:
    """The files as parts of threads. `service`: given by the user."""
    parts = [_look(member, context) for member in members]
    _share_titles(parts, context)
    _settle_services(parts, context, service)
    return parts


def _look(member: Member, context: Context) -> Part:
    head = context.source.head(member)
    text = _text(head)
    if is_html(text):
        return _look_at_page(member, text, context)
    found = _named_values(text)
    encrypted = bool(ENCRYPTED.search(text))
    tail = "" if {"title", "threadName"} & found.keys() else _text(context.source.tail(member))
    found = _named_values(tail) | found
    if encrypted:
        title = _without_number(found.get("threadName", "") or PurePosixPath(member.name).stem)
        path = found.get("threadName", member.name)
        return Part(member, Shape.ENCRYPTED, title, path, service=MESSENGER)
    folder = PurePosixPath(member.name).parent.name
    path = found.get("thread_path", "") or folder or PurePosixPath(member.name).stem
    title, cut = repaired(found.get("title", "")), "title" not in found
    services = frozenset(services_in(text) | services_in(tail))
    return Part(member, Shape.PLAIN, title, path, cut, services=services)


def _look_at_page(member: Member, text: str, context: Context) -> Part:
    if not outline(text).path:
        text = _text(context.source.head(member, _STYLED))
    found = outline(text)
    folder = PurePosixPath(member.name).parent
    title = next((t for t in (found.title, found.heading) if t.casefold() not in _NO_TITLE), "")
    path = "/".join(part for part in folder.parts[-2:]) or PurePosixPath(member.name).stem
    named = title or re.sub(r"_[^_]+$", "", folder.name)
    services = frozenset(services_in(text))
    return Part(member, Shape.PAGE, named, path, services=services, outline=found)


def _text(data: bytes) -> str:
    return data.decode(encoding_of(data), "replace")


def _named_values(text: str) -> dict[str, str]:
    """The last value of each name that describes a thread; messages have no such names."""
    found: dict[str, str] = {}
    for name, quoted in _TITLE.findall(text):
        try:
            found[name] = json.loads(quoted, strict=False)
        except ValueError:
            continue  # cut in an escape: the other end of the file may have it whole
    return found


def _without_number(title: str) -> str:
    """The title without the number that encrypted exports add: "Ada Lovelace_15"."""
    return re.sub(r"_\d+$", "", repaired(title))


def _share_titles(parts: list[Part], context: Context) -> None:
    """Give truncated files, which lost their title, that of other files of their thread."""
    folder = {part.member.name: str(PurePosixPath(part.member.name).parent) for part in parts}
    titles = {folder[part.member.name]: part.title for part in parts if not part.cut}
    for part in parts:
        if part.cut:
            name = PurePosixPath(part.member.where).parent.name
            part.title = titles.get(folder[part.member.name]) or re.sub(r"_[^_]+$", "", name)
            context.report.note(
                f'{part.member.label} lacks its title; the thread is called "{part.title}".'
            )


def _settle_services(parts: list[Part], context: Context, wanted_service: str) -> None:
    """Set the service of each file: by its path, else by all files of its export."""
    open_: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        part.service = wanted_service or part.service or service_of_place(part.member.where)
        if not part.service:
            open_[part.root].append(part)
    beside = {part.service for part in parts if part.service}
    for root, some in open_.items():
        services: set[str] = set().union(*(part.services for part in some)) or beside
        label = some[0].member.label if len(some) == 1 else (root if root != "." else "the export")
        service = resolved_service(services, label, context.report)
        for part in some:
            part.service = service
