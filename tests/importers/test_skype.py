"""Skype: its marks in a text, wordings of one message, who is who; any conversation back."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from account_exports import skype
from hypothesis import given
from test_round_trips import QUICK, conversations, parts

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.skype.markup import SkypeText, read_markup
from chatmimic.records import Kind, Message

QUOTE = '<quote author="bo" authorname="Bo" messageid="17">{}</quote>'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ("1 &lt; 2 &amp;&amp; &apos;x&apos; &#128512;", "1 < 2 && 'x' 😀"),
        ("&amp;lt; was typed", "&lt; was typed"),
        ('haha <ss type="laugh" utf="x">:D</ss>', "haha :D"),
        ('<at id="8:live:bo">Bo</at> hello', "Bo hello"),
        ('see <a href="https://example.org/?a&amp;b">https://example.org/?a&amp;b</a>',
         "see https://example.org/?a&b"),
        ('<b raw_pre="*" raw_post="*">bold</b> <i raw_pre="_" raw_post="_">it</i>', "*bold* _it_"),
        ("<b>from another client</b>", "from another client"),
        ('<pre raw_pre="{code}" raw_post="{code}">x</pre>', "{code}x{code}"),
        ("one<br/>two<BR>three", "one\ntwo\nthree"),
        ("a < b and <3", "a < b and <3"),
        ("<unknown>kept</unknown>", "<unknown>kept</unknown>"),
        (QUOTE.format("theirs") + "mine", "mine"),
        (QUOTE.format("theirs " + QUOTE.format("older")) + " mine", "mine"),
        (QUOTE.format("a") + "\nfirst\n" + QUOTE.format("b") + "second", "first\nsecond"),
        ("<quote>never closed, so it is all mine", "never closed, so it is all mine"),
        ("</quote>and this", "and this"),
        ('new<e_m ts="1" ts_ms="1000" a="bo" t="61"/>', "new"),
        ('Edited previous message: new<e_m ts="1" ts_ms="1000" a="bo" t="61"/>', "new"),
        ("Edited previous message: is what I typed", "Edited previous message: is what I typed"),
        ('<e_m ts="1" a="bo" t="61"/>', ""),
        ("", ""),
    ],
)  # fmt: skip
def test_what_a_text_says_without_the_marks(content: str, text: str) -> None:
    assert read_markup(content).text == text


def test_what_stood_around_a_text() -> None:
    assert read_markup(QUOTE.format("x") + "y") == SkypeText("y", True, "17")
    edited = read_markup('y<e_m ts="1700000000" a="bo" t="61"></e_m>')
    assert edited == SkypeText("y", edits=1_700_000_000_000, edited=True)


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<a b=", "<quote>", "</quote>", '<b raw_pre="', "&#", "<e_m ", "<quote "]
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    read_markup(piece * (400_000 // len(piece)))
    assert time.process_time() - began < 4


def record(id_: int, content: str, minute: int, **more: Any) -> dict[str, Any]:
    at = f"2024-01-05T15:{minute:02}:00.000Z"
    one = {"id": str(id_), "displayName": "Bo", "originalarrivaltime": at, "content": content}
    return one | {"messagetype": "RichText", "from": "8:live:bo"} | more


def read(path: Path, *records: dict[str, Any], **top: Any) -> tuple[list[Message], ImportReport]:
    talk = {"id": "8:live:bo", "displayName": "Bo", "MessageList": list(records)}
    whole = {"userId": "8:live:mira", "conversations": [talk]} | top
    (path / "messages.json").write_text(json.dumps(whole))
    report = ImportReport()
    return list(read_exports(path / "messages.json", ImportOptions(), report)), report


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("RichText", Kind.TEXT), ("Text", Kind.TEXT), ("RichText/Html", Kind.TEXT),
        ("RichText/UriObject", Kind.MEDIA), ("RichText/Media_AudioMsg", Kind.MEDIA),
        ("RichText/Media_Album", Kind.MEDIA), ("RichText/Location", Kind.MEDIA),
        ("RichText/Contacts", Kind.MEDIA), ("Poll", Kind.MEDIA), ("PopCard", Kind.MEDIA),
        ("Event/Call", Kind.CALL), ("RichText/ScheduledCallInvite", Kind.CALL),
        ("ThreadActivity/AddMember", Kind.SYSTEM), ("Notice", Kind.SYSTEM),
        ("Event/BingBot", Kind.SYSTEM), ("InviteFreeRelationshipChanged/Initialized", Kind.SYSTEM),
        ("EndToEndEncryption/E2EEHandshakeInvite", Kind.SYSTEM),
        ("EndToEndEncryption/EncryptedText", Kind.OTHER), ("RichText/Sms", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)  # fmt: skip
def test_types(type_: str, kind: Kind, tmp_path: Path) -> None:
    messages, _ = read(tmp_path, record(1, "x", 1, messagetype=type_))
    assert [m.kind for m in messages] == [kind]


MARK = '<e_m ts="1704467040" ts_ms="1704467040000" a="bo" t="61"/>'  # of 15:04


@pytest.mark.parametrize("newest_first", [False, True])
def test_of_an_edited_message_the_last_wording_is_kept(newest_first: bool, tmp_path: Path) -> None:
    records = [
        record(4, "first", 4), record(5, f"second{MARK}", 5), record(6, f"third{MARK}", 6),
        record(7, "another", 7), record(8, "of somebody else", 4, **{"from": "8:live:mira"}),
    ]  # fmt: skip
    messages, report = read(tmp_path, *(records[::-1] if newest_first else records))
    assert sorted(m.text for m in messages) == ["another", "of somebody else", "third"]
    assert report.left_out == {"duplicate": 2}
    assert {m.sent_at for m in messages if m.text == "third"} == {1_704_467_040_000}


def test_a_message_that_was_edited_to_nothing_is_deleted(tmp_path: Path) -> None:
    messages, report = read(tmp_path, record(4, "first", 4), record(5, MARK, 5))
    assert [(m.kind, m.text) for m in messages] == [(Kind.DELETED, "")]
    assert report.left_out == {"duplicate": 1, "deleted": 1}


def test_names_are_taken_from_wherever_they_stand(tmp_path: Path) -> None:
    own = {"from": "8:live:mira", "displayName": None}
    records = (record(1, "a", 1, displayName=None), record(2, "b", 2, **own))
    messages, report = read(tmp_path, *records)
    assert [(m.sender, m.sender_key) for m in messages] == [
        ("Bo", "8:live:bo"), ("Me", "8:live:mira")
    ]  # fmt: skip
    assert any("--owner" in note for note in report.notes)
    messages, report = read(tmp_path, *records, record(3, "c", 3, **own | {"displayName": "Mira"}))
    assert [m.sender for m in messages] == ["Bo", "Mira", "Mira"]
    assert not report.notes


def test_what_is_said_of_a_conversation_may_stand_behind_its_messages(tmp_path: Path) -> None:
    edit = record(5, f"second{MARK}", 5)
    whole = {
        "conversations": [
            {"MessageList": [edit, record(4, "first", 4)], "displayName": "Looms", "id": "19:x"},
            {"MessageList": [record(4, "first", 4)], "displayName": "Others", "id": "19:y"},
        ],
        "userId": "8:live:bo",
    }
    (tmp_path / "messages.json").write_text(json.dumps(whole))
    messages = list(read_exports(tmp_path, ImportOptions(), ImportReport()))
    assert [(m.thread, m.thread_title, m.text) for m in messages] == [
        ("19:x", "Looms", "second"), ("19:y", "Others", "first")
    ]  # fmt: skip


@given(conversations())
@QUICK
def test_any_conversation(messages: list[Message]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = skype(Path(folder, "messages.json"), messages)
        found = list(read_exports(path, ImportOptions(), ImportReport()))
    found.sort(key=lambda m: m.sent_at or 0)
    assert parts(found) == parts(messages)
    assert {(m.thread, m.thread_title) for m in found} == {("19:x", "Looms")}
    assert [m.sender_key for m in found] == [f"8:{m.sender_key}" for m in messages]


def test_a_conversation_without_an_id_has_one_key_wherever_its_file_lies(tmp_path: Path) -> None:
    folder = tmp_path / "export" / "skype"
    folder.mkdir(parents=True)
    alone, _ = read(folder, conversations=[{"MessageList": [record(1, "hi", 1)]}])
    within = list(read_exports(tmp_path / "export", ImportOptions(), ImportReport()))
    assert [one.thread for one in (*alone, *within)] == ["messages.json"] * 2
