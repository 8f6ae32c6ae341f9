"""Whose exports are in the archive: named, called "Me", or left over in talks of two."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest

from chatmimic.archive import Archive, Origin
from chatmimic.records import OWNER, Kind, Message

CLOCK = count(1_600_000_000_000, 60_000)


@pytest.fixture
def archive(tmp_path: Path) -> Iterable[Archive]:
    with Archive.open(tmp_path / "archive.sqlite") as opened:
        yield opened


def talk(title: str, *senders: str, service: str = "messenger", key: str = "") -> list[Message]:
    """A thread of that title in which each of these says something."""
    return [
        Message(
            sender,
            f"hi {sender}",
            next(CLOCK),
            service=service,
            thread=f"{title} {key}",
            thread_title=title,
            sender_key=sender,
        )
        for sender in senders
    ]


def add(archive: Archive, *talks: list[Message], owner: str = "") -> None:
    said = [message for one in talks for message in one]
    archive.add(said, origin=lambda: Origin("a.zip", "Messenger", owner))


def test_a_talk_of_two_is_called_after_the_other_one(archive: Archive) -> None:
    add(archive, talk("Bo", "Ada", "Bo"), talk("Cy", "Cy", "Ada", "Cy"), talk("Us", "Bo", "Cy"))
    assert archive.owners() == ["Ada"]


@pytest.mark.parametrize(
    "talks",
    [
        [],
        [("Us", "Ada", "Bo")],  # called after nobody
        [("Bo", "Ada", "Bo", "Cy")],  # a group
        [("Bo", "Bo")],  # nobody answered
        [("Bo", "Ada", "Bo"), ("Ada", "Ada", "Bo")],  # two exports
    ],
)
def test_who_cannot_be_told_is_nobody(archive: Archive, talks: list[tuple[str, ...]]) -> None:
    add(archive, *(talk(*one) for one in talks))
    assert archive.owners() == []


def test_bots_and_notices_are_no_others(archive: Archive) -> None:
    bot, notice = talk("Bo", "Bot", "Cy")
    bot.is_bot = True  # type: ignore[misc]
    notice.kind = Kind.SYSTEM  # type: ignore[misc]
    add(archive, [*talk("Bo", "Ada", "Bo"), bot, notice])
    assert archive.owners() == ["Ada"]


def test_who_an_import_names_comes_first(archive: Archive) -> None:
    add(archive, talk("Bo", "Ada", "Bo"), talk("Cy", "Ada", "Cy"))
    add(archive, talk("Us", "Dee", "Cy"), owner="Dee")
    add(archive, talk("Us", OWNER, "Cy", service="sms"))
    assert archive.owners() == ["Dee", OWNER, "Ada"]


@pytest.mark.parametrize("owner", ["", "Nobody"])
def test_an_owner_who_says_nothing_is_not_kept(archive: Archive, owner: str) -> None:
    add(archive, talk("Us", "Ada", "Bo"), owner=owner)
    assert archive.owners() == []


def test_two_of_one_name_are_neither(archive: Archive) -> None:
    one, other = talk("Us", "Ada", "Ada")
    other.sender_key = "17"  # type: ignore[misc]
    add(archive, [one, other], owner="Ada")
    assert archive.owners() == []


def test_owners_are_people_whatever_they_are_merged_into(archive: Archive) -> None:
    add(archive, talk("Us", "ada_l", "Bo"), owner="ada_l")
    add(archive, talk("Bo", "Ada", "Bo", service="discord"))
    archive.merge("Ada", "ada_l")
    assert archive.owners() == ["Ada"]


def test_a_rehearsal_keeps_nothing(archive: Archive) -> None:
    said = talk("Us", "Ada", "Bo")
    archive.add(said, origin=lambda: Origin(owner="Ada"), rehearse=True)
    archive.add(said)
    assert archive.owners() == []


def test_nothing_of_a_forgotten_owner_stays(archive: Archive) -> None:
    said = talk("Us", "Ada Lovelace", "Bo")
    add(archive, said, owner="Ada Lovelace")
    archive.forget("Ada Lovelace")
    assert archive.owners() == []
    assert not any(b"Lovelace" in f.read_bytes() for f in archive.path.parent.iterdir())


def test_nothing_of_the_owner_of_an_import_taken_back_stays(archive: Archive) -> None:
    add(archive, talk("Us", "Ada Lovelace", "Bo"), owner="Ada Lovelace")
    add(archive, talk("Them", "Bo", "Cy"))
    archive.remove_import(1)
    assert archive.owners() == []
    assert not any(b"Lovelace" in f.read_bytes() for f in archive.path.parent.iterdir())
