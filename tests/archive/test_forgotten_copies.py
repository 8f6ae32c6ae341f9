"""What others repeated of a forgotten person goes, too, and their name in what services wrote."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.archive import Archive
from chatmimic.quotes import Named, Quotes
from chatmimic.records import Kind, Message

LONG = "the zephyrine quokkas ate all of my marzipan yesterday evening"
SHORT = "vexatious gnomes"
EVE = ("Eve Marlowe", "evemar_77")


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def by(sender: str, text: str, at: int | None, kind: Kind = Kind.TEXT, **rest: str) -> Message:
    return Message(sender, text, at, kind, **{"service": "m", "thread": "tea", **rest})


def history() -> list[Message]:
    return [
        by("Eve Marlowe", LONG, 10, sender_key="evemar_77", message_id="evemar_77-1"),
        by("Eve Marlowe", SHORT, 11, sender_key="evemar_77"),
        by("Ada", LONG, 20),
        by("Ada", f"she said: {LONG}!", 21),
        by("Ada", f"> {SHORT}\nwho says so?", 22, reply_to="evemar_77-1"),
        by("Ada", f"<Eve Marlowe> {SHORT}", 23),
        by("Ada", f"[10:02] eve marlowe: {SHORT}", 23),
        by("Ada", SHORT, 24, Kind.FORWARDED),
        by("Ada", "Eve Marlowe added Bo", 25, Kind.SYSTEM),
        by("Bo", "Eve Marlowe is nice", 26),
        by("Ada", "hello", 30, thread="inbox/evemarlowe_evemar_77", thread_title="Eve Marlowe"),
        by("Bo", "a word", 31, thread="Eve-Marlowe, Ada and Bo", thread_title="Us and Eve Marlowe"),
    ]


def texts(archive: Archive) -> list[str]:
    return [message.text for message in archive.stream()]


def test_copies_quotes_titles_keys_and_notices(archive: Archive, tmp_path: Path) -> None:
    archive.add(history())
    archive.search("quokkas")
    gone = archive.forget("Eve Marlowe")
    assert (gone.messages, gone.copies) == (2, 6)
    assert sorted(texts(archive)) == sorted(
        [
            "she said: [removed]!",
            "[removed]\nwho says so?",
            "Eve Marlowe is nice",
            "hello",
            "a word",
        ]
    )
    kept = all_bytes(tmp_path)
    for word in (*LONG.split()[1:3], *SHORT.split(), "evemar", "evemarlowe", "Eve-Marlowe"):
        assert word.encode() not in kept
    assert kept.count(b"Eve Marlowe") == 1  # what Bo said of them stays
    assert sorted(t.title for t in archive.threads()) == ["", "", "Us and [name]"]


def test_an_import_of_the_same_export_finds_its_threads_and_messages(archive: Archive) -> None:
    archive.add(history())
    archive.forget("Eve Marlowe")
    before = len(archive.threads())
    others = [m for m in history() if m.sender != "Eve Marlowe" and LONG not in m.text]
    again = archive.add([m for m in others if SHORT not in m.text])
    assert (again.new, len(archive.threads())) == (0, before)


def test_ids_with_a_name_are_hidden_and_answers_still_find_them(archive: Archive) -> None:
    ids = [f"evemar_77-{n}" for n in range(3)]
    archive.add([by("Eve Marlowe", "hi", 1, sender_key="evemar_77")])
    archive.add(by("Ada", f"tea {n}", 10 + n, message_id=id) for n, id in enumerate(ids))
    archive.add(by("Bo", f"yes {n}", 20 + n, reply_to=id) for n, id in enumerate(ids))
    assert archive.forget("Eve Marlowe").notices == 3
    said = list(archive.stream())
    hidden = [message.message_id for message in said if message.sender == "Ada"]
    assert len({*hidden}) == 3
    assert all(id.startswith("forgotten-") for id in hidden)
    assert [message.reply_to for message in said if message.sender == "Bo"] == hidden


def test_who_said_it_first_keeps_it(archive: Archive) -> None:
    archive.add([by("Ada", LONG, 1), by("Eve Marlowe", LONG, 2)])
    assert archive.forget("Eve Marlowe").copies == 0
    assert texts(archive) == [LONG]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (LONG, None),
        (LONG.upper(), None),
        (f"{LONG} indeed", "[removed] indeed"),
        ("the zephyrine quokkas ate all of my pie", "the zephyrine quokkas ate all of my pie"),
        (SHORT, SHORT),  # two words are a coincidence, unless they are quoted
        (f"> {SHORT}", None),
        (f">> {SHORT}\nok", "[removed]\nok"),
        (f"> Eve Marlowe wrote:\n> {SHORT}", None),
        ("> something else", "> something else"),
        ("Eve Marlowe: are you there?", "Eve Marlowe: are you there?"),
        ("<@Eve Marlowe> what only she knew", None),
        ("一二三四五六七八九", None),
        ("一二三四", "一二三四"),
        ("", ""),
    ],
)
def test_what_counts_as_a_copy(text: str, left: str | None) -> None:
    quotes = Quotes(EVE)
    for said in (LONG, SHORT, "一二三四五六七八九"):
        quotes.add(said, 1)
    assert quotes.without(text, Kind.TEXT, 2) == left


@pytest.mark.parametrize(
    ("names", "text", "left"),
    [
        (["Eve"], "Eve left, eve came", "[name] left, [name] came"),
        (["Eve"], "Steve left", "Steve left"),
        (["Will"], "Will said he will", "[name] said he will"),
        (["Me"], "Me and you", "Me and you"),
        (["ada|away"], "ada quit", "[name] quit"),
        (["Émile"], "E\u0301mile a quitté", "[name] a quitté"),
        ([], "anybody", "anybody"),
    ],
)
def test_names_in_notices(names: list[str], text: str, left: str) -> None:
    assert Named(names).without(text) == left


@given(st.lists(st.text(max_size=60), max_size=4), st.text(max_size=200), st.sampled_from(Kind))
def test_any_text_is_taken_apart_once(said: list[str], text: str, kind: Kind) -> None:
    quotes = Quotes(EVE)
    assert quotes.without(text, Kind.SYSTEM, 2) == text
    for one in said:
        quotes.add(one, 1)
    left = quotes.without(text, kind, 2)
    assert left is None or quotes.without(left, kind, 2) in (left, None)


@given(st.lists(st.sampled_from([*LONG.split(), "and", ">", "\n"]), max_size=30))
def test_no_eight_words_in_a_row_stay(words: list[str]) -> None:
    quotes = Quotes(EVE)
    quotes.add(LONG, 1)
    text = " ".join(words)
    left = " ".join((quotes.without(text, Kind.TEXT, 2) or "").split())
    own = LONG.split()
    assert not any(" ".join(own[n : n + 8]) in left for n in range(len(own) - 7))
