"""Names that look the same are one name, and a name of nothing visible says so."""

from __future__ import annotations

import pytest

from chatmimic.archive import Archive
from chatmimic.records import Message
from chatmimic.text import without_invisible

ALIKE = [
    "Ada",
    "Ad\u200ba",
    "\ufeffAda",
    "A\u00adda",
    "Ada\u2060",
    "\u202aAda\u202c",
    "Ad\u200da",
    "Ada\u200d",
    "\u200cAda",
    "Ada\ufe0f",
    "Ada\U000e0041\U000e0064\U000e007f",
    "Ada\u3164",
    " Ada\u2800 ",
    "Ada\U000e0101",
]
UNSEEN = ["\u200b", "\u3164", "\u2800\u2800", "\U000e0041", "\ufeff \u00ad", "\u200d"]
APART = [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family is one emoji
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England's flag
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a joiner that is seen
    "\u2764\ufe0f",
    "Zoë",
]


def test_names_that_look_the_same_are_one(archive: Archive) -> None:
    archive.add(
        Message(name, f"{n}", 1_600_000_000_000 + n, sender_key=name)
        for n, name in enumerate(ALIKE)
    )
    (person,) = archive.people()
    assert (person.name, person.messages) == ("Ada", len(ALIKE))
    for typed in ALIKE:
        assert archive.person(typed) == person


def test_accounts_of_a_service_stay_apart(archive: Archive) -> None:
    archive.add(
        [
            Message("Ada", "a", 1, service="discord", sender_key="1"),
            Message("Ad\u200ba", "b", 2, service="discord", sender_key="2"),
        ]
    )
    assert [p.name for p in archive.people()] == ["Ada", "Ada (2)"]


@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_of_nothing_visible_is_shown_as_such(archive: Archive, name: str) -> None:
    archive.add([Message(name, "a", 1, sender_key="7"), Message("Ada", "b", 2)])
    assert sorted(p.name for p in archive.people()) == ["(no visible name)", "Ada"]
    assert archive.person(name).messages == 1


@pytest.mark.parametrize("name", APART)
def test_what_is_seen_stays(name: str) -> None:
    assert without_invisible(name) == name


def test_an_export_with_such_names_is_known_again(archive: Archive) -> None:
    said = [Message("Ad\u200ba", "a", 1), Message("Ada", "b", 2)]
    assert archive.add(said).new == 2
    assert archive.add(said).new == 0
