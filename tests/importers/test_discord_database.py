"""The database of Discord History Tracker."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from chat_dbs import OLD_TRACKER, TRACKER, tracker_db
from importing import read

from chatmimic.archive import Archive
from chatmimic.errors import DamagedExport
from chatmimic.records import Kind, Message

AT = 1_600_000_000_000
TALK = [
    (11, 1, 70, "is it <@2> or <#80>?", AT, None, False),
    (12, 2, 70, "me :)\nalways", AT + 1, 11, False),
    (13, 1, 70, "", AT + 2, None, True),
    (14, 2, 80, "look", AT + 3, None, True),
    (15, 456226577798135808, 70, "gone", AT + 4, None, False),
    (16, 99, 70, "nobody knows me", AT + 5, None, False),
    (17, 1, 71, "a channel without a name", AT + 6, None, False),
]


@pytest.mark.parametrize("schema", [TRACKER, OLD_TRACKER])
def test_every_message_of_every_version(schema: str, tmp_path: Path) -> None:
    messages, report = read(tracker_db(tmp_path / "talk.dht", TALK, schema))
    ada = "Ada L." if schema == TRACKER else "ada"
    found = [(m.message_id, m.sender, m.thread, m.text, m.sent_at, m.reply_to) for m in messages]
    assert found == [
        ("11", ada, "70", "is it @charles or #ada?", AT, ""),
        ("12", "charles", "70", "me :)\nalways", AT + 1, "11"),
        ("13", ada, "70", "", AT + 2, ""),
        ("14", "charles", "80", "look", AT + 3, ""),
        ("15", "Deleted User", "70", "gone", AT + 4, ""),
        ("16", "", "70", "nobody knows me", AT + 5, ""),
        ("17", ada, "71", "a channel without a name", AT + 6, ""),
    ]
    assert [m.kind for m in messages[2:4]] == [Kind.MEDIA, Kind.TEXT]
    assert [m.sender_key for m in messages[3:5]] == ["2", "456226577798135808/70"]
    assert report.left_out == {"media only": 1, "unparsed": 1}
    assert report.records == len(TALK)
    assert report.format == "Discord History Tracker"


def test_what_an_exporter_wrote_of_the_same_channel_is_known(tmp_path: Path) -> None:
    path = tracker_db(tmp_path / "talk.dht", TALK)
    with Archive.open(tmp_path / "a.sqlite") as archive:
        assert archive.add(read(path)[0]).new == 5
        again = [Message("Ada", "is it", AT, service="discord", thread="70", message_id="11")]
        assert archive.add(again).new == 0


def test_two_copies_give_each_message_once_and_the_file_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "both"
    folder.mkdir()
    path = tracker_db(folder / "old.dht", TALK[:3])
    tracker_db(folder / "new.dht", TALK)
    before = path.read_bytes()
    messages, report = read(folder)
    assert [m.message_id for m in messages] == ["11", "12", "13", "14", "15", "16", "17"]
    assert report.left_out["duplicate"] == 3
    assert path.read_bytes() == before


def test_damage_is_said_and_may_be_allowed(tmp_path: Path) -> None:
    many = [(n, 1, 70, "word " * 50, AT + n, None, False) for n in range(1, 2000)]
    path = tracker_db(tmp_path / "talk.dht", many)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40_000] = b"\xff" * 40_000
    path.write_bytes(data)
    with pytest.raises(DamagedExport, match=r"talk\.dht is damaged.*Quit Discord History Tracker"):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert 0 < len(messages) < 1999
    assert "What follows is lost." in report.notes[-1]


@pytest.mark.parametrize("value", ["x", b"\xff", 1.5, -1, 1 << 62])
@pytest.mark.parametrize("column", ["sender_id", "channel_id", "text", "timestamp"])
def test_any_value_may_stand_anywhere(value: object, column: str, tmp_path: Path) -> None:
    path = tracker_db(tmp_path / "talk.dht", TALK)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"UPDATE messages SET {column} = ? WHERE message_id = 12", (value,))
        db.commit()
    messages, report = read(path)
    assert len(messages) == report.records == len(TALK)
