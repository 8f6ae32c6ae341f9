"""The newest messages of a person, found without reading all of an archive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.archive import Archive
from chatmimic.errors import TooLittleData
from chatmimic.records import Kind, Message
from chatmimic.training.data.selection import Selection

SENT = st.builds(
    Message,
    st.sampled_from(["Ada", "Bo"]),
    st.sampled_from("abcdefgh"),
    st.none() | st.integers(1, 6).map(lambda n: 1_600_000_000_000 + n),
    st.sampled_from([Kind.TEXT, Kind.ACTION]),
    st.sampled_from(["irc", "discord"]),
    st.sampled_from(["#a", "#b"]),
)


@settings(max_examples=60)
@given(st.lists(SENT, max_size=30), st.integers(1, 8), st.sampled_from(["Ada", None]))
def test_they_are_those_that_reading_all_of_it_finds(
    messages: list[Message], newest: int, who: str | None
) -> None:
    with TemporaryDirectory() as folder, Archive.open(Path(folder) / "a") as archive:
        archive.add(messages)
        if who and not any(p.name == who for p in archive.people()):
            return
        person = archive.person(who) if who else None
        asked = Selection(newest=newest)
        try:
            found = asked.counted(archive, person, 1)
        except TooLittleData:
            return
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Archive, "place_of_newest", lambda *_: None)
            read = asked.counted(archive, person, 1)
        assert list(found.read(archive)) == list(read.read(archive))
        assert found.description == read.description
        own = [m for m in found.read(archive) if who in (None, m.sender)]
        assert len(own) <= newest


def test_nothing_before_them_is_read(archive: Archive) -> None:
    archive.add(Message("Ada", f"{n}", 1_600_000_000_000 + n) for n in range(1_000))
    found = Selection(newest=3).counted(archive, archive.person("Ada"), 1)
    assert found.since == 1_600_000_000_997
    assert [m.text for m in found.read(archive)] == ["997", "998", "999"]
    assert [m.text for m in archive.stream(since=1_600_000_000_998)] == ["998", "999"]
    assert archive.place_of_newest("Ada", 1_001) is None


def test_one_without_a_time_after_a_photo_counts(archive: Archive) -> None:
    photo = Message("Ada", "", 1_600_000_000_001, Kind.MEDIA, "irc", "#b")
    archive.add([Message("Ada", "a", None, thread="#a"), photo, replace(photo, sent_at=None,
                 kind=Kind.TEXT, text="tea")])  # fmt: skip
    found = Selection(newest=1).counted(archive, archive.person("Ada"), 1)
    assert [m.text for m in found.read(archive)] == ["tea"]
