"""Matrix: edits, replies and reactions find their target, in rooms of any size."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chatmimic.errors import DamagedExport
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.matrix import plain_text
from chatmimic.importers.matrix.events import kind_and_text, without_quote
from chatmimic.importers.matrix.plain_text import _Names, _row
from chatmimic.records import Kind, Message, Reaction

AT = 1_700_000_000_000
ADA, GRACE = "@ada:example.org", "@grace:example.org"
QUIET = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
    ],
)


def read(path: Path, **options: Any) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(tz="UTC", **options), report)), report


def event(number: int, sender: str, body: str = "", **more: Any) -> dict[str, Any]:
    content = {"msgtype": "m.text", "body": body, **more.pop("content", {})}
    usual = {"type": "m.room.message", "sender": sender, "origin_server_ts": AT + number}
    return {**usual, "event_id": f"$e{number}", "room_id": "!r", "content": content, **more}


def edit(number: int, sender: str, target: int, body: str) -> dict[str, Any]:
    relation = {"rel_type": "m.replace", "event_id": f"$e{target}"}
    new = {"msgtype": "m.text", "body": body}
    content = {"m.relates_to": relation, "m.new_content": new}
    return event(number, sender, f" * {body}", content=content)


def reaction(number: int, sender: str, target: int, key: str) -> dict[str, Any]:
    relation = {"rel_type": "m.annotation", "event_id": f"$e{target}", "key": key}
    return event(number, sender, type="m.reaction") | {"content": {"m.relates_to": relation}}


def room(path: Path, *events: Any) -> Path:
    top = {"room_name": "Engines", "export_date": "x", "exported_by": "Ada"}
    path.write_text(json.dumps({**top, "messages": events}))
    return path


def redaction(number: int, target: int) -> dict[str, Any]:
    return event(number, ADA, type="m.room.redaction", redacts=f"$e{target}")


CASES: dict[str, tuple[list[dict[str, Any]], list[str], dict[str, int]]] = {
    "the last edit counts": (
        [event(1, ADA, "a"), edit(2, ADA, 1, "b"), edit(3, ADA, 1, "c")],
        ["c"],
        {"edit": 2},
    ),
    "nobody edits another's words": (
        [event(1, ADA, "a"), edit(2, GRACE, 1, "b")],
        ["a"],
        {"edit": 1},
    ),
    "an edit that was taken back": (
        [event(1, ADA, "a"), edit(2, ADA, 1, "b"), redaction(3, 2)],
        ["a"],
        {"edit": 1, "system": 1},
    ),
    "an edit whose message is not there": (
        [edit(2, ADA, 1, "b"), edit(3, ADA, 1, "c"), event(4, GRACE, "d")],
        ["c", "d"],
        {"edit": 1},
    ),
    "what was deleted stays so": (
        [event(1, ADA, "a"), edit(2, ADA, 1, "b"), redaction(3, 1)],
        [],
        {"edit": 1, "deleted": 1, "system": 1},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_edits_stand_in_the_place_of_what_they_mend(case: str, tmp_path: Path) -> None:
    events, texts, left_out = CASES[case]
    messages, report = read(room(tmp_path / "export.json", *events))
    assert [m.text for m in messages if m.kind is Kind.TEXT] == texts
    assert report.left_out == left_out
    assert report.records == len(events)


def test_reactions_hang_on_their_message(tmp_path: Path) -> None:
    events = [
        event(1, ADA, "a"),
        reaction(2, GRACE, 1, "👍"),
        reaction(3, ADA, 1, "🎉"),
        redaction(4, 3),
        reaction(5, GRACE, 99, "❓"),
    ]
    messages, report = read(room(tmp_path / "export.json", *events))
    assert messages[0].reactions == (Reaction("👍", GRACE),)
    assert report.left_out == {"reaction": 3, "system": 1}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("> <@a:b> hi\n\nyes", "yes"),
        ("> <@a:b> hi\n> there\n\nyes\n\n> mine", "yes\n\n> mine"),
        ("> * <@a:b> waves\n\nyes", "yes"),
        ("> <@a:b> hi", ""),
        ("> <@a:b> hi\n", ""),
        ("> a quote of my own\n\nyes", "> a quote of my own\n\nyes"),
        ("plain", "plain"),
    ],
)
def test_the_quote_before_a_reply_is_taken_off(body: str, words: str) -> None:
    assert without_quote(body) == words


KINDS: list[tuple[dict[str, Any], Kind, str]] = [
    ({"msgtype": "m.text", "body": "a"}, Kind.TEXT, "a"),
    ({"msgtype": "m.emote", "body": "waves"}, Kind.ACTION, "waves"),
    ({"msgtype": "m.image", "body": "a.jpg"}, Kind.MEDIA, ""),
    ({"msgtype": "m.image", "body": "a.jpg", "filename": "a.jpg"}, Kind.MEDIA, ""),
    ({"msgtype": "m.image", "body": "look", "filename": "a.jpg"}, Kind.TEXT, "look"),
    ({"msgtype": "m.location", "body": "here"}, Kind.MEDIA, ""),
    ({"msgtype": "m.odd", "body": "x"}, Kind.OTHER, "x"),
    ({"msgtype": 5, "body": ["x"]}, Kind.OTHER, ""),
    ({}, Kind.DELETED, ""),
    ({"m.relates_to": {"rel_type": "m.thread"}}, Kind.DELETED, ""),
]


@pytest.mark.parametrize(("content", "kind", "text"), KINDS)
def test_kinds(content: dict[str, Any], kind: Kind, text: str) -> None:
    assert kind_and_text({"type": "m.room.message", "content": content}, content) == (kind, text)


@pytest.mark.parametrize(("notices", "texts", "bot"), [(2, 1, True), (1, 1, False), (1, 0, True)])
def test_a_bot_is_who_mostly_sends_notices(
    notices: int, texts: int, bot: bool, tmp_path: Path
) -> None:
    events = [event(n, ADA, "x", content={"msgtype": "m.notice"}) for n in range(notices)]
    events += [event(n + 10, ADA, "y") for n in range(texts)]
    messages, _ = read(room(tmp_path / "export.json", *events))
    assert {m.is_bot for m in messages} == {bot}


ODD = [None, 7, "x", [], {"content": None}, {"content": {"m.relates_to": 3}, "type": 4},
       {"type": "m.room.member", "state_key": ["x"], "content": {"displayname": {}}},
       {"type": "m.reaction", "content": {"m.relates_to": {"event_id": {}, "key": 3}}},
       {"type": "m.room.message", "event_id": "\ud800", "content": {"body": "\ud800"}},
       {"type": "m.reaction", "content": {"m.relates_to": {"event_id": "\ud800", "key": "x"}}},
       {"type": "m.room.redaction", "redacts": 9}]  # fmt: skip


def test_records_of_any_shape_are_counted(tmp_path: Path) -> None:
    _, report = read(room(tmp_path / "export.json", *ODD))
    assert report.records == len(ODD)


def test_two_exports_of_a_room_are_read_once(tmp_path: Path) -> None:
    room(tmp_path / "a.json", event(1, ADA, "a"), event(2, GRACE, "b"))
    room(tmp_path / "b.json", event(2, GRACE, "b"), event(3, ADA, "c"))
    messages, report = read(tmp_path)
    assert [m.text for m in messages] == ["a", "b", "c"]
    assert report.left_out == {"duplicate": 1}


def test_a_cut_export_keeps_what_is_whole_when_allowed(tmp_path: Path) -> None:
    path = room(tmp_path / "export.json", event(1, ADA, "a"), event(2, GRACE, "b"))
    path.write_text(path.read_text()[:-60])
    with pytest.raises(DamagedExport, match="in the middle of record 2"):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert [m.text for m in messages] == ["a"]
    assert len(report.notes) == 1


def test_a_long_room_is_not_held(tmp_path: Path) -> None:
    """Half of the events are edits, all of which come at the end."""
    count = 3000
    events = [event(n, ADA, f"draft {n} " + "x" * 2500) for n in range(count)]
    events += [edit(count + n, ADA, n, f"final {n} " + "y" * 2500) for n in range(count)]
    path = room(tmp_path / "export.json", *events)
    report = ImportReport()
    tracemalloc.start()
    texts = [m.text.partition(" y")[0] for m in read_exports(path, ImportOptions(), report)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts == [f"final {n}" for n in range(count)]
    assert report.left_out == {"edit": count}
    assert peak < path.stat().st_size / 2  # the window alone has some megabytes


# --- plain text ---

LINES = {
    "Fri, Apr 16, 2021, 17:20:00 - Ada: hi: you": (Kind.TEXT, "Ada", "hi: you"),
    "Fri, Apr 16, 2021, 5:20:00 PM - Ada: hi": (Kind.TEXT, "Ada", "hi"),
    "Fri, Apr 16, 2021, 17:20:00 - @a:b.org: hi": (Kind.TEXT, "@a:b.org", "hi"),
    "Fri, Apr 16, 2021, 17:20:00 - Ada:": (Kind.TEXT, "Ada", ""),
    "Fri, Apr 16, 2021, 17:20:00 - * Ada waves": (Kind.ACTION, "Ada", "waves"),
    "Fri, Apr 16, 2021, 17:20:00 - Ada sent a sticker.": (Kind.MEDIA, "Ada", ""),
    "Fri, Apr 16, 2021, 17:20:00 - Ada changed the room name to x: y.": (
        Kind.SYSTEM,
        "",
        "Ada changed the room name to x: y.",
    ),
    "Fri, Feb 30, 2021, 17:20:00 - Ada: hi": None,
    "2021-04-16 17:20:00 - Ada: hi": None,
}


@pytest.mark.parametrize("line", LINES)
def test_lines_of_the_plain_text(line: str) -> None:
    found = _row(line, _Names())
    expected = LINES[line]
    if expected is None or isinstance(found, str):
        assert found == line
        assert expected is None
    else:
        assert (found.kind, found.sender, found.text) == expected


def test_a_name_of_several_words_is_known_in_an_action(tmp_path: Path) -> None:
    path = tmp_path / "matrix-Engines-export-x.txt"
    stamp = "Fri, Apr 16, 2021, 17:20:0"
    path.write_text(f"{stamp}0 - Ada L.: hi\n{stamp}1 - * Ada L. waves\n{stamp}2 - * Bo waves\n")
    messages, _ = read(path)
    assert [(m.sender, m.text) for m in messages[1:]] == [("Ada L.", "waves"), ("Bo", "waves")]


ABROAD = [  # as browsers write Friday, 16 April 2021
    "Fri, 16 Apr 2021, 17:20:0{}", "Fr., 16. Apr. 2021, 17:20:0{}", "ven. 16 avr. 2021, 17:20:0{}",
    "vie, 16 abr 2021, 17:20:0{}", "sex., 16 de abr. de 2021, 17:20:0{}",
    "ven 16 apr 2021, 17:20:0{}", "vr 16 apr. 2021 17:20:0{}", "fre 16 apr. 2021 17:20:0{}",
    "pt., 16 kwi 2021, 17:20:0{}", "пт, 16 апр. 2021 г., 17:20:0{}", "pá 16. 4. 2021 17:20:0{}",
    "2021年4月16日(金) 17:20:0{}", "2021年4月16日周五 17:20:0{}", "2021年4月16日 週五 下午5:20:0{}",
    "2021년 4월 16일 (금) 오후 5:20:0{}", "Fri, Apr 16, 2021, 5:20:0{}\u202fPM",
    "Fri, 16 Apr 2021, 5:20:0{} pm",
]  # fmt: skip


@pytest.mark.parametrize("stamp", ABROAD)
def test_plain_text_in_other_languages(stamp: str, tmp_path: Path) -> None:
    rows = [
        "Ada: hi", 'Bo: <@ada:b.org "hi"> yes\ntwo', "Bo sent an image.",
        'Ada changed the room name to "Tea: green".',
    ]  # fmt: skip
    path = tmp_path / "matrix-Engines-export-x.txt"
    text = "".join(f"{stamp.format(n)} - {row}\n" for n, row in enumerate(rows))
    path.write_text(text, encoding="utf-8")
    messages, report = read(path)
    assert report.format == "Matrix (Element)"
    assert [(m.sender, m.text) for m in messages if m.kind is Kind.TEXT] == [
        ("Ada", "hi"),
        ("Bo", "yes\ntwo"),
    ]
    assert messages[1].sent_at == 1_618_593_601_000
    assert report.left_out == {"media only": 1, "system": 1}


# --- any conversation ---

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), min_size=1, max_size=40
).filter(str.strip)
SAID = st.lists(st.tuples(st.sampled_from([ADA, GRACE]), TEXTS, st.integers(0, 3)), max_size=8)


@given(said=SAID)
@QUIET
def test_any_room_is_read_back(said: list[tuple[str, str, int]], tmp_path: Path) -> None:
    """Each message is edited now and then, and answers the one before it."""
    events, texts, answers = [], [], []
    for number, (sender, text, way) in enumerate(said):
        content = {}
        if way == 1 and number:
            content = {"m.relates_to": {"m.in_reply_to": {"event_id": f"$e{number - 1}"}}}
            body = f"> <{ADA}> what was said\n\n{text}"
        else:
            body = text
        events.append(event(number, sender, body, content=content))
        answers.append(f"$e{number - 1}" if content else "")
        texts.append(text)
        if way == 2:
            events.append(edit(1000 + number, sender, number, f"{text}!"))
            texts[-1] = f"{text}!"
    messages, _ = read(room(tmp_path / "export.json", *events))
    assert [(m.sender, m.text, m.reply_to) for m in messages] == [
        (sender, text, answer)
        for (sender, _, _), text, answer in zip(said, texts, answers, strict=True)
    ]


@given(said=SAID, half=st.booleans())
@QUIET
def test_any_plain_text_is_read_back(
    said: list[tuple[str, str, int]], half: bool, tmp_path: Path
) -> None:
    assume(said)
    assume(not any(plain_text.stamped(row) for _, text, _ in said for row in text.split("\n")))
    assume(
        not any(
            text.endswith(plain_text._FILES) or text.startswith(("<@", "**")) for _, text, _ in said
        )
    )
    assume(not any(text.startswith("Message deleted") for _, text, _ in said))
    at, rows = datetime(2021, 4, 16, 23, 59, tzinfo=UTC), []
    clock = "%-I:%M:%S %p" if half else "%H:%M:%S"
    for sender, text, _ in said:
        at += timedelta(seconds=61)
        rows.append(f"{at.strftime(f'%a, %b %-d, %Y, {clock}')} - {sender}: {text}\n")
    path = tmp_path / "matrix-Engines-export-x.txt"
    path.write_text("".join(rows), encoding="utf-8", newline="")
    messages, _ = read(path)
    assert [(m.sender, m.text) for m in messages] == [(sender, text) for sender, text, _ in said]
    assert messages[-1].sent_at == int(at.timestamp() * 1000)
    assert {m.thread for m in messages} == {"Engines"}
