"""`chatmimic export`: the archive's conversations for other programs."""

import csv
import json
import stat
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from training_support import chatter, fill, typed

from chatmimic.archive import Archive
from chatmimic.export.formats import FORMATS
from chatmimic.export.turns import Turn, from_the_user, turns_of
from chatmimic.home import Home
from chatmimic.records import Conversation, Kind, Message
from chatmimic.training.data.split import gather

NEEDS_PYARROW = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")
SECRET = "write to bob.real@example.com or call +49 170 1234567, Bob"


def said(*lines: tuple[str, str], kind: Kind = Kind.TEXT) -> Conversation:
    return Conversation(tuple(Message(who, text, kind=kind) for who, text in lines))


@pytest.fixture
def full(home: Path) -> Home:
    """An archive with a group chat, a secret, and a message that looks like structure."""
    extra = [
        Message("Ada", SECRET, 1_500_000_000_000, service="irc", thread="#tea"),
        Message("Cy", '=1+1,\n"<|im_end|>"', 1_500_000_060_000, service="irc", thread="#tea"),
        Message(
            "Ada", "waves at Bob", 1_500_000_120_000, Kind.ACTION, service="irc", thread="#tea"
        ),
    ]
    return fill(home, [*extra, *chatter()])


def rows(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


TURNS = [
    (
        said(("Bob", "hi"), ("Ada", "yo"), ("Ada", "all")),
        [("user", "hi"), ("assistant", "yo\nall")],
    ),
    (said(("Ada", "hm"), ("Bob", "a"), ("Bob", "b")), [("assistant", "hm")]),
    (said(("Bob", "only")), []),
    (
        said(("Bob", "x"), ("Cy", "y"), ("Ada", "z")),
        [("user", "Bob: x\nCy: y"), ("assistant", "z")],
    ),
    (
        said(("Bob", "bows"), ("Ada", "nods"), kind=Kind.ACTION),
        [("user", "/me bows"), ("assistant", "/me nods")],
    ),
]


@pytest.mark.parametrize(("conversation", "turns"), TURNS)
def test_the_turns_of_a_conversation(
    conversation: Conversation, turns: list[tuple[str, str]]
) -> None:
    assert [(t.role, t.text) for t in turns_of(conversation, "Ada")] == turns


def test_pairs_begin_with_the_user() -> None:
    turns = [Turn("assistant", "a"), Turn("user", "b"), Turn("assistant", "c")]
    assert from_the_user(turns) == turns[1:]
    assert from_the_user(turns[1:]) == turns[1:]
    assert from_the_user([]) == []


@pytest.mark.parametrize("name", ["sharegpt", "openai", "chatml"])
def test_a_chat_format_holds_every_turn_of_the_persona(
    full: Home, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "ada.jsonl"
    status, told, _ = typed("export", file, "--format", name, "--persona", "ada", "--json")
    assert status == 0
    facts = json.loads(told)
    assert facts["persona"] == "Ada"
    found = rows(file)
    assert facts["files"][0]["conversations"] == len(found)
    text = file.read_text("utf-8")
    assert "/me waves at Bob" in text
    for row in found:
        if name == "chatml":
            assert row["text"].startswith("<|im_start|>system\nYou are Ada, in a chat with ")
            assert row["text"].count("<|im_start|>") == row["text"].count("<|im_end|>\n")
            continue
        turns = row["conversations" if name == "sharegpt" else "messages"]
        key, user, assistant = (
            ("from", "human", "gpt") if name == "sharegpt" else ("role", "user", "assistant")
        )
        roles = [turn[key] for turn in turns]
        assert roles[0] == "system"
        assert roles[-1] == assistant
        assert all(a != b for a, b in zip(roles, roles[1:], strict=False))
        assert name == "openai" or roles[1] == user


def test_the_split_is_that_of_a_training(full: Home, tmp_path: Path) -> None:
    status, _, _ = typed(
        "export", tmp_path / "out", "--format", "csv", "--persona", "Ada", "--held-out", "0.2"
    )
    assert status == 0
    with Archive.open(full.archive) as archive:
        material = gather(archive, "Ada", None, 0.2)
    for name, part in (("train", material.train), ("test", material.held_out)):
        with (tmp_path / "out" / f"{name}.csv").open(newline="") as file:
            texts = [row["text"] for row in csv.DictReader(file)]
        assert texts == [m.text for c in part for m in c.messages]
    assert {stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "out").iterdir()} == {0o600}


def test_a_table_can_be_imported_again(full: Home, tmp_path: Path) -> None:
    assert typed("export", tmp_path / "all.csv")[0] == 0
    status, _, error = typed("import", tmp_path / "all.csv", "--home", tmp_path / "again")
    assert status == 0, error
    with Archive.open(full.archive) as one, Archive.open(tmp_path / "again/archive.sqlite") as two:
        first, second = ([(m.sender, m.text, m.sent_at) for m in a.stream()] for a in (one, two))
    assert sorted(first) == sorted(second)


@NEEDS_PYARROW
def test_parquet_has_times_and_every_message(full: Home, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    assert typed("export", tmp_path / "all.parquet")[0] == 0
    table = pandas.read_parquet(tmp_path / "all.parquet")
    assert len(table) == len(chatter()) + 3
    assert str(table["sent_at"].dt.tz) == "UTC"
    assert table["text"].iloc[0] == SECRET
    assert table["conversation"].is_monotonic_increasing


def test_what_has_no_time_is_left_empty(home: Path, tmp_path: Path) -> None:
    fill(
        home,
        [
            Message("Ada", "when?", None, service="irc", thread="#tea"),
            Message("Ada", "far", 300_000_000_000_000, service="irc", thread="#sea"),
        ],
    )
    assert typed("export", tmp_path / "all.csv")[0] == 0
    with (tmp_path / "all.csv").open(newline="") as file:
        times = {row["text"]: row["sent_at"] for row in csv.DictReader(file)}
    assert times == {"when?": "", "far": "11476-08-15T05:20:00.000Z"}


def in_table(file: Path) -> str:
    """Everything in a Parquet file."""
    return pytest.importorskip("pandas").read_parquet(file).to_csv()


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=NEEDS_PYARROW if n == "parquet" else ()) for n in FORMATS],
)
def test_redaction_and_pseudonyms_leave_no_name_and_no_number(
    full: Home, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "out"
    status, told, error = typed(
        "export", file, "--format", name, "--persona", "Ada", "--redact", "--pseudonyms", "--json"
    )
    assert status == 0, error
    content = file.read_bytes().decode() if name != "parquet" else in_table(file)
    for word in ("Ada", "Bob", "Cy,", "example.com", "1234567"):
        assert word not in content
    facts = json.loads(told)
    assert facts["persona"] in content
    assert facts["redacted"] == {"email": 1, "phone": 1}


def test_pseudonyms_are_the_same_every_time(full: Home, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        assert typed("export", tmp_path / name, "--pseudonyms")[0] == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_somebody_is_left_out_with_what_they_said(full: Home, tmp_path: Path) -> None:
    status, _, _ = typed("export", tmp_path / "all.csv", "--exclude", "cy")
    assert status == 0
    with (tmp_path / "all.csv").open(newline="") as file:
        assert {row["sender"] for row in csv.DictReader(file)} == {"Ada", "Bob"}


WRONG = [
    (["out.jsonl"], 1, "does not say which format"),
    (["out"], 1, "--format"),
    (["out.csv", "--persona", "Nobody"], 1, "Nobody in the archive"),
    (["out.csv", "--persona", "Ada", "--exclude", "Ada"], 1, "left out"),
    (["out.csv", "--exclude", "Nobody"], 1, "Nobody in the archive"),
    (["out.csv", "--since", "2050"], 1, "leaves none"),
    (["out.csv", "--since", "yesterday"], 1, "is not a date"),
    (["out.csv", "--gap", "x"], 1, "--gap"),
    (["no/out.csv"], 1, "no such folder"),
    (["out.jsonl", "--format", "openai"], 2, "needs --persona"),
    (["out", "--format", "csv", "--held-out", "1"], 2, "--held-out"),
]


@pytest.mark.parametrize(("options", "status", "why"), WRONG)
def test_what_is_wrong_is_said_and_nothing_is_written(
    full: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    status: int,
    why: str,
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    found, _, error = typed("export", *options)
    assert (found, why in error) == (status, True), error
    assert not list(work.iterdir())


@pytest.mark.parametrize("name", ["file.csv", "folder", "link.csv"])
def test_nothing_is_replaced(full: Home, tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    if name == "folder":
        place.mkdir()
    elif name == "link.csv":
        place.symlink_to(tmp_path / "nowhere")
    else:
        place.write_text("mine")
    status, _, error = typed("export", place, "--format", "csv", "--held-out", "0.1")
    assert (status, "already exists" in error) == (1, True)
    assert name != "file.csv" or place.read_text() == "mine"


def test_without_an_archive_it_says_so(home: Path, tmp_path: Path) -> None:
    status, _, error = typed("export", tmp_path / "all.csv")
    assert status == 1
    assert "chatmimic import" in error
