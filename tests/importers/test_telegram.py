"""Telegram: texts in pieces, both exports of one chat, pages that are odd or broken."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chat_exports import telegram_block, telegram_json, telegram_page, telegram_pages
from importing import read

from chatmimic.errors import DamagedExport
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.telegram.html_page import Page
from chatmimic.importers.telegram.message_text import written
from chatmimic.records import Kind, Message

AT = 1_700_000_000_000
TALK = [
    Message("Ada", "hello", AT, sender_key="1", message_id="1"),
    Message("Grace", "hi", AT + 1000, sender_key="2", message_id="2", reply_to="1"),
    Message("Grace", "how are you?", AT + 2000, sender_key="2", message_id="3"),
    Message("Ada", "well", AT + 3000, sender_key="1", message_id="4", reply_to="3"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ([], ""),
        (["a ", {"type": "bold", "text": "b"}, " c"], "a b c"),
        ([{"type": "custom_emoji", "text": "😀", "document_id": "5"}], "😀"),
        ([{"type": "text_link", "text": "here", "href": "https://example.org"}], "here"),
        ([None, 3, {"type": "bold"}, {"text": 5}, ["x"], "y"], "5y"),
        (None, ""),
        (7, ""),
    ],
)
def test_texts_in_pieces(text: Any, expected: str) -> None:
    assert written(text) == expected


def chat(path: Path, *records: dict[str, Any], **beside: Any) -> Path:
    whole = {"name": "G", "type": "private_group", "id": 7, **beside, "messages": list(records)}
    path.write_text(json.dumps(whole))
    return path


def said(**fields: Any) -> dict[str, Any]:
    usual = {
        "id": 1,
        "type": "message",
        "date": "2024-05-01T12:00:00",
        "date_unixtime": "1714557600",
    }
    return usual | {"from": "Ada", "from_id": "user1", "text": "hello"} | fields


@pytest.mark.parametrize(
    ("fields", "kind", "sender", "key"),
    [
        ({}, Kind.TEXT, "Ada", "user1"),
        ({"from_id": 5}, Kind.TEXT, "Ada", "user5"),
        ({"from_id": (1 << 32) + 5}, Kind.TEXT, "Ada", "user5"),
        ({"from_id": (3 << 32) + 5}, Kind.TEXT, "Ada", "channel5"),
        ({"from_id": 1 << 40}, Kind.TEXT, "Ada", str(1 << 40)),
        ({"from": None}, Kind.TEXT, "Deleted Account", "user1"),
        ({"from": None, "from_id": None}, Kind.TEXT, "Deleted Account", "Deleted Account in 7"),
        ({"text": ["", {"type": "bold", "text": " "}], "file": "x"}, Kind.MEDIA, "Ada", "user1"),
        ({"text": "", "location_information": {}}, Kind.MEDIA, "Ada", "user1"),
        ({"text": "look", "file": "x"}, Kind.TEXT, "Ada", "user1"),
        ({"forwarded_from_id": "user3"}, Kind.FORWARDED, "Ada", "user1"),
        ({"saved_from": "Grace", "forwarded_from": "Grace"}, Kind.FORWARDED, "Ada", "user1"),
        ({"via_bot": "@gif"}, Kind.FORWARDED, "Ada", "user1"),
        ({"type": "service", "action": "pin_message", "actor": "B"}, Kind.SYSTEM, "B", "B"),
        ({"type": "service", "action": "phone_call", "actor": "B"}, Kind.CALL, "B", "B"),
        ({"type": "service", "action": ["x"], "actor": "B"}, Kind.SYSTEM, "B", "B"),
        ({"type": "unsupported"}, Kind.OTHER, "Ada", "user1"),
        ({"text": {"a": 1}}, Kind.OTHER, "Ada", "user1"),
        ({"text": ""}, Kind.OTHER, "Ada", "user1"),
        ({"text": "", "story_information": {}}, Kind.MEDIA, "Ada", "user1"),
        ({"text": "", "dice": {"emoji": "🎲", "value": 3}}, Kind.MEDIA, "Ada", "user1"),
        ({"text": "", "poll": {"question": "", "answers": []}}, Kind.MEDIA, "Ada", "user1"),
        ({"text": "", "photo_file_size": 0}, Kind.MEDIA, "Ada", "user1"),
        ({"text": "", "hologram": {}}, Kind.OTHER, "Ada", "user1"),
        ({"text": "", "paid_stars_amount": 5}, Kind.MEDIA, "Ada", "user1"),
    ],
)
def test_records(fields: dict[str, Any], kind: Kind, sender: str, key: str, tmp_path: Path) -> None:
    message = read(chat(tmp_path / "result.json", said(**fields)))[0][0]
    assert (message.kind, message.sender, message.sender_key) == (kind, sender, key)


PIECES = [{"type": "plain", "text": "green"}, {"type": "bold", "text": {"text": " tea"}}]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"poll": {"question": "Tea?", "answers": [{"text": "yes"}, {"text": "no"}]}},
            "Tea?|yes|no",
        ),
        ({"poll": {"question": PIECES, "answers": []}}, "green tea"),
        ({"todo_list": {"title": "party", "answers": [{"text": "cups", "id": 1}]}}, "party|cups"),
        ({"checklist": {"title": "party", "items": [{"text": "cups"}, "oat"]}}, "party|cups|oat"),
        ({"checklist": {"title": "party", "tasks": [{"text": PIECES}]}}, "party|green tea"),
        (
            {
                "rich_message": {
                    "rtl": False,
                    "blocks": [
                        {"type": "heading", "text": "Tea"},
                        {"type": "paragraph", "text": {"type": "plain", "text": "buy"}},
                        {
                            "type": "list",
                            "items": [{"checked": True, "text": PIECES}, {"text": "x"}],
                        },
                        {"type": "photo", "photo_id": "77", "caption": {"text": "my pot"}},
                        {"type": "details", "title": "more", "blocks": [{"text": "later"}]},
                        {"type": "table", "rows": [{"cells": [{"text": "a"}, {"text": "b"}]}]},
                        {"type": "button_row", "buttons": [{"text": "Go", "button": {}}]},
                        {"type": "paragraph", "text": {"type": "link", "href": "h", "text": "l"}},
                    ],
                }
            },
            "Tea|buy|green tea|x|my pot|more|later|a|b|l",
        ),
        ({"text": "see", "poll": {"question": "Tea?"}}, "see|Tea?"),
        ({"text": "see", "rich_message": {"blocks": [{"text": "see"}]}}, "see"),
    ],
)
def test_words_beside_the_text_are_the_sender_s(
    fields: dict[str, Any], text: str, tmp_path: Path
) -> None:
    message = read(chat(tmp_path / "result.json", said(**({"text": ""} | fields))))[0][0]
    assert (message.kind, message.text) == (Kind.TEXT, text.replace("|", "\n"))


def test_a_page_of_blocks_has_no_text_of_its_own(tmp_path: Path) -> None:
    record = said(rich_message={"blocks": [{"text": "buy tea"}]})
    del record["text"]
    assert read(chat(tmp_path / "result.json", record))[0][0].text == "buy tea"


def test_a_page_of_blocks_in_blocks_has_an_end(tmp_path: Path) -> None:
    block: dict[str, Any] = {"text": "deep"}
    for _ in range(200):
        block = {"text": "x", "blocks": [block]}
    (message,), _ = read(chat(tmp_path / "result.json", said(text="", rich_message=block)))
    assert set(message.text.split()) == {"x"}


def test_a_poll_in_a_page_is_its_sender_s(tmp_path: Path) -> None:
    poll = (
        '<div class="media_wrap clearfix"><div class="media_poll">\n<div class="question bold">\n'
        'Tea?\n</div><div class="details">\nAnonymous poll\n</div><div class="answer">\n- yes '
        '<span class="details">2 votes</span>\n</div><div class="answer">\n- no\n</div>'
        '<div class="total details">\n2 votes\n</div></div></div>'
    )
    page = (
        '<!DOCTYPE html><html><body><div class="text bold">Tea</div>'
        '<div class="message default clearfix" id="message1"><div class="body"><div class="date" '
        'title="01.05.2024 12:00:00 UTC+00:00"></div><div class="from_name">Ada</div>'
        f"{poll}</div></div></body></html>"
    )
    path = tmp_path / "messages.html"
    path.write_text(page)
    (message,), _ = read(path)
    assert (message.sender, message.text) == ("Ada", "Tea?\nyes\nno")


def test_what_is_no_record_is_counted(tmp_path: Path) -> None:
    path = chat(tmp_path / "result.json", said(), [1], None, {})  # type: ignore[arg-type]
    messages, report = read(path)
    assert [m.kind for m in messages] == [Kind.TEXT, Kind.OTHER, Kind.OTHER, Kind.OTHER]
    assert report.left_out == {"unparsed": 3}


def test_local_times_of_old_exports_are_read_in_the_zone_asked_for(tmp_path: Path) -> None:
    old = said()
    del old["date_unixtime"]
    assert read(chat(tmp_path / "r.json", old), tz="Europe/Berlin")[0][0].sent_at == 1714557600000


def test_a_cut_file_says_where_and_keeps_what_is_whole_when_allowed(tmp_path: Path) -> None:
    path = telegram_json(tmp_path / "result.json", "G", TALK)
    path.write_bytes(path.read_bytes()[: path.read_bytes().index(b"how are")])
    with pytest.raises(DamagedExport, match=r"result\.json ends in the middle of record 3 "):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert [m.text for m in messages] == ["hello", "hi"]
    assert any("2 whole messages stand before it" in note for note in report.notes)


# --- pages ---


def test_a_cut_page_says_so_and_keeps_what_is_whole_when_allowed(tmp_path: Path) -> None:
    path = telegram_pages(tmp_path, "G", TALK, each=9) / "messages.html"
    path.write_text(path.read_text().partition("how are")[0])
    with pytest.raises(DamagedExport) as caught:
        read(path)
    assert str(caught.value) == (
        "messages.html is cut short; 2 whole messages stand before it. "
        "Nothing was imported; --allow-truncated keeps them."
    )
    messages, report = read(path, allow_truncated=True)
    assert [m.text for m in messages] == ["hello", "hi"]
    assert report.notes[0].endswith("What follows is lost.")


@pytest.mark.parametrize("each", [2, 1000])  # two pages, and one alone
def test_pages_beside_the_json_of_the_same_chat_add_nothing(each: int, tmp_path: Path) -> None:
    telegram_json(tmp_path / "ChatExport/result.json", "G", TALK[1:])
    telegram_pages(tmp_path / "ChatExport", "G", TALK, each=each)
    messages, report = read(tmp_path)
    assert [(m.text, m.thread) for m in messages] == [
        *((m.text, "7") for m in TALK[1:]),
        ("hello", "G"),
    ]
    assert report.left_out == {"duplicate": 3}


def test_overlapping_exports_of_a_chat_are_read_once(tmp_path: Path) -> None:
    telegram_pages(tmp_path / "ChatExport_1", "G", TALK[:3])
    telegram_pages(tmp_path / "ChatExport_2", "G", TALK[1:])
    messages, report = read(tmp_path)
    assert [m.message_id for m in messages] == ["1", "2", "3", "4"]
    assert report.left_out == {"duplicate": 2}


def test_chats_of_one_title_in_one_account_stay_apart(tmp_path: Path) -> None:
    for number in (1, 2):
        telegram_pages(tmp_path / f"chats/chat_{number}", "Deleted Account", TALK)
    telegram_pages(tmp_path / "chats/chat_3", "Engines", TALK)
    messages, report = read(tmp_path)
    threads = ["Deleted Account (chat_1)", "Deleted Account (chat_2)", "Engines"]
    assert list(dict.fromkeys(m.thread for m in messages)) == threads
    assert len(messages) == 12
    assert report.left_out == {}


def test_a_sender_goes_on_over_ten_pages_in_their_order(tmp_path: Path) -> None:
    talk = [Message("Ada", str(n), AT + n * 1000, message_id=str(n)) for n in range(1, 13)]
    messages, _ = read(telegram_pages(tmp_path, "G", talk, each=1))
    assert [(m.sender, m.text) for m in messages] == [("Ada", str(n)) for n in range(1, 13)]


def records(body: str) -> list[Any]:
    page, text = Page("p.html"), f"<!DOCTYPE html><html><body>{body}</body></html>"
    chunks = (text[at : at + (64 << 10)] for at in range(0, len(text), 64 << 10))
    return [record for chunk in chunks for record in page.taken(chunk)]


HELLO = '<div class="message default" id="message1"><div class="body"><div class="text">hi</div>'


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("", []),
        (HELLO + "</div></div>", ["hi"]),
        (HELLO, ["hi"]),  # closed by what is around it
        (HELLO + HELLO.replace("hi", "ho"), ["hi", "ho"]),
        (HELLO.replace("hi", "a<br/>b<br>c") + "</div></div>", ["a\nb\nc"]),
        (HELLO.replace("hi", "\n a\n   b\n  ") + "</div></div>", [" a b"]),
        (HELLO.replace("hi", "&lt;b&gt; &amp;amp; &#128512;"), ["<b> &amp; 😀"]),
        (HELLO.replace("hi", '<span class="text userpic_wrap message">x</span>'), ["x"]),
        (HELLO.replace("hi", "<!-- no --><blockquote>x</blockquote></p></i>y"), ["xy"]),
        ('<div class="message"><div class="text">furniture</div></div>', []),
    ],
)
def test_html_as_it_may_come(body: str, texts: list[str]) -> None:
    assert [record.text for record in records(body)] == texts


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<div>" * 1000, "nested too deeply"),
        (HELLO + "<a " + "x" * (2 << 20), "a tag longer than"),
        (HELLO.replace("hi", "x" * (17 << 20)), "a message of over 16 million characters"),
        (HELLO + "<![x[ ]]>", "a malformed declaration"),
        (HELLO + f"&#{'1' * 5000};<p>", "a malformed character reference"),
    ],
)
def test_hostile_pages_are_damaged(body: str, fault: str) -> None:
    with pytest.raises(DamagedExport, match=fault):
        records(body)


def peak_of_reading(path: Path, count: int) -> int:
    """The most bytes that reading so many messages takes at once."""
    tracemalloc.start()
    found = sum(1 for _ in read_exports(path, ImportOptions(), ImportReport()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == count
    return peak


def test_a_long_page_is_read_in_little_memory(tmp_path: Path) -> None:
    said = [replace(TALK[0], text="word " * 300 + ".", message_id=str(n)) for n in range(3000)]
    path = tmp_path / "messages.html"
    path.write_text(telegram_page("G", [telegram_block(message, False) for message in said]))
    assert path.stat().st_size > 5 << 20
    assert peak_of_reading(path, 3000) < 2 << 20


def test_a_chat_deep_in_an_account_is_read_in_little_memory(tmp_path: Path) -> None:
    records = [said(id=n, text="word " * 1000) for n in range(5000)]
    one = {"name": "G", "type": "personal_chat", "id": 2, "messages": records}
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"about": "x", "chats": {"about": "", "list": [one]}}))
    assert path.stat().st_size > 24 << 20
    assert peak_of_reading(path, 5000) < 10 << 20
