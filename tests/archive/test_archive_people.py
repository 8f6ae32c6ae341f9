"""People: which senders are one, how they are found, joined and listed."""

import pytest

from chatmimic.archive import Archive
from chatmimic.errors import ArchiveError, NoSuchPerson
from chatmimic.records import Kind, Message, Person


def said(sender: str, service: str = "irc", key: str = "", **more: object) -> Message:
    return Message(
        sender, more.pop("text", "hi"), more.pop("at", 1), service=service, sender_key=key, **more
    )


def names(archive: Archive) -> list[str]:
    return sorted(person.name for person in archive.people())


@pytest.mark.parametrize(
    ("senders", "people"),
    [
        ([("Ada", "irc", ""), ("Ada", "discord", "17")], ["Ada"]),
        ([("Ada", "irc", ""), ("ada", "discord", "17")], ["Ada", "ada"]),
        ([("Ada", "discord", "17"), ("Ada", "discord", "18")], ["Ada", "Ada (2)"]),
        ([("Ada", "discord", "17"), ("Queen Ada", "discord", "17")], ["Ada"]),
        (
            [("Ada", "discord", "17"), ("Ada", "discord", "18"), ("Ada", "irc", "")],
            ["Ada", "Ada (2)"],
        ),
        ([("Ada", "discord", "17"), ("Queen", "discord", "17"), ("Queen", "irc", "")], ["Ada"]),
        ([("  Ada \n Lovelace ", "irc", "")], ["Ada Lovelace"]),
        ([("", "irc", ""), (" ", "irc", "")], ["Unknown"]),
        ([("", "irc", "key")], ["key"]),
        ([("x" * 300, "irc", "")], ["x" * 200]),
    ],
)
def test_who_is_one_person(
    archive: Archive, senders: list[tuple[str, str, str]], people: list[str]
) -> None:
    for at, sender in enumerate(senders):
        archive.add([said(*sender, at=at)])
    assert names(archive) == people
    assert sum(person.messages for person in archive.people()) == len(senders)


def test_a_bot_is_nobodys_namesake(archive: Archive) -> None:
    archive.add([said("Ada"), said("Ada", "discord", "9", is_bot=True)])
    assert [(p.name, p.is_bot) for p in archive.people()] == [("Ada", False), ("Ada (2)", True)]


def test_a_person_has_facts(archive: Archive) -> None:
    archive.add(
        [
            said("Ada", at=50),
            said("Ada", "discord", "1", at=20),
            said("Countess", "discord", "1", at=90),
            said("Ada", at=200, kind=Kind.MEDIA, text=""),
            said("Bob", at=None),
        ]
    )
    assert archive.people() == [
        Person("Ada", 3, 20, 90, ("Ada", "Countess"), ("discord", "irc")),
        Person("Bob", 1, None, None, ("Bob",), ("irc",)),
    ]


def test_who_never_spoke_is_found_and_not_listed(archive: Archive) -> None:
    archive.add([said("Lurker", kind=Kind.SYSTEM)])
    assert archive.people() == []
    assert archive.person("Lurker").messages == 0


@pytest.mark.parametrize(
    ("asked", "found"),
    [("Ada Lovelace", "Ada Lovelace"), ("ada lovelace", "Ada Lovelace"), ("ADA_L", "Ada Lovelace")]
    + [("ÉMILIE", "émilie"), (" Ada  Lovelace ", "Ada Lovelace"), ("bob", "bob"), ("Bob", "Bob")],
)
def test_a_person_is_found(archive: Archive, asked: str, found: str) -> None:
    archive.add([said("Ada Lovelace", key="7"), said("ada_l", key="7", at=2)])
    archive.add([said("émilie"), said("bob"), said("Bob")])
    assert archive.person(asked).name == found


@pytest.mark.parametrize(
    ("asked", "suggested"),
    [
        ("Ada Lovelaec", ("Ada Lovelace",)),
        ("ada", ("Ada Lovelace",)),
        ("BOB", ("Bob", "bob")),
        ("Zaphod", ()),
    ],
)
def test_who_is_not_there_gets_suggestions(
    archive: Archive, asked: str, suggested: tuple[str, ...]
) -> None:
    archive.add([said("Ada Lovelace"), said("bob"), said("Bob")])
    with pytest.raises(NoSuchPerson) as caught:
        archive.person(asked)
    assert caught.value.suggestions == suggested


def test_a_merge_holds_for_later_imports(archive: Archive) -> None:
    archive.add([said("Ada Lovelace", "messenger"), said("ada_l", "discord", "17", at=2)])
    merged = archive.merge("ada lovelace", "ada_l")
    assert (merged.name, merged.messages) == ("Ada Lovelace", 2)
    assert merged.names == ("Ada Lovelace", "ada_l")
    archive.add([said("ada_l", "discord", "17", at=2), said("AL", "discord", "17", at=3)])
    archive.add([said("ada_l", "telegram", "5", at=4)])
    assert names(archive) == ["Ada Lovelace"]
    assert {m.sender for m in archive.stream()} == {"Ada Lovelace"}
    assert archive.person("AL").messages == 4


def test_a_merge_with_oneself_is_refused(archive: Archive) -> None:
    archive.add([said("Ada")])
    with pytest.raises(ArchiveError, match="one person already"):
        archive.merge("Ada", "ada")


def test_a_merge_with_nobody_changes_nothing(archive: Archive) -> None:
    archive.add([said("Ada")])
    before = archive.fingerprint()
    with pytest.raises(NoSuchPerson):
        archive.merge("Ada", "Nobody")
    assert archive.fingerprint() == before


def test_activity_is_counted_in_equal_stretches(archive: Archive) -> None:
    archive.add([said("Ada", at=n) for n in (0, 1, 99)] + [said("Bob", at=50), said("Cy", at=None)])
    assert archive.activity(4) == {"Ada": [2, 0, 0, 1], "Bob": [0, 0, 1, 0]}


def test_activity_of_nothing(archive: Archive) -> None:
    assert archive.activity(4) == {}


# -- people who share a name ---------------------------------------------------------------------


@pytest.fixture
def alexes(archive: Archive) -> Archive:
    """Three people called Alex, two of one service, and an Alexa of two."""
    archive.add([said("Alex", "discord", "17", at=n) for n in range(3)])
    archive.add([said("Alex", "discord", "18", at=10), said("Álex", "telegram", "5", at=20)])
    archive.add([said("Alexa", "discord", "19", at=30), said("Alexa", "irc", at=31)])
    return archive


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Alex", "Alex"),
        ("Alex (1)", "Alex"),
        ("Alex (2)", "Alex (2)"),
        ("alex (2)", "Alex (2)"),
        ("Alex (17)", "Alex"),
        ("Alex (discord 17)", "Alex"),
        ("ALEX (Discord 18)", "Alex (2)"),
        ("alex (telegram)", "Álex"),
        ("Alexa (irc)", "Alexa"),
        ("alexa (discord)", "Alexa"),
    ],
)
def test_people_of_one_name_can_each_be_named(alexes: Archive, asked: str, found: str) -> None:
    assert alexes.person(asked).name == found


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            "alex",
            '"alex" matches several people. Choose one: "Alex" (discord 17, '
            '3 messages), "Álex" (telegram 5, 1 message).',
        ),
        (
            "Alex (discord)",
            '"Alex (discord)" matches several people. Choose one: "Alex" '
            '(discord 17, 3 messages), "Alex (2)" (discord 18, 1 message).',
        ),
        (
            "Alex (signal)",
            'Nobody in the archive is called "Alex (signal)". Did you mean "Álex", "Alex", '
            '"Alexa"? `chatmimic people` lists everybody.',
        ),
    ],
)
def test_who_may_be_meant_is_told_with_what_tells_them_apart(
    alexes: Archive, asked: str, told: str
) -> None:
    with pytest.raises(NoSuchPerson) as caught:
        alexes.person(asked)
    assert str(caught.value) == told


def test_namesakes_are_known_with_their_accounts(alexes: Archive) -> None:
    (group,) = alexes.namesakes()
    assert [(p.name, p.accounts, p.messages) for p in group] == [
        ("Alex", ("discord 17",), 3),
        ("Alex (2)", ("discord 18",), 1),
    ]
    assert alexes.person("Alexa").accounts == ("discord 19", "irc")
    told = alexes.add([said("Alex", "discord", "20", at=40), said("Ann (2)", "irc", at=41)])
    assert [[p.name for p in group] for group in told.namesakes] == [
        ["Alex", "Alex (2)", "Alex (3)"]
    ]


@pytest.mark.parametrize(
    ("asked", "found"), [("jose", "José"), ("JOSÉ", "José"), ("lukasz", "Łukasz"), ("Mira", "mira")]
)
def test_accents_make_no_difference_where_it_is_clear(
    archive: Archive, asked: str, found: str
) -> None:
    archive.add([said("José"), said("Łukasz"), said("mira"), said("Míra")])
    if asked == "Mira":
        with pytest.raises(NoSuchPerson, match="matches several people"):
            archive.person(asked)
    else:
        assert archive.person(asked).name == found
