"""WhatsApp's exported chats: names, which words are WhatsApp's own, whole files."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from importing import read

from chatmimic.importers.base import Head
from chatmimic.importers.streams import Member, Opened
from chatmimic.importers.whatsapp.importer import WhatsApp, chat_of
from chatmimic.importers.whatsapp.message_kinds import Tags, call_or_system, classified
from chatmimic.importers.whatsapp.senders import Names, plain_name
from chatmimic.importers.whatsapp.timestamps import stamped
from chatmimic.records import Kind

M = "\u200e"


def test_no_line_takes_long() -> None:
    began = time.process_time()
    for unit in ("1/1/20 ", "[", "1/2/24, a", "\u200e", "1/2/24, 10:05 p", "<", "x: "):
        line = "1/1/20, 10:05 - Ada: " + unit * 100_000
        assert stamped(unit * 100_000) is None or unit[0] == "1"
        assert classified(line)[1] == line
        Names().add(line)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("name", "plain"),
    [("Ada", "Ada"), ("~ Ada", "Ada"), ("~\u202fAda", "Ada"), ("~Ada", "~Ada"), ("~", "~"),
     ("\u202a+49\u00a0170\u202c", "+49\u00a0170"), ("\u200fעדה\u200f", "עדה"), ("", "")],
)  # fmt: skip
def test_names_without_what_stands_around_them(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_a_name_may_hold_a_colon_if_it_always_does() -> None:
    names = Names()
    lines = ["Dr: Who: hi", "Dr: Who: Ada: hi", "Dr: Who: yes", "Ada: note: x", "Ada: hi"]
    for rest in lines:
        names.add(rest)
    speakers = names.found()
    assert [speakers.split(rest) for rest in lines] == [
        ("Dr: Who", "hi"), ("Dr: Who", "Ada: hi"), ("Dr: Who", "yes"), ("Ada", "note: x"),
        ("Ada", "hi"),
    ]  # fmt: skip
    assert speakers.split("Ada:") == ("Ada", "")
    assert speakers.split("Ada left") == ("", "Ada left")
    changed = 'Ada changed the subject from "x" to "y: z"'
    assert speakers.split(changed) == ("", changed)


def test_a_name_needs_more_than_two_lines_to_hold_a_colon() -> None:
    names = Names()
    for rest in ("Ada: note: one", "Ada: note: two"):
        names.add(rest)
    assert names.found().split("Ada: note: one") == ("Ada", "note: one")


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("hi", Kind.TEXT, "hi"),
        ("", Kind.TEXT, ""),  # an empty text is nobody's words: counted where all are
        ("<Media omitted>", Kind.MEDIA, None),
        ("<Medien ausgeschlossen>", Kind.MEDIA, None),
        ("<Media omitted> not", Kind.TEXT, "<Media omitted> not"),
        ("I <3 you <both>", Kind.TEXT, "I <3 you <both>"),
        ("<b>", Kind.TEXT, "<b>"),
        (f"{M}image omitted", Kind.MEDIA, None),
        ("image omitted", Kind.MEDIA, None),
        (f"{M}Bild weggelassen", Kind.MEDIA, None),
        ("ein Bild weggelassen", Kind.TEXT, "ein Bild weggelassen"),
        (f"a.pdf • {M}2 pages {M}document omitted", Kind.MEDIA, None),
        (f"{M}<attached: 1-PHOTO.jpg>", Kind.MEDIA, None),
        (f"{M}<Anhang: 1-PHOTO.jpg>", Kind.MEDIA, None),
        (f"look {M}<attached: 1-PHOTO.jpg>", Kind.TEXT, "look"),
        (f"{M}<attached: 1-PHOTO.jpg>\nlook", Kind.TEXT, "look"),
        ("<a: b>", Kind.TEXT, "<a: b>"),
        ("notes.txt (file attached)", Kind.MEDIA, None),
        ("my notes.txt (file attached)\nread it\nall", Kind.TEXT, "read it\nall"),
        ("IMG-20240102-WA0001.jpg (ilova qilingan)", Kind.MEDIA, None),
        ("a.b (c)", Kind.TEXT, "a.b (c)"),
        ("null", Kind.MEDIA, None),
        ("null and void", Kind.TEXT, "null and void"),
        ("location: https://maps.google.com/?q=52.5,13.4", Kind.MEDIA, None),
        ("Standort: https://maps.google.com/?q=-52.5,13.4", Kind.MEDIA, None),
        ("go to https://maps.google.com/?q=52.5,13.4", Kind.TEXT,
         "go to https://maps.google.com/?q=52.5,13.4"),
        ("This message was deleted", Kind.DELETED, None),
        (f"{M}This message was deleted.", Kind.DELETED, None),
        (f"{M}You deleted this message.", Kind.DELETED, None),
        ("This message was deleted by admin Ada", Kind.DELETED, None),
        ("Diese Nachricht wurde gelöscht.", Kind.DELETED, None),
        ("This message was deleted, was it?", Kind.TEXT, "This message was deleted, was it?"),
        ("hi <This message was edited>", Kind.TEXT, "hi"),
        (f"hi {M}<This message was edited>", Kind.TEXT, "hi"),
        (f"hi {M}<in any language>", Kind.TEXT, "hi"),
        ("hi <in any language>", Kind.TEXT, "hi <in any language>"),
        ("Missed voice call", Kind.CALL, None),
        ("Missed video call at 10:05 PM", Kind.CALL, None),
        (f"{M}Voice call, {M}12 min", Kind.CALL, None),
        ("Video call, anyone?", Kind.TEXT, "Video call, anyone?"),
        (f"{M}Ada added you", Kind.SYSTEM, None),
        ("Ada added you", Kind.TEXT, "Ada added you"),
        ("POLL:\nwhen?\nOPTION: now (1 vote)", Kind.SYSTEM, None),
        ("POLL: that was one", Kind.TEXT, "POLL: that was one"),
        (f"{M}no sentence known here", Kind.OTHER, "no sentence known here"),
        ("Bild weggelassen", Kind.MEDIA, None),
        ("imagen omitida", Kind.MEDIA, None),
        ("изображение отсутствует", Kind.MEDIA, None),
        ("圖片已略去", Kind.MEDIA, None),
        ("una imagen omitida", Kind.TEXT, "una imagen omitida"),
        ("<Mídia omitida>", Kind.MEDIA, None),
        ("<সব মিডিয়া>", Kind.TEXT, "<সব মিডিয়া>"),
        ("live location shared", Kind.MEDIA, None),
        ("Live-Standort wird geteilt", Kind.MEDIA, None),
        ("live location shared, see?", Kind.TEXT, "live location shared, see?"),
        ("You received a view once message", Kind.MEDIA, None),
        ("location: https://foursquare.com/v/4b0588", Kind.MEDIA, None),
        ("位置: https://maps.google.com/?q=52.5,13.4", Kind.MEDIA, None),
        ("Waiting for this message. This may take a while.", Kind.SYSTEM, None),
        ("Waiting for this message", Kind.TEXT, "Waiting for this message"),
        ("Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Niemand kann …", Kind.SYSTEM,
         None),
        ("Messages and calls are encrypted, right?", Kind.TEXT,
         "Messages and calls are encrypted, right?"),
        ("このメッセージは削除されました。", Kind.DELETED, None),
        ("Verpasster Sprachanruf um 10:05", Kind.CALL, None),
        ("Llamada perdida a las 10:05 p. m.", Kind.CALL, None),
        ("Verpasster Sprachanruf, sorry", Kind.TEXT, "Verpasster Sprachanruf, sorry"),
        ("UMFRAGE:\nwann?\nOPTION: jetzt (1 Stimme)\nOPTION: nie (0 Stimmen)\n", Kind.SYSTEM,
         None),
        ("Tea:\nwhen?\nMira: now (1 cup)\nBob: late (2 cups)", Kind.TEXT, None),
        ("EVENT: Tea\nDescription: at mine", Kind.SYSTEM, None),
        ("EVENT: tea at mine", Kind.TEXT, "EVENT: tea at mine"),
    ],
)  # fmt: skip
def test_what_a_text_is(text: str, kind: Kind, words: str | None) -> None:
    found, left, edited = classified(text)
    assert found is kind
    assert left == (text.strip(M) if words is None else words)
    assert edited == (words == "hi" != text)


def test_a_text_in_brackets_that_comes_again_is_no_persons() -> None:
    tags = Tags()
    for _ in range(3):
        tags.add("Ada: <nichts dabei>")
        tags.add("Bo: <div>")
        tags.add("Bo: <!-- pasted markup -->")
        tags.add('Bo: <bean id="x" />')
    tags.add("Ada: <only once>")
    assert tags.repeated() == {"<nichts dabei>"}
    assert classified("<nichts dabei>", tags.repeated())[0] is Kind.MEDIA


@pytest.mark.parametrize(
    ("rows", "senders"),
    [
        (["Mira: on", "Bob:no milk", "Bob:there is oat", "Mira: fine"], "Mira Bob Bob Mira"),
        (["Mira: on", "Mira:at 10:05", "Ann Marie:no", "Mira: ok"], "Mira Mira Ann_Marie Mira"),
        (["Mira:on", "Bob:no", "Mira:x", "Bob:https://example.org"], "Mira Bob Mira Bob"),
        (["Mira: on", "見て:お茶", "見て:いい", "Mira: ok"], "Mira 見て 見て Mira"),
        (["Mira: on", "https://example.org is closed", "the call of 10:05 ended", "Mira: x"],
         "Mira - - Mira"),
        (["Mira: on", 'Ann changed the subject to "Tea:green"', "Mira: x", "Mira: y"],
         "Mira - Mira Mira"),
    ],
)  # fmt: skip
def test_a_colon_without_a_space(rows: list[str], senders: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("".join(f"[2026/07/31 02:28:09] {row}\n" for row in rows), "utf-8")
    found = [m.sender.replace(" ", "_") or "-" for m in read(path, tz="UTC")[0]]
    assert found == senders.split()


def test_lines_without_a_sender() -> None:
    assert call_or_system("Missed voice call") is Kind.CALL
    assert call_or_system("Ada ist jetzt Admin") is Kind.SYSTEM


@pytest.mark.parametrize(
    ("where", "chat"),
    [
        ("/x/WhatsApp Chat with Ada.txt", "Ada"),
        ("/x/WhatsApp Chat with Ada (2).txt", "Ada"),
        ("/x/WhatsApp Chat with Ada B. (shed).txt", "Ada B. (shed)"),
        ("/x/WhatsApp Chat - Ada.zip/_chat.txt", "Ada"),
        ("/x/WhatsApp Chat - Ada/_chat.txt", "Ada"),
        ("/x/Chat de WhatsApp con Ada.txt", "Ada"),
        ("/x/Conversa do WhatsApp com Ada.txt", "Ada"),
        ("/x/Discussion WhatsApp avec Ada.txt", "Ada"),
        ("/x/Чат WhatsApp с Ada.txt", "Ada"),
        ("/x/WhatsApp Chat mit Ada.zip/WhatsApp Chat mit Ada.txt", "Ada"),
        ("/x/Ada님과의 WhatsApp 대화.txt", "Ada"),
        ("/x/與 Ada 的 WhatsApp 對話.txt", "Ada"),
        ("/x/WhatsApp_Chat_with_Ada.txt", "Ada"),
        ("/x/ada/_chat.txt", "ada"),
        ("/x/ada.txt", "ada"),
    ],
)
def test_whom_a_chat_is_with(where: str, chat: str) -> None:
    assert chat_of(where) == chat


def test_a_zip_of_the_iphone(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat - Ada.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", "[31.12.23, 23:59:58] Ada: hi\r\n")
        archive.writestr("00000012-PHOTO.jpg", b"\xff\xd8")
    messages, report = read(path)
    assert [(m.sender, m.text, m.thread) for m in messages] == [("Ada", "hi", "Ada")]
    assert report.bytes_read == report.bytes_total


def test_the_option_reads_an_open_file_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("1/2/24, 10:05 - Ada: hi\n")
    months = {}
    for order in ("dmy", "mdy"):
        messages, report = read(path, date_order=order, tz="UTC")
        assert report.notes == []
        months[order] = datetime.fromtimestamp((messages[0].sent_at or 0) / 1000, UTC).month
    assert months == {"dmy": 2, "mdy": 1}
    assert any("--date-order mdy" in note for note in read(path)[1].notes)


def test_the_hour_that_comes_twice(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    clocks = ("02:30", "02:50", "02:10", "03:10")
    path.write_text("".join(f"29.10.23, {clock} - Ada: hi\n" for clock in clocks))
    messages, _ = read(path, tz="Europe/Berlin")
    hours = [datetime.fromtimestamp((m.sent_at or 0) / 1000, UTC).hour for m in messages]
    assert hours == [0, 0, 1, 2]


def test_lines_above_the_first_message_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("what is left\n\nof it\n" + "31.12.23, 10:05 - Ada: hi\n" * 4)
    messages, report = read(path)
    assert len(messages) == report.kept == 4
    assert report.left_out == {"unparsed": 2}


def test_a_time_that_cannot_be_is_no_time(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("31.12.23, 10:05 - Ada: hi\n31.12.23, 25:99 - Ada: when?\n")
    messages, report = read(path)
    assert [m.sent_at is None for m in messages] == [False, True]
    assert "1 message has a time before 1988" in report.notes[-1]


def test_a_pasted_line_of_another_style_begins_no_message(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    pasted = "[1/2/23, 10:05:06] Bo: pasted"
    path.write_text("31.12.23, 10:05 - Ada: hi\n" * 11 + pasted + "\n")
    assert read(path)[0][-1].text == f"hi\n{pasted}"


def test_unknown_words_after_the_time_are_pointed_out(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("31.12.23, 10:05 xx - Ada: hi\n31.12.23, 10:06 yy - Ada: hi\n")
    assert any('has "xx", "yy" beside its times' in note for note in read(path)[1].notes)
    path.write_text("31.12.23, 10:05 Uhr - Ada: hi\n")
    assert not any("beside its times" in note for note in read(path)[1].notes)


@pytest.mark.parametrize("notices", [[], ["Bo created this group", "Bo added you", "Bo left"]])
def test_empty_lines_make_no_other_format_of_it(notices: list[str], tmp_path: Path) -> None:
    path = tmp_path / "_chat.txt"
    rows = [*notices, "Ada: hi", "Bo: [b]"]
    path.write_text("".join(f"[31.12.23, 10:05:06] {row}\n\n\n" for row in rows))
    messages, report = read(path)
    assert report.format == "WhatsApp"
    said = [(m.sender, m.text) for m in messages if m.kind is Kind.TEXT]
    assert said == [("Ada", "hi\n\n"), ("Bo", "[b]\n\n")]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("31/12/2023, 10:05 Ada: hi\n31/12/2023, 10:06 Ada: hi\n", True),
        ("[2024-05-01 12:00:00] <ada> note: hi\n" * 9, False),
        ("[01-May-2024 12:00:00]  <ada> note: hi\n" * 9, False),
        ("2024-05-01 12:00:00 server: started\n" * 9, False),
        ("Dear diary,\n31.12.23, 10:05 - Ada: hi\n", False),
    ],
)
def test_other_logs_are_not_taken(text: str, known: bool) -> None:
    head = Head(Member("a.log", "/a.log", 1, lambda: Opened(io.BytesIO())), text.encode(), text)
    assert WhatsApp().knows(head) == known


def test_a_long_message_is_held_no_longer_than_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("31.12.23, 10:05 - Ada: hi\n" + "more and more\n" * 100_000)
    messages, report = read(path)
    assert len(messages) == 1
    assert len(messages[0].text) == 65_536
    assert report.repairs == {"cut to 65,536 characters": 1}


def test_messages_copied_from_whatsapps_page_in_a_browser(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat with Bob.txt"
    path.write_text(
        "[9:04 AM, 7/1/2025] Mira: kettle on\n[3:05 PM, 7/9/2025] +44 7700 900124: no milk\n"
        "[9:05 AM, 1/7/2025] is what she wrote\n[12:05 AM, 12/29/2025] Mira: two\nlines\n"
    )
    messages, report = read(path, tz="UTC")
    assert [(m.sender, m.text) for m in messages if m.kind is Kind.TEXT] == [
        ("Mira", "kettle on"), ("+44 7700 900124", "no milk"), ("Mira", "two\nlines"),
    ]  # fmt: skip
    assert messages[0].sent_at == 1_751_360_640_000
    assert report.format == "WhatsApp"


def test_lines_copied_from_a_browser_stay_in_the_message_they_were_pasted_into(
    tmp_path: Path,
) -> None:
    path = tmp_path / "WhatsApp Chat with Bob.txt"
    rows = [f"[{day:02}.07.25, 09:04:00] Mira: {day}" for day in range(1, 5)]
    rows[3:3] = ["[9:04 AM, 7/1/2025] Bob: no milk"]
    path.write_text("\n".join(rows))
    messages, _ = read(path, tz="UTC")
    assert {m.sender for m in messages} == {"Mira"}
    assert messages[2].text == "3\n[9:04 AM, 7/1/2025] Bob: no milk"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Voice call, 3 min", Kind.CALL),
        ("Video call, No answer", Kind.CALL),
        ("Missed video call, Tap to call back", Kind.CALL),
        ("Voice call. 2 joined", Kind.CALL),
        ("Voice call, will you?", Kind.TEXT),
        ("tea.pdf • 3 pages document omitted", Kind.MEDIA),
        ("tea.pdf • \u200e3 pages \u200edocument omitted", Kind.MEDIA),
        ("the pages of the document omitted", Kind.TEXT),
    ],
)
def test_what_phones_write_without_a_mark(text: str, kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat with Bob.txt"
    path.write_text(f"[01.07.25, 09:04:00] Mira: hi\n[01.07.25, 09:05:00] Bob: {text}\n")
    messages, _ = read(path, tz="UTC")
    assert messages[1].kind is kind
