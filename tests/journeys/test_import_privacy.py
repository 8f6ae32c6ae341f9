"""`chatmimic import` with --redact, --exclude and --pseudonyms, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import chatmimic
from chatmimic.archive import Archive
from chatmimic.cli import cli
from chatmimic.home import Home
from chatmimic.importers import ImportOptions

SECRETS = ("+44 20 7946 0958", "ada@example.org", "4111 1111 1111 1111", "12 Baker Street")
CHAT = """\
12/03/2024, 10:01 - Ada Lovelace: call me at +44 20 7946 0958 or ada@example.org
12/03/2024, 10:02 - Charles: my card is 4111 1111 1111 1111, ok Ada?
12/03/2024, 10:03 - Ada Lovelace: no way Charles
13/03/2024, 10:03 - Cleo: Charles lives at 12 Baker Street
"""


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "chat.txt"
    path.write_text(CHAT, "utf-8")
    return path


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["import", *map(str, args)])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def facts(*args: object) -> Any:
    return json.loads(run("--json", *args).stdout)


def kept(home: Path) -> list[tuple[str, str]]:
    with Archive.open(home / "archive.sqlite", create=False) as archive:
        return [(m.sender, m.text) for m in archive.stream()]


def stored(home: Path) -> bytes:
    """Every byte of every file of the home."""
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_redacted_things_are_nowhere_in_the_home(chat: Path, home: Path) -> None:
    out = run("--redact", chat).stdout
    texts = [text for _, text in kept(home)]
    assert texts[0] == "call me at [phone] or [email]"
    assert texts[1] == "my card is [card], ok Ada?"
    for secret in SECRETS:
        assert secret.encode() not in stored(home)
        assert secret not in out
    for type_ in ("phone", "email", "card"):
        assert type_ in out


def test_the_report_shows_what_would_go_and_imports_nothing(chat: Path, home: Path) -> None:
    out = run("--redact-report", chat).stdout
    assert "Would import chat.txt" in out
    assert "Nothing was imported." in out
    assert "chat.txt:1" in out
    assert not home.exists()
    told = facts("--redact-report", chat)
    assert told["dry_run"] is True
    assert told["redacted"]["phone"]["times"] == 1
    assert not any(secret in json.dumps(told) for secret in SECRETS)
    assert not home.exists()


def test_an_excluded_person_stays_outside(chat: Path, home: Path) -> None:
    told = facts("--exclude", "charles", chat)
    assert (told["kept"], told["left_out"]) == (3, {"excluded": 1})
    assert told["records"] == 4
    assert told["examples"]["excluded"] == "chat.txt:2"
    assert {sender for sender, _ in kept(home)} == {"Ada Lovelace", "Cleo"}


def refused(*args: object) -> str:
    return str(run(*args, code=1).exception)


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["", "dry"])
def test_somebody_to_exclude_who_is_not_there_refuses_the_import(
    chat: Path, home: Path, dry: tuple[str, ...]
) -> None:
    told = refused(*dry, "--exclude", "Cloe", "--exclude", "charles", "--exclude", "Bob", chat)
    assert told.startswith('Nobody is called "Cloe" or "Bob" (--exclude), so nothing was')
    assert 'Did you mean "Cleo"?' in told
    assert not dry or not home.exists()
    assert dry or kept(home) == []


def test_accents_may_be_missing_but_are_asked_for(chat: Path, home: Path) -> None:
    chat.write_text(CHAT.replace("Cleo", "Cléo"), "utf-8")
    assert 'Did you mean "Cléo"?' in refused("--exclude", "Cleo", chat)
    run("--exclude", "cléo", chat)
    assert "Cléo" not in {sender for sender, _ in kept(home)}


@pytest.fixture
def second(tmp_path: Path) -> Path:
    path = tmp_path / "second.txt"
    path.write_text("12/03/2024, 10:01 - Ada Lovelace: hi\n12/03/2024, 10:02 - Bob: ho\n", "utf-8")
    return path


def test_of_several_exports_one_may_lack_who_is_excluded(
    chat: Path, second: Path, home: Path
) -> None:
    told = facts("--exclude", "Bob", "--exclude", "Cleo", chat, second)
    assert {sender for sender, _ in kept(home)} == {"Ada Lovelace", "Charles"}
    assert told["left_out"] == {"excluded": 2}


def test_who_is_in_none_of_several_exports_refuses_all(
    chat: Path, second: Path, home: Path, tmp_path: Path
) -> None:
    told = refused("--exclude", "Bob", "--exclude", "Dan", second, chat)
    assert told.startswith('Nobody is called "Dan" (--exclude)')
    assert not (home / "archive.sqlite").exists() or kept(home) == []
    (tmp_path / "other.bin").write_bytes(b"\0\1")
    told = refused("--exclude", "Bob", tmp_path / "other.bin", second)
    assert told.startswith("1 of 2 exports could not be imported.")
    assert {sender for sender, _ in kept(home)} == {"Ada Lovelace"}


def test_who_is_in_the_archive_may_lack_in_the_export(chat: Path, second: Path, home: Path) -> None:
    run(second)
    told = facts("--exclude", "BOB", chat)
    assert any('Nobody in it is called "BOB"' in note for note in told["notes"])
    assert 'Nobody is called "Bo"' in refused("--exclude", "Bo", chat)


def test_python_refuses_it_too(chat: Path, second: Path, home: Path) -> None:
    from chatmimic.errors import ExportError
    from chatmimic.privacy import PrivacyOptions

    for paths in ((chat,), (chat, second)):
        with pytest.raises(ExportError, match='Nobody is called "Dan"'):
            chatmimic.import_exports(*paths, privacy=PrivacyOptions(exclude=("Dan", "Cleo")))
        assert kept(home) == []
    chatmimic.import_exports(second, chat, privacy=PrivacyOptions(exclude=("Cleo",)))
    assert {sender for sender, _ in kept(home)} == {"Ada Lovelace", "Bob", "Charles"}


def test_pseudonyms_are_the_same_in_every_import(chat: Path, tmp_path: Path, home: Path) -> None:
    run("--pseudonyms", chat)
    names = {sender for sender, _ in kept(home)}
    assert len(names) == 3
    assert not any(b in stored(home) for b in (b"Lovelace", b"Charles", b"Cleo"))
    if os.name == "posix":
        assert (home / "pseudonyms.key").stat().st_mode & 0o777 == 0o600
    assert facts("--pseudonyms", chat)["new"] == 0
    later = tmp_path / "later.txt"
    later.write_text(CHAT.replace("2024", "2025"), "utf-8")
    run("--pseudonyms", later)
    assert {sender for sender, _ in kept(home)} == names


def test_another_home_has_other_pseudonyms(chat: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        run("--home", tmp_path / name, "--pseudonyms", chat)
    one, other = ({s for s, _ in kept(tmp_path / name)} for name in ("one", "other"))
    assert not one & other


def test_nothing_is_made_where_nothing_private_is_asked(chat: Path, home: Path) -> None:
    run(chat)
    assert not (home / "pseudonyms.key").exists()
    assert kept(home)[0][1].startswith("call me at +44")


def test_a_dry_run_makes_no_key_in_a_home_that_has_none(chat: Path, home: Path) -> None:
    run(chat)
    run("--redact-report", "--pseudonyms", chat)
    assert not (home / "pseudonyms.key").exists()
    run("--pseudonyms", chat)
    key = (home / "pseudonyms.key").read_bytes()
    assert (
        facts("--pseudonyms", "--dry-run", chat)["new"] == 0
    )  # the names of the key that is there
    assert (home / "pseudonyms.key").read_bytes() == key


def test_a_path_that_is_no_export_makes_no_home(tmp_path: Path, home: Path) -> None:
    bad = tmp_path / "shopping.txt"
    bad.write_text("milk\neggs\n")
    run("--redact", "--pseudonyms", bad, code=1)
    assert not home.exists()


def test_an_ordinary_import_loads_none_of_it(chat: Path, home: Path) -> None:
    code = (
        "import sys\nfrom chatmimic.cli import cli\n"
        f"cli(['import', {str(chat)!r}], standalone_mode=False)\n"
        "print('chatmimic.privacy.filter' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_python_imports_as_the_command_does(chat: Path, tmp_path: Path, home: Path) -> None:
    from chatmimic.privacy import PrivacyOptions

    options = ("--redact", "--pseudonyms", "--exclude", "Cleo", "--tz", "Europe/London")
    run(*options, chat)
    key = home / "pseudonyms.key"
    other = Home(tmp_path / "other").make()
    (other.path / key.name).write_bytes(key.read_bytes())
    privacy = PrivacyOptions(redact=True, exclude=("Cleo",), pseudonyms=True)
    (imported,) = chatmimic.import_exports(
        chat, home=other, options=ImportOptions(tz="Europe/London"), privacy=privacy
    )
    assert imported.report.left_out["excluded"] == 1
    assert (imported.new, imported.known, imported.path) == (imported.report.kept, 0, chat)
    assert kept(other.path) == kept(home)
    assert not [secret for secret in SECRETS if secret in str(kept(home))]
