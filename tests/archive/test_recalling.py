"""Recalling: what a person said about a matter, before a time, and what it answered."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.archive import Archive
from chatmimic.errors import NoSuchPerson
from chatmimic.records import Kind, Message

LATER = 2**50
DAY = 86_400_000
# Words that everybody uses, so that the others are rare.
CHATTER = ("what do you think", "nice to see you", "so what is new", "i do not think so")


def said(text: str, at: int | None, sender: str = "Ada", thread: str = "#tea", **more) -> Message:
    return Message(sender, text, at, service="irc", thread=thread, **more)


def chatter(count: int = 400) -> list[Message]:
    return [said(CHATTER[n % 4], n * 1000, ("Ada", "Bob")[n % 2], "#chatter") for n in range(count)]


@pytest.fixture
def talked(archive: Archive) -> Archive:
    archive.add(chatter())
    archive.add(
        [
            said("where are the keys?", 10 * DAY, "Bob"),
            said("in the blue bowl", 10 * DAY + 5000),
            said("the kiln is broken", 20 * DAY, "Bob", "#pots"),
            said("then we take the other kiln", 20 * DAY + 1, "Cy", "#pots"),
            said("i repaired the kiln", 21 * DAY, thread="#pots"),
        ]
    )
    return archive


def recalled(archive: Archive, text: str, before: int = LATER, most: int = 5):
    found = archive.recall("Ada", [text], before, most)
    return [(one.asked.text if one.asked else None, one.answer.text) for one in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("did you see my keys", [("where are the keys?", "in the blue bowl")]),  # by the question
        ("a BOWL!", [("where are the keys?", "in the blue bowl")]),  # by the answer
        ("the kiln?", [(None, "i repaired the kiln")]),  # Cy answered, not Ada; a day before hers
        ("what do you think of it", []),  # everybody says that
        ("zebra", []),
        ('"keys OR NEAR( * ^ bowl', [("where are the keys?", "in the blue bowl")]),
        ("", []),
        ("\x00 \x1b[31m ‮", []),
    ],
)
def test_what_is_recalled(talked: Archive, text: str, found: list[tuple[str | None, str]]) -> None:
    assert recalled(talked, text) == found


def test_nothing_is_recalled_from_later(talked: Archive) -> None:
    assert recalled(talked, "keys", before=10 * DAY) == []
    assert recalled(talked, "keys", before=10 * DAY + 1) == []  # asked, but not yet answered
    assert recalled(talked, "keys", before=10 * DAY + 5001) != []


def test_what_was_said_lately_comes_first(archive: Archive) -> None:
    archive.add(chatter())
    archive.add(
        [said("the kiln is hot", 10 * DAY), said("the kiln is cold", 900 * DAY, thread="#pots")]
    )
    assert [a for _, a in recalled(archive, "kiln")] == ["the kiln is cold", "the kiln is hot"]
    assert len(recalled(archive, "kiln", most=1)) == 1


def test_a_message_without_a_time_is_not_recalled(archive: Archive) -> None:
    archive.add([*chatter(), said("the kiln", None, thread="#pots")])
    assert recalled(archive, "kiln") == []


def test_pictures_and_calls_are_nobodys_words(archive: Archive) -> None:
    archive.add([*chatter(), said("kiln.jpg", 5, kind=Kind.MEDIA)])
    assert recalled(archive, "kiln") == []


def test_who_is_not_there_is_told(talked: Archive) -> None:
    with pytest.raises(NoSuchPerson):
        talked.recall("Zed", ["keys"], LATER, 1)


def test_what_was_forgotten_is_not_recalled(talked: Archive) -> None:
    assert recalled(talked, "keys")
    talked.forget("Bob")
    assert recalled(talked, "keys") == []
    assert recalled(talked, "bowl") == [(None, "in the blue bowl")]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=3), st.integers(0, 30 * DAY))
def test_no_text_breaks_the_query_and_nothing_is_from_later(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], before: int
) -> None:
    with Archive.open(_kept(tmp_path_factory)) as archive:
        for one in archive.recall("Ada", [*texts, "kiln keys"], before, 9):
            assert one.answer.sender == "Ada"
            assert one.answer.sent_at is not None
            assert one.answer.sent_at < before
            assert one.asked is None or one.asked.sent_at < before
            assert one.score > 0


def _kept(factory: pytest.TempPathFactory) -> Path:
    path = factory.getbasetemp() / "recalling.sqlite"
    if not path.exists():
        with Archive.open(path) as archive:
            archive.add([*chatter(40), said("keys", 3 * DAY, "Bob"), said("kiln", 3 * DAY + 9)])
    return path


def test_the_words_of_a_query_are_only_read(talked: Archive) -> None:
    recalled(talked, "'; DROP TABLE message; --")
    with sqlite3.connect(talked.path) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone()[0] == 405
