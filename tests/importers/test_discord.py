"""Discord's exporters and its data package: several shapes of one channel, odd and broken files."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from discord_exports import (
    AT,
    GUILD,
    ID,
    NAMED,
    PLAIN,
    TALK,
    csv_new,
    csv_old,
    discord_json,
    html_page,
    plain_text,
    said,
    snowflake,
)
from importing import read

from chatmimic.errors import DamagedExport
from chatmimic.importers import ImportReport
from chatmimic.importers.discord.authors import account, sender_key
from chatmimic.importers.discord.mentions import readable
from chatmimic.importers.discord.system_messages import kind_of_sentence
from chatmimic.importers.discord.timestamps import Stamp, stamp_of, time_in_id
from chatmimic.records import Kind

# --- one channel in several shapes ---


def test_json_comes_first_and_the_other_shapes_add_what_it_lacks(tmp_path: Path) -> None:
    discord_json(tmp_path / f"{NAMED}.json", TALK[:3])
    (tmp_path / f"{NAMED}.html").write_text(html_page(TALK))
    late = replace(PLAIN[3], text="later", sent_at=AT + 600_000)
    (tmp_path / f"{NAMED}.csv").write_text(csv_new([*PLAIN, late]))
    (tmp_path / f"{NAMED}.txt").write_text(plain_text([*PLAIN, late], "%Y-%m-%d %H:%M"))
    messages, report = read(tmp_path)
    assert [(m.text, m.thread) for m in messages] == [
        *((m.text, ID) for m in TALK[:3]),
        ("well", ID),
        ("later", ID),
    ]
    assert [m.reply_to for m in messages[:2]] == ["", snowflake(AT)]
    # HTML has 3 of JSON's, by their ids; CSV 4 of theirs, by words; text all of the CSV's.
    assert report.left_out == {"duplicate": 3 + 4 + 5}


def test_local_times_are_compared_as_far_as_the_same_words_tell(tmp_path: Path) -> None:
    talk = [replace(m, text=f"{m.text}, my dear colleague") for m in PLAIN]
    local = [replace(m, sent_at=(m.sent_at or 0) + 7_200_000) for m in [*talk, PLAIN[0]]]
    discord_json(tmp_path / f"{NAMED}.json", [*talk, PLAIN[0]])
    (tmp_path / f"{NAMED}.txt").write_text(plain_text(local, "%Y-%m-%d %H:%M"))
    messages, report = read(tmp_path)
    assert len(messages) == 5
    assert report.left_out == {"duplicate": 5}
    assert any("are 2 hours ahead of the same messages" in note for note in report.notes)
    messages, report = read(tmp_path, tz="Europe/Berlin")
    assert report.left_out == {"duplicate": 5}
    assert report.notes == []


def test_files_without_an_id_find_their_channel_by_its_title(tmp_path: Path) -> None:
    discord_json(tmp_path / "a.json", TALK)
    (tmp_path / "b.txt").write_text(plain_text(PLAIN, "%Y-%m-%d %H:%M"))
    messages, report = read(tmp_path)
    assert {m.thread for m in messages} == {ID}
    assert report.left_out == {"duplicate": 4}


def test_two_channels_of_one_title_are_not_guessed_between(tmp_path: Path) -> None:
    channel = {"id": "7", "type": "GuildTextChat", "name": "gears"}
    discord_json(tmp_path / "a.json", TALK)
    discord_json(tmp_path / "b.json", TALK[:1], channel=channel)
    (tmp_path / "c.txt").write_text(plain_text(PLAIN, "%Y-%m-%d %H:%M"))
    messages, _ = read(tmp_path)
    assert [m.thread for m in messages] == [ID] * 4 + ["7"] + [f"{GUILD} / Machines / gears"] * 4


def test_equal_messages_of_one_minute_are_two(tmp_path: Path) -> None:
    twice = [PLAIN[0], PLAIN[0], PLAIN[1]]
    (tmp_path / f"{NAMED}.csv").write_text(csv_new(twice))
    (tmp_path / f"{NAMED} (1).csv").write_text(csv_new(twice))
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["hello", "hello", "hi"]
    assert report.left_out == {"duplicate": 3}


def test_parts_of_one_channel_overlap(tmp_path: Path) -> None:
    discord_json(tmp_path / f"{NAMED} [part 1].json", TALK[:3])
    discord_json(tmp_path / f"{NAMED} [part 2].json", TALK[2:])
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == [m.text for m in TALK]
    assert report.left_out == {"duplicate": 1}


def test_the_package_adds_to_the_channel_it_overlaps(tmp_path: Path) -> None:
    discord_json(tmp_path / f"{NAMED}.json", TALK)
    folder = tmp_path / f"package/messages/c{ID}"
    folder.mkdir(parents=True)
    (folder / "channel.json").write_text(json.dumps({"id": ID, "type": 0, "name": "gears"}))
    own = [{"ID": int(m.message_id), "Timestamp": "2024-05-01 10:00:00", "Contents": m.text,
            "Attachments": ""} for m in (TALK[0], said(9, "Ada", "deleted since"))]  # fmt: skip
    (folder / "messages.json").write_text(json.dumps(own))
    messages, report = read(tmp_path)
    assert [(m.sender, m.text) for m in messages[4:]] == [("Me", "deleted since")]
    assert report.left_out == {"duplicate": 1}
    assert "not those they reply to" in report.notes[0]
    assert "owner of the package is unknown" in report.notes[1]


# --- JSON ---


def test_a_cancelled_export_is_refused_and_its_whole_messages_kept_when_allowed(
    tmp_path: Path,
) -> None:
    path = discord_json(tmp_path / "x.json", TALK)
    whole = path.read_text()
    path.write_text(whole[: whole.index("how are")])
    with pytest.raises(DamagedExport) as caught:
        read(path)
    assert "x.json ends in the middle of record 3 (byte " in str(caught.value)
    assert str(caught.value).endswith(
        "2 whole messages stand before it. Nothing was imported; --allow-truncated keeps them."
    )
    messages, report = read(path, allow_truncated=True)
    assert [m.text for m in messages] == ["hello", "hi"]
    assert any("2 whole messages stand before it" in note for note in report.notes)


def test_a_count_that_is_wrong_is_told(tmp_path: Path) -> None:
    _, report = read(discord_json(tmp_path / "x.json", TALK, messageCount=7))
    assert report.notes == ["x.json should have 7 messages, but 4 were found."]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<@1> <@!1>", "@Ada @Ada"),
        ("<@2>", "@Unknown"),
        ("<@&5> <#6> <#7>", "@deleted-role #gears #deleted-channel"),
        ("<:wave:5><a:dance:6>", ":wave::dance:"),
        ("<t:1700000000:R> <t:-5>", "<t:1700000000> <t:-5>"),
        ("</play now:9>", "/play now"),
        ("a < b <@ada> <3 <#>", "a < b <@ada> <3 <#>"),
    ],
)
def test_raw_marks_are_written_out(raw: str, expected: str) -> None:
    report = ImportReport()
    assert readable(raw, {"1": "Ada"}, report, {"6": "gears"}) == expected
    assert report.repairs == ({"raw mentions": 1} if raw != expected else {})


# --- dates, sentences ---


@pytest.mark.parametrize(
    ("written", "order", "expected"),
    [
        ("14-Dec-18 11:46 PM", "mdy", datetime(2018, 12, 14, 23, 46)),
        ("1/2/2024 3:04 PM", "mdy", datetime(2024, 1, 2, 15, 4)),
        ("1/2/2024 3:04\u202fPM", "dmy", datetime(2024, 2, 1, 15, 4)),
        ("02.01.2024 15:04:05", "dmy", datetime(2024, 1, 2, 15, 4, 5)),
        ("02.01.2024 15.04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("2024. 1. 2. 오후 3:04", "ymd", datetime(2024, 1, 2, 15, 4)),
        ("2024年1月2日 15:04", "ymd", datetime(2024, 1, 2, 15, 4)),
        ("2024/01/02 15:04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("Tuesday, January 2, 2024 3:04 PM", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("Tuesday, 2 January 2024 15:04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("Tue, 02 Jan 2024 15:04:05 GMT", "dmy", datetime(2024, 1, 2, 15, 4, 5, tzinfo=UTC)),
        ("1/2/24 15:04 UTC", "dmy", datetime(2024, 2, 1, 15, 4)),
        ("2 janvier 2024 15:04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("14-Dez-18 11:46", "mdy", datetime(2018, 12, 14, 11, 46)),
        ("2.01.2024 г. 15:04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("02. 01. 2024. 15:04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("2024-01-02 15 h 04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("2024/1/2 下午3:04", "ymd", datetime(2024, 1, 2, 15, 4)),
        ("2/1/2567 15:04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("1402/10/12 15:04", "ymd", datetime(2024, 1, 2, 15, 4)),
        ("1704207840", "dmy", datetime(2024, 1, 2, 15, 4, tzinfo=UTC)),
        ("1704207840000", "dmy", datetime(2024, 1, 2, 15, 4, tzinfo=UTC)),
        ("170420784", "dmy", None),
        ("30/30/2024 15:04", "dmy", None),
        ("2024-01-02 15:04", "dmy", datetime(2024, 1, 2, 15, 4)),
        ("31-Feb-18 11:46 PM", "dmy", None),
        ("14-Dek-18 11:46 PM", "dmy", None),
        ("yesterday", "dmy", None),
        ("1/2/2024 33:04", "dmy", None),
        ("x" * 500, "dmy", None),
    ],
)
def test_written_times(written: str, order: str, expected: datetime | None) -> None:
    found = stamp_of(written)
    assert (found.moment(order) if isinstance(found, Stamp) else found) == expected


def test_ids_tell_the_time_they_were_given_out() -> None:
    assert time_in_id("175928847299117063") == 1_462_015_105_796  # of Discord's documentation
    assert [time_in_id(id_) for id_ in ("", "5", "x" * 18, "9" * 30, "²" * 18)] == [None] * 5


@pytest.mark.parametrize(
    ("name", "bare"),
    [("ada#1815", "ada"), ("ada", "ada"), ("a#0", "a"), ("#1815", "#1815"), ("a#12", "a#12")],
)
def test_accounts(name: str, bare: str) -> None:
    assert account(name) == bare


def test_nobody_is_everybody_who_is_gone() -> None:
    assert sender_key("456226577798135808", "Deleted User", "t") == "456226577798135808/t"
    assert sender_key("", "Deleted User#0000", "t") == "Deleted User/t"
    assert sender_key("7", "Gate", "t", shared=True) == "7/Gate"
    assert sender_key("", "ada", "t") == "ada"


@pytest.mark.parametrize(
    ("text", "media", "kind"),
    [
        ("hello", False, Kind.TEXT),
        (" ", True, Kind.MEDIA),
        ("", False, Kind.TEXT),
        ("Joined the server.", False, Kind.SYSTEM),
        ("Joined the server.", True, Kind.TEXT),
        ("Added Bo to the group.", False, Kind.SYSTEM),
        ("Removed Bo from the group.", False, Kind.SYSTEM),
        ("Changed the channel name: cogs", False, Kind.SYSTEM),
        ("Started a call that lasted 1,200 minutes.", False, Kind.CALL),
        ("I joined the server.", False, Kind.TEXT),
        ("Added " + "x" * 1000 + " to the group.", False, Kind.TEXT),
    ],
)
def test_sentences(text: str, media: bool, kind: Kind) -> None:
    assert kind_of_sentence(text, media) is kind


# --- CSV and text ---


def test_local_times_are_read_in_the_zone_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "gears.csv"
    path.write_text(csv_old(PLAIN))
    assert read(path, tz="Europe/Berlin")[0][0].sent_at == AT - 2 * 3_600_000


def test_files_in_utf_16_are_read(tmp_path: Path) -> None:
    for name, text in (("a.csv", csv_new(PLAIN)), ("b.txt", plain_text(PLAIN, "%Y-%m-%d %H:%M"))):
        path = tmp_path / name
        path.write_text(text.removeprefix("\ufeff"), encoding="utf-16")
        assert [m.text for m in read(path, tz="UTC")[0]] == [m.text for m in PLAIN]


def test_the_order_of_dates_is_learnt_from_the_whole_file(tmp_path: Path) -> None:
    days = [replace(PLAIN[0], sent_at=AT + day * 86_400_000) for day in range(14)]
    path = tmp_path / "gears.txt"
    path.write_text(plain_text(days, "%d/%m/%Y %H:%M"))
    messages, _ = read(path, tz="UTC")
    assert [m.sent_at for m in messages] == [m.sent_at for m in days]
    rows = ["AuthorID,Author,Date,Content,Attachments,Reactions"]
    rows += [f"1,ada,{n + 1:02}/05/2024 10:00,x,," for n in range(14)]
    path = tmp_path / "gears.csv"
    path.write_text("\n".join(rows))
    assert [m.sent_at for m in read(path, tz="UTC")[0]] == [m.sent_at for m in days]


def test_what_looks_like_a_head_is_told_from_one_by_the_count(tmp_path: Path) -> None:
    quoting = replace(PLAIN[0], text="as she said:\n\n[2024-05-01 09:00] grace\nhello\n\nwell")
    path = tmp_path / "x.txt"
    path.write_text(plain_text([quoting, *PLAIN[1:]], "%Y-%m-%d %H:%M"))
    messages, report = read(path, tz="UTC")
    assert [m.text for m in messages] == [quoting.text, *(m.text for m in PLAIN[1:])]
    assert report.notes == []


def test_a_text_that_lost_messages_or_its_end_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    whole = plain_text(PLAIN, "%Y-%m-%d %H:%M", count=1234)
    path.write_text(whole)
    note = "x.txt should have 1,234 messages, but 4 were found."
    assert read(path, tz="UTC")[1].notes == [note]
    path.write_text(whole[: whole.index("well")])
    notes = read(path, tz="UTC")[1].notes
    assert notes == ['x.txt lacks its last line ("Exported … message(s)"): it may be truncated.']


def test_lines_above_the_first_message_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(plain_text(PLAIN, "%Y-%m-%d %H:%M").replace("\n\n[", "\n\nstray\n\n[", 1))
    messages, report = read(path, tz="UTC")
    assert [m.kind for m in messages] == [Kind.OTHER, *[Kind.TEXT] * 4]
    assert report.left_out == {"unparsed": 1}


LINES = ["[", "[1/2/2024 3:04 PM", "[1/2/2024 3:04 PM] ", "— ", " - ", "Today at ", "AdaToday at 1",
         '"', ";", "@", "{", "1", "Exported ", "=" * 62, "12/12/2024", "<t:1"]  # fmt: skip


@pytest.mark.parametrize("piece", LINES)
@pytest.mark.parametrize("top", ["text", "csv", "json", "pasted"])
def test_hostile_lines_take_no_time(top: str, piece: str, tmp_path: Path) -> None:
    path, long = tmp_path / "x.txt", piece * (100_000 // len(piece))
    if top == "text":
        path.write_text(
            plain_text([replace(PLAIN[0], text=f"\n\n{long}\n\n{long}")], "%Y-%m-%d %H:%M")
        )
    elif top == "csv":
        path.write_text(csv_new(PLAIN) + long)
    elif top == "json":
        discord_json(path, [replace(PLAIN[0], text=long)])
    else:
        path.write_text(f"Ada — Today at 1:00 PM\n{long}\nBo — Today at 1:01 PM\n{long}\n" * 2)
    began = time.process_time()
    try:
        read(path)
    except DamagedExport:
        assert top == "csv"
    assert time.process_time() - began < 3


# --- Discord History Tracker ---


def tracked(path: Path, **more: Any) -> Path:
    meta = {
        "users": {"1": {"name": "Ada"}, "2": {"name": "Grace"}},
        "userindex": ["2", "1"],
        "servers": [{"name": GUILD, "type": "SERVER"}],
        "channels": {ID: {"server": 0, "name": "gears"}},
    }
    data = {
        ID: {
            m.message_id: {"u": 2 - int(m.sender_key), "t": m.sent_at, "m": m.text}
            | ({"r": m.reply_to} if m.reply_to else {})
            for m in TALK
        },
        "8": {"5": {"u": 1, "t": AT, "m": "", "a": [{"url": "x"}]}, "6": {"u": 9}, "7": None},
    }
    path.write_text(json.dumps({"meta": meta, "data": data} | more, indent=1))
    return path


def test_the_tracker_keeps_many_channels_in_one_file(tmp_path: Path) -> None:
    messages, report = read(tracked(tmp_path / "dht.txt"))
    assert [(m.sender, m.text, m.sent_at, m.sender_key, m.reply_to) for m in messages[:4]] == [
        (m.sender, m.text, m.sent_at, m.sender_key, m.reply_to) for m in TALK
    ]
    assert {m.thread_title for m in messages} == {f"{GUILD} / gears", "8"}
    assert [m.kind for m in messages[4:]] == [Kind.MEDIA, Kind.OTHER, Kind.OTHER]
    assert report.left_out == {"media only": 1, "unparsed": 2}


def test_a_cut_file_of_the_tracker_is_refused(tmp_path: Path) -> None:
    path = tracked(tmp_path / "dht.json")
    path.write_text(path.read_text().partition("how are")[0])
    with pytest.raises(DamagedExport, match=r"in the middle of record 3 .* 2 whole messages"):
        read(path)
    assert len(read(path, allow_truncated=True)[0]) == 2


@pytest.mark.parametrize("data", [None, [], 5, {}, {"8": None}, {"8": []}])
def test_a_tracker_without_messages(data: Any, tmp_path: Path) -> None:
    assert read(tracked(tmp_path / "dht.json", data=data))[0] == []


# --- the data package ---


def package(root: Path, *contents: str) -> Path:
    folder = root / f"messages/c{ID}"
    folder.mkdir(parents=True)
    (root / "account").mkdir()
    user = {"id": "100000000000000001", "username": "ada", "global_name": "Ada"}
    (root / "account/user.json").write_text(json.dumps(user))
    rows = [f'{1000 + n},2024-05-01 10:00:00,"{text}",' for n, text in enumerate(contents)]
    (folder / "messages.csv").write_text(
        "\r\n".join(["ID,Timestamp,Contents,Attachments", *rows]), newline=""
    )
    (folder / "channel.json").write_text(json.dumps({"id": ID, "type": 0, "name": "gears"}))
    return root


def test_times_of_the_package_are_utc_whatever_the_zone(tmp_path: Path) -> None:
    messages, report = read(package(tmp_path, "hi"), tz="Europe/Berlin")
    assert [(m.sender, m.sent_at, m.thread_title) for m in messages] == [("Ada", AT, "gears")]
    assert len(report.notes) == 1


def test_one_file_of_a_package_is_read_by_itself(tmp_path: Path) -> None:
    folder = package(tmp_path, "hi") / f"messages/c{ID}"
    (folder / "messages.csv").rename(folder / "mine.csv")
    messages, report = read(folder / "mine.csv")
    assert [(m.sender, m.thread) for m in messages] == [("Me", ID)]
    assert "owner of the package is unknown" in report.notes[1]


@pytest.mark.parametrize("name", ["account/user.json", f"messages/c{ID}/channel.json"])
def test_damaged_names_cost_the_names_only(name: str, tmp_path: Path) -> None:
    path = package(tmp_path, "hi") / name
    path.write_text(path.read_text()[:-3])
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["hi"]
    assert any("only has names of people and channels" in note for note in report.notes)


def test_a_package_of_many_channels_names_each(tmp_path: Path) -> None:
    for number in range(60):
        folder = tmp_path / f"Messages/c{10**17 + number}"
        folder.mkdir(parents=True)
        about = {"id": str(10**17 + number), "type": "GUILD_TEXT", "name": f"gears-{number}"}
        (folder / "channel.json").write_text(json.dumps(about))
        one = {"ID": number, "Timestamp": "2024-05-01 10:00:00", "Contents": "x"}
        listed = [one | {"Attachments": ""}] if number % 2 else []
        (folder / "messages.json").write_text(json.dumps(listed))
    messages, report = read(tmp_path)
    assert [m.thread_title for m in messages] == [f"gears-{n}" for n in range(1, 60, 2)]
    assert report.left_out == {}
