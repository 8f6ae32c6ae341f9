"""Signal: Signal Desktop's plaintext export, files of signal-export and signalbackup-tools."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dedup import OverlapFilter, raise_counts
from chatmimic.importers.signal.backup import read_backup
from chatmimic.importers.signal.signal_export import is_markdown, read_markdown, read_records
from chatmimic.importers.signal.signalbackup_tools import is_text, read_text
from chatmimic.importers.streams import Member
from chatmimic.records import Message

_BACKUP = re.compile(r'\s*\{\s*"(?:version|backupTimeMs|account|recipient|chat|chatItem)"\s*:')
_FRAME = re.compile(r'(?<!\\)"(?:backupTimeMs|chatItem)"\s*:')
_RECORD = [
    re.compile(rf'(?<!\\)"{name}"\s*:') for name in ("date", "sender", "body", "quote", "sticker")
]

_SHAPES = {
    "backup": "Signal Desktop",
    "json": "JSON of signal-export",
    "markdown": "Markdown of signal-export",
    "text": "text of signalbackup-tools",
}


class Signal(Importer):
    """Reads `main.jsonl`, `<chat>/chat.md`, `<chat>/data.json` and text files.

    And the text of signalbackup-tools, `<chat> (_id<number>).txt`.
    """

    name = "signal"
    title = "Signal"
    description = (
        "Signal Desktop's plaintext export (main.jsonl), the folders of signal-export, "
        "the text of signalbackup-tools"
    )

    def knows(self, head: Head) -> bool:
        """Whether it is JSON lines of either program, `[time] Name: text` or `[time] <Name>`."""
        if head.first == "{":
            line = head.text.lstrip("\ufeff \r\n\t").partition("\n")[0]
            backup = _BACKUP.match(line) and _FRAME.search(head.text)
            return bool(backup) or all(name.search(line) for name in _RECORD)
        return head.first == "[" and (is_markdown(head.text) or is_text(head.text))

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all files; messages in both JSON and Markdown are yielded once."""
        folders: dict[str, list[tuple[str, Member]]] = defaultdict(list)
        overlap, alone = OverlapFilter(context.report), len(members) == 1
        for member in members:
            shape = _shape(member, context)
            context.report.variants[_SHAPES[shape]] += 1
            if shape == "backup":
                yield from read_backup(member, context)
            elif shape == "text":
                texts = read_text(member, context)
                yield from texts if alone else overlap.new_of(texts)
            else:
                folders[str(PurePosixPath(member.name).parent)].append((shape, member))
        for files in folders.values():
            yield from _read_chat(sorted(files, key=lambda file: file[0]), context)


def _shape(member: Member, context: Context) -> str:
    text = context.source.head(member).decode("utf-8", "replace").lstrip("\ufeff \r\n\t")
    if _BACKUP.match(text):
        return "backup"
    if text.startswith("{"):
        return "json"
    return "text" if is_text(text) else "markdown"  # in order of what they tell


def _read_chat(files: Sequence[tuple[str, Member]], context: Context) -> Iterator[Message]:
    """Read the files of one folder: each may have messages that the others lack."""
    before: Counter[int] = Counter()
    for shape, member in files:
        here: Counter[int] = Counter()
        read = read_records if shape == "json" else read_markdown
        for message in read(member, context):
            key = _key(message)
            here[key] += 1
            if here[key] > before[key]:
                yield message
            else:
                context.report.leave_out("duplicate", message.source)
        raise_counts(here, before)


def _key(message: Message) -> int:
    """The key to compare messages by: Markdown lacks fractions of seconds and layout."""
    second = None if message.sent_at is None else message.sent_at // 1000
    return hash((second, message.sender, message.kind, "".join(message.text.split())))
