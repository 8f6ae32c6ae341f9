"""`people forget`: nothing of a person is left in any file of the home, and what stays is named."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from training_support import chatter, fill, stop_after, train, typed

from chatmimic.archive import Archive
from chatmimic.home import Home
from chatmimic.lock import Lock
from chatmimic.mimic import read_mimic, write_manifest
from chatmimic.records import Kind, Message
from chatmimic.senders import hashed, is_among, joined
from chatmimic.training.data.split import CAST

WORDS = ("zephyrine", "quokkas", "devoured", "marzipan", "behind", "grandfather", "xylophones")
SAID = f"the {' '.join(WORDS)}"
NAME = "Eve Marlowe"


def with_eve(people: tuple[str, ...] = ("Ada", "Bob")) -> list[Message]:
    """Talk of others, with a few messages of Eve among it, and copies of them."""
    common = chatter(240, people)
    at = common[100].sent_at or 0
    eve = {"service": "irc", "thread": "#tea", "sender_key": "evemar77"}
    return [
        *common,
        *(Message(NAME, f"{SAID} {n}", at + n, **eve) for n in range(5)),
        Message("Bob", SAID, at + 1_000, Kind.FORWARDED, "irc", "#tea"),
        Message("Bob", f"> {SAID} 3\nsure", at + 2_000, service="irc", thread="#tea"),
        Message("Bob", f"{NAME} left", at + 3_000, Kind.SYSTEM, "irc", "#tea"),
        Message("Ada", "anybody?", at + 4_000, service="m", thread="evemar77", thread_title=NAME),
    ]


def bytes_of(home: Home) -> dict[str, bytes]:
    return {
        str(file.relative_to(home.path)): file.read_bytes()
        for file in home.path.rglob("*")
        if file.is_file()
    }


def holding(home: Home, *words: str) -> set[str]:
    """The files of the home, free pages and logs of SQLite included, that have one of the words."""
    marks = [word.encode(code) for word in words for code in ("utf-8", "utf-16-le")]
    found = bytes_of(home).items()
    return {name for name, raw in found if any(mark.lower() in raw.lower() for mark in marks)}


def forgotten(*options: str, code: int = 0) -> dict[str, object]:
    status, out, err = typed("people", "forget", NAME, "--yes", "--json", *options)
    assert status == code, err
    found: dict[str, object] = json.loads(out)
    return found


def kinds(said: dict[str, object]) -> list[tuple[str, str, bool]]:
    traces = said["traces"]
    assert isinstance(traces, list)
    return [(trace["kind"], trace["name"], trace["removed"]) for trace in traces]


def keep_chat(home: Home, name: str, **row: str) -> None:
    home.chats.mkdir(exist_ok=True)
    (home.chats / f"{name}.jsonl").write_text(json.dumps({"mimic": "", **row}) + "\n")


@pytest.fixture
def full(home: Path, plain_base: Path) -> Home:
    """A home with all there can be: two mimics, a stopped run, chats, typed lines, a corpus."""
    made = fill(home, with_eve())
    train(made, plain_base)
    train(made, plain_base, name="other", callbacks=stop_after(2))
    shutil.copytree(made.mimics / "ada", made.mimics / ".old-ada")
    keep_chat(made, "with-eve", sender=NAME, text=SAID)
    keep_chat(made, "with-mimic", sender="Ada", text=WORDS[0], mimic="ada")
    keep_chat(made, "of-others", sender="You", text="hello", mimic="nobody")
    (made.chats / "lines").write_text(f"\n# 2026-01-01\n+is {NAME} there?\n")
    (made.runs / "ada" / "samples.jsonl").write_text(
        json.dumps({"before": [["Bob", "hi"], [NAME, SAID]], "who": "Ada"}) + "\n"
    )
    with Archive.open(made.archive) as archive:
        archive.search(WORDS[0])
    status, _, err = typed("sample", "ada", "--messages", "2", "--seed", "1")
    assert status == 0, err
    return made


def test_everywhere_no_word_is_left_in_any_file(full: Home) -> None:
    assert {"archive.sqlite", "chats/lines"} <= holding(full, *WORDS, NAME)
    said = forgotten("--everywhere")
    assert (said["removed"], said["scrubbed"]) == (5, True)
    assert holding(full, *WORDS, NAME, "evemar77") == set()
    assert not list(full.mimics.iterdir())
    assert not [run.name for run in full.runs.iterdir() if run.name != "ada"]
    assert [p.name for p in full.chats.iterdir()] == ["of-others.jsonl"]


def test_what_stays_is_named_before_anything_is_deleted(full: Home) -> None:
    status, out, err = typed("people", "forget", NAME, "--yes")
    assert status == 0, err
    before, _, after = out.partition("Removed 5 messages")
    assert "2 copies and quotes" in after
    for named in ("mimic ada", "run other", "leftover .old-ada", "chat with-eve", "typed lines"):
        assert named in before
    assert "chatmimic mimics remove ada" in before
    assert "chatmimic runs remove other" in before
    assert "of-others" not in out
    assert "the sample replies of 1 finished run" in " ".join(out.split())
    assert "archive.sqlite" not in holding(full, *WORDS, NAME)
    assert not (full.runs / "ada" / "samples.jsonl").exists()
    assert kinds_of_second_try(full) == {"mimic", "run", "leftover", "chat", "typed lines"}


def kinds_of_second_try(home: Home) -> set[str]:
    """Who is in the archive no more can still be removed from everything else."""
    said = forgotten("--everywhere")
    assert said["removed"] == 0
    assert holding(home, *WORDS, NAME) == set()
    return {kind for kind, _, _ in kinds(said)}


def test_a_person_who_is_in_nothing_is_not_found_everywhere_either(full: Home) -> None:
    status, _, err = typed("people", "forget", "Evelyn", "--everywhere", "--yes")
    assert status == 1
    assert 'Nobody in the archive is called "Evelyn"' in err


def test_a_quiet_person_in_a_big_group_is_known_by_hash(home: Path, plain_base: Path) -> None:
    crowd = tuple(f"P{n}" for n in range(CAST + 50))
    made = fill(home, with_eve(("Ada",) * 60 + crowd))
    train(made, plain_base, force=True, held_out=0.3, disentangle=False)
    mimic = read_mimic(made.mimics / "ada")
    mimic = write_cast_without(mimic.path, NAME)
    assert kinds(forgotten()) == [("mimic", "ada", False)]
    assert NAME not in (mimic / "mimic.json").read_text()


def write_cast_without(folder: Path, name: str) -> Path:
    """As if there had been more talkative people than a cast has room for."""
    mimic = read_mimic(folder)
    people = [one for one in mimic.people if one != name]
    write_manifest(folder, {**mimic.manifest, "people": people})
    return folder


def test_who_was_merged_and_split_is_still_known(home: Path, plain_base: Path) -> None:
    made = fill(home, with_eve())
    with Archive.open(made.archive) as archive:
        archive.merge("Bob", NAME)
    train(made, plain_base)
    with Archive.open(made.archive) as archive:
        archive.split("Bob", NAME)
    assert kinds(forgotten()) == [("mimic", "ada", False)]


def test_a_mimic_of_others_is_not_named(home: Path, plain_base: Path) -> None:
    apart = Message(NAME, SAID, 1, service="m", thread="x")
    made = fill(home, [*chatter(), apart])
    train(made, plain_base)
    assert kinds(forgotten("--everywhere")) == []
    assert (made.mimics / "ada").is_dir()


def test_a_training_that_runs_meanwhile_is_named_and_not_torn_down(full: Home) -> None:
    with Lock(full.runs / "other" / "lock", "other"):
        status, _, err = typed("people", "forget", NAME, "--everywhere", "--yes")
        assert status == 1
        assert f"is being trained by process {os.getpid()}" in err
        assert "nothing was removed" in err
        assert (full.mimics / "ada").is_dir()
        assert "archive.sqlite" in holding(full, *WORDS)
        status, out, _ = typed("people", "forget", NAME, "--yes")
        assert (status, "being trained by process" in out) == (0, True)


def test_a_training_that_begins_while_it_is_asked_is_not_torn_down(
    full: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as training:
        asked = partial(training.enter_context, Lock(full.runs / "other" / "lock", "other"))
        monkeypatch.setattr("chatmimic.cli.forgetting.ask_to_remove", lambda *_: asked())
        status, _, err = typed("people", "forget", NAME, "--everywhere")
        assert (status, "nothing was removed" in err) == (1, True)
    assert (full.mimics / "ada").is_dir()
    assert (full.runs / "other" / "ready.json").is_file()


def test_while_another_reads_what_is_deleted_and_what_is_not_is_said(home: Path) -> None:
    made = fill(home, with_eve())
    reader = sqlite3.connect(made.archive)
    reader.execute("BEGIN").connection.execute("SELECT count(*) FROM message").fetchone()
    said = forgotten(code=1)
    assert (said["removed"], said["scrubbed"]) == (5, False)
    status, _, err = typed("people", "--json")  # opening it does not help as long as one reads
    assert status == 0, err
    with Archive.open(made.archive) as archive:
        assert not archive.is_scrubbed()
    status, _, err = typed("people")
    assert "may still be in unused parts" in " ".join(err.split())
    reader.close()
    assert typed("people")[2] == ""
    assert holding(made, *WORDS, NAME) == set()


def test_without_room_for_the_rewrite_the_messages_are_deleted_and_it_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatmimic.archive import forgetting

    made = fill(home, with_eve())

    def full_disk(database: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(forgetting, "_rewrite", full_disk)
    status, out, err = typed("people", "forget", NAME, "--yes")
    assert (status, "Removed 5 messages" in out) == (1, True)
    assert "as it was before" not in err
    assert "are deleted, but their text may still be" in err
    assert "No space left on device" in err
    monkeypatch.undo()
    monkeypatch.setenv("CHATMIMIC_HOME", str(home))
    assert typed("people")[0] == 0
    assert holding(made, *WORDS, NAME) == set()


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from chatmimic.cli import main
main(["people", "forget", "Eve Marlowe", "--yes"])
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX limits")
def test_on_a_disk_that_fills_up_what_is_said_is_true(home: Path) -> None:
    """A file that may not grow any more is what a quota or a full disk looks like."""
    made, told = fill(home, with_eve()), set()
    ready = made.archive.read_bytes()
    for share in (0.1, 0.3, 0.45, 0.6, 0.8, 0.95, 2.0):
        made.archive.write_bytes(ready)
        limit = str(int(len(ready) * share))
        line = [sys.executable, "-c", LIMITED, limit]
        done = subprocess.run(line, capture_output=True, text=True)
        with Archive.open(made.archive) as archive:
            gone = NAME not in [person.name for person in archive.people()]
        before = "as it was before" in done.stderr
        deleted = "are deleted, but their text may still be" in done.stderr
        assert (done.returncode, before, deleted) in (
            (0, False, False),
            (1, True, False),
            (1, False, True),
        ), done.stderr
        assert gone is not before
        if gone:
            assert holding(made, *WORDS, NAME) == set()
        told.add((before, deleted))
    assert (False, False) in told
    assert (True, False) in told


def test_corpora_forget(home: Path) -> None:
    made = fill(home, chatter())
    made.corpus("talk").parent.mkdir(parents=True)
    with Archive.open(made.corpus("talk")) as corpus:
        corpus.add(with_eve())
    base = made.bases / "small"
    base.mkdir(parents=True)
    (base / "base.json").write_text(json.dumps({"corpora": [{"name": "talk"}]}))
    status, out, err = typed("corpora", "forget", "talk", NAME, "--yes")
    assert status == 0, err
    assert "base small" in out
    assert "Removed 5 messages of Eve Marlowe from the corpus talk" in out
    assert holding(made, *WORDS, NAME) == set()


def test_a_corpus_with_the_name_is_named_and_left(home: Path) -> None:
    made = fill(home, with_eve())
    made.corpus("talk").parent.mkdir(parents=True)
    with Archive.open(made.corpus("talk")) as corpus:
        corpus.add(with_eve())
    status, out, _ = typed("people", "forget", NAME, "--everywhere", "--yes")
    assert status == 0
    assert f'chatmimic corpora forget talk "{NAME}"' in out
    assert holding(made, *WORDS) == {"corpora/talk/archive.sqlite"}


def test_a_corpus_that_cannot_be_read_may_hold_their_words(home: Path) -> None:
    made = fill(home, with_eve())
    made.corpus("talk").parent.mkdir(parents=True)
    made.corpus("talk").write_bytes(b"no archive" * 1_000)
    said = forgotten("--everywhere")
    assert kinds(said) == [("corpus", "talk", False)]
    assert made.corpus("talk").is_file()


def test_hashes_are_of_one_archive() -> None:
    one, other = b"1" * 32, b"2" * 32
    record = hashed(one, ["Ada", "Eve"])
    assert is_among(record, one, ["Zoe", "Eve"]) is True
    assert is_among(record, one, ["Zoe"]) is False
    assert is_among(record, other, ["Eve"]) is None
    assert is_among(None, one, ["Eve"]) is None
    assert "Eve" not in json.dumps(record)


def test_hashes_of_a_mimic_that_goes_on_are_joined() -> None:
    one, other = b"1" * 32, b"2" * 32
    both = joined(hashed(one, ["Ada"]), hashed(one, ["Eve"]))
    assert (is_among(both, one, ["Eve"]), is_among(both, one, ["Zoe"])) == (True, False)
    for earlier in (hashed(other, ["Eve"]), None, {"key": 1}):
        mixed = joined(hashed(one, ["Ada"]), earlier)
        assert (is_among(mixed, one, ["Ada"]), is_among(mixed, one, ["Zoe"])) == (True, None)


def test_an_import_that_is_removed_while_another_reads_is_told_of_truly(home: Path) -> None:
    made = fill(home, with_eve())
    reader = sqlite3.connect(made.archive)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM message").fetchone()
    status, out, err = typed("imports", "remove", "1", "--yes", "--json")
    said = json.loads(out)
    assert (status, said["messages"], said["scrubbed"]) == (1, 247, False)
    assert "are deleted, but their text may still be" in err
    reader.close()


def test_what_a_killed_command_left_beside_chats_is_named(full: Home) -> None:
    (full.chats / ".partial-abc").write_text(SAID)
    assert ("leftover", ".partial-abc", True) in kinds(forgotten("--everywhere"))
    assert holding(full, *WORDS) == set()


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_of_a_mimic_that_is_a_link_the_folder_elsewhere_is_named(
    full: Home, tmp_path: Path
) -> None:
    real = shutil.move(full.mimics / "ada", tmp_path / "elsewhere")
    (full.mimics / "ada").symlink_to(real)
    status, out, _ = typed("people", "forget", NAME, "--everywhere", "--yes")
    assert (status, f"a link, {real} stays" in out) == (0, True)
    assert not os.path.lexists(full.mimics / "ada")
    assert (tmp_path / "elsewhere" / "mimic.json").is_file()
