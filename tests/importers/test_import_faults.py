"""Whatever bytes are handed over: Messages, or one sentence of ours. Never anything else."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importing import read

from chatmimic.errors import DamagedExport, ExportError, UnknownFormat, UnsafeExport
from chatmimic.importers import formats, packed
from chatmimic.importers.streams import Member, Opened
from chatmimic.records import Message

EXPORTS = Path(__file__).parent / "exports"
FILES = sorted(p for p in EXPORTS.rglob("*") if p.is_file() and p.suffix != ".expected")
QUIET = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

FEWER = settings(QUIET, max_examples=25)  # for each of more than a hundred files


def fit_to_store(messages: list[Message]) -> bool:
    return all(
        "\x00" not in text and text.encode("utf-8") is not None
        for m in messages
        for text in (m.sender, m.text, m.thread, m.thread_title, m.sender_key)
    )


def reads_or_says_why(path: Path, **options: object) -> bool:
    try:
        return fit_to_store(read(path, **options)[0])
    except ExportError as error:
        return bool(error.what and error.hint)


@given(data=st.binary(max_size=400))
@QUIET
def test_any_bytes(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    assert reads_or_says_why(path)


@given(data=st.data())
@FEWER
@pytest.mark.parametrize("name", [f.name for f in FILES])
def test_any_damage_to_an_export(name: str, data: st.DataObject, tmp_path: Path) -> None:
    allow = data.draw(st.booleans())
    whole = next(f for f in FILES if f.name == name).read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 40))
    junk = data.draw(
        st.binary(max_size=8)
        | st.sampled_from([b"NaN", b"9" * 5000, b"[" * 2000, b'"\\ud800"', b"\x00", b"null", b'"'])
    )
    path = tmp_path / name
    path.write_bytes(whole[:at] + junk + whole[at + gone :])
    for format_ in (None, data.draw(st.sampled_from([f.name for f in formats()]))):
        assert reads_or_says_why(path, allow_truncated=allow, format=format_)


PACKINGS = ["zip", "tar", "tar.gz", "tar.xz", "gz", "bz2", "xz"]


@given(data=st.data())
@QUIET
@pytest.mark.parametrize("packing", PACKINGS)
def test_any_damage_to_a_packed_export(packing: str, data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / f"export.{packing}"
    plain = EXPORTS / "discord-guild.json"
    if packing == "zip":
        zip_of(path, **{"a.json": plain.read_bytes(), "b/ü.csv": b"sender,text\nada,hi\n"})
    elif packing.startswith("tar"):
        with tarfile.open(path, f"w:{packing[4:]}") as archive:  # type: ignore[call-overload]
            archive.add(plain, "a.json")
    else:
        packer = {"gz": gzip, "bz2": bz2, "xz": lzma}[packing]
        path.write_bytes(packer.compress(plain.read_bytes()))  # type: ignore[attr-defined]
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    assert reads_or_says_why(path)


WHOLE = ("message_1.json", "discord-guild.json", "telegram-chat.json", "telegram-account.json")
JSON_FILES = [f for f in FILES if f.name in WHOLE]


@pytest.mark.parametrize("file", JSON_FILES, ids=lambda f: f"{f.parent.name}-{f.name}")
def test_every_prefix_of_a_json_export_is_refused(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes().rstrip()
    path = tmp_path / file.name
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(ExportError):
            read(path)


def test_a_cut_export_says_where_and_keeps_what_is_whole_when_allowed(tmp_path: Path) -> None:
    whole = (EXPORTS / "discord-guild.json").read_bytes()
    path = tmp_path / "engines.json"
    path.write_bytes(whole[: whole.index(b"bridged words")])
    with pytest.raises(DamagedExport) as caught:
        read(path)
    assert "engines.json ends in the middle of record 6 (byte " in str(caught.value)
    assert caught.value.hint == "Nothing was imported; --allow-truncated keeps them."
    messages, report = read(path, allow_truncated=True)
    assert [m.message_id for m in messages] == ["1", "2", "3", "4", "5"]
    assert any("in the middle of record 6" in note for note in report.notes)


SENTENCES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("e.json", b"", "e.json is empty. Export the chat again."),
    "space": ("e.json", b" \n", "e.json is empty. Export the chat again."),
    "binary": (
        "b.dat",
        bytes(range(256)) * 20,
        "b.dat is a binary file, not a chat export. `chatmimic import --help` lists what can be "
        "read. --encoding NAME reads it as text anyway.",
    ),
    "page": (
        "p.html",
        b"<!DOCTYPE html><html></html>",
        "p.html is an HTML page, but not a known chat export. If the service offers it, export "
        "as JSON instead of HTML.",
    ),
    "prose": (
        "n.txt",
        b"Dear diary,\ntoday",
        'n.txt is not a known chat export; it begins with "Dear diary, today". '
        "`chatmimic import --help` lists what can be read. --columns reads any table.",
    ),
    "nul": (
        "n.bin",
        b"\0" * 100,
        "n.bin is a binary file, not a chat export. `chatmimic import --help` lists what can be "
        "read. --encoding NAME reads it as text anyway.",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_what_is_no_export_gets_one_clear_sentence(case: str, tmp_path: Path) -> None:
    name, data, sentence = SENTENCES[case]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnknownFormat) as caught:
        read(tmp_path / name)
    assert str(caught.value) == sentence


def test_folders_with_nothing_known(tmp_path: Path) -> None:
    folder = tmp_path / "stuff"
    folder.mkdir()
    with pytest.raises(UnknownFormat, match="stuff has no files"):
        read(folder)
    (folder / "a.txt").write_text("prose")
    (folder / "b.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(UnknownFormat, match=r"None of the 2 files in stuff .*a\.txt, b\.jpg"):
        read(folder)
    with pytest.raises(ExportError, match="no file or folder"):
        read(tmp_path / "absent")
    with pytest.raises(UnknownFormat, match=r'no format called "fax".*messenger'):
        read(folder, format="fax")
    with pytest.raises(UnknownFormat):
        read(folder / "a.txt", format="discord")


def test_files_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    for folder, page in (("ada_1", 3), ("bo_2", 2)):
        (tmp_path / "inbox" / folder).mkdir(parents=True)
        thread = {"messages": [{"sender_name": "Ada", "timestamp_ms": page, "content": "x"}]}
        (tmp_path / "inbox" / folder / "message_1.json").write_text(json.dumps(thread))
    _, report = read(tmp_path)
    titles = [note for note in report.notes if "lacks its title" in note]
    assert [note.partition(" lacks ")[0] for note in titles] == [
        "inbox/ada_1/message_1.json",
        "inbox/bo_2/message_1.json",
    ]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("chat.txt", "chat.txt"),
        ("a/chat.txt", "a/chat.txt"),
        ("b.zip/" + "x" * 120, "b.zip/" + "x" * 120),
        (
            "b.zip/" + "middle/" * 20 + "ada_1/chat.txt",
            "b.zip/…/" + "middle/" * 11 + "ada_1/chat.txt",
        ),
        ("b.zip/" + "x" * 120 + "/chat.txt", "b.zip/…/chat.txt"),
    ],
)
def test_what_a_sentence_calls_a_file(name: str, label: str) -> None:
    member = Member(name, f"/home/{name}", 1, lambda: Opened(io.BytesIO()))
    assert (member.label, member.base) == (label, name.rpartition("/")[2])


def test_a_huge_single_line_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    with path.open("wb") as out:
        out.write(b"sender,text\n")
        for _ in range(40):
            out.write(b"x" * (1 << 20))
    with pytest.raises(DamagedExport, match="line longer than 16 MiB"):
        read(path)


# --- archives made to hurt ---


def zip_of(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def bomb(path: Path) -> None:
    head = b'{"participants":[],"messages":[{"sender_name":"'
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("messages.json", "w", force_zip64=True) as out,
    ):
        out.write(head)
        for _ in range(300):
            out.write(bytes(1 << 20))


def named(name: str) -> Callable[[Path], None]:
    return lambda path: zip_of(path, **{name: b"{}"}) and None  # type: ignore[func-returns-value]


def twice(path: Path) -> None:
    zip_of(path, aa=b"1", ab=b"2")
    path.write_bytes(path.read_bytes().replace(b"ab", b"aa"))


def overlapping(path: Path) -> None:
    zip_of(path, a=b"x" * 1000, b=b"x" * 1000)
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<I", data, second + 42, 0)  # the second entry begins where the first does
    path.write_bytes(data)


def encrypted(path: Path) -> None:
    zip_of(path, a=b"x" * 1000)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


HURTFUL: dict[str, tuple[Callable[[Path], None], str]] = {
    "bomb": (bomb, r"messages\.json expands more than 200:1"),
    "parent": (named("../../x.json"), "points outside"),
    "absolute": (named("/etc/x"), "points outside"),
    "backslash": (named("..\\x"), "points outside"),
    "drive": (named("C:/x"), "points outside"),
    "escape": (named("../\x1b[2J"), "␛"),
    "twice": (twice, "twice"),
    "overlap": (overlapping, "overlap"),
    "encrypted": (encrypted, "is encrypted. Unlock it first"),
}


@pytest.mark.parametrize("case", HURTFUL)
def test_an_archive_made_to_hurt_is_refused(case: str, tmp_path: Path) -> None:
    make, sentence = HURTFUL[case]
    make(tmp_path / "x.zip")
    began = time.process_time()
    with pytest.raises(UnsafeExport, match=sentence):
        read(tmp_path / "x.zip")
    assert time.process_time() - began < 5
    assert [p.name for p in tmp_path.iterdir()] == ["x.zip"]


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("a/b.json", False), ("a..b/c...json", False), ("#general: tea/2024-05-01.json", False),
        ("..", True), ("a/../../b", True), ("a\\..\\b", True), ("\\\\host\\b", True), ("/", True),
        ("c:", True), ("c:\\b", True), ("", False),
    ],
)  # fmt: skip
def test_which_names_point_outside(name: str, outside: bool) -> None:
    assert packed._leads_out(name) is outside


def test_an_archive_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "MAX_MEMBERS", 3)
    zip_of(tmp_path / "x.zip", a=b"1", b=b"2", c=b"3", d=b"4")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in "abcd":
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    for path in (tmp_path / "x.zip", tmp_path / "x.tar"):
        with pytest.raises(UnsafeExport, match="holds more than 3 files"):
            read(path)


def test_a_tar_is_judged_as_a_zip_is(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../x"), io.BytesIO())
    with pytest.raises(UnsafeExport, match="points outside"):
        read(tmp_path / "x.tar.gz")
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        link = tarfile.TarInfo("passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(UnknownFormat, match="has no files"):
        read(tmp_path / "links.tar")


@pytest.mark.parametrize("packer", [gzip, bz2, lzma], ids=lambda m: m.__name__)
def test_packed_single_files_open_by_themselves(packer: object, tmp_path: Path) -> None:
    plain = EXPORTS / "columns-headless.tsv"
    packed = tmp_path / "columns-headless.tsv.packed"
    packed.write_bytes(packer.compress(plain.read_bytes()))  # type: ignore[attr-defined]
    messages, report = read(packed)
    assert [m.text for m in messages] == ["one", '"two"']
    assert report.bytes_read == report.bytes_total == packed.stat().st_size
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(DamagedExport, match="cannot be unpacked"):
        read(packed)


def test_a_packed_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.xz"
    with lzma.open(path, "wb") as out:
        out.write(b"sender,text\n")
        for _ in range(100):
            out.write(b"a," + b"b" * (1 << 20) + b"\n")
    with pytest.raises(UnsafeExport, match="200:1"):
        read(path)


def test_a_damaged_zip_is_one_sentence(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "x.zip", **{"a.csv": b"sender,text\nAda,hello\n" * 50})
    data = bytearray(path.read_bytes())
    data[40:60] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(DamagedExport):
        read(path)
    path.write_bytes(data[:100])
    with pytest.raises(DamagedExport):
        read(path)


# --- what people said, made safe ---


def test_nul_surrogates_and_controls_are_mended_and_counted(tmp_path: Path) -> None:
    rows = ["a\x00b", "lone \ud800 half", "bell \x07", "pair \ud83d\ude05", "fine"]
    path = tmp_path / "c.jsonl"
    path.write_text("".join(json.dumps({"sender": "Ada\x00", "text": r}) + "\n" for r in rows))
    messages, report = read(path)
    assert [m.text for m in messages] == [
        "a\ufffdb",
        "lone \ufffd half",
        "bell ",
        "pair 😅",
        "fine",
    ]
    assert {m.sender for m in messages} == {"Ada\ufffd"}
    assert report.repairs == {"NUL": 1, "lone surrogates": 1, "control characters": 1}


def test_a_message_longer_than_a_book_chapter_is_cut_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("sender,text\nAda," + "x" * 70_000 + "\n")
    messages, report = read(path)
    assert len(messages[0].text) == 65_536
    assert report.repairs == {"cut to 65,536 characters": 1}


def test_a_first_row_over_two_lines_is_no_fault_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "chat.csv"
    first = 'Timestamp;Author;Message;1714557600;Ada;"two\nlines";a\n'
    file.write_text(f"{first}2024-05-01 12:00;Bob;hi\n")
    assert reads_or_says_why(file, allow_truncated=False, format="columns")
