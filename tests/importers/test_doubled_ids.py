"""A message whose id came before in its thread is a duplicate, in a file or in an import."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from chat_dbs import chat_db
from every_format import FORMATS, Format, Talk, numbered
from test_matrix import event, room

from chatmimic.archive import Archive
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.parsing.dedup import SeenIds
from chatmimic.records import Message

START = 1_714_521_600_000  # 1 May 2024
WORDS = [("ada", "one"), ("bo", "two"), ("ada", "three"), ("bo", "four"), ("ada", "five")]
TALK = numbered([Message(who, text, START + n * 60_000) for n, (who, text) in enumerate(WORDS)])
DOUBLED = [*TALK[:4], TALK[1], *TALK[4:]]


def matrix(folder: Path, talk: Talk) -> Path:
    return room(folder / "export.json", *[event(int(m.message_id), m.sender, m.text) for m in talk])


def table(folder: Path, talk: Talk) -> Path:
    with (folder / "table.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "thread", "sender", "text"])
        writer.writerows((m.message_id, "t", m.sender, m.text) for m in talk)
    return folder / "table.csv"


MORE = {
    "Matrix": Format("Matrix (Element)", matrix),
    "table with ids": Format("table with named columns", table),
}
# What has ids of its own. A message of the others that comes twice in a file was said twice.
IDED = [
    "Discord JSON", "Discord HTML", "Telegram JSON", "Telegram HTML", "Slack", "Signal",
    "Hangouts", "Google Chat", "iMessage exported", "Skype", "X", "WeChat by PyWxDump", *MORE,
]  # fmt: skip
MADE = ["WeeChat", "irssi", "irclogs.ubuntu.com", "iMessage exported HTML"]  # ids of our own making


def read(format_: Format, path: Path) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    options = ImportOptions(tz="UTC", date_order=format_.order)
    return list(read_exports(path, options, report)), report


@pytest.mark.parametrize("name", IDED)
def test_an_id_twice_in_one_file(name: str, tmp_path: Path) -> None:
    format_ = (FORMATS | MORE)[name]
    found, report = read(format_, format_.write(tmp_path, DOUBLED))
    assert sorted(m.text for m in found) == sorted(text for _, text in WORDS)
    assert (report.kept, report.left_out["duplicate"], report.records) == (5, 1, 6)


@pytest.mark.parametrize("name", IDED)
def test_an_id_in_two_files(name: str, tmp_path: Path) -> None:
    format_ = (FORMATS | MORE)[name]
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        format_.write(tmp_path / folder, TALK)
    found, report = read(format_, tmp_path)
    assert len(found) == 5
    assert (report.kept, report.left_out["duplicate"], report.records) == (5, 5, 10)


@pytest.mark.parametrize("name", IDED)
def test_an_id_in_two_imports(name: str, tmp_path: Path) -> None:
    format_ = (FORMATS | MORE)[name]
    (tmp_path / "x").mkdir()
    path = format_.write(tmp_path / "x", DOUBLED)
    with Archive.open(tmp_path / "archive.sqlite") as archive:
        first = archive.add(read(format_, path)[0])
        again = archive.add(read(format_, path)[0])
    assert (first.new, first.known) == (5, 0)
    assert (again.new, again.known) == (0, 5)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_with_ids_is_forgotten(name: str, tmp_path: Path) -> None:
    found, _ = read(FORMATS[name], FORMATS[name].write(tmp_path, TALK))
    assert (name in IDED or name in MADE) == any(message.message_id for message in found)


def test_two_copies_of_a_database(tmp_path: Path) -> None:
    rows = [{"guid": f"G{n}", "text": text} for n, (_, text) in enumerate(WORDS)]
    for number in (1, 2):
        chat_db(tmp_path / f"{number}.db", rows)
    report = ImportReport()
    assert len(list(read_exports(tmp_path, ImportOptions(), report))) == 5
    assert report.left_out["duplicate"] == 5


def test_the_same_id_in_another_thread_is_another_message() -> None:
    report = ImportReport()
    ids = SeenIds(report)
    said = [replace(TALK[0], thread=thread, service=s) for thread in "ab" for s in ("x", "y")]
    assert [ids.is_new(message) for message in [*said, said[0]]] == [True] * 4 + [False]
    assert report.left_out == {"duplicate": 1}


def test_of_a_long_import_the_last_ids_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SeenIds, "_MOST", 100)
    ids = SeenIds(ImportReport())
    said = [Message("ada", "x", message_id=str(n)) for n in range(1_000)]
    assert all(map(ids.is_new, said))
    assert not any(map(ids.is_new, said[-100:]))
    assert ids.is_new(said[0])


ROWS: dict[str, Callable[[int], str]] = {
    "of people": lambda n: "ab"[n % 2],
    "of nothing": lambda n: "0",
}


@pytest.mark.parametrize("ids", ROWS)
def test_a_column_of_ids_that_are_none_of_messages(ids: str, tmp_path: Path) -> None:
    talk = [replace(m, message_id=ROWS[ids](n)) for n, m in enumerate(TALK)]
    found, report = read(MORE["table with ids"], table(tmp_path, talk))
    assert [(m.text, m.message_id) for m in found] == [(text, "") for _, text in WORDS]
    assert any("--columns id=" in note for note in report.notes)
    assert report.left_out == {}
