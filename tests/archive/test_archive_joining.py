"""Joining people and taking them apart again: what a split leaves is what was there before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.archive import Archive
from chatmimic.archive.schema import MIGRATIONS
from chatmimic.errors import ArchiveError, NoSuchPerson
from chatmimic.records import Message


def said(sender: str, service: str = "irc", key: str = "", at: int = 1) -> Message:
    return Message(sender, f"{sender} at {at}", at, service=service, sender_key=key, thread="#a")


def everything(archive: Archive) -> tuple[object, ...]:
    """Everybody and every alias, row by row, and what a reader of the messages sees."""
    rows = archive._database.connection.execute
    return (
        rows("SELECT * FROM person ORDER BY id").fetchall(),
        rows("SELECT * FROM alias ORDER BY id").fetchall(),
        archive.people(),
        archive.namesakes(),
        archive.fingerprint(),
    )


@pytest.fixture
def ada(archive: Archive) -> Archive:
    """Ada on Messenger, whom ada_l of Discord and ada of IRC were joined into, by turns."""
    archive.add([said("Ada Lovelace", "messenger"), said("ada_l", "discord", "17", 2)])
    archive.add([said("ada", "irc", at=3), said("Bob", "irc", at=4)])
    return archive


def test_a_merge_is_taken_apart(ada: Archive) -> None:
    before = everything(ada)
    ada.merge("Ada Lovelace", "ada_l")
    kept, apart = ada.split("Ada Lovelace")
    assert (kept.name, kept.messages) == ("Ada Lovelace", 1)
    assert (apart.name, apart.messages) == ("ada_l", 1)
    assert everything(ada) == before


def test_what_came_later_goes_to_whom_it_is_of(ada: Archive) -> None:
    ada.merge("Ada Lovelace", "ada_l")
    ada.add([said("ada_l", "discord", "17", 10), said("A. L.", "discord", "17", 11)])
    ada.add([said("Ada Lovelace", "messenger", at=12), said("ada_l", "telegram", "5", 13)])
    assert ada.person("ada_l").messages == 6
    kept, apart = ada.split("Ada Lovelace", "ada_l")
    assert (kept.messages, kept.names) == (2, ("Ada Lovelace",))
    assert (apart.messages, apart.names) == (4, ("ada_l", "A. L."))
    ada.add([said("ada_l", "discord", "17", 20), said("Ada Lovelace", "messenger", at=21)])
    assert (ada.person("Ada Lovelace").messages, ada.person("A. L.").messages) == (3, 5)


def test_one_of_several_has_to_be_named(ada: Archive) -> None:
    before = everything(ada)
    ada.merge("Ada Lovelace", "ada_l")
    between = everything(ada)
    ada.merge("Ada Lovelace", "ada")
    with pytest.raises(ArchiveError) as told:
        ada.split("Ada Lovelace")
    assert str(told.value) == (
        'Several people were merged into "Ada Lovelace". Choose one: "ada_l", "ada".'
    )
    assert ada.split("Ada Lovelace", "irc")[1].name == "ada"
    assert everything(ada) == between
    assert ada.split("ada_l")[1].name == "ada_l"  # by the name of who is to be taken off
    assert everything(ada) == before


@pytest.mark.parametrize(
    ("which", "apart"),
    [
        ("ada_l", "ada_l"),
        ("ADA_L", "ada_l"),
        ("discord", "ada_l"),
        ("discord 17", "ada_l"),
        ("17", "ada_l"),
        ("ada_l (discord)", "ada_l"),
        ("ada", "ada"),
        ("irc", "ada"),
    ],
)
def test_who_is_taken_off_may_be_named_by_account(ada: Archive, which: str, apart: str) -> None:
    ada.merge("Ada Lovelace", "ada_l")
    ada.merge("Ada Lovelace", "ada")
    assert ada.split("Ada Lovelace", which)[1].name == apart


@pytest.mark.parametrize(
    ("merged", "asked", "told"),
    [
        (
            [],
            ("Ada Lovelace", None),
            '"Ada Lovelace" is a single account; nobody was merged into it. '
            "`chatmimic people` lists everybody.",
        ),
        (
            ["ada_l"],
            ("Ada Lovelace", "Bob"),
            'Nothing that can be split off "Ada Lovelace" is called "Bob". Choose one: "ada_l".',
        ),
        (
            ["ada_l"],
            ("Ada Lovelace", "messenger"),  # that is herself
            'Nothing that can be split off "Ada Lovelace" is called "messenger". '
            'Choose one: "ada_l".',
        ),
    ],
)
def test_what_cannot_be_taken_off_is_said_and_changes_nothing(
    ada: Archive, merged: list[str], asked: tuple[str, str | None], told: str
) -> None:
    for other in merged:
        ada.merge("Ada Lovelace", other)
    before = everything(ada)
    with pytest.raises(ArchiveError) as error:
        ada.split(*asked)
    assert str(error.value) == told
    with pytest.raises(NoSuchPerson):
        ada.split("Nobody")
    assert everything(ada) == before


def test_a_merge_of_merged_people_is_taken_apart_as_it_was_made(ada: Archive) -> None:
    before = everything(ada)
    ada.merge("ada_l", "ada")
    between = everything(ada)
    ada.merge("Ada Lovelace", "ada_l")
    assert ada.person("ada").messages == 3
    assert ada.split("Ada Lovelace", "ada_l")[1].messages == 2
    assert everything(ada) == between
    ada.split("ada_l")
    assert everything(ada) == before


def test_the_inner_one_of_two_merges_can_go_first(ada: Archive) -> None:
    ada.merge("ada_l", "ada")
    ada.merge("Ada Lovelace", "ada_l")
    assert ada.split("Ada Lovelace", "ada")[1].name == "ada"
    assert ada.person("Ada Lovelace").names == ("Ada Lovelace", "ada_l")
    ada.merge("Bob", "Ada Lovelace")
    assert ada.split("Bob", "Ada Lovelace")[1].messages == 2
    assert [p.name for p in ada.people()] == ["Ada Lovelace", "Bob", "ada"]


def test_a_name_stays_theirs_while_they_are_joined(archive: Archive) -> None:
    archive.add([said("Alex", "discord", "17"), said("Alex", "discord", "18", 2)])
    archive.merge("Alex", "Alex (2)")
    assert archive.namesakes() == ()
    assert archive.person("Alex (2)").name == "Alex"
    archive.add([said("Alex", "discord", "19", 3)])
    assert [p.name for p in archive.people()] == ["Alex", "Alex (3)"]
    assert archive.split("Alex")[1].name == "Alex (2)"
    assert [p.accounts for p in archive.people()] == [
        ("discord 17",),
        ("discord 18",),
        ("discord 19",),
    ]


def test_who_was_taken_for_one_by_name_can_be_told_apart(archive: Archive) -> None:
    archive.add([said("Alex", "discord", "17"), said("Alex", "irc", at=2), said("Bob", at=3)])
    (alex, _) = archive.people()
    assert alex.accounts == ("discord 17", "irc")
    with pytest.raises(ArchiveError) as told:
        archive.split("Alex")
    assert str(told.value) == 'Nobody was merged into "Alex". Choose one: "discord 17", "irc Alex".'
    kept, apart = archive.split("Alex", "irc")
    assert [(p.name, p.accounts) for p in (kept, apart)] == [
        ("Alex", ("discord 17",)),
        ("Alex (2)", ("irc",)),
    ]
    archive.add([said("Alex", "irc", at=9)])
    assert archive.person("Alex (2)").messages == 2
    archive.merge("Alex", "Alex (2)")
    assert archive.person("Alex").messages == 3


def test_a_joined_person_is_forgotten_whole(ada: Archive) -> None:
    ada.merge("ada_l", "ada")
    ada.merge("Ada Lovelace", "ada_l")
    assert ada.forget("Ada Lovelace").messages == 3
    assert [p.name for p in ada.people()] == ["Bob"]
    rows = ada._database.connection.execute("SELECT name FROM person").fetchall()
    assert rows == [("Bob",)]
    assert b"ada_l" not in ada.path.read_bytes()


def test_a_split_holds_the_file_in_one_piece(ada: Archive) -> None:
    ada.merge("Ada Lovelace", "ada_l")
    ada.split("Ada Lovelace")
    for check in ("foreign_key_check", "integrity_check"):
        assert ada._database.connection.execute(f"PRAGMA {check}").fetchall() in ([], [("ok",)])


def test_merges_of_an_older_chatmimic_are_taken_apart_by_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatmimic.archive import schema

    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", MIGRATIONS[:2])
        older.setattr(schema, "VERSION", 2)
        with Archive.open(tmp_path / "a") as archive:
            rows = archive._database.connection.execute
            rows("INSERT INTO person (id, name) VALUES (1, 'Ada')")
            for row, service, key, name in ((1, "messenger", "Ada", "Ada"), (2, "irc", "al", "al")):
                rows(
                    "INSERT INTO alias (id, service, sender_key, name, is_bot, person_id) "
                    "VALUES (?, ?, ?, ?, 0, 1)",
                    (row, service, key, name),
                )
    with Archive.open(tmp_path / "a") as archive:
        kept, apart = archive.split("Ada", "al")
        assert (kept.names, apart.names) == (("Ada",), ("al",))


# -- whatever is merged --------------------------------------------------------------------------

senders = st.tuples(
    st.sampled_from(("Ada", "ada", "Bob", "Bob (2)", "Cy")),
    st.sampled_from(("irc", "discord", "sms")),
    st.sampled_from(("", "17", "18")),
)
several = st.lists(senders, min_size=2, max_size=9)


def messages(of: Sequence[tuple[str, str, str]], start: int) -> list[Message]:
    return [said(*sender, at=start + n) for n, sender in enumerate(of)]


def merge_some(archive: Archive, data: st.DataObject) -> list[str]:
    """Merge people at random; the names of those who are joined now, in that order."""
    joined = []
    for _ in range(data.draw(st.integers(1, 4))):
        names = [person.name for person in archive.people()]
        if len(names) < 2:
            break
        keep, other = data.draw(st.permutations(names))[:2]
        archive.merge(keep, other)
        joined.append(other)
    return joined


def holder(archive: Archive, joined: str) -> str:
    """Who a person was joined into, and is now."""
    (name,) = archive._database.connection.execute(
        "SELECT now.name FROM alias JOIN person AS was ON was.id = own_id "
        "JOIN person AS now ON now.id = person_id WHERE was.name = ?",
        (joined,),
    ).fetchone()
    return str(name)


@settings(max_examples=40)
@given(several, st.data())
def test_merge_then_split_restores_everything(
    of: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as place, Archive.open(Path(place) / "a") as archive:
        archive.add(messages(of, 0))
        before = everything(archive)
        for other in reversed(merge_some(archive, data)):
            assert archive.split(holder(archive, other), other)[1].name == other
        assert everything(archive) == before


@settings(max_examples=40)
@given(several, st.data())
def test_what_is_imported_while_people_are_merged_is_as_if_they_never_were(
    of: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    more = messages(data.draw(st.lists(st.sampled_from(of), max_size=6)), 100)
    with TemporaryDirectory() as place, Archive.open(Path(place) / "a") as archive:
        archive.add(messages(of, 0))
        joined = merge_some(archive, data)
        archive.add(more)
        for other in data.draw(st.permutations(joined)):
            archive.split(holder(archive, other), other)
        with Archive.open(Path(place) / "b") as plain:
            plain.add(messages(of, 0))
            plain.add(more)
            assert everything(archive) == everything(plain)
