"""Archives in archives and in folders: read within limits, and what is not opened is said."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from chatmimic.errors import DamagedExport, ExportError, UnknownFormat, UnsafeExport
from chatmimic.importers import ImportOptions, ImportReport, nested, packed, read_exports, streams
from chatmimic.records import Message

CHAT = "[01.05.24, 12:00:00] {0}: {1}\n[01.05.24, 12:01:00] Ada: {1}, really\n"
BOB = CHAT.format("Bob", "tea").encode()
TOVE = CHAT.format("Tove", "coffee").encode()
NILS = CHAT.format("Nils", "cocoa").encode()


def read(path: Path, **options: object) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    options.setdefault("tz", "UTC")
    return list(read_exports(path, ImportOptions(**options), report)), report  # type: ignore[arg-type]


def unopened(report: ImportReport) -> str:
    """The one note on what was not opened."""
    return " ".join(note for note in report.notes if "not opened" in note)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


PACKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "ZIP": lambda files: zipped(files, zipfile.ZIP_STORED),
    "tar": tarred,
    "tar.gz": lambda files: tarred(files, "w:gz"),
    "tgz": lambda files: tarred(files, "w:gz"),
    "tar.xz": lambda files: tarred(files, "w:xz"),
    "tar.bz2": lambda files: tarred(files, "w:bz2"),
}


@pytest.mark.parametrize("inner", PACKERS)
@pytest.mark.parametrize("outer", [*PACKERS, "folder"])
def test_chats_in_an_archive_within(outer: str, inner: str, tmp_path: Path) -> None:
    files = {
        "WhatsApp Chat - Bob.txt": BOB,
        f"phone/WhatsApp Chat - Tove.{inner}": PACKERS[inner]({"_chat.txt": TOVE}),
    }
    path = tmp_path / f"all.{outer}"
    if outer == "folder":
        (path / "phone").mkdir(parents=True)
        for name, data in files.items():
            (path / name).write_bytes(data)
    else:
        path.write_bytes(PACKERS[outer](files))
    messages, report = read(path)
    assert {(m.thread_title, m.sender) for m in messages} == {
        ("Bob", "Bob"), ("Bob", "Ada"), ("Tove", "Tove"), ("Tove", "Ada"),
    }  # fmt: skip
    assert report.kept == 4
    assert report.bytes_read == report.bytes_total
    inside = f"phone/WhatsApp Chat - Tove.{inner}/_chat.txt:1"
    assert inside in [m.source for m in messages]
    assert not unopened(report)


def test_a_file_that_is_packed_by_itself_within_an_archive(tmp_path: Path) -> None:
    files = {"WhatsApp Chat - Bob.txt.gz": gzip.compress(BOB), "b.zip": zipped({"b.txt": TOVE})}
    for name, pack in PACKERS.items():
        path = tmp_path / f"all.{name}"
        path.write_bytes(pack(files))
        messages, report = read(path)
        assert len(messages) == 4
        assert report.bytes_read == report.bytes_total


def test_three_archives_deep_and_no_more(tmp_path: Path) -> None:
    data = zipped({"WhatsApp Chat - Nils.txt": NILS})
    for depth, name in enumerate("cba"):
        beside = {"WhatsApp Chat - Bob.txt": BOB} if depth == 2 else {}
        data = zipped({f"{name}.zip": data, **beside})
        (tmp_path / f"{depth}.zip").write_bytes(data)
    assert len(read(tmp_path / "1.zip")[0]) == 2
    messages, report = read(tmp_path / "2.zip")
    assert {m.thread_title for m in messages} == {"Bob"}
    assert unopened(report) == (
        "1 archive was not opened: a.zip/b.zip/c.zip (more than 3 archives deep). "
        "If there are chats in it, unpack it and import the contents."
    )


def encrypted(files: dict[str, bytes]) -> bytes:
    data = bytearray(zipped(files))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def overlapping(files: dict[str, bytes]) -> bytes:
    data = bytearray(zipped({"one": b"x" * 1000, "two": b"x" * 1000}))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<I", data, second + 42, 0)
    return bytes(data)


SEVEN = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(range(200))
UNOPENED: dict[str, tuple[str, bytes, str]] = {
    "7z": ("old.7z", SEVEN, "7-Zip"),
    "rar": ("old.rar", b"Rar!\x1a\x07\x01\x00" + bytes(range(200)), "RAR"),
    "zst": ("old.tar.zst", b"\x28\xb5\x2f\xfd" + bytes(range(200)), "Zstandard"),
    "renamed 7z": ("old.bak", SEVEN, "7-Zip"),
    "renamed zip": ("old.bak", zipped({"a.txt": NILS}), "a zip by another name"),
    "crypt": ("msgstore.db.crypt14", bytes(range(200)), "encrypted"),
    "pgp": ("old.txt.gpg", bytes(range(200)), "encrypted"),
    "encrypted": ("old.zip", encrypted({"a.txt": NILS}), "encrypted"),
    "overlap": ("old.zip", overlapping({}), "has entries that overlap"),
    "outside": (
        "old.zip", zipped({"../a": b""}), 'holds a file named "../a", which points outside it'
    ),
    "bomb": (
        "old.zip", zipped({"a.txt": bytes(65 << 20)}),
        "a.txt expands more than 200:1, like a zip bomb",
    ),
    "packed bomb": (
        "old.tar.gz", tarred({"a.txt": bytes(65 << 20)}, "w:gz"),
        "expands more than 200:1, like a zip bomb",
    ),
}  # fmt: skip


@pytest.mark.parametrize("outer", ["zip", "tar", "folder"])
@pytest.mark.parametrize("case", UNOPENED)
def test_what_is_not_opened_is_said_and_the_rest_is_read(
    case: str, outer: str, tmp_path: Path
) -> None:
    name, data, why = UNOPENED[case]
    path = tmp_path / "all"
    if outer == "folder":
        (path / "phone").mkdir(parents=True)
        (path / "phone" / name).write_bytes(data)
        (path / "WhatsApp Chat - Bob.txt").write_bytes(BOB)
    else:
        path.write_bytes(PACKERS[outer]({f"phone/{name}": data, "WhatsApp Chat - Bob.txt": BOB}))
    messages, report = read(path)
    assert len(messages) == 2
    assert unopened(report) == (
        f"1 archive was not opened: phone/{name} ({why}). "
        "If there are chats in it, unpack it and import the contents."
    )


def test_nothing_but_what_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "old.7z").write_bytes(SEVEN)
    with pytest.raises(UnknownFormat) as caught:
        read(tmp_path / "old.7z")
    assert str(caught.value) == (
        "No known chat export was found in old.7z. 1 archive was not opened: "
        "old.7z (7-Zip). If there are chats in it, unpack it and import the contents."
    )
    (tmp_path / "all.zip").write_bytes(zipped({"in.zip": encrypted({"a.txt": NILS})}))
    with pytest.raises(UnknownFormat, match=r"in\.zip \(encrypted\)"):
        read(tmp_path / "all.zip")


def test_many_that_are_not_opened_are_one_note(tmp_path: Path) -> None:
    files = {f"{n:02}.rar": b"Rar!\x1a\x07\x00" + bytes(90) for n in range(12)}
    (tmp_path / "all.zip").write_bytes(zipped({"WhatsApp Chat - Bob.txt": BOB, **files}))
    note = unopened(read(tmp_path / "all.zip")[1])
    assert note.startswith("12 archives were not opened: 00.rar (RAR), 01.rar (RAR), ")
    assert "09.rar (RAR), …. If there are chats in them, unpack them" in note


def test_a_damaged_archive_within_is_refused_unless_allowed(tmp_path: Path) -> None:
    whole = zipped({"a.txt": NILS})
    path = tmp_path / "all.zip"
    path.write_bytes(zipped({"WhatsApp Chat - Bob.txt": BOB, "in/old.zip": whole[:-30]}))
    with pytest.raises(DamagedExport, match=r"in/old\.zip is damaged"):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert len(messages) == 2
    assert "in/old.zip (is damaged: " in unopened(report)


def test_what_is_only_called_an_archive_is_looked_at_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(zipped({"chat.zip": BOB, "b.tar.gz": gzip.compress(TOVE)}))
    assert len(read(path)[0]) == 4


def test_the_ratio_is_that_of_all_layers_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """100:1 by itself, and 200:1 within an archive that was packed to half: only a bomb is so."""
    monkeypatch.setattr(streams, "RATIO_FROM", 1 << 16)
    inner = io.BytesIO(zipped({"a.txt": random.Random(1).randbytes(1000) + bytes(110_000)}))
    with ExitStack() as stack:
        assert packed.zip_members(inner, packed.Place("in.zip", "", "", 1.0, True), stack)[0]
        with pytest.raises(UnsafeExport, match="200:1"):
            packed.zip_members(inner, packed.Place("in.zip", "", "", 0.4, True), stack)


def test_limits_hold_for_all_archives_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "all.zip"
    some = {f"{n}.txt": b"" for n in range(6)}
    files = {"WhatsApp Chat - Bob.txt": BOB, "a.zip": zipped(some), "b.zip": zipped(some)}
    path.write_bytes(zipped(files))
    monkeypatch.setattr(packed, "MAX_MEMBERS", 12)
    messages, report = read(path)
    assert len(messages) == 2
    assert "(holds more than 12 files)" in unopened(report)
    monkeypatch.undo()
    monkeypatch.setattr(nested, "MAX_KEPT", 1000)
    note = unopened(read(path)[1])
    assert "expand to over 0 GiB" in note
    monkeypatch.undo()
    assert not unopened(read(path)[1])


def test_an_archive_that_holds_itself_comes_to_an_end(tmp_path: Path) -> None:
    """As a quine would: at each depth four copies of what is in it."""
    data = zipped({"a.txt": NILS})
    for _ in range(5):
        data = zipped({f"{n}.zip": data for n in range(4)})
    (tmp_path / "q.zip").write_bytes(data)
    with pytest.raises(UnknownFormat, match="64 archives were not opened: .*3 archives deep"):
        read(tmp_path / "q.zip")


def test_copies_have_no_name_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "IN_MEMORY", 10)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    path = tmp_path / "all.zip"
    path.write_bytes(
        zipped({"a.zip": zipped({"a.txt": BOB}), "b.tgz": tarred({"b": TOVE}, "w:gz")})
    )
    messages = read_exports(path, ImportOptions(tz="UTC"), ImportReport())
    next(messages)
    assert not list(scratch.iterdir()) or packed.os.name == "nt"
    assert len(list(messages)) == 3
    assert not list(scratch.iterdir())


def test_every_cut_of_an_archive_within_is_read_or_said(tmp_path: Path) -> None:
    inner = zipped({"WhatsApp Chat - Tove.txt": TOVE, "b.tgz": tarred({"b.txt": NILS}, "w:gz")})
    path = tmp_path / "all.zip"
    for cut in range(0, len(inner), 9):
        for name in ("in.zip", "in.tar.gz", "in.tar"):
            path.write_bytes(zipped({"WhatsApp Chat - Bob.txt": BOB, name: inner[:cut]}))
            with suppress(ExportError):
                assert read(path)[0]


def test_what_the_user_named_is_still_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(encrypted({"a.txt": NILS}))
    with pytest.raises(UnsafeExport, match="is encrypted"):
        read(tmp_path / "x.zip")
