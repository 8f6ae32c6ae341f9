"""Who in the archive is likely to be one person."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatmimic.archive import Archive
from chatmimic.records import Kind, Message


def said(sender: str, thread: str = "t", times: int = 1, **more: object) -> list[Message]:
    return [
        Message(sender, f"{sender} {n}", n, service="irc", thread=thread, **more)  # type: ignore[arg-type]
        for n in range(times)
    ]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (said("Ada", "a", 2) + said("ada", "a"), [("Ada", "ada")]),
        (said("José", "a", 2) + said("jose", "a"), [("José", "jose")]),
        (said("ada_l", "a") + said("Ada.L", "b", 3), [("Ada.L", "ada_l")]),
        (said("ada42", "a") + said("ada", "b", 3), [("ada", "ada42")]),
        (said("Ada Lovelace", "a") + said("Ada", "b", 2), [("Ada", "Ada Lovelace")]),
        (said("Ada Lovelace", "a") + said("Ada", "a", 2), []),  # they talk to each other
        (said("Ada Lovelace", "a") + said("Ada Byron", "c") + said("Ada", "b"), []),  # which one?
        (said("Bo", "a") + said("bo", "b"), []),  # two letters say nothing
        (said("Ada", "a") + said("Grace", "b"), []),
        (said("ada", "a") + said("Ada", "b", is_bot=True), []),
        (said("ada", "a") + said("Ada", "b", kind=Kind.SYSTEM), []),  # has said nothing
    ],
)
def test_likely_pairs(
    messages: list[Message], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    with Archive.open(tmp_path / "archive.sqlite") as archive:
        assert list(archive.add(messages).likely) == expected


def test_merged_people_are_no_pair_any_more(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive.sqlite") as archive:
        archive.add(said("ada", "a") + said("Ada", "b", 2))
        archive.merge("Ada", "ada")
        assert archive.add(said("Grace", "c")).likely == ()


def test_a_crowd_is_not_searched(tmp_path: Path) -> None:
    crowd = [message for n in range(500) for message in said(f"nick{n:03}x", "c")]
    with Archive.open(tmp_path / "archive.sqlite") as archive:
        assert archive.add([*crowd, *said("ada", "a"), *said("Ada", "b")]).likely == ()


def test_a_rehearsal_tells_and_leaves_no_trace(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive.sqlite") as archive:
        archive.add(said("Ada", "a", 2))
        before = archive.fingerprint()
        told = archive.add(said("Ada", "a", 3) + said("ada", "b"), rehearse=True)
        assert (told.new, told.known, told.people, told.threads) == (2, 2, 2, 2)
        assert told.likely == (("Ada", "ada"),)
        assert archive.fingerprint() == before
        assert [p.name for p in archive.people()] == ["Ada"]
        assert archive.add(said("Ada", "a", 3)).new == 1  # and it still takes what is new
