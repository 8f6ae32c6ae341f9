"""Memory: what is recalled for a chat, where it stands in the prompt, what it never holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from chatmimic.archive.recalling import Recollection
from chatmimic.generation import Decoding
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.memory import Memory, as_messages, recall_in
from chatmimic.mimic import Mimic
from chatmimic.records import Message

NOW = 1_700_000_000_000
ADA = "Ada Lovelace"
DAY = 86_400_000


def chat(*texts: str) -> list[Message]:
    """Messages of Bob and Ada in turn."""
    return [Message(("Bob", ADA)[n % 2], text, NOW + n * 1000) for n, text in enumerate(texts)]


def exchange(asked: str, answer: str, score: float = 9.0, days: int = 30) -> Recollection:
    at = NOW - days * DAY
    return Recollection(Message("Bob", asked, at), Message("ada", answer, at + 5000), score)


class Archive:
    """Gives what it was filled with, and keeps what it was asked."""

    def __init__(self, *found: Recollection) -> None:
        self.found = found
        self.asked: list[tuple[list[str], int, int]] = []

    def __call__(self, texts: Sequence[str], before: int, most: int) -> Sequence[Recollection]:
        self.asked.append((list(texts), before, most))
        return self.found


def test_only_what_was_said_before_the_chat_began_is_asked_for():
    archive = Archive()
    Memory(ADA, archive).exchanges(chat("a", "b", "c", "d", "e"))
    assert archive.asked == [(["c", "d", "e"], NOW, 2)]


def test_memory_stays_within_a_turn():
    archive = Archive()
    memory = Memory(ADA, archive)
    asked = chat("keys?")
    memory.exchanges(asked)
    memory.exchanges([*asked, Message(ADA, "hm", NOW + 1), Message(ADA, "no", NOW + 2)])
    assert len(archive.asked) == 1  # and is not looked for again
    memory.exchanges(chat("the kiln?"))
    assert [texts for texts, _, _ in archive.asked] == [["keys?"], ["the kiln?"]]


def test_nothing_said_asks_for_nothing():
    archive = Archive(exchange("a", "b"))
    assert Memory(ADA, archive).exchanges([]) == []
    assert archive.asked == []


def test_long_texts_are_cut():
    (one,) = Memory(ADA, Archive(exchange("keys", "bowl " * 200))).exchanges(chat("keys?"))
    assert one.answer.sender == ADA  # the name that the mimic knows
    assert len(one.answer.text) < 250
    assert one.answer.text.endswith(" …")


def test_it_can_be_switched_off():
    memory = Memory(ADA, Archive(exchange("a", "b")), on=False)
    assert memory.exchanges(chat("a")) == []


def test_the_older_part_of_a_long_chat_is_recalled():
    older = chat("where are the keys?", "in the blue bowl", *["so", "yes"] * 20)
    (best,) = recall_in(older, ADA, ["so which bowl was it?"])
    assert best.answer.text == "in the blue bowl"
    memory = Memory(ADA, Archive())
    now = [*older, *chat("which bowl?")]
    assert [one.answer.text for one in memory.exchanges(now, older)] == ["in the blue bowl"]
    assert memory.exchanges(now, older[4:]) == []


def test_what_is_recalled_stands_first_in_the_order_of_time(loaded):
    found = exchange("kiln?", "hot", days=2), exchange("keys?", "bowl", days=9)
    generator = BatchGenerator(loaded, memory=Memory(ADA, Archive(*found)))
    written = generator.form.decode(generator._written(chat("hm?"), 400))
    assert [m.text for m in written] == ["keys?", "bowl", "kiln?", "hot", "hm?"]
    assert [m.sender for m in written[1::2]] == [ADA, ADA]


def test_without_anything_recalled_the_prompt_is_the_usual_one(loaded):
    history = chat("a", "b", "c")
    plain = BatchGenerator(loaded)
    assert BatchGenerator(loaded, memory=Memory(ADA, Archive()))._written(history, 400) == (
        plain._written(history, 400)
    )


def test_memory_never_takes_the_room_of_the_chat(loaded):
    wordy = exchange("keys " * 40, "bowl " * 40), exchange("kiln " * 40, "hot " * 40)
    generator = BatchGenerator(loaded, memory=Memory(ADA, Archive(*wordy)))
    history = chat(*["hello there"] * 30)
    for room in (80, 100, 120):
        ids = generator._written(history, room)
        assert len(ids) <= room
        assert generator.form.decode(ids)[-1].text == "hello there"


def test_the_same_chat_gives_the_same_reply_and_says_what_was_recalled(loaded):
    def made() -> tuple[str, list[str]]:
        generator = BatchGenerator(loaded, memory=Memory(ADA, Archive(exchange("a", "b"))))
        text = "".join(generator.stream(chat("hi"), ADA, Decoding(seed=4, max_tokens=8)))
        return text, [one.answer.text for one in generator.recalled(chat("hi"))]

    assert made() == made()
    assert made()[1] == ["b"]


@pytest.mark.parametrize("missing", ["asked", "time"])
def test_exchanges_without_a_question_or_a_time(missing: str):
    one = Recollection(None, Message(ADA, "x", None if missing == "time" else 5), 9.0)
    assert [m.text for m in as_messages([one])] == ["x"]


def mimic_of(folder: Path, parameters: int) -> Mimic:
    return Mimic(folder, "ada", ADA, (ADA,), {"parameters": parameters})


def test_without_an_archive_there_is_no_memory(tmp_path):
    assert Memory.of_archive(tmp_path / "archive.sqlite", mimic_of(tmp_path, 10**9)) is None


@pytest.mark.parametrize(
    ("parameters", "wanted", "on"),
    [
        (10**9, None, True),
        (7_000_000, None, False),
        (7_000_000, True, True),
        (10**9, False, None),
    ],
)
def test_a_small_base_remembers_only_if_it_is_wanted(tmp_path, parameters, wanted, on):
    (tmp_path / "archive.sqlite").touch()
    memory = Memory.of_archive(tmp_path / "archive.sqlite", mimic_of(tmp_path, parameters), wanted)
    assert (memory and memory.on) is on


def test_an_archive_that_cannot_be_read_stops_no_chat(tmp_path):
    (tmp_path / "archive.sqlite").write_bytes(b"not a database" * 100)
    memory = Memory.of_archive(tmp_path / "archive.sqlite", mimic_of(tmp_path, 10**9))
    assert memory is not None
    assert memory.exchanges(chat("keys")) == []
