"""Threads as users call them: by title, by who they are with, by number."""

import pytest

from chatmimic.archive import Archive
from chatmimic.errors import NoSuchThread
from chatmimic.records import Kind, Message


def said(sender: str, thread: str, title: str = "", service: str = "messenger") -> Message:
    return Message(sender, "hi", 1, service=service, thread=thread, thread_title=title)


@pytest.fixture
def full(archive: Archive) -> Archive:
    """Mira's archive: two threads with Ada, one with Émile, groups, and a channel."""
    archive.add(
        [
            *(said(who, "t1", "Ada Lovelace") for who in ("Mira", "Ada Lovelace")),
            *(said(who, "491", service="sms") for who in ("Mira", "Émile")),
            *(said(who, "fam", "Family") for who in ("Mira", "Ada Lovelace", "Émile")),
            *(said(who, "c2", "Family", "discord") for who in ("Mira", "Zoe", "Bob")),
            *(said(who, "#tea", "#tea", "irc") for who in ("Mira", "Bob", "Zoe", "Cy", "Di")),
            *(said(who, "x", service="irc") for who in ("Mira", "Bob", "Zoe", "Cy", "Di")),
            said("Bob", "dm", "12", "irc"),
            said("Mira", "wa", "Tea\nroom", "whatsapp"),
            Message("Mira", "", 1, Kind.SYSTEM, "whatsapp", "q", "Quiet"),
        ]
    )
    return archive


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("Ada Lovelace", "t1"),
        ("ada  lovelace", "t1"),
        ("Émile", "491"),
        ("EMILE", "491"),
        ("491", "491"),
        ("fam", "fam"),
        ("#tea", "#tea"),
        ("TEA", "#tea"),
        ("Family (discord)", "c2"),
        ("family (Messenger)", "fam"),
        ("emile (sms)", "491"),
        ("12", "dm"),
        ("Tea room", "wa"),
        ("quiet", "q"),
        (" x ", "x"),
    ],
)
def test_a_thread_is_found(full: Archive, asked: str, key: str) -> None:
    assert full.thread(asked).key == key


def test_every_number_finds_its_thread(full: Archive) -> None:
    for thread in full.threads():
        assert full.thread(str(thread.number)) == thread


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            "Family",
            r"matches several threads\. Choose one by its number: 3 \(\"Family\", messenger, ",
        ),
        ("Mira", r"\"Ada Lovelace\", messenger, 2 messages\), 2 \(\"Émile\", sms, 2 messages\)"),
        ("Fammily", r'No thread in the archive is called "Fammily"\. Did you mean "Family"\?'),
        ("Lovelace", r'Did you mean "Ada Lovelace"\?'),
        ("Zaphod", r'"Zaphod"\. `chatmimic threads` lists them all\.'),
        ("Family (irc)", "No thread"),
        ("99", "No thread"),
        ("9" * 30, "No thread"),
        ("9" * 5_000, "No thread"),
        ("", 'called ""'),
        ("\x1b[31m\x00", "No thread"),
        ("#", "No thread"),
        ("²", "No thread"),
    ],
)
def test_what_is_not_clear_is_told(full: Archive, asked: str, told: str) -> None:
    with pytest.raises(NoSuchThread, match=told):
        full.thread(asked)


def test_of_many_some_are_told(archive: Archive) -> None:
    archive.add(said(who, f"t{n}") for n in range(30) for who in ("Mira", f"P{n}"))
    with pytest.raises(
        NoSuchThread, match=r"8 \(.P7..*\) and 22 more \(see `chatmimic threads`\)\."
    ):
        archive.thread("Mira")


@pytest.mark.parametrize(
    ("number", "called"),
    [
        ("1", "Ada Lovelace"),
        ("2", "Émile"),
        ("3", "Family"),
        ("6", "Bob, Cy, Di, Mira and 1 more"),
        ("8", "Tea room"),
        ("9", "Quiet"),
    ],
)
def test_what_a_thread_is_called(full: Archive, number: str, called: str) -> None:
    assert full.thread(number).called == called


def test_two_whose_archive_it_may_be_are_both_named(archive: Archive) -> None:
    archive.add([said("Mira", "t"), said("Ada", "t")])
    assert archive.thread("t").called == "Ada, Mira"


def test_a_thread_of_nobody_is_called_by_its_key(archive: Archive) -> None:
    archive.add([Message("Mira", "", 1, Kind.SYSTEM, "whatsapp", "q")])
    assert archive.thread("q").called == "q"


def test_merged_people_are_one(archive: Archive) -> None:
    archive.add([said("Mira", "t"), said("Ada", "t"), said("ada_l", "t")])
    with pytest.raises(NoSuchThread):
        archive.thread("ada_l")
    archive.merge("Ada", "ada_l")
    assert archive.thread("ada_l").key == "t"
