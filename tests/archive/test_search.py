"""Search: what is found, in which order, where it stands, and what was said around it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.archive import Archive, Found
from chatmimic.errors import NoSuchPerson, NoSuchThread
from chatmimic.records import Kind, Message


def said(text: str, at: int | None, sender: str = "Ada", **more: object) -> Message:
    return Message(sender, text, at, **{"service": "irc", "thread": "#tea", **more})


def texts(found: list[Found]) -> list[str]:
    return [one.message.text for one in found]


def marked(one: Found) -> list[str]:
    return [one.message.text[start:end] for start, end in one.line.marks]


def test_the_newest_come_first(archive: Archive) -> None:
    archive.add([said("tea 2", 2), said("tea 9", 9, thread="x"), said("tea 5", 5, "Bob")])
    archive.add([said("tea 1", 1), said("tea then", None), said("tea 5 again", 5)])
    found = ["tea 9", "tea 5 again", "tea 5", "tea 2", "tea then", "tea 1"]
    assert texts(archive.search("tea")) == found
    assert texts(archive.search("tea", limit=2)) == found[:2]


@pytest.mark.parametrize(
    ("within", "found"),
    [
        ({"person": "bob"}, ["tea 5"]),
        ({"thread": "the den"}, ["tea 9"]),
        ({"thread": "Bob"}, ["tea 9"]),
        ({"since": 5}, ["tea 9", "tea 5"]),
        ({"until": 9}, ["tea 5", "tea 2"]),
        ({"since": 3, "until": 9, "person": "Ada"}, []),
        ({"person": "Ada", "thread": "#tea"}, ["tea 2"]),
    ],
)
def test_where_to_search(archive: Archive, within: dict[str, object], found: list[str]) -> None:
    archive.add([said("tea 2", 2), said("tea 5", 5, "Bob"), said("hm", 1, "Cy")])
    archive.add(
        [said("tea 9", 9, thread="x", thread_title="The Den"), said("-", 9, "Bob", thread="x")]
    )
    assert texts(archive.search("tea", **within)) == found


def test_who_and_what_is_not_there_is_told(archive: Archive) -> None:
    archive.add([said("tea", 2)])
    with pytest.raises(NoSuchPerson):
        archive.search("tea", person="Zaphod")
    with pytest.raises(NoSuchThread):
        archive.search("tea", thread="Zaphod")


@pytest.mark.parametrize(
    ("query", "text", "marks"),
    [
        ("tea", "Tea, TEA and téa; teapot", ["Tea", "TEA", "téa"]),
        ("at five", "tea at five, five at most", ["at", "five", "five", "at"]),
        ('"at five"', "tea at five, five at most", ["at five"]),
        ('tea "at five"', "tea at five", ["tea", "at five"]),
        ("😂", "ha 😂😂 ha 😂", ["😂😂", "😂"]),
        ("ha 😂", "ha 😂 ha", ["ha", "😂", "ha"]),
        ("五点", "下午五点见", ["五点"]),
        ("what's", "what's\nup", ["what's"]),
        ("cafe\u0301", "un café", ["café"]),
    ],
)
def test_what_was_found_is_marked(
    archive: Archive, query: str, text: str, marks: list[str]
) -> None:
    archive.add([said(text, 1)])
    (one,) = archive.search(query)
    assert marked(one) == marks


def test_what_was_said_around_is_shown(archive: Archive) -> None:
    archive.add(said(f"w{n}", n if n != 4 else None) for n in range(8))
    archive.add([said("elsewhere", 3, thread="x"), said("Bob joined", 3, kind=Kind.SYSTEM)])
    (one,) = archive.search("w3", context=2)
    assert [line.message.text for line in one.before] == ["w1", "w2"]
    assert [line.message.text for line in one.after] == ["w4", "w5"]
    (first,) = archive.search("w0", context=1)
    assert (first.before, [line.message.text for line in first.after]) == ((), ["w1"])
    (last,) = archive.search("w7", context=9)
    assert (len(last.before), last.after) == (7, ())
    assert len({line.row for line in (*last.before, last.line)}) == 8


def test_of_a_file_without_times_too(archive: Archive) -> None:
    archive.add(said(f"w{n}", None) for n in range(5))
    (one,) = archive.search("w2", context=1)
    assert [line.message.text for line in (*one.before, *one.after)] == ["w1", "w3"]
    assert archive.search("w2", since=0) == []


ANYTHING = st.text(
    st.sampled_from(list("ab*\"'-+^:(){}[]~\\/.,;!?#@&|<>=%_ \n\t\x00\ud800é五😂1")), max_size=12
)


@settings(max_examples=80)
@given(
    text=ANYTHING, query=st.one_of(ANYTHING, st.sampled_from(["a NEAR b", "a OR b", "text : a"]))
)
def test_nothing_in_a_query_is_obeyed(text: str, query: str) -> None:
    """Whatever is typed, nothing fails, and a text is found by itself."""
    with TemporaryDirectory() as folder, Archive.open(Path(folder, "a")) as archive:
        archive.add([said(text, 1), said("a b", 2)])
        for one in archive.search(query):
            assert all(0 <= start < end <= len(one.message.text) for start, end in one.line.marks)
        kept = [m.text for m in archive.stream() if m.sent_at == 1]
        whole = kept[0].replace('"', " ")
        if whole.strip() and "\n" not in whole:
            assert kept[0] in texts(archive.search(whole))
