"""iMessage: rows of every kind, old and live databases, and files made to hurt."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from chat_dbs import CHATS, OLD_SCHEMA, SCHEMA, ZERO, chat_db, typedstream
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importing import read

from chatmimic.errors import DamagedExport, ExportError, UnknownFormat, UnsafeExport
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.imessage.typedstream import text_of
from chatmimic.importers.parsing import sqlite_copies as copies
from chatmimic.importers.parsing.tapbacks import is_text_tapback
from chatmimic.records import Kind, Reaction

AT = 725_000_000  # seconds since 2001
NANO = 10**9
FROM_ADA: dict[str, Any] = {"handle_id": 2, "date": AT * NANO}
MINE: dict[str, Any] = {"is_from_me": 1, "date": AT * NANO}
QUIET = settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def said(path: Path) -> list[tuple[str, str, str]]:
    return [(m.thread, m.sender, m.text) for m in read(path)[0]]


KINDS: list[tuple[dict[str, Any], Kind, str]] = [
    ({"text": "hello"}, Kind.TEXT, "hello"),
    ({"attributedBody": typedstream("typed ☎")}, Kind.TEXT, "typed ☎"),
    ({"text": "", "attributedBody": typedstream("x" * 200)}, Kind.TEXT, "x" * 200),
    ({"attributedBody": b"streamtyped, and cut"}, Kind.OTHER, ""),
    ({"text": "\ufffc", "cache_has_attachments": 1}, Kind.MEDIA, ""),
    ({"text": "\ufffcLook at \ufffcthis", "cache_has_attachments": 1}, Kind.TEXT, "Look at this"),
    ({"cache_has_attachments": 1}, Kind.MEDIA, ""),
    ({"text": "Loved “hello”"}, Kind.SYSTEM, "Loved “hello”"),
    ({"text": "Loved it"}, Kind.TEXT, "Loved it"),
    ({"item_type": 2, "group_title": "Engines"}, Kind.SYSTEM, "Engines"),
    ({"item_type": 1}, Kind.SYSTEM, ""),
    ({"text": "driving", "is_auto_reply": 1}, Kind.SYSTEM, "driving"),
    ({"date_retracted": AT * NANO}, Kind.DELETED, ""),
    ({"date_edited": AT * NANO}, Kind.DELETED, ""),
    ({"text": "mended", "date_edited": AT * NANO}, Kind.TEXT, "mended"),
    ({"text": "passed on", "is_forward": 1}, Kind.FORWARDED, "passed on"),
    ({"text": "in the bin", "binned": True}, Kind.DELETED, "in the bin"),
    (
        {"text": "https://a.example", "balloon_bundle_id": "com.apple.messages.URLBalloonProvider"},
        Kind.TEXT,
        "https://a.example",
    ),
    ({"text": "8 Ball", "balloon_bundle_id": "com.example.pool"}, Kind.MEDIA, "8 Ball"),
    ({"associated_message_type": 1000, "text": "\ufffc"}, Kind.MEDIA, ""),
    ({}, Kind.OTHER, ""),  # nothing was said: "empty"
]


def test_every_kind_of_row(tmp_path: Path) -> None:
    path = chat_db(tmp_path / "chat.db", [{**FROM_ADA, **row} for row, _, _ in KINDS])
    messages, report = read(path)
    assert [(m.kind, m.text) for m in messages] == [(kind, text) for _, kind, text in KINDS]
    assert {m.sender for m in messages} == {"ada@example.org"}
    assert {m.sent_at for m in messages} == {(ZERO + AT) * 1000}
    assert report.left_out["empty"] == 1
    assert report.records == len(KINDS)
    assert report.bytes_read == report.bytes_total == path.stat().st_size


def test_people_threads_and_replies(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "handle_id": 1, "date": AT * NANO, "chat": 1},
        {"text": "b", "handle_id": 3, "date": AT * NANO, "chat": 2},  # the same person by SMS
        {"text": "c", **MINE, "chat": 3, "thread_originator_guid": "G1"},
        {"text": "d", **FROM_ADA, "chat": 4},
        {"text": "e", "handle_id": 0, "date": AT * NANO, "chat": 1},
        {"text": "f", **FROM_ADA, "chat": 0},
        {"text": "g", "handle_id": 99, "date": AT * NANO, "chat": 3},
    ]
    messages, report = read(chat_db(tmp_path / "chat.db", rows))
    assert [(m.thread, m.thread_title, m.sender) for m in messages] == [
        ("+15550100", "+15550100", "+15550100"),
        ("+15550100", "+15550100", "+15550100"),
        ("chat7", "Engines", "Me"),
        ("chat8", "+15550100, ada@example.org", "ada@example.org"),
        ("+15550100", "+15550100", "+15550100"),
        ("ada@example.org", "ada@example.org", "ada@example.org"),
        ("chat7", "Engines", ""),
    ]
    assert messages[2].reply_to == messages[0].message_id == "G1"
    assert report.left_out == {"no sender": 1}
    assert any("people merge" in note for note in report.notes)


def tapback(kind: int, target: str = "p:0/G1", **row: Any) -> dict[str, Any]:
    about = {"associated_message_type": kind, "associated_message_guid": target}
    return {**FROM_ADA, "text": "Loved “x”", **about, **row}


TAPBACKS: list[tuple[list[dict[str, Any]], set[tuple[str, str]]]] = [
    ([tapback(2000)], {("❤️", "ada@example.org")}),
    ([tapback(2001, "bp:G1")], {("👍", "ada@example.org")}),
    ([tapback(2005, "G1", is_from_me=1)], {("❓", "Me")}),
    ([tapback(2000), tapback(3000)], set()),
    ([tapback(2000), tapback(2003)], {("😂", "ada@example.org")}),
    ([tapback(2000), tapback(2003, "p:1/G1")], {(e, "ada@example.org") for e in ("❤️", "😂")}),
    ([tapback(2006, associated_message_emoji="🦆")], {("🦆", "ada@example.org")}),
    ([tapback(2002, "p:0/gone")], set()),
]


@pytest.mark.parametrize(("rows", "expected"), TAPBACKS)
def test_tapbacks_belong_to_their_target(
    rows: list[dict[str, Any]], expected: set[tuple[str, str]], tmp_path: Path
) -> None:
    path = chat_db(tmp_path / "chat.db", [{**FROM_ADA, "text": "hello"}, *rows])
    messages, report = read(path)
    assert [m.text for m in messages] == ["hello"]
    assert set(messages[0].reactions) == {Reaction(emoji, who) for emoji, who in expected}
    assert report.left_out == {"reaction": len(rows)}


def test_tapbacks_may_stand_before_their_target(tmp_path: Path) -> None:
    rows = [tapback(2000, "p:0/G2"), {**MINE, "text": "late"}]
    (message,) = read(chat_db(tmp_path / "chat.db", rows))[0]
    assert message.reactions == (Reaction("❤️", "ada@example.org"),)


TOLD = {
    "Loved “hello”": True,
    "Laughed at an image": True,
    "Removed a heart from “hello”": True,
    "Reacted 🦆 to “a\nb”": True,
    "👍 to “\u200ahello\u200a”": True,
    "Removed 🦆 from “x”": True,
    'Loved "hello"': False,
    "Loved “hello” so much": False,
    "Liked an image of yours": False,
    "hi to “you”": False,
    "": False,
}


@pytest.mark.parametrize("text", TOLD)
def test_reactions_told_in_words(text: str) -> None:
    assert is_text_tapback(text) is TOLD[text]


@pytest.mark.parametrize("length", [1, 127, 128, 255, 256, 65_535, 65_536, 70_000])
def test_archived_texts_of_any_length(length: int) -> None:
    assert text_of(typedstream("x" * length)) == "x" * length
    assert text_of(typedstream("é" * length, b"NSMutableAttributedString")) == "é" * length
    assert text_of(typedstream("x" * length)[: length // 2]) is None


# --- versions of the file, and where it lies ---


def test_old_databases_lack_columns_and_count_seconds(tmp_path: Path) -> None:
    rows = [
        {"text": "old", "handle_id": 2, "date": AT},
        {"text": "mine", "is_from_me": 1, "date": 0},
    ]
    messages, report = read(chat_db(tmp_path / "chat.db", rows, OLD_SCHEMA))
    assert [(m.text, m.sender, m.sent_at) for m in messages] == [
        ("old", "ada@example.org", (ZERO + AT) * 1000),
        ("mine", "Me", None),
    ]
    assert any("time before 1988" in note for note in report.notes)


def test_a_list_of_tables_that_lies_anywhere_is_found(tmp_path: Path) -> None:
    """A database that has grown over the years keeps its list of tables on many pages."""
    many = "".join(f"CREATE TABLE t{n} (c{'x' * 200} TEXT);\n" for n in range(500))
    path = chat_db(tmp_path / "chat.db", [{**FROM_ADA, "text": "found"}], before=many)
    assert b"chat_message_join" not in path.read_bytes()[: 64 << 10]
    assert said(path) == [("+15550100", "ada@example.org", "found")]


def test_what_waits_in_the_log_beside_the_file_is_read(tmp_path: Path) -> None:
    path = chat_db(tmp_path / "chat.db", [{**FROM_ADA, "text": "first"}])
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("INSERT INTO message (guid, text, handle_id, date) VALUES ('W', 'new', 2, 1)")
        db.commit()
        for number, source in enumerate((path, path.parent, zipped(path), tarred(path))):
            beside = len(list(tmp_path.iterdir()))
            assert [text for _, _, text in said(source)][-2:] == ["first", "new"], number
            assert len(list(tmp_path.iterdir())) == beside


def zipped(path: Path) -> Path:
    packed = path.parent.parent / f"{path.parent.name}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.parent.iterdir()):
            archive.write(file, f"Messages/{file.name}")
    return packed


def tarred(path: Path) -> Path:
    packed = path.parent.parent / f"{path.parent.name}.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(path.parent, "Messages")
    return packed


def test_the_file_is_not_touched_and_no_copy_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies_in = tmp_path / "tmp"
    copies_in.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies_in))
    (tmp_path / "Messages").mkdir()
    path = chat_db(tmp_path / "Messages" / "chat.db", [{**FROM_ADA, "text": "x"}])
    before = path.read_bytes()
    path.chmod(0o400)
    os.utime(path, (1, 1))
    messages = read_exports(path, ImportOptions(), ImportReport())
    assert next(messages).sender == "ada@example.org"
    (folder,) = copies_in.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in folder.iterdir())
    messages.close()  # type: ignore[attr-defined]
    assert not list(copies_in.iterdir())
    assert path.read_bytes() == before
    assert path.stat().st_mtime == 1
    assert [file.name for file in path.parent.iterdir()] == ["chat.db"]


def test_two_copies_of_one_history_are_read_once(tmp_path: Path) -> None:
    path = chat_db(tmp_path / "chat.db", [{**FROM_ADA, "text": "x"}])
    shutil.copy(path, tmp_path / "3d0d7e5fb2ce288813306e4d4636395e047a3d28")  # an iPhone's backup
    (tmp_path / "IMG_1.heic").write_bytes(b"\0" * 100)
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["x"]
    assert report.left_out == {"duplicate": 1}
    assert report.format == "iMessage"


# --- what is no history of messages, or a bad one ---


def test_other_databases_are_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE message (text)")
    with pytest.raises(UnknownFormat, match=r"notes\.db is a binary file"):
        read(path)
    with pytest.raises(UnknownFormat):
        read(path, format="imessage")


def test_a_file_too_large_to_be_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = chat_db(tmp_path / "chat.db", [{**FROM_ADA, "text": "x"}])
    monkeypatch.setattr(copies, "LARGEST", 1000)
    with pytest.raises(UnsafeExport, match=r"chat\.db is larger than"):
        read(path)


def hostile(path: Path, statements: str) -> Path:
    chat_db(path, [{**FROM_ADA, "text": "x"}])
    with closing(sqlite3.connect(path)) as db:
        db.executescript(statements)
    return path


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
HOSTILE = {
    "a view without an end": f"""ALTER TABLE message RENAME TO kept;
        CREATE VIEW message AS {ENDLESS} i AS ROWID, 'g' AS guid, 't' AS text, 1 AS handle_id,
        1 AS date, 0 AS is_from_me FROM n WHERE i < 0;""",
    "a column that is computed": "ALTER TABLE handle RENAME COLUMN id TO other;"
    "ALTER TABLE handle ADD COLUMN id AS (hex(zeroblob(1 << 28)));",
    "rows without numbers": "ALTER TABLE message RENAME TO kept;"
    "CREATE TABLE message (ROWID TEXT, text TEXT); INSERT INTO message VALUES ('x', 'y');",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_database_made_to_hurt_is_refused(case: str, tmp_path: Path) -> None:
    path = hostile(tmp_path / "chat.db", HOSTILE[case])
    began = time.process_time()
    with pytest.raises(ExportError) as caught:
        read(path)
    assert caught.value.hint
    assert time.process_time() - began < 20


def test_values_of_any_type_in_any_column(tmp_path: Path) -> None:
    odd = (None, 7, -1.5, "x", b"\xff\xfe", 2**62, "")
    rows = [
        {"guid": f"g{name}{number}", "text": "t", "chat": 1, name: value}
        for name in ("text", "attributedBody", "handle_id", "date", "is_from_me", "item_type",
                     "associated_message_type", "date_retracted", "balloon_bundle_id")
        for number, value in enumerate(odd)
    ]  # fmt: skip
    path = chat_db(tmp_path / "chat.db", rows)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE chat_message_join SET message_id = 'x' WHERE message_id = 3")
        db.execute("UPDATE handle SET id = x'ff' WHERE ROWID = 2")
        db.commit()
    messages, report = read(path)
    assert report.records == len(rows)
    assert len(messages) <= len(rows)


@given(data=st.data())
@QUIET
def test_any_damage_is_one_sentence(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    path.unlink(missing_ok=True)
    chat_db(path, [{**FROM_ADA, "text": f"message {n}"} for n in range(30)])
    whole = bytearray(path.read_bytes())
    noise = random.Random(data.draw(st.integers(0, 1 << 32)))
    for _ in range(data.draw(st.integers(1, 30))):
        whole[noise.randrange(20, len(whole))] = noise.randrange(256)
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    assert all(reads_or_says_why(path, allow) for allow in (False, True))


def reads_or_says_why(path: Path, allow: bool) -> bool:
    try:
        read(path, allow_truncated=allow)
    except ExportError as error:
        return bool(error.what and error.hint)
    return True


def test_of_a_damaged_file_what_is_whole_can_be_kept(tmp_path: Path) -> None:
    path = chat_db(tmp_path / "chat.db", [{**FROM_ADA, "text": "x" * 500} for _ in range(400)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DamagedExport, match=r"chat\.db is damaged.*Quit Messages"):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert len(messages) < 400
    assert any("What follows is lost" in note for note in report.notes)


# --- any conversation ---

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=300)


@given(
    texts=st.lists(
        st.tuples(TEXTS, st.integers(0, 3), st.booleans(), st.sampled_from([1, 3, 4])), max_size=8
    )
)
@QUIET
def test_any_conversation_is_read_back(
    texts: list[tuple[str, int, bool, int]], tmp_path: Path
) -> None:
    path = tmp_path / "chat.db"
    path.unlink(missing_ok=True)
    texts = [
        t for t in texts if t[0].strip() and "\ufffc" not in t[0] and not is_text_tapback(t[0])
    ]
    names = {0: "Me", 1: "+15550100", 2: "ada@example.org", 3: "+15550100"}
    rows = [
        {
            "attributedBody" if archived else "text": typedstream(text) if archived else text,
            "handle_id": who,
            "is_from_me": int(who == 0),
            "date": (AT + number) * NANO,
            "chat": chat,
        }
        for number, (text, who, archived, chat) in enumerate(texts)
    ]
    keys = {chat[0]: chat[3] for chat in CHATS}
    assert said(chat_db(path, rows, SCHEMA)) == [
        (keys[chat], names[who], text) for text, who, _, chat in texts
    ]
