"""No silent loss on the way in: what an import cannot or will not read, it says."""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chatmimic.errors import ExportError
from chatmimic.importers import ImportOptions, ImportReport, read_exports

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX links, pipes and permissions")
HEADER = "time,sender,text"


def read(path: Path, **options: object) -> tuple[list[str], ImportReport]:
    report = ImportReport()
    found = [m.text for m in read_exports(path, ImportOptions(**options), report) if m.text]
    return found, report


def table(path: Path, *more: str, rows: int = 300, header: str = HEADER, at: int = 5) -> Path:
    """A CSV with some lines of their own among its rows."""
    lines = [f"2019-01-01T00:{n // 60:02}:{n % 60:02}Z,Ada,hello {n}" for n in range(rows)]
    path.write_text("\n".join([header, *lines[:at], *more, *lines[at:]]) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    "line",
    [
        '2019-01-01T00:00:05Z,Ada,"never closed',
        '2019-01-01T00:00:05Z,"Ada,never closed',
        '"2019-01-01T00:00:05Z,Ada,never closed',
    ],
)
@pytest.mark.parametrize("at", [0, 5, 300])
def test_a_quote_that_never_closes_takes_no_other_message(tmp_path, line: str, at: int) -> None:
    found, report = read(table(tmp_path / "a.csv", line, at=at))
    assert len(found) >= 300
    assert {f"hello {n}" for n in range(300)} <= set(found)
    assert report.repairs["stray quotation marks"] or report.notes


def test_lines_after_a_quote_that_are_no_rows_are_counted(tmp_path) -> None:
    rows = [f"Ada,hello there {n}, with commas, more than columns" for n in range(300)]
    (tmp_path / "a.csv").write_text("\n".join(["sender,text", "Ada,hi", 'Ada,"open', *rows]))
    found, report = read(tmp_path / "a.csv")
    assert found == ["hi", '"open']
    assert report.left_out["unparsed"] == 300


def test_a_table_without_a_header_that_begins_with_an_open_quote(tmp_path) -> None:
    rows = [f"#tea,2019-01-01T00:00:{n % 60:02}Z,Ada,hello {n}" for n in range(300)]
    (tmp_path / "a.csv").write_text("\n".join(['#tea,2019-01-01T00:00:00Z,Ada,"open', *rows]))
    found, _ = read(tmp_path / "a.csv")
    assert len(found) == 301


def test_a_table_that_ends_inside_a_quotation_says_so(tmp_path) -> None:
    path = table(tmp_path / "a.csv", '2019-01-01T00:09:00Z,Ada,"the end', "is cut", at=300)
    found, report = read(path)
    assert found[-1].strip() == "the end\nis cut"
    assert report.notes == [
        "a.csv ends inside a quotation that begins in line 302: its last message may be cut short."
    ]


def test_a_quotation_over_lines_is_no_fault(tmp_path) -> None:
    path = table(tmp_path / "a.csv", '2019-01-01T00:09:00Z,Ada,"the end', 'is here"', at=300)
    found, report = read(path)
    assert found[-1] == "the end\nis here"
    assert not report.notes
    assert not report.repairs["stray quotation marks"]


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("first", ["text", "sender"])
def test_a_first_message_longer_than_the_head(tmp_path, array: bool, first: str) -> None:
    rows = [
        {"time": 1_500_000_000 + n, "text": "x" * (100_000 if n == 0 else 3), "sender": "Ada"}
        for n in range(30)
    ]
    rows = [{first: row[first], **row} for row in rows]
    text = json.dumps(rows) if array else "\n".join(map(json.dumps, rows))
    (tmp_path / "a.jsonl").write_text(text)
    found, report = read(tmp_path / "a.jsonl")
    assert len(found) == 30
    assert report.repairs["cut to 65,536 characters"] == 1


def with_links(folder: Path) -> Path:
    (folder / "more").mkdir(parents=True)
    table(folder / "a.csv")
    (folder / "link.csv").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "more" / "pipe.csv")
    return folder


def as_tar(folder: Path) -> Path:
    with tarfile.open(folder.with_suffix(".tar"), "w") as archive:
        archive.add(folder, "chats")
    return folder.with_suffix(".tar")


def as_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        archive.write(folder / "a.csv", "a.csv")
        for n in range(3):
            link = zipfile.ZipInfo(f"{n}.csv")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
    return folder.with_suffix(".zip")


@posix
@pytest.mark.parametrize("pack", [lambda folder: folder, as_tar, as_zip])
def test_links_are_not_followed_and_counted(tmp_path, pack: Callable[[Path], Path]) -> None:
    found, report = read(pack(with_links(tmp_path / "chats")))
    assert len(found) == 300
    assert report.notes == ["3 links were not followed (pipes and devices count as links)."]


@posix
def test_a_folder_of_links_alone_says_so(tmp_path) -> None:
    (tmp_path / "chats").mkdir()
    (tmp_path / "chats" / "a.csv").symlink_to("/etc/passwd")
    with pytest.raises(ExportError, match=r"chats has no files. 1 link was not followed"):
        read(tmp_path / "chats")


@posix
def test_a_subfolder_that_cannot_be_read_is_named(tmp_path, monkeypatch) -> None:
    (tmp_path / "chats" / "secret").mkdir(parents=True)
    table(tmp_path / "chats" / "a.csv")
    scan = os.scandir

    def refused(path: object) -> object:  # root may read what has no permissions
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    found, report = read(tmp_path / "chats")
    assert len(found) == 300
    assert report.notes == ["1 folder could not be read: secret (Permission denied)."]


def test_an_empty_zip_has_no_files(tmp_path) -> None:
    for name in ("empty.zip", "folders.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            if name == "folders.zip":
                archive.writestr("a/", "")
        with pytest.raises(ExportError, match=rf"{name} has no files"):
            read(tmp_path / name)


@pytest.mark.parametrize("size", [10**6, 2**50])
def test_a_member_of_a_tar_that_is_larger_than_the_tar(tmp_path, size: int) -> None:
    entry = tarfile.TarInfo("a.csv")
    entry.size = size
    (tmp_path / "a.tar").write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + b"x" * 1024)
    with pytest.raises(ExportError, match=rf"a.tar is cut short: a.csv should have {size:,} bytes"):
        read(tmp_path / "a.tar")
