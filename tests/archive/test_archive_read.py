"""Reading: the order of the stream, its fingerprint, search, tables, threads."""

import tracemalloc

import pandas as pd
import pytest

from chatmimic.archive import Archive, Thread, reading
from chatmimic.errors import NoSuchPerson
from chatmimic.records import Kind, Message


def said(text: str, at: int | None, thread: str = "a", **more: object) -> Message:
    return Message(
        more.pop("sender", "Ada"),
        text,
        at,
        service=more.pop("service", "irc"),
        thread=thread,
        **more,
    )


def texts(messages: object) -> str:
    return "".join(m.text for m in messages)


def test_the_order_is_thread_time_arrival(archive: Archive) -> None:
    archive.add(
        [
            said("7", 9, "b", service="messenger"),
            said("6", 1, "b"),
            said("3", 5),
            said("4", 5),
            said("2", 1, sender="Zoe"),
            said("1", -5),
            said("5", 6),
        ]
    )
    assert texts(archive.stream()) == "1234567"
    assert texts(archive.stream(service="irc")) == "123456"
    assert texts(archive.stream(thread="b")) == "67"
    assert texts(archive.stream(service="irc", thread="b")) == "6"
    assert texts(archive.stream(thread="none")) == ""


def test_a_stream_sorts_and_holds_nothing(archive: Archive) -> None:
    archive.add(said(f"{n} " + "long " * 40, -n, f"t{n % 50}") for n in range(20_000))
    tracemalloc.start()
    try:
        for _ in archive.stream():
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    plan = archive._database.connection.execute(
        f"EXPLAIN QUERY PLAN SELECT {reading.COLUMNS} {reading.FROM} "
        f"WHERE {reading.WORDS} {reading._ORDER}"
    ).fetchall()
    assert plan
    assert not any("TEMP B-TREE" in row[3] for row in plan)


def test_adding_while_a_stream_is_read(archive: Archive) -> None:
    archive.add(said(str(n), n) for n in range(5))
    stream = archive.stream()
    next(stream)
    archive.add([said("x", 99, "z")])
    assert texts(archive.stream()) == "01234x"
    stream.close()


CHANGES = {
    "a message": (lambda a: a.add([said("new", 50)]), True),
    "one more without a time": (lambda a: a.add([said("new", None)]), True),
    "merge": (lambda a: a.merge("Ada", "Bob"), True),
    "forget": (lambda a: a.forget("Bob"), True),
    "a title at last": (lambda a: a.add([said("one", 1, thread_title="Tea")]), True),
    "a bot unmasked": (lambda a: a.add([said("two", 2, sender="Bob", is_bot=True)]), True),
    "the same again": (lambda a: a.add([said("one", 1)]), False),
    "a photo": (lambda a: a.add([said("", 5, kind=Kind.MEDIA)]), False),
    "nothing": (lambda a: a.add([]), False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_fingerprint_changes_with_the_stream(archive: Archive, change: str) -> None:
    archive.add([said("one", 1), said("two", 2, sender="Bob")])
    fingerprint, stream = archive.fingerprint(), list(archive.stream())
    act, changes = CHANGES[change]
    act(archive)
    assert (list(archive.stream()) != stream) is changes
    assert (archive.fingerprint() != fingerprint) is changes


def test_equal_histories_have_equal_fingerprints(archive: Archive, tmp_path: object) -> None:
    history = [said("one", 1), said("two", 2, sender="Bob")]
    archive.add(history)
    with Archive.open(tmp_path / "other") as other:
        other.add(history[:1])
        assert other.fingerprint() != archive.fingerprint()
        other.add(history)
        assert other.fingerprint() == archive.fingerprint()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tea", {"Tea at five?", "no tea, thanks"}),
        ("tea five", {"Tea at five?"}),
        ("teapot", set()),
        ("cof*", set()),
        ("coffee*", {"coffee AND cake"}),
        ("tea😂", {"Tea at five?", "no tea, thanks"}),
        ("😂 😂", {"😂😂"}),
        ("五点", {"下午五点见"}),
        ("下午 见", {"下午五点见"}),
        ("NOT tea", set()),
        ("tea OR coffee", set()),
        ("tea + five", set()),
        ("^tea", {"Tea at five?", "no tea, thanks"}),
        ("cof", set()),
        ('"at five"', {"Tea at five?"}),
        ('"five at"', set()),
        ("AND", {"coffee AND cake"}),
        ("cafe", {"le café"}),
        ("NEAR( tea", set()),
        ('un"balanced', set()),
        ("text:tea", set()),
        ("-tea", {"Tea at five?", "no tea, thanks"}),
        ("😂", {"😂😂"}),
        ("", set()),
        ("  ", set()),
        ("\x00\ud800", set()),
        ("joined", set()),
    ],
)
def test_search(archive: Archive, query: str, found: set[str]) -> None:
    said_so = ["Tea at five?", "no tea, thanks", "coffee AND cake", "le café", "😂😂", "下午五点见"]
    archive.add(said(text, n) for n, text in enumerate(said_so))
    archive.add([said("Bob joined", 9, kind=Kind.SYSTEM)])
    assert {f.message.text for f in archive.search(query)} == found


def test_search_is_limited(archive: Archive) -> None:
    archive.add(said("tea", n) for n in range(50))
    assert len(archive.search("tea")) == 20
    assert len(archive.search("tea", limit=3)) == 3


def test_messages_are_a_table(archive: Archive) -> None:
    far = 300_000_000_000_000  # the year 11476: beyond what nanoseconds hold
    archive.add([said("b", 1_600_000_000_123, sender="Bob"), said("", far, kind=Kind.MEDIA)])
    archive.add([said("c", None, "later"), said("a", 0)])
    frame = archive.messages()
    assert str(frame["sent_at"].dtype) == "datetime64[ms, UTC]"
    assert list(frame["text"]) == ["a", "b", "", "c"]
    assert frame["sent_at"][1] == pd.Timestamp("2020-09-13T12:26:40.123Z")
    assert frame["sent_at"].isna().tolist() == [False, False, False, True]
    assert frame["is_bot"].dtype == bool
    assert list(archive.messages(person="bob")["text"]) == ["b"]
    assert list(archive.messages(service="irc", thread="later")["sender"]) == ["Ada"]
    with pytest.raises(NoSuchPerson):
        archive.messages(person="Nobody")


def test_a_table_of_nothing(archive: Archive) -> None:
    frame = archive.messages()
    assert len(frame) == 0
    assert str(frame["sent_at"].dtype) == "datetime64[ms, UTC]"


def test_threads(archive: Archive) -> None:
    archive.add([said("x", 5, "tea", thread_title="Tea"), said("y", 2, "tea", sender="Bob")])
    archive.add(
        [said("z", 1, "tea", thread_title="Renamed"), said("", 1, "photos", kind=Kind.MEDIA)]
    )
    assert archive.threads() == [
        Thread("irc", "photos", "", 0, 0, None, None),
        Thread("irc", "tea", "Tea", 3, 2, 1, 5),
    ]
