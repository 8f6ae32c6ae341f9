"""Forgetting: nothing of what a person wrote is left, in no corner of the file."""

from pathlib import Path

import pytest

from chatmimic.archive import Archive
from chatmimic.errors import NoSuchPerson, NotScrubbed
from chatmimic.records import Kind, Message, Reaction

SECRET = "xylophonic"


def chat(secret_sender: str = "Eve") -> list[Message]:
    chatter = [
        Message(f"P{n % 5}", f"words about nothing {n}", n, service="irc", thread="#a")
        for n in range(3_000)
    ]
    secrets = [
        Message(secret_sender, f"{SECRET} secret {n}", n * 10, service="irc", thread="#a")
        for n in range(300)
    ]
    return chatter + secrets


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_text_is_gone_from_every_file(archive: Archive, tmp_path: Path) -> None:
    archive.add(chat())
    archive.search(SECRET)
    assert SECRET.encode() in bytes_of(tmp_path)
    assert archive.forget("Eve").messages == 300
    assert SECRET.encode() not in bytes_of(tmp_path)  # -wal and the search index are among them
    assert b"Eve" not in bytes_of(tmp_path)
    assert len(list(archive.stream())) == 3_000
    with pytest.raises(NoSuchPerson):
        archive.person("Eve")


def test_the_file_gets_smaller(archive: Archive) -> None:
    archive.add(Message("Eve", f"{n} long words " * 20, n) for n in range(6_000))
    archive.add(chat("Ada"))
    pages = archive._database.connection.execute("PRAGMA page_count").fetchone()[0]
    archive.forget("Eve")
    assert archive.path.stat().st_size < pages * 4096 / 2


def test_search_stays_in_step(archive: Archive) -> None:
    archive.add(chat())
    archive.add([Message("P1", f"{SECRET} joined", 1, Kind.SYSTEM, "irc", "#a")])
    archive.forget("Eve")
    assert archive.search(SECRET) == []
    assert len(archive.search("nothing 7")) == 1
    archive._database.connection.execute(
        "INSERT INTO message_text (message_text, rank) VALUES ('integrity-check', 1)"
    )


def test_reactions_and_threads_that_bear_the_name_go_too(archive: Archive) -> None:
    cheered = (Reaction("🎉", "Eve"), Reaction("👍", "Ada"))
    archive.add(
        [
            Message("Eve", "psst", 1, service="m", thread="dm", thread_title="Eve"),
            Message("Ada", "hi all", 1, service="m", thread="all", reactions=cheered),
        ]
    )
    archive.forget("eve")
    assert [t.key for t in archive.threads()] == ["all"]
    assert [m.reactions for m in archive.stream()] == [(Reaction("👍", "Ada"),)]


def test_a_person_of_many_names_goes_whole(archive: Archive) -> None:
    archive.add([Message("Eve", "a", 1, service="m"), Message("eve_77", "b", 2, service="irc")])
    archive.merge("Eve", "eve_77")
    assert archive.forget("eve_77").messages == 2
    assert archive.people() == []


def test_nobody_is_forgotten_by_mistake(archive: Archive) -> None:
    archive.add(chat())
    with pytest.raises(NoSuchPerson):
        archive.forget("Evelyn")
    assert len(list(archive.stream())) == 3_300


def test_the_export_brings_them_back(archive: Archive) -> None:
    archive.add(chat())
    before = archive.fingerprint()
    archive.forget("Eve")
    assert archive.add(chat()).new == 300
    assert sorted(m.text for m in archive.stream()) == sorted(m.text for m in chat())
    assert archive.fingerprint() == before


def test_while_somebody_reads_the_work_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    with Archive.open(path, wait_s=0.2) as archive:
        archive.add(chat())
        with Archive.open(path) as other:
            reading = other.stream()
            next(reading)
            with pytest.raises(NotScrubbed, match=r"are deleted.*may still be in unused parts"):
                archive.forget("Eve")
            assert archive.search(SECRET) == []
            reading.close()
    Archive.open(path).close()
    assert SECRET.encode() not in bytes_of(tmp_path)
