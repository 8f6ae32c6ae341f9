"""The file of spans: private, without text, and gone when somebody is forgotten."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from chatmimic.archive import Archive
from chatmimic.archive.derived import spans_file
from chatmimic.copying import kept
from chatmimic.copying.kept import spans_in
from chatmimic.copying.spans import Spans
from chatmimic.records import Message

SECRET = "the spare key is under the third flowerpot on the left"
OTHER = "we met at the old mill by the river on a tuesday"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An archive of two messages, large enough to be kept."""
    monkeypatch.setattr(kept, "LARGE", 1)
    with Archive.open(tmp_path / "archive.sqlite") as opened:
        opened.add(
            [
                Message("Ada", SECRET, 1_000, service="irc", thread="#tea"),
                Message("Bob", OTHER, 2_000, service="irc", thread="#tea"),
            ]
        )
        yield opened


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Spans]:
    """Every index that was built, and not read."""
    made: list[Spans] = []
    build: Callable[..., Spans] = Spans.of

    def noted(chunks: object) -> Spans:
        made.append(build(chunks))
        return made[-1]

    monkeypatch.setattr(Spans, "of", noted)
    return made


def test_it_is_kept_private_and_without_text(archive: Archive, builds: list[Spans]) -> None:
    assert spans_in(archive).copies(SECRET)
    assert spans_in(archive).copies(SECRET)
    assert len(builds) == 1
    file = spans_file(archive.path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    raw = file.read_bytes()
    assert b"flowerpot" not in raw
    assert "flowerpot".encode("utf-32-le") not in raw


def test_a_small_index_is_not_kept(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive.sqlite") as opened:
        opened.add([Message("Ada", SECRET, 1_000, service="irc", thread="#tea")])
        assert spans_in(opened).copies(SECRET)
        assert not spans_file(opened.path).exists()


def test_what_is_forgotten_is_gone_from_the_file(archive: Archive) -> None:
    spans_in(archive)
    before = spans_file(archive.path).read_bytes()
    archive.forget("Ada")
    assert not spans_file(archive.path).exists()
    spans_file(archive.path).write_bytes(before)  # as if restored from a backup
    found = spans_in(archive)
    assert not found.copies(SECRET)
    assert found.copies(OTHER)


def test_an_import_that_is_taken_back_is_gone_from_the_file(archive: Archive) -> None:
    spans_in(archive)
    for one in archive.imports():
        archive.remove_import(one.number)
    assert not spans_file(archive.path).exists()


def test_what_is_forgotten_while_it_is_built_is_not_kept(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = kept._keep

    def forget_first(*given: object) -> None:
        archive.forget("Ada")
        write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(kept, "_keep", forget_first)
    spans_in(archive)
    assert not spans_file(archive.path).exists()


def test_a_new_message_makes_it_new(archive: Archive, builds: list[Spans]) -> None:
    spans_in(archive)
    new = "nobody has ever said these eight words before today"
    archive.add([Message("Bob", new, 3_000, service="irc", thread="#tea")])
    assert spans_in(archive).copies(new)
    assert len(builds) == 2


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04rubbish", b"\x93NUMPY", None])
def test_a_damaged_file_is_made_again(archive: Archive, damage: bytes | None) -> None:
    spans_in(archive)
    file = spans_file(archive.path)
    file.write_bytes(file.read_bytes()[:-200] if damage is None else damage)
    assert spans_in(archive).copies(SECRET)


def test_a_disk_that_takes_nothing_costs_only_time(archive: Archive) -> None:
    spans_file(archive.path).mkdir()
    assert spans_in(archive).copies(SECRET)
