"""Signal: lines of Markdown taken apart, and people known by more than their numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from importing import read

from chatmimic.errors import DamagedExport
from chatmimic.importers.signal.signal_export import is_markdown
from chatmimic.importers.signal.signalbackup_tools import is_text
from chatmimic.records import Kind, Reaction


def markdown(folder: Path, *bodies: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    heads = (f"[2024-05-01 12:00:{n:02}] Ada: {body}\n\n" for n, body in enumerate(bodies))
    (folder / "chat.md").write_text("".join(heads), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("hello  ", Kind.TEXT, "hello"),
        ("a: b [c](d)  ", Kind.TEXT, "a: b [c](d)"),
        ("two\n\nlines  ", Kind.TEXT, "two\n\nlines"),
        ("> mine  ", Kind.TEXT, "> mine"),
        ("\n\n> theirs\n> and theirs\n\nmine  ", Kind.TEXT, "mine"),
        ("\n\n> theirs\n\n  ![a](./media/a)  ", Kind.MEDIA, ""),
        ("\n>\n> theirs\n>\nmine  ", Kind.TEXT, "mine"),
        ("\n>\n> theirs\nand theirs\n\nto here\n>\nmine\n> too  ", Kind.TEXT, "mine\n> too"),
        ("\n>\n> theirs\n>\n  ![a](./media/a)  ", Kind.MEDIA, ""),
        ("  \n> \n> theirs\n> \nmine  ", Kind.TEXT, "mine"),
        ("\n>\n> mine  ", Kind.TEXT, None),
        ("  ", Kind.OTHER, ""),
        ("look  ![a.jpg](./media/a%20b.jpg)  ", Kind.TEXT, "look"),
        ("  [a.pdf](./media/a.pdf)  ![b](./media/b)  ", Kind.MEDIA, ""),
        ("yes  \n(- Bob: 👍, Eve: ❤ -)", Kind.TEXT, "yes"),
        ("yes  \n(- Bob: 👍 -)![a](./media/a)  ", Kind.TEXT, "yes"),
        ("  \n(( 😅 ))", Kind.MEDIA, ""),
        ("  [😅](../exported_stickers/p/1.webp)  ", Kind.MEDIA, ""),
        ("  \n(- Bob: 👍 -)\n(( 😅 ))", Kind.MEDIA, ""),
        ("(This message was deleted)", Kind.DELETED, ""),
        ("Missed video call  ", Kind.CALL, "Missed video call"),
        ("Incoming voice call (accepted, 1m 2s)  ", Kind.CALL, None),
        ("Missed call me?  ", Kind.TEXT, "Missed call me?"),
        ("[" * 30_000 + "  ", Kind.TEXT, None),
        ("  " + "[a](./b)  " * 3000, Kind.TEXT, None),
    ],
)
def test_markdown(body: str, kind: Kind, text: str | None, tmp_path: Path) -> None:
    messages, _ = read(markdown(tmp_path / "Ada", body, "last  "))
    assert [m.text for m in messages[1:]] == ["last"]
    assert messages[0].kind is kind
    assert text is None or messages[0].text == text


def test_reactions_in_markdown(tmp_path: Path) -> None:
    found = read(markdown(tmp_path / "Ada", "yes  \n(- Bob: 👍, Eve: B: ❤ -)"))[0][0].reactions
    assert found == (Reaction("👍", "Bob"), Reaction("❤", "Eve: B"))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("[2024-05-01 12:00:00] Ada: hi  \n\n[2024-05-01 12:00:01] Bo: ho  \n\n", True),
        ("[2024-05-01 12:00] Ada: hi  \n[2024-05-01 12:00] Bo: ho  \n", True),
        ("[2019-05-29, 15:30] Ada: hi  \n", True),
        ("[2024-05-01 12:00:00] Ada: two\nlines  \n\n", True),
        ("[2024-05-01 12:00:00] Ada: (This message was deleted)\n\n", True),
        ("[2024-05-01 12:00:00] Ada: hi\n[2024-05-01 12:00:01] Bo: ho\n", False),  # WhatsApp
        ("[2024-05-01, 12:00:00] Ada: hi  \n\n", False),
        ("[2024-05-01 12:00:00] <ada> hi\n[2024-05-01 12:00:01] <bo> ho: x\n", False),
        ("[12:00:00] Ada: hi  \n\n", False),
        ("Dear diary\n[2024-05-01 12:00:00] Ada: hi  \n\n", False),
        ("[1, 2]", False),
    ],
)
def test_only_lines_of_this_program_are_known(text: str, known: bool) -> None:
    assert is_markdown(text) is known


def test_a_text_that_both_files_hold_twice_is_given_twice(tmp_path: Path) -> None:
    markdown(tmp_path / "Ada", "ok  ", "older  ")
    record = {"date": "2024-05-01T12:00:00.5", "sender": "Ada", "body": "ok  ", "quote": ""}
    line = json.dumps(record | {"sticker": None}) + "\n"
    (tmp_path / "Ada/data.json").write_text(line * 2)
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["ok", "ok", "older"]
    assert report.left_out == {"duplicate": 1}


# --- the text of signalbackup-tools ---


@pytest.mark.parametrize(
    ("line", "sender", "kind", "text"),
    [
        ("<Ada Lovelace> hi", "Ada Lovelace", Kind.TEXT, "hi"),
        ("<a>b> x > y", "a>b", Kind.TEXT, "x > y"),
        ("<Ada> two\n\nlines", "Ada", Kind.TEXT, "two\n\nlines"),
        ("<Ada> yes (Bo: 👍)", "Ada", Kind.TEXT, "yes"),
        ("<Ada> yes\nno (Bo (work): ❤️; Eve: 1️⃣)", "Ada", Kind.TEXT, "yes\nno"),
        ("<Ada> yes (Bo: maybe)", "Ada", Kind.TEXT, "yes (Bo: maybe)"),
        ("<Ada> yes (or: …)", "Ada", Kind.TEXT, "yes (or: …)"),
        ("<Ada> yes :)", "Ada", Kind.TEXT, "yes :)"),
        ("<Ada> [Sep 02] no", "Ada", Kind.TEXT, "[Sep 02] no"),
        ('*** <Ada> sent file "a b.jpg"', "Ada", Kind.MEDIA, ""),
        ("*** <Ada> sent file of type image/jpeg (Bo: 👍)", "Ada", Kind.MEDIA, ""),
        ("*** <Ada> sent file", "Ada", Kind.MEDIA, ""),
        ("*** Ada updated the group.\nBo joined the group.", "", Kind.SYSTEM, None),
        ("*** Ada set the disappearing message timer to 1 weeks", "", Kind.SYSTEM, None),
        ("*** Missed call", "", Kind.CALL, None),
        ("*** Missed video call", "", Kind.CALL, None),
        ("*** Ada called you", "", Kind.CALL, None),
        ("* Ada reacted", "", Kind.SYSTEM, None),
        (
            f"<Ada> Poll: Tea?\n{' ' * 38}[0] yes\n{' ' * 38}[2] no",
            "Ada",
            Kind.TEXT,
            "Tea?\nyes\nno",
        ),
        ("<Ada> Poll: Tea?", "Ada", Kind.TEXT, "Poll: Tea?"),
    ],
)
def test_backup_text(line: str, sender: str, kind: Kind, text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "Ada Lovelace (_id7).txt"
    path.write_text(f"[Sep 02, 2020 22:41:05] {line}\n[Sep 02, 2020 22:42:05] <Bo> last\n")
    (found, last), report = read(path, tz="UTC")
    assert (found.sender, found.kind, last.text) == (sender, kind, "last")
    assert text is None or found.text == text
    assert (found.sent_at, found.thread_title) == (1_599_086_465_000, "Ada Lovelace")
    assert report.format == "Signal"


@pytest.mark.parametrize("month", ["Sep", "Sept.", "sep.", "septembre", "сент.", "wrz", "eylül"])
def test_backup_texts_of_other_languages(month: str, tmp_path: Path) -> None:
    path = tmp_path / "Ada.txt"
    path.write_text(f"[{month} 02, 2020 22:41:05] <Ada> hi\n", encoding="utf-8")
    assert [m.sent_at for m in read(path, tz="UTC")[0]] == [1_599_086_465_000]


def test_reactions_in_a_backup_s_text(tmp_path: Path) -> None:
    path = tmp_path / "Ada.txt"
    path.write_text("[Sep 02, 2020 22:41:05] <Ada> yes (Bo (work): 👍; Eve: ❤️)\n")
    assert read(path)[0][0].reactions == (Reaction("👍", "Bo (work)"), Reaction("❤️", "Eve"))


def test_texts_of_two_people_of_one_name_stay_apart_and_one_read_twice_is_told(
    tmp_path: Path,
) -> None:
    line = "[Sep 02, 2020 22:41:05] <Alex> ok\n"
    for name in ("Alex (_id3).txt", "Alex (_id4).txt", "later/Alex (_id3).txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(line)
    messages, report = read(tmp_path)
    assert {m.thread for m in messages} == {"Alex (_id3)", "Alex (_id4)"}
    assert {m.thread_title for m in messages} == {"Alex"}
    assert report.left_out == {"duplicate": 1}


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("[Sep 02, 2020 22:41:05] <Ada> hi\n", True),
        ("[Sep 02, 2020 22:41:05] *** Ada is on Signal!\n", True),
        ("[Sep 02, 2020 22:41:05] <Ada> hi\nmore\nand more\n", True),
        ("[Sep 2, 2020 9:41:05] <Ada> hi\n", True),
        ("[Sep 02, 2020 22:41:05] Ada: hi\n", False),
        ("[Xxx 02, 2020 22:41:05] <Ada> hi\n", False),
        ("[2020-09-02 22:41:05] <Ada> hi\n", False),
        ("Log\n[Sep 02, 2020 22:41:05] <Ada> hi\n", False),
    ],
)
def test_only_texts_of_this_program_are_known(text: str, known: bool) -> None:
    assert is_text(text) is known


# --- main.jsonl ---


def backup(path: Path, *frames: dict[str, Any]) -> Path:
    lines = [{"version": "1", "backupTimeMs": "1"}, *frames]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def item(**fields: Any) -> dict[str, Any]:
    usual = {"chatId": "9", "authorId": "2", "dateSent": "1714557600000"}
    return {"chatItem": usual | fields}


HELLO = {"standardMessage": {"text": {"body": "hello"}}}


@pytest.mark.parametrize(
    ("contact", "name", "key"),
    [
        ({"aci": "A", "profileGivenName": "Ada"}, "Ada", "A"),
        ({"aci": "A", "profileGivenName": "x", "systemGivenName": "Ada"}, "Ada", "A"),
        ({"aci": "A", "systemGivenName": "x", "nickname": {"family": "L"}}, "L", "A"),
        ({"aci": "A", "e164": "1555"}, "+1555", "A"),
        ({"e164": "+1555"}, "+1555", "+1555"),
        ({"aci": "A", "username": "ada.1"}, "ada.1", "A"),
        ({"aci": "ABCDEFGHIJ"}, "Unknown ABCDEFGH", "ABCDEFGHIJ"),
    ],
)
def test_people(contact: dict[str, Any], name: str, key: str, tmp_path: Path) -> None:
    who = {"recipient": {"id": "2", "contact": contact}}
    path = backup(
        tmp_path / "main.jsonl", who, {"chat": {"id": "9", "recipientId": "2"}}, item(**HELLO)
    )
    message = read(path)[0][0]
    assert (message.sender, message.sender_key, message.thread_title) == (name, key, name)


def test_a_groups_key_is_no_secret_and_tells_groups_apart(tmp_path: Path) -> None:
    frames: list[dict[str, Any]] = [{"recipient": {"id": "2", "contact": {"aci": "A"}}}]
    for number in ("5", "6"):
        title = {"snapshot": {"title": {"title": "Engines"}}, "masterKey": f"secret{number}\ud800"}
        frames.append({"recipient": {"id": number, "group": title}})
        frames.append({"chat": {"id": f"1{number}", "recipientId": number}})
        frames.append(item(chatId=f"1{number}", **HELLO))
    messages, _ = read(backup(tmp_path / "main.jsonl", *frames))
    assert len({m.thread for m in messages}) == 2
    assert {m.thread_title for m in messages} == {"Engines"}
    assert not any("secret" in m.thread for m in messages)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (HELLO, Kind.TEXT),
        ({"standardMessage": {"attachments": [{}]}}, Kind.MEDIA),
        ({"standardMessage": {"attachments": [{}], "text": {"body": "x"}}}, Kind.TEXT),
        ({"standardMessage": {}}, Kind.OTHER),
        ({"standardMessage": "x"}, Kind.OTHER),
        ({"updateMessage": {"groupCall": {}}}, Kind.CALL),
        ({"updateMessage": {"simpleUpdate": {}}}, Kind.SYSTEM),
        ({"adminDeletedMessage": {}}, Kind.DELETED),
        ({"contactMessage": {}}, Kind.MEDIA),
        ({"directStoryReplyMessage": {"emoji": "x"}}, Kind.MEDIA),
        ({"somethingNew": {}}, Kind.OTHER),
        ({}, Kind.OTHER),
    ],
)
def test_kinds(fields: dict[str, Any], kind: Kind, tmp_path: Path) -> None:
    who = {"recipient": {"id": "2", "contact": {"aci": "A", "e164": "1"}}}
    assert read(backup(tmp_path / "main.jsonl", who, item(**fields)))[0][0].kind is kind


def test_a_line_that_is_cut_is_damage_unless_allowed(tmp_path: Path) -> None:
    path = backup(tmp_path / "main.jsonl", item(**HELLO), item(**HELLO))
    path.write_text(path.read_text()[:-20])
    with pytest.raises(DamagedExport, match=r"main\.jsonl: line 3 is not JSON"):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert len(messages) == 1
    assert report.left_out["unparsed"] == 1
