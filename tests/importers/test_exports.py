"""Every file or folder in `exports/` is a test: beside it, `NAME.expected` says what it holds.

After looking at a new one: `UPDATE_EXPORTS=1 pytest tests/importers/test_exports.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Message

EXPORTS = Path(__file__).parent / "exports"
CASES = sorted(p for p in EXPORTS.iterdir() if p.suffix != ".expected")


def line(message: Message) -> str:
    at = "-"
    if message.sent_at is not None:
        moment = datetime.fromtimestamp(message.sent_at / 1000, UTC)
        at = moment.isoformat(timespec="milliseconds").removesuffix("+00:00")
    more = [f"key={message.sender_key}"] if message.sender_key != message.sender else []
    more += [f"id={message.message_id}"] if message.message_id else []
    more += [f"re={message.reply_to}"] if message.reply_to else []
    more += ["bot"] if message.is_bot else []
    more += [f"{r.emoji}{r.sender}" for r in message.reactions]
    parts = [at, message.service, message.thread, message.kind.value, message.sender, message.text]
    return " | ".join([*(repr(p) if "\n" in p or "\t" in p else p for p in parts), *more])


def told(path: Path, options: ImportOptions | None = None) -> list[str]:
    """What an export holds and what its report says, as lines."""
    report = ImportReport()
    said = [line(m) for m in read_exports(path, options or ImportOptions(), report)]
    assert report.bytes_read == report.bytes_total
    assert report.records >= len(said)
    counts = [f"variant {n} {shape}" for shape, n in sorted(report.variants.items())]
    counts += [f"kept {report.kept}"]
    counts += [
        f"left out {n} {reason}, first at {report.examples[reason]}"
        for reason, n in sorted(report.left_out.items())
    ]
    counts += [f"mended {n} {what}" for what, n in sorted(report.repairs.items())]
    return [f"# {report.format}", *said, *(f"# {c}" for c in counts + report.notes)]


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.name)
def test_export(path: Path) -> None:
    expected = path.with_name(path.name + ".expected")
    lines = told(path)
    if os.environ.get("UPDATE_EXPORTS"):
        expected.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == expected.read_text(encoding="utf-8").split("\n")[:-1]


@pytest.mark.parametrize("packing", ["zip", "tar", "tar.gz", "tar.xz"])
@pytest.mark.parametrize("path", [p for p in CASES if p.is_dir()], ids=lambda p: p.name)
def test_packed_export_is_the_same(path: Path, packing: str, tmp_path: Path) -> None:
    packed = tmp_path / f"export.{packing}"
    files = sorted(p for p in path.rglob("*") if p.is_file())
    if packing == "zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(path))
    else:
        mode = {"tar": "w", "tar.gz": "w:gz", "tar.xz": "w:xz"}[packing]
        with tarfile.open(packed, mode) as archive:
            for file in files:
                archive.add(file, f"./{file.relative_to(path)}")
    assert told(packed) == told(path)


def test_several_zips_in_a_folder_are_one_export(tmp_path: Path) -> None:
    root = EXPORTS / "messenger-2025"
    files = sorted(p for p in root.rglob("*") if p.is_file())
    for number, file in enumerate(files, 1):
        with zipfile.ZipFile(tmp_path / f"facebook-{number}.zip", "w") as archive:
            archive.write(file, file.relative_to(root))
    # Which of several files is met first is the zips' affair, and a path tells its zip.
    apart, together = (
        [re.sub(r"facebook-\d\.zip/", "", line.split(", first at ")[0]) for line in told(path)]
        for path in (tmp_path, root)
    )
    assert sorted(apart) == sorted(together)


def test_a_folder_of_many_services_is_read_whole(tmp_path: Path) -> None:
    for name in ("discord-guild.json", "irssi-#engines.log"):
        (tmp_path / name).write_bytes((EXPORTS / name).read_bytes())
    lines = told(tmp_path)
    assert lines[0] == "# Discord, IRC log"
    assert sum(" | irc | " in line for line in lines) == 13
    assert sum(" | discord | " in line for line in lines) == 10


def test_text_files_nobody_knows_are_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "discord-guild.json").write_bytes((EXPORTS / "discord-guild.json").read_bytes())
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (tmp_path / name).write_text("Dear diary")
    (tmp_path / "e.png").write_bytes(b"\x89PNG")
    notes = told(tmp_path)[-1]
    assert notes == "# 4 other files are no chat known here and left out (a.txt, b.txt, c.txt, …)."


@pytest.mark.parametrize("name", ["WhatsApp Chat with Ada.txt", "#a.log", "messages.json"])
def test_the_bar_moves_while_a_file_is_looked_through_before_it_is_read(
    name: str, tmp_path: Path
) -> None:
    """IRC's logs, WhatsApp's dates and Matrix' rooms show only as a whole how they are meant."""
    shapes = {
        "W": "1/2/24, 10:05 - Ada: {}\n" * 9000,
        "#": "[10:05] <ada> <bo> {}\n" * 9000,
        "m": json.dumps(
            {"room_name": "a", "export_date": "x", "messages": [MATRIX] * 900}, indent=1
        ),
    }
    (tmp_path / name).write_text(shapes[name[0]].replace("{}", "word " * 20))
    report = ImportReport()
    messages = read_exports(tmp_path / name, ImportOptions(), report)
    next(messages)
    size = (tmp_path / name).stat().st_size
    assert report.bytes_read >= size
    assert report.bytes_total == 2 * size
    assert len(list(messages)) > 800
    assert report.bytes_read == report.bytes_total


MATRIX = {
    "type": "m.room.message",
    "sender": "@ada:example.org",
    "origin_server_ts": 1_700_000_000_000,
    "content": {"msgtype": "m.text", "body": "word " * 20},
}


MANY_COPIES = [
    "imessage-exporter-+15550100.html", "imessage-exporter-Engines - 12.txt", "skype-messages.json",
    "snapchat-2021.json", "snapchat-mydata", "twitter-archive", "viber-csv", "wechat-pages",
]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", MANY_COPIES)
def test_an_export_that_lies_there_twice_is_kept_once(
    name: str, packed: bool, tmp_path: Path
) -> None:
    """Beside pictures, and the second time in a zip or in another folder."""
    once = kept(EXPORTS / name)
    for folder in ("a", "b"):
        copy = tmp_path / "all" / folder / name
        copy.parent.mkdir(parents=True)
        copied = shutil.copytree if (EXPORTS / name).is_dir() else shutil.copyfile
        copied(EXPORTS / name, copy)
        (copy.parent / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 no text")
    if packed:
        with zipfile.ZipFile(tmp_path / "all" / "b.zip", "w") as archive:
            for file in sorted(p for p in (tmp_path / "all" / "b").rglob("*") if p.is_file()):
                archive.write(file, file.relative_to(tmp_path / "all" / "b"))
        shutil.rmtree(tmp_path / "all" / "b")
    report = ImportReport()
    both = [m for m in read_exports(tmp_path / "all", ImportOptions(), report) if m.kind.has_words]
    assert sorted(map(line, both)) == sorted(map(line, once))
    assert report.left_out["duplicate"] >= len(once)


def kept(path: Path) -> list[Message]:
    return [m for m in read_exports(path, ImportOptions(), ImportReport()) if m.kind.has_words]
