"""By what a message is known again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.archive import Archive, dedup_key, schema
from chatmimic.archive.dedup_key import identity_of
from chatmimic.records import Message

HOUR = 3_600_000
TIMES = st.none() | st.integers(-(2**62), 2**62)


@given(st.text(max_size=30), TIMES, st.text(max_size=9), st.text(), st.integers(1, 9))
def test_a_number_that_sqlite_has_room_for(
    message_id: str, at: int | None, sender: str, text: str, again: int
) -> None:
    assert 0 <= identity_of(message_id, at, sender, text, again) < 2**63


@pytest.mark.parametrize(
    "lone", [("\ud800", 1, "", ""), ("", 1, "\ud800", ""), ("", 1, "", "\ud800")]
)
def test_a_lone_surrogate_has_a_number_too(lone: tuple) -> None:
    assert identity_of(*lone) != identity_of("", 1, "", "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("", 1, "Ada", "hi"), ("", 2, "Ada", "hi")),
        (("", 1, "Ada", "hi"), ("", None, "Ada", "hi")),
        (("", 1, "Ada", "hi"), ("", 1, "Bo", "hi")),
        (("", 1, "Ada", "hi"), ("", 1, "Ada", "ho")),
        (("", 1, "Ada", "hi"), ("", 1, "Ada", "hi", 2)),
        (("", None, "Ada", "hi", 2), ("", None, "Ada", "hi", 3)),
        (("7", 1, "", ""), ("07", 1, "", "")),
        (("7", 1, "", ""), ("8", 1, "", "")),
        (("9" * 18, 1, "", ""), ("9" * 19, 1, "", "")),
        (("$a:b", 1, "", ""), ("$a:c", 1, "", "")),
        (("\u0663", 1, "", ""), ("3", 1, "", "")),  # an Arabic 3 is another id
    ],
)
def test_what_differs_has_another_number(one: tuple, other: tuple) -> None:
    assert identity_of(*one) != identity_of(*other)


def test_an_id_counts_alone_whatever_else_changed() -> None:
    assert identity_of("m1", 1, "Ada", "hi") == identity_of("m1", 9, "Bo", "edited")
    assert identity_of("1234567890123456789", 1, "", "") != 1234567890123456789


def test_numbers_of_later_hours_are_greater() -> None:
    numbers = [identity_of("", hour * HOUR, "Ada", f"{hour}") for hour in range(480_000, 480_100)]
    assert numbers == sorted(numbers)


def said(text: str, at: int | None, source: str = "", sender: str = "Ada") -> Message:
    return Message(sender, text, at, service="irc", thread="t", source=source)


def added(archive: Archive, *messages: Message) -> int:
    return archive.add(messages).new


@pytest.mark.parametrize("at", [HOUR, None])
def test_equal_messages_of_one_file_all_stay_and_come_once(at: int | None, tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a.sqlite") as archive:
        three = [said("ok", at, f"a.log:{n}") for n in range(3)]
        assert added(archive, *three[:2]) == 2
        assert added(archive, *three[:2]) == 0
        assert added(archive, *three) == 1
        assert added(archive, *three) == 0


@pytest.mark.parametrize("at", [HOUR, None])
def test_files_that_overlap_give_each_message_once(at: int | None, tmp_path: Path) -> None:
    one = [said("ok", at, "a.log:1"), said("ok", at, "a.log:2"), said("no", at, "a.log:3")]
    other = [said("ok", at, "b.log:1"), said("ok", at, "b.log:2"), said("yes", at, "b.log:3")]
    with Archive.open(tmp_path / "a.sqlite") as archive:
        assert added(archive, *one, *other) == 4


def test_counting_is_bounded_and_forgets_only_what_lies_far_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dedup_key, "_HELD", 4)
    messages = [said("ok", minute * 60_000, "a:1") for minute in range(50) for _ in range(2)]
    with Archive.open(tmp_path / "a.sqlite") as archive:
        assert added(archive, *messages) == 100
        assert added(archive, *messages) == 0


@pytest.mark.parametrize("held", [1, 7, 1000])
def test_messages_without_a_time_are_counted_over_the_whole_file_in_memory_or_on_disk(
    held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dedup_key, "_IN_MEMORY", held)
    messages = [said(f"word {n % 10}", None, f"a:{n}") for n in range(40)]
    with Archive.open(tmp_path / "a.sqlite") as archive:
        assert added(archive, *messages) == 40
        assert added(archive, *messages) == 0
        assert added(archive, *messages, said("word 3", None, "a:40")) == 1


def test_an_archive_of_version_one_knows_its_messages_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows as version 1 stored them: 16 bytes of a digest, and an index filled by a trigger."""
    path = tmp_path / "a.sqlite"
    messages = [said("ok", HOUR, "a:1"), said("ok", HOUR, "a:2"), said("late", None, "a:3")]
    messages.append(Message("Bo", "x", 5, service="irc", thread="t", message_id="m1"))
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        older.setattr(schema, "VERSION", 1)
        Archive.open(path).close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO thread VALUES (1, 'irc', 't', '')")
        for row, name in enumerate(("Ada", "Bo"), 1):
            db.execute("INSERT INTO person VALUES (?, ?)", (row, name))
            db.execute("INSERT INTO alias VALUES (?, 'irc', ?, ?, 0, ?)", (row, name, name, row))
        for row, m in enumerate(messages, 1):
            who = 1 if m.sender == "Ada" else 2
            values = (row, who, m.sent_at, m.sent_at, m.text, m.message_id, bytes([row] * 16))
            db.execute(
                "INSERT INTO message VALUES (?, 1, ?, ?, ?, 'text', ?, ?, '', '', ?)", values
            )
    db.close()
    with Archive.open(path) as archive:
        assert [f.message.text for f in archive.search("late")] == ["late"]
        assert added(archive, *messages) == 0
        assert added(archive, *messages, said("ok", HOUR, "a:3")) == 1
        assert len(archive.search("ok")) == 3


def test_a_search_finds_what_was_imported_before_and_after_the_last_one(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a.sqlite") as archive:
        added(archive, said("tea at five", 1))
        assert len(archive.search("tea")) == 1
        added(archive, said("more tea", 2), said("coffee", 3))
        assert len(archive.search("tea")) == 2
        archive.forget("Ada")
        assert archive.search("tea") == []
        added(archive, said("tea again", 4, sender="Bo"))
        assert [f.message.sender for f in archive.search("tea")] == ["Bo"]


def test_forgetting_somebody_whom_no_search_has_indexed(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a.sqlite") as archive:
        added(archive, said("tea", 1), said("tea too", 2, sender="Bo"))
        archive.forget("Ada")
        assert [f.message.sender for f in archive.search("tea")] == ["Bo"]
