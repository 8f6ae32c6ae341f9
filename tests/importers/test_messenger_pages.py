"""Messenger's and Instagram's pages: boxes of every year, times, and what is beside a thread."""

from __future__ import annotations

import json
import tempfile
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importing import read
from meta_exports import (
    BOXES,
    body,
    box,
    old_message,
    old_page,
    old_time,
    thread_page,
    write_thread,
)

from chatmimic.errors import DamagedExport, UnknownFormat
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.messenger.html_page import ThreadPage
from chatmimic.importers.messenger.old_pages import OldPage
from chatmimic.importers.messenger.page_structure import outline
from chatmimic.importers.parsing.dates.localized_times import looks_like_time, parse_localized
from chatmimic.records import Kind, Message

NOON = "May 1, 2024 12:00:00 pm"
AT = 1_714_564_800_000


def page(folder: Path, *boxes: str, name: str = "message_1.html", **around: str) -> Path:
    path = folder / "your_facebook_activity/messages/inbox/grace_1" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    title = around.pop("title", "Grace Hopper")
    path.write_text(thread_page(title, boxes, "Ada, Grace Hopper", **around), encoding="utf-8")
    return path


# --- any conversation is read back ---

SIGNS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
PIECES = st.sampled_from(
    ["\n", "Ã©", "<br>", "&amp;", "</div>", "<!--", "  ", "(edited", "<![CDATA["]
)
TEXTS = (
    st.lists(PIECES | st.text(SIGNS, max_size=8), min_size=1, max_size=6)
    .map("".join)
    .map(lambda text: "\n".join(line.strip() for line in text.strip().split("\n")).strip())
)
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12) | st.sampled_from(
    ["Zoë O'Neill", "Bo & Co", "<Ada>", "12:30"]
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Up to eight messages of up to three people, some in the same second."""
    people = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    at, messages = 1_600_000_000_000, []
    for text in draw(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=8)):
        at += draw(st.integers(0, 3 * 86_400)) * 1000
        messages.append(Message(draw(st.sampled_from(people)), text, at))
    return messages


def in_order(messages: list[Message]) -> list[tuple[int | None, str, str]]:
    """As the archive has them: by time, and of one instant as they stand."""
    return [(m.sent_at, m.sender, m.text) for m in sorted(messages, key=lambda m: m.sent_at or 0)]


QUICK = settings(deadline=None, max_examples=40)


@pytest.mark.parametrize("era", list(BOXES))
@given(messages=conversations(), each=st.integers(1, 9))
@QUICK
def test_pages_are_read_back(era: str, messages: list[Message], each: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, report = read(write_thread(Path(folder, "g"), "Engines", messages, era, each))
    assert in_order(found) == in_order(messages)
    assert {m.thread for m in found} == {"Engines"}
    assert report.left_out == {}


@given(messages=conversations())
@QUICK
def test_old_pages_are_read_back(messages: list[Message]) -> None:
    messages = [replace(m, sent_at=(m.sent_at or 0) // 60_000 * 60_000) for m in messages]
    said = [old_message(m.sender, m.text, old_time(m.sent_at)) for m in reversed(messages)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "messages.htm")
        path.write_text(old_page("Ada", ("Ada, Grace", said)), encoding="utf-8")
        found, _ = read(path)
    assert in_order(found) == in_order(messages)
    assert {m.thread for m in found} == {"Grace"}


# --- boxes ---

PHOTO = (
    '<div><a href="messages/inbox/g_1/photos/1.jpg"><img src="messages/inbox/g_1/1.jpg"/></a></div>'
)
LINK = '<a target="_blank" href="https://example.org">https://example.org</a>'


@pytest.mark.parametrize(
    ("inside", "kind", "text"),
    [
        (body("hi"), Kind.TEXT, "hi"),
        ("hi<br/>there", Kind.TEXT, "hi\nthere"),
        (body("hi", PHOTO), Kind.TEXT, "hi"),
        (body("", PHOTO), Kind.MEDIA, ""),
        (body("", "<div><video src='x.mp4'></video></div>"), Kind.MEDIA, ""),
        (body("", "<div><audio src='x.mp4' controls></audio></div>"), Kind.MEDIA, ""),
        (body("", LINK), Kind.MEDIA, ""),
        (body("see this", LINK, "A title that is not ours"), Kind.TEXT, "see this"),
        (body("").replace("<div></div>", f"<div>see {LINK}</div>", 1), Kind.TEXT,
         "see https://example.org"),
        (body("Grace Hopper sent a photo.", PHOTO), Kind.MEDIA, "Grace Hopper sent a photo."),
        (body("You missed a call from Ada."), Kind.CALL, "You missed a call from Ada."),
        (body("a\n\n\nb"), Kind.TEXT, "a\n\n\nb"),
        ("\n   <div>\n  laid\n   out  </div>\n", Kind.TEXT, "laid out"),
        (body("May 5, 2019 3:00 pm"), Kind.TEXT, "May 5, 2019 3:00 pm"),
        (body("<i>&amp;</i>"), Kind.TEXT, "<i>&amp;</i>"),
        (body("") + "<script>no</script>", Kind.OTHER, ""),
    ],
)  # fmt: skip
def test_what_a_box_holds(inside: str, kind: Kind, text: str, tmp_path: Path) -> None:
    messages, _ = read(page(tmp_path, box("Grace Hopper", inside, NOON)))
    assert [(m.kind, m.text, m.sent_at) for m in messages] == [(kind, text, AT)]


@pytest.mark.parametrize(
    ("item", "reaction"),
    [
        ("😆Ada", ("😆", "Ada")),
        ("❤️ Ada Lovelace", ("❤️", "Ada Lovelace")),
        ("👍🏽Bo (May 1, 2024 3:01:00 pm)", ("👍🏽", "Bo")),
        ("👍Bo (the one)", ("👍", "Bo (the one)")),
    ],
)
def test_reactions(item: str, reaction: tuple[str, str], tmp_path: Path) -> None:
    inside = body("hi", f'<ul class="_a6-q"><li><span>{item}</span></li></ul>')
    (message,), _ = read(page(tmp_path, box("Bo", inside, NOON)))
    assert [(r.emoji, r.sender) for r in message.reactions] == [reaction]
    assert message.text == "hi"


def test_a_box_of_no_known_shape_is_counted(tmp_path: Path) -> None:
    strange = '<section class="_a6-g"><h2>Ada</h2><div>something</div><p>else</p></section>'
    path = page(tmp_path, box("Ada", body("hi"), NOON), strange, box("Ada", body("ho"), NOON))
    messages, report = read(path)
    assert [m.kind for m in messages if m.kind is not Kind.TEXT] == [Kind.OTHER]
    assert report.left_out == {"unparsed": 1}
    assert sorted(m.text for m in messages) == ["Ada\nsomething\nelse", "hi", "ho"]


def test_sentences_of_any_language_show_by_repetition(tmp_path: Path) -> None:
    boxes = [box("Ada", body("Ada đã gửi một nhãn dán."), NOON) for _ in range(3)]
    assert read(page(tmp_path, *boxes))[1].left_out == {"system": 3}


# --- which pages are threads ---


@pytest.mark.parametrize(
    ("name", "html", "known"),
    [
        ("message_1.html", thread_page("G", [box("Ada", body("hi"), NOON)]), True),
        ("chat.html", thread_page("G", [box("Ada", body("hi"), NOON)], "Ada, Bo"), True),
        ("chat.html", thread_page("G", [box("Ada", body("", PHOTO), NOON)]), True),
        ("your_posts.html", thread_page("Posts", [box("Ada wrote", body("hi"), NOON)]), False),
        ("message_1.html", thread_page("G", ["<p>nothing</p>"]), False),
        ("message_1.html", "<html><body><p>Dear diary</p></body></html>", False),
        (
            "login.html",
            thread_page(
                "Log", [f"<div><h2>{NOON}</h2><div>IP 1.2.3.4</div><div>{NOON}</div></div>"]
            ),
            False,
        ),
    ],
)
def test_only_threads_are_taken(name: str, html: str, known: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(html, encoding="utf-8")
    if known:
        assert len(read(path)[0]) == 1
        return
    with pytest.raises(UnknownFormat):
        read(path)


def test_a_page_that_begins_with_long_style_sheets_is_read(tmp_path: Path) -> None:
    path = page(tmp_path, box("Ada", body("hi"), NOON), style="._a6-g{margin:0}" * 9000)
    assert path.stat().st_size > 128 << 10
    assert [m.text for m in read(path)[0]] == ["hi"]


# --- times ---


def test_local_times_are_read_in_the_zone_asked_for(tmp_path: Path) -> None:
    path = page(tmp_path, box("Ada", body("hi"), NOON))
    assert read(path, tz="America/New_York")[0][0].sent_at == AT + 4 * 3_600_000


@pytest.mark.parametrize(
    ("dates", "order", "day"),
    [
        (["05/04/2024 12:00", "25/04/2024 12:00"], None, "2024-04-05"),
        (["04/25/2024 12:00", "04/05/2024 12:00"], None, "2024-04-05"),
        (["04/05/2024 12:00"], "mdy", "2024-04-05"),
        (["04/05/2024 12:00"], None, "2024-05-04"),
    ],
)
def test_dates_of_numbers_are_read_by_what_the_page_shows(
    dates: list[str], order: str | None, day: str, tmp_path: Path
) -> None:
    path = page(tmp_path, *(box("Ada", body(date), date) for date in dates))
    messages, report = read(path, date_order=order)
    first = min(m.sent_at or 0 for m in messages)
    assert datetime.fromtimestamp(first / 1000, UTC).isoformat() == f"{day}T12:00:00+00:00"
    guessed = any("were read day first" in note for note in report.notes)
    assert guessed == (order is None and len(dates) == 1)


def test_a_talk_whose_months_are_not_known_keeps_its_order(tmp_path: Path) -> None:
    told = [("Ada", "fourth"), ("Bo", "third"), ("Ada", "second"), ("Bo", "first")]
    dates = ["9 Zzz 2024 12:03", "9 Zzz 2024 12:02", "9 Zzz 2024 12:01", "8 Zzz 2024 12:00"]
    boxes = [box(n, body(t), date) for (n, t), date in zip(told, dates, strict=True)]
    assert parse_localized(dates[0]) is None
    newest, oldest = boxes[:2], boxes[2:]
    folder = tmp_path / "messages/inbox/grace_1"
    folder.mkdir(parents=True)
    for number, some in enumerate((newest, oldest), 1):
        (folder / f"message_{number}.html").write_text(thread_page("Grace", some, "Ada and Bo"))
    messages, _ = read(tmp_path)
    assert [m.text for m in messages] == ["first", "second", "third", "fourth"]
    assert {m.sender for m in messages} == {"Ada", "Bo"}


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("9 Zzz 2024 12:03", True),
        ("Zzz 09, 2024, 12:03:09 xx", True),
        ("२ जनवरीी 2024 12:03", True),
        ("see you at 12:30", False),
        ("in 2024 at 12:30", False),
        ("12:30", False),
        ("I was there on the 4th in the year of 2024 at about 12:30 or so", False),
        ("2 3 2024 12:03", False),
    ],
)
def test_what_looks_like_a_time(text: str, likely: bool) -> None:
    assert looks_like_time(text) is likely


# --- the same thread twice ---


def both(folder: Path, json_records: list[tuple[str, str, int]], *boxes: str) -> Path:
    page(folder, *boxes)
    records = [{"sender_name": n, "content": t, "timestamp_ms": at} for n, t, at in json_records]
    whole = {"participants": [{"name": "Ada"}], "messages": records, "title": "Grace Hopper"}
    path = folder / "your_facebook_activity/messages/inbox/grace_1/message_1.json"
    path.write_text(json.dumps(whole | {"thread_path": "inbox/grace_1"}))
    return folder


@pytest.mark.parametrize(
    ("text", "moved", "duplicate"),
    [
        ("hi", 0, True),
        ("hi", 59_999, True),  # the page has no milliseconds, and perhaps no seconds
        ("hi", 5 * 3_600_000 + 1_800_000, True),  # the clock of India
        ("hi", -11 * 3_600_000, True),
        ("hi", 7 * 60_000, False),
        ("hi", 20 * 3_600_000, False),
        ("ho", 0, False),
    ],
)
def test_json_is_preferred_to_the_page_of_a_thread(
    text: str, moved: int, duplicate: bool, tmp_path: Path
) -> None:
    boxes = [box("Ada", body("hi"), "May 1, 2024, 12:00 PM"), box("Bo", body("x"), NOON)]
    records = [("Ada", text, AT + moved), ("Bo", "x", AT)]
    messages, report = read(both(tmp_path, records, *boxes))
    assert report.left_out == {"duplicate": 1 + duplicate}
    assert sum(m.source.endswith(".html:1") for m in messages) == (not duplicate)


def test_what_was_said_twice_in_a_page_is_left_out_as_often_as_json_has_it(tmp_path: Path) -> None:
    boxes = [box("Ada", body("hi"), NOON)] * 3
    messages, report = read(both(tmp_path, [("Ada", "hi", AT)] * 2, *boxes))
    assert [m.text for m in messages] == ["hi"] * 3
    assert report.left_out == {"duplicate": 2}


def test_a_long_thread_in_both_shapes_is_told_quickly(tmp_path: Path) -> None:
    boxes = [box("Ada", body("ok"), NOON)] * 3000
    begun = time.process_time()
    _, report = read(both(tmp_path, [("Ada", "ok", AT + 7 * 60_000)] * 3000, *boxes))
    assert report.kept == 6000
    assert time.process_time() - begun < 5


# --- pages of 2009 to 2018 ---

HELLO = old_message("Grace", "hi", "Friday, October 4, 2013 at 10:05pm PDT")


def test_two_old_pages_that_overlap_are_read_once(tmp_path: Path) -> None:
    later = old_message("Grace", "later", "Friday, October 4, 2013 at 11:05pm PDT")
    for name, said in (("2013", [HELLO]), ("2014", [later, HELLO])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "messages.htm").write_text(old_page("Ada", ("Ada, Grace", said)))
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["hi", "later"]
    assert report.left_out == {"duplicate": 1}


def test_an_old_page_beside_json_adds_what_is_new(tmp_path: Path) -> None:
    at = 1_380_949_500_000
    both(tmp_path, [("Grace", "hi", at + 30_500)])
    older = old_message("Grace", "older", "Friday, October 4, 2012 at 10:05pm PDT")
    (tmp_path / "messages.htm").write_text(old_page("Ada", ("Grace Hopper, Ada", [HELLO, older])))
    messages, report = read(tmp_path)
    assert sorted(m.text for m in messages) == ["hi", "older"]
    assert {m.thread for m in messages} == {"Grace Hopper"}
    assert report.left_out == {"duplicate": 1}


def test_old_pages_whose_months_are_not_known_keep_their_order(tmp_path: Path) -> None:
    said = [old_message("Ada", text, "9 zzz 2013 kl. 22:05 UTC+02") for text in ("2nd", "1st")]
    (tmp_path / "messages.htm").write_text(
        old_page("Ada", ("Ada, Bo", said), ("Ada, Grace", said[::-1]))
    )
    messages, _ = read(tmp_path)
    assert [(m.thread, m.text, m.sent_at) for m in messages] == [
        ("Bo", "1st", None),
        ("Bo", "2nd", None),
        ("Grace", "2nd", None),
        ("Grace", "1st", None),
    ]


@pytest.mark.parametrize(
    ("names", "inside", "thread", "texts"),
    [
        ("Ada, Grace", HELLO, "Grace", ["hi"]),
        ("Ada", HELLO, "Ada", ["hi"]),
        ("Participants: Ada, Grace", HELLO, "Grace", ["hi"]),
        ("", HELLO, "messages.htm", ["hi"]),
        ("Ada, Grace", HELLO.replace("<p>hi</p>", ""), "Grace", [""]),
        ("Ada, Grace", HELLO.replace("hi", "a<p>b</p>"), "Grace", ["a\nb"]),
        ("Ada, Grace", HELLO.replace("hi", '<img src="../photos/1.jpg" />'), "Grace", [""]),
        ("Ada, Grace", HELLO * 2, "Grace", ["hi", "hi"]),
    ],
)
def test_old_pages_as_they_may_come(
    names: str, inside: str, thread: str, texts: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "messages.htm"
    path.write_text(old_page("Ada", (names, [inside])).replace("&lt;", "<"))
    messages, _ = read(path)
    assert [(m.thread, m.text) for m in messages] == [(thread, text) for text in texts]


# --- broken and hostile pages ---


def test_a_page_cut_short_says_so_and_keeps_what_is_whole_when_allowed(tmp_path: Path) -> None:
    path = page(tmp_path, *(box("Ada", body(str(n)), NOON) for n in range(3)))
    path.write_text(path.read_text().rpartition("<section")[0])
    with pytest.raises(DamagedExport, match=r"message_1\.html is cut short; 2 whole messages"):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert [m.text for m in messages] == ["1", "0"]
    assert any("What follows is lost." in note for note in report.notes)


HOSTILE = [
    "<!", "<!--", "<", "</", "<a ", "&", "<![", "<?", " ", "\n ", "</p>", "<br>", "<p></p>",
    "<!--x", "<a x='", "(", "😆",
]  # fmt: skip
BEFORE = {"</p>": "<div>" * 150, "<!--x": "<style>", "😆": "<li>"}
LENGTHS = 50_000, 200_000  # characters


def reading(inside: str, old: bool) -> float:
    """The CPU seconds it takes to read a page with that in the place of a text."""
    usual = old_page("Ada", ("A", [HELLO])) if old else thread_page("G", [box("A", "hi", NOON)])
    text = usual.replace("hi<", inside + "<") if not old else usual.replace("hi", inside)
    begun = time.process_time()
    outline(text[: 64 << 10])
    found = OldPage("p") if old else ThreadPage("p", outline(usual).path)
    try:
        for at in range(0, len(text), 64 << 10):
            list(found.taken(text[at : at + (64 << 10)]))  # type: ignore[attr-defined]
    except DamagedExport:
        pass
    return time.process_time() - begun


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
@pytest.mark.parametrize("old", [True, False], ids=["old", "new"])
def test_hostile_pages_cost_no_more_than_their_length(piece: str, old: bool) -> None:
    begins = BEFORE.get(piece, "")
    pages = [begins + piece * (length // len(piece)) + "x" for length in LENGTHS]
    short = long = float("inf")
    for _ in range(12):  # beside other work a reading may take several times as long
        times = [reading(page, old) for page in pages]
        short, long = min(short, times[0]), min(long, times[1])
        # Four times the length: four times the time, and not sixteen.
        if long < 8 * short + 0.05:
            return
    pytest.fail(f"{long} s for four times the text of {short} s")


def test_an_open_tag_is_not_read_again_with_each_piece() -> None:
    read: list[int] = []

    class Counted(OldPage):
        def feed(self, data: str) -> None:
            read.append(len(self.rawdata) + len(data))
            super().feed(data)

    pieces = ["<a title='", *["x" * 1000] * 200, "'>", "</a>"]
    counted = Counted("p")
    for piece in pieces:
        assert not list(counted.taken(piece))
    assert sum(read) < 3 * sum(map(len, pieces))
    assert counted.open == []


@pytest.mark.parametrize("size", [1, 2, 7, 100])
@pytest.mark.parametrize("old", [True, False], ids=["old", "new"])
def test_a_page_may_come_in_pieces_of_any_size(size: int, old: bool) -> None:
    text = "1 &lt; 2 <i title='a > b'>so</i> <!-- > --> &amp; < x"
    boxes = [box("Ada", "hi", NOON), box("Bo", "hey", NOON)]
    whole = old_page("Ada", ("A", [HELLO])) if old else thread_page("G", boxes)
    assert "hi<" in whole
    whole = whole.replace("hi<", f"{text}<")

    def found(size: int) -> list[object]:
        page = OldPage("p") if old else ThreadPage("p", outline(whole).path)
        parts = (whole[at : at + size] for at in range(0, len(whole), size))
        records = [record for part in parts for record in page.taken(part)]
        assert page.ended
        return [(r.number, "".join(r.pieces) if old else r.text) for r in records]  # type: ignore

    assert found(size) == found(len(whole))
    assert found(size)


@pytest.mark.parametrize(
    ("inside", "fault"),
    [
        ("<div>" * 1000, "nested too deeply"),
        ("<a " + "x" * (2 << 20), "a tag longer than"),
        ("x" * (17 << 20), "a message of over 16 million characters"),
        ("<![x[ ]]>", "a malformed declaration"),
        (f"&#{'1' * 5000};<p>", "a malformed character reference"),
    ],
)
def test_hostile_pages_are_damaged(inside: str, fault: str, tmp_path: Path) -> None:
    first, second = box("Ada", body("one"), NOON), box("Ada", "IN", NOON).replace("IN", inside)
    with pytest.raises(DamagedExport, match=fault):
        read(page(tmp_path, first, second))


def test_a_long_page_is_read_in_little_memory(tmp_path: Path) -> None:
    times = (f"May 1, 2024 12:{59 - n // 60:02}:{59 - n % 60:02} pm" for n in range(300))
    path = page(tmp_path, *(box("Ada", body("word " * 4000), time_) for time_ in times))
    assert path.stat().st_size > 5 << 20
    tracemalloc.start()
    count = sum(1 for _ in read_exports(path, ImportOptions(), ImportReport()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 300
    assert peak < 4 << 20
