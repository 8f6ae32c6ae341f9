"""Messenger: what its own sentences are, and threads that come in two exports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.messenger.system import kind_of_sentence
from chatmimic.records import Kind, Message

EXPORTS = Path(__file__).parent / "exports"


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Ada sent an attachment.", Kind.MEDIA),
        ("You sent a photo.", Kind.MEDIA),
        ("xX_ada sent a voice message.", Kind.MEDIA),
        ("Ada sent a live location.", Kind.MEDIA),
        ("Ada named the group Engines.", Kind.SYSTEM),
        ("Ada changed the group photo.", Kind.SYSTEM),
        ("Ada changed the theme to Love.", Kind.SYSTEM),
        ("Ada set the nickname for Grace to Admiral.", Kind.SYSTEM),
        ("Grace set her own nickname to Admiral.", Kind.SYSTEM),
        ("Ada added Grace and Ivan to the group.", Kind.SYSTEM),
        ("Ada left the group.", Kind.SYSTEM),
        ("Ada removed Ivan from the group.", Kind.SYSTEM),
        ("Reacted 😆 to your message ", Kind.SYSTEM),
        ("Ada reacted 😆 to your message ", Kind.SYSTEM),
        ("Ada pinned a message.", Kind.SYSTEM),
        ("You unsent a message", Kind.DELETED),
        ("Ada started a video chat.", Kind.CALL),
        ("Ada started a call.", Kind.CALL),
        ("Ada joined the video chat.", Kind.CALL),
        ("The video chat ended.", Kind.CALL),
        ("Ada missed your call.", Kind.CALL),
        ("You missed a video call from Ada.", Kind.CALL),
        ("Ada called you.", Kind.CALL),
        ("You are now connected on Messenger.", Kind.SYSTEM),
        ("Say hi to your new Facebook friend, Ada.", Kind.SYSTEM),
        ("Ada created a poll: Lunch?", Kind.SYSTEM),
        ("Ada voted for Pizza.", Kind.SYSTEM),
        ("This poll is no longer available.", Kind.SYSTEM),
        ("Click for video", Kind.MEDIA),
        ("She left the group.", None),
        ("my boss named the group Winners.", None),
        ("he called you.", None),
        ("I sent an attachment yesterday, did you see", None),
        ("sent", None),
        ("the call ended so I left", None),
        ("Ada", None),
        ("x" * 100_000 + " called you.", None),
    ],
)
def test_english_sentences(sentence: str, kind: Kind | None) -> None:
    assert kind_of_sentence(sentence) == kind


def export(folder: Path, *messages: dict[str, Any], title: str = "Grace Hopper") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    people = [{"name": "Ada Lovelace"}, {"name": "Grace Hopper"}, {"name": "Will Power"}]
    whole = {"participants": people, "messages": list(messages), "title": title}
    path = folder / "message_1.json"
    path.write_text(json.dumps(whole | {"thread_path": f"inbox/{folder.name}"}))
    return path


def said(sender: str, text: str, at: int) -> dict[str, Any]:
    return {"sender_name": sender, "content": text, "timestamp_ms": 1_700_000_000_000 + at}


def read(path: Path) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(), report)), report


@pytest.mark.parametrize(
    ("sender", "texts", "system"),
    [
        ("Ada Lovelace", ["Ada đã gửi một tệp."] * 3, 3),
        ("Ada Lovelace", ["Ada đã gửi một tệp."] * 2, 0),
        ("Ada Lovelace", ["Bạn đã gọi cho Grace Hopper."] * 4, 4),
        ("Ada Lovelace", [f"Bạn đã gọi cho {n}." for n in ("Grace Hopper", "Will Power")] * 2, 4),
        ("Will Power", ["Will you come over?"] * 5, 0),
        ("Ada Lovelace", ["goodnight Grace"] * 5, 0),
        ("Ada Lovelace", ["ok"] * 5, 0),
    ],
)
def test_repeated_sentences_of_other_languages(
    sender: str, texts: list[str], system: int, tmp_path: Path
) -> None:
    records = [said(sender, text, at) for at, text in enumerate(texts)]
    messages, report = read(export(tmp_path / "grace_1", *records))
    assert len(messages) == len(texts)
    assert report.left_out["system"] == system
    assert report.kept == len(texts) - system


def test_what_a_type_says_is_believed(tmp_path: Path) -> None:
    records = [said("Ada Lovelace", "Ada đã gửi.", n) | {"type": "Generic"} for n in range(4)]
    assert read(export(tmp_path / "grace_1", *records))[1].kept == 4


def test_parts_are_read_as_one_thread_however_they_are_numbered(tmp_path: Path) -> None:
    path = export(tmp_path / "grace_1", said("Ada Lovelace", "newest", 9))
    for number in (2, 10):
        export(tmp_path / "grace_1", said("Ada Lovelace", f"part {number}", 9 - number)).rename(
            path.with_name(f"message_{number}.json")
        )
    export(tmp_path / "grace_1", said("Ada Lovelace", "newest", 9))
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["part 10", "part 2", "newest"]
    assert {m.thread for m in messages} == {"Grace Hopper"}
    assert report.repairs == {}


def test_two_exports_in_one_folder_give_each_message_once(tmp_path: Path) -> None:
    old = [said("Ada Lovelace", "hi", 1), said("Ada Lovelace", "hi", 1)]
    export(tmp_path / "2023/messages/inbox/grace_1", *old)
    export(tmp_path / "2024/messages/inbox/grace_1", *old, said("Grace Hopper", "new", 2))
    messages, report = read(tmp_path)
    assert sorted(m.text for m in messages) == ["hi", "hi", "new"]
    assert report.left_out == {"duplicate": 2}


def test_threads_without_a_title_of_their_own_stay_apart(tmp_path: Path) -> None:
    export(tmp_path / "a_1", said("Facebook user", "x", 1), title="Facebook user")
    export(tmp_path / "b_2", said("Facebook user", "y", 1), title="Facebook user")
    messages, _ = read(tmp_path)
    assert {m.thread for m in messages} == {"inbox/a_1", "inbox/b_2"}
    assert len({m.sender_key for m in messages}) == 2


def test_threads_of_one_title_are_said_to_be_read_as_one(tmp_path: Path) -> None:
    export(tmp_path / "a_1", said("Ada Lovelace", "x", 1))
    export(tmp_path / "b_2", said("Ada Lovelace", "y", 1))
    _, report = read(tmp_path)
    assert any('2 threads are titled "Grace Hopper"' in note for note in report.notes)


def test_both_exports_of_a_thread_have_one_key_wherever_they_are_read(tmp_path: Path) -> None:
    dyi, _ = read(EXPORTS / "messenger-both/dyi")
    encrypted, _ = read(EXPORTS / "messenger-both/e2ee")
    shared = {(m.service, m.thread, m.sent_at, m.sender, m.text) for m in dyi}
    shared &= {(m.service, m.thread, m.sent_at, m.sender, m.text) for m in encrypted}
    assert [key[-1] for key in shared] == ["café?"]
    alone = tmp_path / "message_1.json"
    shutil.copy(EXPORTS / "messenger-both/dyi/messages/inbox/grace_7/message_1.json", alone)
    assert [m.thread for m in read(alone)[0]] == ["Grace Hopper"] * 2


def test_a_long_thread_is_titled_by_its_end(tmp_path: Path) -> None:
    records = [said("Ada Lovelace", f'line {n} says "title": "no"', -n) for n in range(2000)]
    path = export(tmp_path / "grace_1", *records)
    assert path.stat().st_size > 3 * 65536
    messages, report = read(path)
    assert {m.thread for m in messages} == {"Grace Hopper"}
    assert report.kept == 2000


def test_times_against_the_direction_of_the_file_are_counted(tmp_path: Path) -> None:
    records = [said("Ada Lovelace", str(n), at) for n, at in enumerate([9, 8, 12, 7, 6])]
    assert read(export(tmp_path / "grace_1", *records))[1].repairs == {"out of order": 1}


def test_a_part_cut_short_borrows_the_title_of_the_others(tmp_path: Path) -> None:
    path = export(tmp_path / "grace_1", said("Ada Lovelace", "second", 2))
    whole = path.read_text()
    path.with_name("message_2.json").write_text(whole[: whole.index('"timestamp_ms": 17') + 40])
    options, report = ImportOptions(allow_truncated=True), ImportReport()
    messages = list(read_exports(tmp_path, options, report))
    assert {m.thread for m in messages} == {"Grace Hopper"}
    path.write_text(whole[: whole.index('"title"')])
    path.with_name("message_2.json").unlink()
    messages = list(read_exports(tmp_path, options, report))
    assert {m.thread for m in messages} == {"grace"}
    assert any('the thread is called "grace"' in note for note in report.notes)
