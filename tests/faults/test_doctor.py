"""`chatmimic doctor`: finds what is wrong, says how to mend it, and mends what is safe."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from training_support import chatter, fill, stop_after, train, typed

from chatmimic.home import Home
from chatmimic.lock import Lock

NEEDED = [
    "nothing-at-all>=1.2",
    "click>=99",
    "rich<100,>=99",  # as pip writes ">=99,<100" down
    "torch<1.2,>=1",
    "numpy<99,>=1.0",
    "of-an-extra>=1; extra == 'gguf'",
]
LONG_AGO = (1_600_000_000, 1_600_000_000)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an archive, a mimic and an unfinished run, in which nothing is wrong."""
    from tests_support import write_tiny_base

    place = tmp_path_factory.mktemp("doctor")
    base = write_tiny_base(place / "base", speaker_tokens=False)
    house = fill(place / "home", chatter())
    train(house, base)
    train(house, base, name="half", callbacks=stop_after(2))
    return house.path


@pytest.fixture
def house(trained: Path, home: Path) -> Home:
    shutil.copytree(trained, home)
    return Home(home)


def found(*options: str) -> tuple[int, list[dict[str, object]]]:
    status, out, err = typed("doctor", "--json", *options)
    assert not err
    return status, json.loads(out)["findings"]


def problems(*options: str) -> list[dict[str, object]]:
    return [finding for finding in found(*options)[1] if finding["level"] == "problem"]


def old(path: Path) -> Path:
    """As if the command that wrote it had been killed long ago."""
    for one in (*path.rglob("*"), path):
        os.utime(one, LONG_AGO)
    return path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def broken_page(house: Home) -> None:
    raw = bytearray(house.archive.read_bytes())
    raw[8192:12288] = b"\xff" * 4096
    house.archive.write_bytes(raw)


def copied(house: Home, name: str, of: str = "mimics/ada") -> Path:
    return Path(shutil.copytree(house.path / of, house.path / name))


def aside(house: Home) -> None:
    os.rename(house.mimics / "ada", old(house.mimics / "ada").with_name(".old-ada"))


def open_to_all(house: Home) -> None:
    (house.mimics / "ada" / "mimic.json").chmod(0o644)
    house.runs.chmod(0o755)


def never_begun(house: Home) -> None:
    (house.runs / "half" / "ready.json").unlink()


FAULTS: dict[str, tuple[Callable[[Home], object], str, bool]] = {
    "readable": (open_to_all, "by other users", True),
    "partial": (lambda h: old(copied(h, "mimics/.partial-x")), "was killed", True),
    "aside": (lambda h: old(copied(h, "mimics/.old-ada")), "was killed", True),
    "replaced": (aside, "was being replaced", True),
    "half-removed": (lambda h: copied(h, "mimics/.removed-x"), "was killed", True),
    "checkpoint": (
        lambda h: old(copied(h, "runs/half/checkpoints/.partial-step-9")),
        "was killed",
        True,
    ),
    "file": (lambda h: old(_file(h.path / ".partial-abc")), "was killed", True),
    "never begun": (never_begun, "was killed before it began", True),
    "page": (broken_page, "damaged", False),
    "no archive": (lambda h: h.archive.write_bytes(b"x" * 5000), "not a chatmimic archive", False),
    "cut weights": (
        lambda h: cut(h.mimics / "ada" / "model.safetensors"),
        "10 bytes are missing",
        False,
    ),
    "no weights": (
        lambda h: (h.mimics / "ada" / "model.safetensors").unlink(),
        "weights are missing",
        False,
    ),
    "pipe": (
        lambda h: os.mkfifo(h.mimics / "ada" / "x.safetensors", 0o600),
        "is not a file",
        False,
    ),
    "manifest": (
        lambda h: (h.mimics / "ada" / "mimic.json").write_text("{"),
        "the mimic ada is damaged",
        False,
    ),
    "dangling": (lambda h: (h.mimics / "x").symlink_to(h.path / "y"), "leads nowhere", False),
    "ready": (
        lambda h: cut(next((h.runs / "half" / "learnt").iterdir())),
        "cannot be resumed",
        False,
    ),
    "chat": (lambda h: _file(h.chats / "a.jsonl", "{"), "cannot be read", False),
}


def _file(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def names_in(house: Home) -> set[str]:
    """All files and folders, but those that SQLite keeps beside an open file."""
    return {
        str(p.relative_to(house.path)) for p in house.path.rglob("*") if "sqlite-" not in p.name
    }


def test_nothing_is_wrong(house: Home) -> None:
    status, findings = found()
    assert (status, [f["level"] for f in findings]) == (0, ["note"])
    assert "half is unfinished" in str(findings[0]["says"])
    assert found("--mend") == (status, findings)


def test_an_empty_home_is_well_too(home: Path) -> None:
    assert found() == (0, [])
    assert not home.exists()


@pytest.mark.skipif(os.name == "nt", reason="permissions and links")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_and_mended_if_that_is_safe(house: Home, fault: str) -> None:
    break_it, says, safe = FAULTS[fault]
    break_it(house)
    before = names_in(house)
    (one,) = problems()
    assert says in str(one["says"])
    assert one["mend"]
    assert one["safe"] is safe
    assert names_in(house) == before
    assert found()[0] == 1
    status, out, _ = typed("doctor", "--mend")
    assert status == (0 if safe else 1)
    assert ("mended" in out) is safe
    assert bool(problems()) is not safe
    assert (house.mimics / "ada").is_dir()


@pytest.mark.skipif(os.name == "nt", reason="an open file")
def test_deleted_text_that_is_left_in_the_file_is_told_of_and_removed(house: Home) -> None:
    reader = sqlite3.connect(house.archive)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM message").fetchone()
    assert typed("people", "forget", "Bob", "--yes")[0] == 1
    (one,) = problems()
    assert "unused parts of the archive" in str(one["says"])
    status, out, _ = typed("doctor", "--mend")
    assert (status, "not mended" in out) == (1, True)
    reader.close()
    assert problems() == []  # opening the archive has done it


def test_what_somebody_is_writing_is_left_alone(house: Home) -> None:
    copied(house, "mimics/.partial-new")
    old(copied(house, "mimics/.partial-half"))
    with Lock(house.runs / "half" / "lock", "half"):
        assert problems("--mend") == []
    assert (house.mimics / ".partial-half").is_dir()
    assert (house.mimics / ".partial-new").is_dir()


@pytest.mark.skipif(os.name == "nt", reason="permissions")
def test_mended_files_are_private(house: Home) -> None:
    open_to_all(house)
    typed("doctor", "--mend")
    modes = {stat.S_IMODE(p.stat().st_mode) & 0o077 for p in house.path.rglob("*")}
    assert modes == {0}


@pytest.mark.skipif(os.name == "nt", reason="links and shells")
@pytest.mark.parametrize("name", ["x; true", "$(true)"])
def test_commands_that_help_are_safe_to_paste_and_name_the_home(
    house: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place = Path(shutil.copytree(house.path, tmp_path / "my chats"))
    (place / "mimics" / name).symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(os, "getuid", lambda: place.stat().st_uid + 1)
    mend = [str(finding["mend"]) for finding in found("--home", str(place))[1]]
    owner, damaged, unfinished = mend
    assert shlex.split(owner)[-1] == str(place)
    pasted = shlex.split(damaged.split("`")[1])
    assert pasted[-3:] == [name, "--home", str(place)]
    assert shlex.split(unfinished.split("`")[1])[-2:] == ["--home", str(place)]


def test_a_missing_package_and_a_full_disk_are_told_of(
    house: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatmimic.upkeep.doctor import environment, space

    monkeypatch.setattr(environment, "requires", lambda _: NEEDED)
    monkeypatch.setattr(space, "_LEAST", 2**62)
    said = [str(finding["says"]) for finding in problems()]
    assert any("nothing-at-all is missing (nothing-at-all>=1.2)" in one for one in said)
    assert any("click" in one and "too old (99 or newer)" in one for one in said)
    assert any("rich" in one and "too old (99 or newer)" in one for one in said)
    assert any("torch" in one and "too new (older than 1.2)" in one for one in said)
    assert not any("numpy" in one or "of-an-extra" in one for one in said)
    assert any("free; a training" in one for one in said)
