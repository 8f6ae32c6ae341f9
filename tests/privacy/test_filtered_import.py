"""Filtered imports into a real archive: its file holds none of what should stay outside."""

from __future__ import annotations

import csv
import io
import stat
import sys
from pathlib import Path

import pytest
from rich.console import Console

from chatmimic.archive import Archive
from chatmimic.cli.display.redaction import redaction_json, redaction_table
from chatmimic.errors import ChatmimicError
from chatmimic.home import Home
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.privacy import PrivacyFilter, PrivacyOptions, key_of

ROWS = [
    ("Ada Lovelace", "tea with Grace at 12 Baker Street", "Grace Hopper"),
    ("Grace Hopper", "yes Ada! my number is +49 171 1234567", "Grace Hopper"),
    ("Grace Hopper", "write to grace@example.org, password: hunter2", "Grace Hopper"),
    ("+49 171 7654321", "hi, card 4111 1111 1111 1111", "+49 171 7654321"),
    ("Bo Li", "the vault is behind the clock", "Bo Li"),
    ("Ada Lovelace", "Bo Li: come to tea", "tea club"),
    ("Ada Lovelace", "DE89 3704 0044 0532 0130 00 for the cake", "tea club"),
]
SECRETS = ("1234567", "grace@", "hunter2", "7654321", "4111", "3704", "Baker")
EXCLUDED = ("Bo Li", "the vault", "behind the clock")
NAMES = ("Ada", "Lovelace", "Grace", "Hopper")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "chat.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(["time", "sender", "text", "thread"])
        write.writerows(
            (f"2024-05-01T12:00:{n:02}Z", sender, text, thread)
            for n, (sender, text, thread) in enumerate(ROWS)
        )
    return path


def bytes_of(folder: Path) -> bytes:
    """Everything in the archive's file, and in what SQLite keeps beside it."""
    return b"".join(path.read_bytes() for path in folder.glob("archive.sqlite*"))


def imported(
    export: Path, options: PrivacyOptions, home: Home
) -> tuple[PrivacyFilter, ImportReport, bytes]:
    home.make()
    privacy_filter, report = PrivacyFilter(options, key_of(home)), ImportReport()
    with Archive.open(home.archive) as archive:
        if privacy_filter.needs_two_passes:
            privacy_filter.collect_names(read_exports(export, ImportOptions(), ImportReport()))
        messages = read_exports(export, ImportOptions(), report)
        archive.add(privacy_filter.apply_once(messages, report))
        # The log that SQLite still holds open is part of it.
        return privacy_filter, report, bytes_of(home.path)


def test_no_secret_no_excluded_message_and_no_name_is_in_the_file(
    export: Path, tmp_path: Path
) -> None:
    plain = imported(export, PrivacyOptions(), Home(tmp_path / "plain"))[2]
    assert all(word.encode() in plain for word in (*SECRETS, *EXCLUDED, *NAMES))
    home = Home(tmp_path / "private")
    options = PrivacyOptions(redact=True, exclude=("bo li",), pseudonyms=True)
    privacy_filter, report, stored = imported(export, options, home)
    for kept in (stored, bytes_of(home.path)):
        assert not [word for word in (*SECRETS, *EXCLUDED, *NAMES) if word.encode() in kept]
        assert b"[phone]" in kept
    assert report.left_out["excluded"] == 1
    assert report.kept == 6
    assert privacy_filter.redacted["phone"] == 3  # in a text, as a name and as a title


def test_importing_again_adds_nothing(export: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "again").make()
    options = PrivacyOptions(redact=True, pseudonyms=True)
    with Archive.open(home.archive) as archive:
        added = []
        for _ in range(2):
            report = ImportReport()
            privacy_filter = PrivacyFilter(options, key_of(home))
            privacy_filter.collect_names(read_exports(export, ImportOptions(), ImportReport()))
            messages = read_exports(export, ImportOptions(), report)
            added.append(archive.add(privacy_filter.apply_once(messages, report)).new)
        assert added == [7, 0]
        assert len(archive.people()) == 4
        assert archive.person(privacy_filter.pseudonym("Ada Lovelace")).messages == 3


# --- the key of a home ----------------------------------------------------------------------------


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    key = key_of(home)
    assert len(key) == 32
    assert key_of(home) == key != key_of(Home(tmp_path / "other"))
    if sys.platform != "win32":
        assert stat.S_IMODE((home.path / "pseudonyms.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff\xfe", b"00ff", b"not hexadecimal at all"])
def test_a_damaged_key_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pseudonyms.key").write_bytes(content)
    with pytest.raises(ChatmimicError, match=r"pseudonyms\.key"):
        key_of(Home(tmp_path))


# --- the report -----------------------------------------------------------------------------------


def shown_table(privacy_filter: PrivacyFilter) -> str:
    screen = Console(width=80, file=io.StringIO())
    screen.print(redaction_table(privacy_filter))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_the_report_shows_what_was_redacted_and_leaks_nothing(export: Path, tmp_path: Path) -> None:
    privacy_filter, _, _ = imported(export, PrivacyOptions(redact=True), Home(tmp_path / "home"))
    table, facts = shown_table(privacy_filter), redaction_json(privacy_filter)
    assert "phone" in table
    assert "+…7  chat.csv:" in table
    assert facts["email"] == {"times": 1, "examples": [{"masked": "g…g", "place": "chat.csv:4"}]}
    assert facts["password"]["examples"][0]["masked"] == "…"
    for secret in SECRETS:
        assert secret not in table
        assert secret not in repr(facts)


def test_an_empty_report_says_so() -> None:
    privacy_filter = PrivacyFilter(PrivacyOptions(redact=True))
    assert shown_table(privacy_filter).strip() == "Nothing was redacted."
    assert redaction_json(privacy_filter) == {}
