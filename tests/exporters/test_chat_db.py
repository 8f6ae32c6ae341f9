"""exporters/imessage/chat_db.py: what it writes is what the importer itself would read."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "importers"))
from chat_dbs import OLD_SCHEMA, chat_db, typedstream

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Kind, Message

SCRIPT = Path(__file__).parents[2] / "exporters" / "imessage" / "chat_db.py"
AT, NANO = 725_000_000, 10**9
FROM_ADA: dict[str, Any] = {"handle_id": 2, "date": AT * NANO}
ROWS: list[dict[str, Any]] = [
    {**FROM_ADA, "text": "hello"},
    {"attributedBody": typedstream("typed ☎ " * 40), "is_from_me": 1, "date": (AT + 1) * NANO},
    {**FROM_ADA, "text": "a reply", "chat": 3, "thread_originator_guid": "G1"},
    {**FROM_ADA, "text": "\ufffclook", "cache_has_attachments": 1, "chat": 4},
    {**FROM_ADA, "text": "\ufffc", "cache_has_attachments": 1},
    {**FROM_ADA, "item_type": 2, "group_title": "Engines"},
    {**FROM_ADA, "date_retracted": 1},
    {**FROM_ADA, "date_edited": 1},
    {**FROM_ADA, "text": "8 Ball", "balloon_bundle_id": "com.example.pool"},
    {**FROM_ADA, "associated_message_type": 2000, "associated_message_guid": "p:0/G1"},
    {**FROM_ADA, "text": "no chat", "chat": 0},
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read(path: Path) -> list[Message]:
    return list(read_exports(path, ImportOptions(), ImportReport()))


def parts(messages: list[Message]) -> list[tuple[object, ...]]:
    return [
        (
            m.sender,
            m.text if m.kind is Kind.TEXT else "",
            m.sent_at,
            m.kind,
            m.message_id,
            m.reply_to,
        )
        for m in messages
        if m.kind is not Kind.SYSTEM
    ]


@pytest.mark.parametrize("old", [False, True])
def test_it_writes_what_the_importer_reads(old: bool, tmp_path: Path) -> None:
    rows = ROWS
    if old:
        rows = [
            {**row, "date": AT} for row in ROWS if row.keys() <= {*FROM_ADA, "text", "is_from_me"}
        ]
    path = chat_db(tmp_path / "chat.db", rows, *[OLD_SCHEMA] * old)
    before = path.read_bytes()
    out = tmp_path / "messages.jsonl"
    done = run("--db", str(path), str(out))
    assert done.returncode == 0, done.stderr
    assert f"messages are in {out}" in done.stdout
    assert out.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == before
    assert parts(read(out)) == parts(read(path))
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["chat.db", "messages.jsonl"]


def test_groups_are_called_by_name_and_you_as_you_say(tmp_path: Path) -> None:
    path = chat_db(tmp_path / "chat.db", ROWS[:4])
    out = tmp_path / "messages.jsonl"
    assert run("--db", str(path), "--me", "Grace Hopper", str(out)).returncode == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["thread"] for row in rows] == ["+15550100", "+15550100", "Engines (chat7)", "chat8"]
    assert rows[1]["sender"] == "Grace Hopper"
    assert rows[0]["time"] == "2023-12-23T04:53:20.000+00:00"


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = chat_db(tmp_path / "chat.db", ROWS[:4])
    before = path.read_bytes()
    done = run("--db", str(path), str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{path} is there already. Name another file, or move it away.\n"
    assert path.read_bytes() == before


def test_what_cannot_be_read_is_said_in_two_sentences(tmp_path: Path) -> None:
    (tmp_path / "chat.db").write_bytes(b"no database at all, but long enough to be one" * 20)
    for path in (tmp_path / "absent.db", tmp_path / "chat.db"):
        done = run("--db", str(path), str(tmp_path / "out.jsonl"))
        assert done.returncode == 1
        assert "Full Disk Access" in done.stderr
        assert "Traceback" not in done.stderr


def test_it_runs_on_the_python_that_macos_brings() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]  # type: ignore[union-attr]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= sys.stdlib_module_names | {"__future__"}
