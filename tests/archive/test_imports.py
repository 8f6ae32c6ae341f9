"""Imports: remembered with what each one holds, told apart, and taken back."""

from __future__ import annotations

import random
import sqlite3
import tracemalloc
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.archive import Archive, Import, Origin, schema
from chatmimic.errors import ArchiveError, NotScrubbed
from chatmimic.records import Kind, Message, Reaction


def said(text: str, at: int | None = 0, sender: str = "Ada", **more: object) -> Message:
    return Message(sender, text, at, **{"service": "irc", "thread": "#tea", **more})


def brought(archive: Archive, name: str, *messages: Message) -> int:
    """Import messages from a file of that name; how many are new."""
    return archive.add(messages, origin=lambda: Origin(name, "IRC")).new


def held(archive: Archive) -> list[tuple[int, int, int]]:
    return archive._database.connection.execute("SELECT * FROM held ORDER BY 1, 2").fetchall()


def texts(archive: Archive) -> str:
    return "".join(sorted(m.text for m in archive.stream()))


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_an_import_is_remembered(archive: Archive) -> None:
    a, b, c = said("a", 10), said("b", 20), said("c", 5)
    brought(archive, "x/one.log", a, b, said("", 90, kind=Kind.MEDIA))
    brought(archive, "two.log", b, c)
    one, two = archive.imports()
    assert one.imported_at is not None
    assert two == Import(2, "two.log", "IRC", two.imported_at, 2, 1, 5, 20)
    assert (one.number, one.name, one.kept, one.new) == (1, "x/one.log", 2, 2)
    assert (one.first_at, one.last_at) == (10, 20)
    assert held(archive) == [(1, 1, 3), (2, 2, 2), (2, 4, 4)]


def test_origin_is_asked_when_all_is_read(archive: Archive) -> None:
    known: list[str] = []

    def messages():
        yield said("a")
        known.append("Signal")

    archive.add(messages(), origin=lambda: Origin("a", known[0]))
    assert archive.imports()[0].format == "Signal"


def test_what_gives_no_origin_is_an_import_too(archive: Archive) -> None:
    archive.add([said("a")])
    assert [(one.name, one.called) for one in archive.imports()] == [("", "import 1")]


def test_a_rehearsal_and_a_failure_are_not_remembered(archive: Archive) -> None:
    archive.add([said("a")], rehearse=True)
    with pytest.raises(ZeroDivisionError):
        archive.add(said(str(1 // n), n) for n in (1, 0))
    archive.add([])
    assert archive.imports() == []
    brought(archive, "a", said("a"))
    assert [one.number for one in archive.imports()] == [1]


def test_the_same_again_is_no_other_import(archive: Archive) -> None:
    export = [said(str(n), n) for n in range(3)]
    brought(archive, "a.zip", *export)
    brought(archive, "a.zip", *reversed(export))
    assert [(one.number, one.new) for one in archive.imports()] == [(1, 3)]
    brought(archive, "copy.zip", *export)
    brought(archive, "a.zip", *export[:2])
    brought(archive, "a.zip", *export, said("more", 9))
    assert [(one.number, one.name, one.kept, one.new) for one in archive.imports()] == [
        (1, "a.zip", 3, 3),
        (2, "copy.zip", 3, 0),
        (3, "a.zip", 2, 0),
        (4, "a.zip", 4, 1),
    ]


def test_a_number_is_never_given_twice(archive: Archive) -> None:
    brought(archive, "a", said("a"))
    brought(archive, "b", said("b"))
    archive.remove_import(2)
    brought(archive, "c", said("c"))
    assert [one.number for one in archive.imports()] == [1, 3]


def test_what_comes_again_in_order_is_remembered_in_one_span(archive: Archive) -> None:
    export = [said(str(n), n // 3, thread=f"t{n % 7}") for n in range(5_000)]
    brought(archive, "a", *export)
    brought(archive, "b", *export)
    random.Random(0).shuffle(export)
    brought(archive, "c", *export)
    assert held(archive) == [(1, 1, 5_000), (2, 1, 5_000), (3, 1, 5_000)]


def test_memory_does_not_grow_with_what_is_remembered(archive: Archive) -> None:
    brought(archive, "a", *(said(str(n), n) for n in range(40_000)))
    tracemalloc.start()
    try:
        archive.add(said(str(n), n) for n in range(0, 40_000, 2))  # no two in a row
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(held(archive)) == 20_001
    assert peak < 6 << 20


@pytest.fixture
def three(archive: Archive) -> Archive:
    brought(archive, "exports/ada.zip", said("a"))
    brought(archive, r"C:\new\Ada.zip", said("b"))
    brought(archive, "bob.zip", said("c", sender="Bob"))
    return archive


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("1", 1),
        (" 3 ", 3),
        ("bob.zip", 3),
        ("BOB.ZIP", 3),
        ("ada.zip", 1),
        ("Ada.zip", 2),
        ("exports/ada.zip", 1),
    ],
)
def test_an_import_is_found(three: Archive, asked: str, number: int) -> None:
    assert three.imported(asked).number == number


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("ADA.zip", r'several .* Choose one by its number: 1 \("exports/ada.zip", 1 message\), 2 '),
        ("bop.zip", r'No import is called "bop.zip"\. Did you mean "bob.zip"\? `chatmimic imp'),
        ("expots/ada.zip", r'Did you mean "exports/ada.zip"'),
        ("4", "No import is called"),
        ("", "No import is called"),
        ("exports", "No import is called"),
    ],
)
def test_what_is_not_clear_is_told(three: Archive, asked: str, told: str) -> None:
    with pytest.raises(ArchiveError, match=told):
        three.imported(asked)


# -- taking one back -----------------------------------------------------------------------------


def test_what_another_import_has_too_stays(archive: Archive) -> None:
    brought(archive, "a", said("a", 1), said("b", 2), said("", 3, kind=Kind.MEDIA))
    brought(archive, "b", said("b", 2), said("c", 3))
    assert archive.held_alone(1) == 1
    assert archive.remove_import(1) == 1
    assert texts(archive) == "bc"
    assert len(archive.messages()) == 2
    assert [one.name for one in archive.imports()] == ["b"]
    assert archive.held_alone(2) == 2
    assert archive.remove_import(2) == 2
    assert (archive.people(), archive.threads(), archive.imports()) == ([], [], [])


def test_who_only_the_import_knew_goes_with_it(archive: Archive) -> None:
    brought(archive, "a", said("a", 1, "Eve", thread="dm", thread_title="Eve"), said("b", 2))
    brought(archive, "b", said("b", 2), said("c", 3, "Bob"))
    archive.remove_import(1)
    assert [p.name for p in archive.people()] == ["Ada", "Bob"]
    assert [t.key for t in archive.threads()] == ["#tea"]


def test_a_person_is_not_called_what_only_the_import_called_them(archive: Archive) -> None:
    brought(archive, "a", said("a", 1, "Countess", sender_key="7"))
    brought(archive, "b", said("b", 2, "Ada", sender_key="7"))
    archive.remove_import(1)
    assert [(p.name, p.names) for p in archive.people()] == [("Ada", ("Ada",))]


def test_a_name_with_a_number_stays(archive: Archive) -> None:
    brought(archive, "a", said("a", 1, "Alex", sender_key="1"))
    brought(archive, "b", said("b", 2, "Alex", sender_key="2"))
    archive.remove_import(1)
    assert [p.name for p in archive.people()] == ["Alex (2)"]


@pytest.mark.parametrize(("gone", "left"), [(1, "Bob"), (2, "Ada"), (3, "Ada")])
def test_who_is_left_of_a_merge_stays_merged(archive: Archive, gone: int, left: str) -> None:
    for n, name in enumerate(("Ada", "Bob", "Cy"), 1):
        brought(archive, name, said(name, n, name))
    archive.merge("Bob", "Cy")
    archive.merge("Ada", "Bob")
    archive.remove_import(gone)
    assert [(p.name, p.messages) for p in archive.people()] == [(left, 2)]
    brought(archive, "again", *(said("x", 9, name) for name in ("Ada", "Bob", "Cy")))
    assert {p.messages for p in archive.people()} == {1, 4}
    archive.split(left)
    assert len(archive.people()) == 3
    assert not archive._database.connection.execute("PRAGMA foreign_key_check").fetchall()


def test_its_text_is_in_no_corner_of_the_file(archive: Archive, tmp_path: Path) -> None:
    noise = [said(f"words about nothing {n}", n) for n in range(3_000)]
    secret = [said(f"xylophonic {n}", n * 10, "Evelyn") for n in range(300)]
    brought(archive, "noise.log", *noise)
    brought(archive, "clandestine.log", *noise[:100], *secret)
    archive.search("xylophonic")
    assert archive.remove_import(2) == 300
    for word in (b"xylophonic", b"Evelyn", b"clandestine"):
        assert word not in bytes_of(tmp_path)
    assert archive.search("xylophonic") == []
    assert len(archive.search("nothing 7")) == 1
    archive._database.connection.execute(
        "INSERT INTO message_text (message_text, rank) VALUES ('integrity-check', 1)"
    )


def test_while_somebody_reads_the_work_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    with Archive.open(path, wait_s=0.2) as archive:
        brought(archive, "a", *(said(f"xylophonic {n}", n) for n in range(300)))
        with Archive.open(path) as other:
            reading = other.stream()
            next(reading)
            with pytest.raises(NotScrubbed, match=r"are deleted.*may still be in unused parts"):
                archive.remove_import(1)
            assert archive.imports() == []
            reading.close()
    Archive.open(path).close()
    assert b"xylophonic" not in bytes_of(tmp_path)


def test_a_new_message_is_not_taken_for_one_that_was_forgotten(archive: Archive) -> None:
    """Rows at the end that were deleted are given again; they are not the old import's."""
    brought(archive, "a", said("a", 1), *(said("e", n, "Eve") for n in range(9)))
    archive.forget("Eve")
    brought(archive, "b", said("b", 2), said("c", 3))
    archive.remove_import(1)
    assert texts(archive) == "bc"


def test_nor_for_one_that_went_with_another_import(archive: Archive) -> None:
    brought(archive, "a", said("a", 1), said("e", 2, "Eve"), said("e", 3, "Eve"))
    brought(archive, "b", said("b", 4))
    archive.forget("Eve")
    archive.remove_import(2)
    brought(archive, "c", said("c", 5), said("d", 6))
    archive.remove_import(1)
    assert texts(archive) == "cd"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("WhatsApp Chat with Eve Black.txt", False),
        ("inbox/eveblack_17", False),
        ("inbox/EVE.html", False),
        ("Steven.txt", True),
        ("blackboard.json", True),
        ("chat.zip", True),
    ],
)
def test_whose_person_is_forgotten_loses_their_name(
    archive: Archive, tmp_path: Path, name: str, kept: bool
) -> None:
    brought(archive, name, said("a"), said("b", 1, "Eve Black"))
    archive.forget("Eve Black")
    assert archive.imports()[0].name == (name if kept else "")
    assert (name.encode() in bytes_of(tmp_path)) is kept


def test_an_import_of_which_nothing_is_left_goes(archive: Archive) -> None:
    brought(archive, "eve.txt", said("a", 1, "Eve"))
    brought(archive, "ada.txt", said("b", 2))
    archive.forget("Eve")
    assert [one.name for one in archive.imports()] == ["ada.txt"]


# One message for each (id or time, sender): what is known by it is the same in every import.
MESSAGES = st.lists(
    st.builds(
        lambda who, at, numbered, thread, kind: Message(
            f"P{who}",
            f"{at} {numbered} {kind}" if kind is not Kind.MEDIA else "",
            None if at == 6 else at * 100,
            kind,
            "irc" if who < 2 else "discord",
            f"t{thread}",
            message_id=f"m{who}{at}{kind}" if numbered else "",
            reactions=(Reaction("👍", "P0"),) if numbered else (),
        ),
        who=st.integers(0, 3),
        at=st.integers(0, 6),
        numbered=st.booleans(),
        thread=st.integers(0, 2),
        kind=st.sampled_from([Kind.TEXT, Kind.ACTION, Kind.MEDIA]),
    ),
    max_size=12,
)


def state(archive: Archive) -> tuple[object, ...]:
    """All that can be seen of an archive, but for the numbers of its rows."""
    rows = archive.messages().drop(columns="sent_at")
    return (
        Counter(rows.itertuples(index=False, name=None)),
        Counter(archive.stream()),
        sorted(archive.people(), key=lambda p: p.name),
        archive.threads(),
        Counter(f.message.text for f in archive.search("0", 10_000)),
    )


@settings(max_examples=60)
@given(imports=st.lists(MESSAGES, min_size=1, max_size=4), data=st.data())
def test_without_an_import_all_is_as_if_it_had_never_been(
    imports: list[list[Message]], data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, len(imports) - 1))
    with (
        TemporaryDirectory() as folder,
        Archive.open(Path(folder, "a")) as archive,
        Archive.open(Path(folder, "b")) as other,
    ):
        for n, messages in enumerate(imports):
            archive.add(messages, origin=lambda n=n: Origin(f"file {n}"))
            if n != gone:
                other.add(messages, origin=lambda n=n: Origin(f"file {n}"))
        whole = state(archive)
        for one in [one for one in archive.imports() if one.name == f"file {gone}"]:
            before, alone = len(list(archive.stream())), archive.held_alone(one.number)
            assert archive.remove_import(one.number) == alone
            assert len(list(archive.stream())) == before - alone
        assert state(archive) == state(other)
        assert [one.name for one in archive.imports()] == [one.name for one in other.imports()]
        archive.add(imports[gone])
        assert state(archive) == whole


# -- archives of before --------------------------------------------------------------------------


def older(path: Path, *messages: Message) -> None:
    """An archive as it was before imports were recorded."""
    with Archive.open(path) as archive:
        archive.add(messages)
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE held")
        db.execute("DROP TABLE import")
        db.execute("PRAGMA user_version = 3")
    db.close()


def test_what_was_there_before_is_one_import(tmp_path: Path) -> None:
    path = tmp_path / "a"
    older(path, said("a", 7), said("b", 9), said("", 99, kind=Kind.MEDIA))
    with Archive.open(path) as archive:
        assert archive.imports() == [Import(1, "", "", None, 2, 2, 7, 9)]
        assert archive.imports()[0].called == "what was there before imports were recorded"
        brought(archive, "", said("a", 7), said("b", 9), said("", 99, kind=Kind.MEDIA))
        brought(archive, "new", said("b", 9), said("c", 10))
        assert [one.kept for one in archive.imports()] == [2, 2, 2]
        archive.remove_import(2)
        assert archive.remove_import(1) == 1
        assert texts(archive) == "bc"


def test_an_empty_archive_of_before_has_none(tmp_path: Path) -> None:
    older(tmp_path / "a")
    with Archive.open(tmp_path / "a") as archive:
        assert archive.imports() == []
        assert schema.version_of(archive._database.connection) == schema.VERSION
