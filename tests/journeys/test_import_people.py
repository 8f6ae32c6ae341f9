"""`chatmimic import` and `chatmimic people`, as a user types them."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chatmimic.archive import Archive
from chatmimic.cli import cli
from chatmimic.cli.commands.people import sparkline
from chatmimic.errors import ExportError, NoSuchPerson

T0 = 1_546_300_800_000  # 2019-01-01


def messenger(path: Path, messages: list[dict[str, Any]], *names: str) -> Path:
    """A Messenger export of one thread, newest message first, as the service writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    thread = {
        "participants": [{"name": name} for name in names],
        "messages": sorted(messages, key=lambda m: -m["timestamp_ms"]),
        "title": names[-1],
        "is_still_participant": True,
        "thread_path": "inbox/thread_1",
        "magic_words": [],
    }
    path.write_text(json.dumps(thread), "ascii")
    return path


def said(sender: str, text: str, minute: int) -> dict[str, Any]:
    mojibake = text.encode().decode("latin-1")
    return {"sender_name": sender, "timestamp_ms": T0 + minute * 60_000, "content": mojibake}


def photo(sender: str, minute: int) -> dict[str, Any]:
    return {
        "sender_name": sender,
        "timestamp_ms": T0 + minute * 60_000,
        "photos": [{"uri": "photos/1.jpg", "creation_timestamp": 1}],
    }


@pytest.fixture
def export(tmp_path: Path) -> Path:
    lines = [said("Ada Lovelace", "café at 5?", 0), said("Bob", "yes!", 2)]
    lines += [said("Ada Lovelace", "😀", 3), photo("Bob", 4)]
    return messenger(tmp_path / "export" / "message_1.json", lines, "Ada Lovelace", "Bob")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "irc.csv"
    path.write_text(
        "time,sender,text\n2018-06-01T10:00:00Z,ada_l,hi\n2018-06-01T10:00:00Z,ada_l,hi\n"
        "2020-06-01T10:00:00Z,Cleo,bye\n"
    )
    return path


def run(*args: object, code: int = 0, **more: Any) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in args], **more)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def facts(*args: object) -> Any:
    return json.loads(run(*args).stdout)


def shell(*args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chatmimic", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **more)


def test_import_tells_what_it_did(export: Path) -> None:
    out = run("import", export).stdout
    for line in (
        r"Imported message_1\.json",
        r"Format +Facebook Messenger",
        r"Threads +1",
        r"People +2",
        r"Messages kept +3 \(3 new\)",
        r"Left out +1 media only",
        r"Time span +2019-01-01 to 2019-01-01",
        r"Text repairs +2 mojibake",
        r'Next: chatmimic train --persona "Ada Lovelace" --base starter$',
    ):
        assert re.search(line, out, re.M), (line, out)


def test_import_again_and_a_newer_one_that_overlaps(export: Path) -> None:
    assert facts("import", "--json", export)["new"] == 3
    again = facts("import", "--json", export)
    assert (again["kept"], again["new"]) == (3, 0)
    more = json.loads(export.read_text())["messages"] + [said("Bob", "late", 90)]
    messenger(export, more, "Ada Lovelace", "Bob")
    newer = facts("import", "--json", export)
    assert (newer["kept"], newer["new"]) == (4, 1)


def test_import_as_json(export: Path) -> None:
    found = facts("import", "--json", export)
    assert found["format"] == "Facebook Messenger"
    assert (found["kept"], found["new"], found["threads"], found["people"]) == (3, 3, 1, 2)
    assert found["left_out"] == {"media only": 1}
    assert found["repairs"]["mojibake"] == 2
    assert found["first_at"] == "2019-01-01T00:00:00.000+00:00"
    assert found["last_at"] == "2019-01-01T00:03:00.000+00:00"


def test_import_several_at_once(export: Path, table: Path) -> None:
    found = facts("import", "--json", export, table, export)
    assert (found["kept"], found["new"]) == (9, 6)
    assert (found["threads"], found["people"]) == (2, 4)  # each once, though one export came twice
    assert found["left_out"] == {"media only": 2}
    assert [e["new"] for e in found["exports"]] == [3, 3, 0]
    assert found["format"] == f"Facebook Messenger, {found['exports'][1]['format']}"
    assert found["first_at"].startswith("2018-06-01")
    assert found["failed"] == []


def test_one_bad_export_among_good_ones(export: Path, table: Path, tmp_path: Path) -> None:
    bad = tmp_path / "shopping.txt"
    bad.write_text("milk\neggs\n")
    result = run("import", export, bad, table, code=1)
    assert isinstance(result.exception, ExportError)
    assert "1 of 3 exports could not be imported. shopping.txt: " in str(result.exception)
    assert result.stdout.count("Imported") == 2
    assert len(facts("people", "--json")) == 4


def test_a_single_bad_export_makes_no_archive(tmp_path: Path, home: Path) -> None:
    (tmp_path / "empty.json").touch()
    done = shell("import", tmp_path / "empty.json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert not home.exists()


def test_an_export_cut_short_loses_nothing_already_there(export: Path, tmp_path: Path) -> None:
    run("import", export)
    cut = tmp_path / "cut.json"
    cut.write_text(export.read_text()[:-120])
    assert isinstance(run("import", cut, code=1).exception, ExportError)
    assert facts("people", "--json")[0]["messages"] == 2


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["import"], "Missing argument 'PATH...'"),
        (["import", "not-there.zip"], "not-there.zip' does not exist"),
        (["import", ".", "--columns", "sender"], "Write ROLE=COLUMN"),
        (["import", ".", "--columns", "=x"], "Write ROLE=COLUMN"),
        (["people", "merge", "Ada"], "Missing argument 'B'"),
        (["people", "forget"], "Missing argument 'NAME'"),
    ],
)
def test_wrong_usage_is_said_with_status_2(args: list[str], complaint: str) -> None:
    assert complaint in run(*args, code=2).stderr


def test_columns_are_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_text("moment,who,body\n2018-06-01T10:00:00Z,Ada,hi\n")
    roles = ["--columns", "sender=who,text=body", "--columns", "time=moment"]
    assert facts("import", "--json", path, *roles)["kept"] == 1
    assert facts("people", "--json")[0]["name"] == "Ada"


def test_people_as_a_table(export: Path, table: Path) -> None:
    run("import", export, table)
    out = run("people").stdout
    assert re.search(r"Name +Messages +First +Last +Services +Activity", out)
    assert re.search(r"Ada Lovelace +2 +2019-01-01 +2019-01-01 +messenger +█\s", out)
    assert re.search(r"ada_l +2 +2018-06-01", out)


def test_a_crowd_is_shown_in_part(tmp_path: Path) -> None:
    lines = [said(f"P{n:03}", "hi", n) for n in range(130)]
    run("import", messenger(tmp_path / "e" / "message_1.json", lines, "P000"))
    out = run("people").stdout
    assert "P099" in out
    assert "P100" not in out
    assert "And 30 more: --all shows them." in out
    assert "P129" in run("people", "--all").stdout


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_a_file_name_is_shown_literally(export: Path) -> None:
    named = export.rename(export.with_name("[red]\x1b[2J\x9b1m.json"))
    assert "Imported [red]␛[2J\ufffd1m.json" in shell("import", named).stdout
    named.write_text("milk and eggs")
    refused = shell("import", named)
    assert refused.returncode == 1
    assert not FORBIDDEN.search(refused.stderr)


def test_people_as_json(export: Path) -> None:
    run("import", export)
    assert facts("people", "--json")[0] == {
        "name": "Ada Lovelace",
        "messages": 2,
        "first_at": "2019-01-01T00:00:00.000+00:00",
        "last_at": "2019-01-01T00:03:00.000+00:00",
        "names": ["Ada Lovelace"],
        "services": ["messenger"],
        "accounts": ["messenger"],
        "is_bot": False,
    }


def test_people_where_there_is_no_archive() -> None:
    done = shell("people")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"Error: There is no archive at .* yet\. .*chatmimic import.*\n", done.stderr
    )


def test_merge(export: Path, table: Path) -> None:
    run("import", export, table)
    out = run("people", "merge", "Ada Lovelace", "ada_l").stdout
    assert "Merged into Ada Lovelace: Ada Lovelace, ada_l (4 messages)." in out.replace("\n", " ")
    run("import", table)
    assert [p["name"] for p in facts("people", "--json")] == ["Ada Lovelace", "Bob", "Cleo"]
    assert facts("people", "merge", "Bob", "Cleo", "--json")["names"] == ["Bob", "Cleo"]


def test_merge_with_a_name_nobody_has(export: Path) -> None:
    run("import", export)
    error = run("people", "merge", "Bob", "Ada Lovelaec", code=1).exception
    assert isinstance(error, NoSuchPerson)
    assert 'Did you mean "Ada Lovelace"?' in str(error)


def test_forget(export: Path, home: Path) -> None:
    run("import", export)
    for name, people in {"of-ada": ["Ada Lovelace", "Bob"], "of-cleo": ["Cleo"]}.items():
        folder = home / "mimics" / name
        folder.mkdir(parents=True)
        manifest = {"format": 1, "persona": people[0], "people": people, "form": "named"}
        (folder / "mimic.json").write_text(json.dumps(manifest))
    (home / "mimics" / "broken").mkdir()
    (home / "mimics" / "broken" / "mimic.json").write_text("{")
    (home / "runs" / "1" / "learnt").mkdir(parents=True)
    out = " ".join(run("people", "forget", "bob", "--yes").stdout.split())
    assert "Removed 1 message of Bob" in out
    sure, _, perhaps = out.partition("may hold their words")
    assert "mimic of-ada (" in sure
    assert ": it was trained on chats with them chatmimic mimics remove of-ada" in sure
    assert "run 1 (" in perhaps
    assert "chatmimic runs remove 1" in perhaps
    assert "chatmimic mimics remove of-ada" in out
    assert "mimic broken (1 byte): it cannot be read" in out
    assert "of-cleo" not in out
    assert [p["name"] for p in facts("people", "--json")] == ["Ada Lovelace"]
    assert b"yes!" not in (home / "archive.sqlite").read_bytes()


def test_forget_as_json(export: Path) -> None:
    run("import", export)
    assert facts("people", "forget", "Bob", "--yes", "--json") == {
        "name": "Bob",
        "removed": 1,
        "copies": 0,
        "notices": 1,
        "scrubbed": True,
        "samples": 0,
        "traces": [],
    }


def test_forget_lists_the_chats_that_may_hold_their_words(export: Path, home: Path) -> None:
    run("import", export)
    (home / "chats").mkdir()
    for mimic, sender in [("bob", "You"), ("ada", "Bob"), ("ada", "Cleo")]:
        row = {"sender": sender, "text": "hi", "mimic": mimic}
        (home / "chats" / f"{mimic}-with-{sender}.jsonl").write_text(f"{json.dumps(row)}\n")
    folder = home / "mimics" / "bob"
    folder.mkdir(parents=True)
    manifest = {"format": 1, "persona": "Bob", "people": ["Bob"], "form": "named"}
    (folder / "mimic.json").write_text(json.dumps(manifest))
    out = run("people", "forget", "bob", "--yes").stdout
    assert str(home / "chats" / "bob-with-You.jsonl") in out
    assert "ada-with-Bob.jsonl" in out
    assert "Cleo" not in out


def test_forget_asks_and_without_anybody_to_ask_needs_yes(export: Path) -> None:
    run("import", export)
    done = shell("people", "forget", "Bob", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "add --yes" in done.stderr
    assert len(facts("people", "--json")) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "left"), [("n", 2), ("y", 1)])
def test_forget_at_a_terminal(export: Path, answer: str, left: int) -> None:
    import pexpect

    run("import", export)
    command = f"{sys.executable} -m chatmimic people forget Bob"
    terminal = pexpect.spawn(command, encoding="utf-8", timeout=20)
    terminal.expect(r"Remove 1 message of Bob\? This cannot be undone\. \[y/N\]")
    terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == (0 if left == 1 else 130)
    assert len(facts("people", "--json")) == left


@pytest.mark.parametrize("home_first", [True, False])
def test_home_goes_before_or_after_the_command(
    export: Path, tmp_path: Path, home_first: bool
) -> None:
    other = ["--home", tmp_path / "other"]
    run(*(other if home_first else []), "import", export, *([] if home_first else other))
    assert (tmp_path / "other" / "archive.sqlite").is_file()
    if home_first:
        run(*other, "people", "merge", "Bob", "Ada Lovelace")
    else:
        run("people", *other, "merge", "Bob", "Ada Lovelace")
    assert len(facts("people", "--json", *other)) == 1


HOSTILE = (
    "[/]",
    "[bold]x[/bold]",
    "[link=file:///etc/passwd]x[/link]",
    "a\\",
    ":smile:",
    "[@click=quit]x",
    "\x1b[2J\x1b]0;title\x07",
    "\x1b]52;c;aGk=\x1b\\",
    "\x9b31m",
    "\u202egnp.exe",
    "line\u2028break",
    "👩‍👩‍👧‍👦 全角の名前",
    "a" * 300,
    "-rf",
    'it\'s "$HOME"',
)
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


@pytest.mark.parametrize("width", [1, 20, 60, 200])
def test_hostile_and_wide_names_are_shown_literally(tmp_path: Path, width: int) -> None:
    lines = [said(name, f"I am {name}", n) for n, name in enumerate(HOSTILE)]
    export = messenger(tmp_path / "e" / "message_1.json", lines, *HOSTILE)
    env = {**os.environ, "COLUMNS": str(width), "PYTHONIOENCODING": "utf-8"}
    for args in (["import", export], ["people"], ["people", "merge", "[/]", "a\\"]):
        done = shell(*args, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        assert not FORBIDDEN.search(done.stdout)
        if width == 200 and args == ["people"]:
            for name in ("[/]", "[bold]x[/bold]", "[link=file:///etc/passwd]x[/link]", ":smile:"):
                assert name in done.stdout
    refused = shell("people", "forget", "--yes", "--", "\x1b[2J[/]nobody", env=env)
    assert refused.returncode == 1
    assert "␛[2J[/]nobody" in refused.stderr or "[2J[/]nobody" in refused.stderr
    assert not FORBIDDEN.search(refused.stderr)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_without_the_letters(tmp_path: Path, encoding: str) -> None:
    lines = [said("Łukasz 日本", "hi", 0)]
    export = messenger(tmp_path / "e" / "message_1.json", lines, "Łukasz 日本")
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for args in (["import", export], ["people"], ["people", "--json"]):
        done = shell(*args, env=env)
        assert (done.returncode, done.stderr) == (0, "")


def test_nothing_heavy_is_loaded(export: Path) -> None:
    code = (
        "import sys; from chatmimic.cli import _run\n"
        f"assert _run(['import', {str(export)!r}], False) == 0\n"
        "assert _run(['people'], False) == 0\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded.isdisjoint({"torch", "transformers", "pandas", "numpy", "accelerate"})


def test_people_into_a_pipe_that_closes(export: Path) -> None:
    run("import", export)
    command = f"{sys.executable} -m chatmimic people --json | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def long_table(path: Path, rows: int) -> Path:
    with path.open("w") as file:
        file.write("time,sender,text\n")
        for n in range(rows):
            file.write(f"2018-06-01T10:{n // 60 % 60:02}:{n % 60:02}Z,P{n % 9},message {n}\n")
    return path


def being_written(path: Path) -> bool:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_interrupted_it_keeps_nothing_and_says_130(tmp_path: Path, home: Path) -> None:
    export = long_table(tmp_path / "long.csv", 300_000)
    with Archive.open(home / "archive.sqlite"):
        pass
    process = subprocess.Popen(
        [sys.executable, "-m", "chatmimic", "import", str(export)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not being_written(home / "archive.sqlite") and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (out, err.strip()) == ("", "")
    with Archive.open(home / "archive.sqlite") as archive:
        assert archive.people() == []
        assert archive.threads() == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_long_import_shows_how_far_it_is(tmp_path: Path) -> None:
    import pexpect

    export = long_table(tmp_path / "lo[b]ng.csv", 40_000)
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "chatmimic", "import", str(export)],
        encoding="utf-8",
        timeout=30,
        dimensions=(24, 100),
    )
    terminal.expect(r"lo\[b\]ng\.csv.*?\d+%.*?\d:\d\d:\d\d")
    terminal.expect(r"Messages kept.*?40,000 \(40,000 new\)")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


@pytest.mark.parametrize(
    ("counts", "bars"),
    [([], ""), ([0, 0], "  "), ([1, 1_000], "▁█"), ([3, 0, 6], "▄ █"), ([5], "█")],
)
def test_sparkline(counts: list[int], bars: str) -> None:
    assert sparkline(counts) == bars


def test_a_dry_run_tells_everything_and_imports_nothing(export: Path, home: Path) -> None:
    out = run("import", "--dry-run", export).stdout
    assert "Would import message_1.json" in out
    assert re.search(r"Messages kept +3 \(3 new\)", out)
    assert "Nothing was imported." in out
    assert not home.exists()
    run("import", export)
    before = Archive.open(home / "archive.sqlite", create=False).fingerprint()
    more = json.loads(export.read_text())["messages"] + [said("Bob", "late", 90)]
    messenger(export, more, "Ada Lovelace", "Bob")
    found = facts("import", "--dry-run", "--json", export)
    assert (found["kept"], found["new"], found["dry_run"]) == (4, 1, True)
    assert Archive.open(home / "archive.sqlite", create=False).fingerprint() == before


def test_a_dry_run_of_several(export: Path, table: Path, home: Path) -> None:
    found = facts("import", "--dry-run", "--json", export, table)
    assert (found["kept"], found["threads"], found["people"]) == (6, 2, 4)
    assert not home.exists()


def test_a_report_is_a_private_file_that_says_what_json_says(export: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    told = facts("import", "--json", "--report", file, export)
    assert json.loads(file.read_text()) == told
    assert told["records"] == told["kept"] + sum(told["left_out"].values()) == 4
    assert told["examples"] == {"media only": "message_1.json:1"}
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_report_replaces_an_earlier_one_and_says_so(export: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert run("import", "--report", file, export).stderr == ""
    again = run("import", "--report", file, export)
    told = f"The earlier report {file} will be replaced."
    assert told in " ".join(again.stderr.split())
    assert json.loads(file.read_text())["new"] == 0


def test_a_report_of_nothing_but_failures_is_one_too(export: Path, tmp_path: Path) -> None:
    file, bad = tmp_path / "report.json", tmp_path / "shopping.txt"
    bad.write_text("milk")
    run("import", "--report", file, bad, bad, code=1)
    run("import", "--report", file, export)
    assert json.loads(file.read_text())["kept"] == 3


@pytest.mark.parametrize("content", ["milk and eggs", "[]", '{"messages": []}', "[" * 9_999])
def test_a_report_never_replaces_another_file(
    export: Path, tmp_path: Path, home: Path, content: str
) -> None:
    for file in (tmp_path / "notes.json", export):
        if file != export:
            file.write_text(content)
        before = file.read_bytes()
        error = run("import", "--report", file, export, code=1).exception
        assert str(error) == (
            f"{file} already exists and is not an import report. Choose another file for --report."
        )
        assert file.read_bytes() == before
        assert not home.exists()
    (tmp_path / "empty.json").touch()  # a `mktemp`
    assert run("import", "--report", tmp_path / "empty.json", export).stderr != ""


def test_a_report_that_cannot_be_written_is_said_in_a_sentence(
    export: Path, tmp_path: Path
) -> None:
    result = run("import", "--report", tmp_path / "no" / "r.json", export, code=1)
    assert "Cannot write" in str(result.exception)


def test_people_who_may_be_one_are_pointed_out(tmp_path: Path) -> None:
    path = tmp_path / "irc.csv"
    rows = ["1556700000,ada_l,hi,a", "1556700060,Ada L,bye,b", "1556700090,Ada L,no,b"]
    path.write_text("\n".join(["time,sender,text,thread", *rows]))
    assert 'chatmimic people merge "Ada L" "ada_l"' in " ".join(run("import", path).stdout.split())
    run("people", "merge", "Ada L", "ada_l")
    assert len(facts("people", "--json")) == 1


def test_two_people_of_one_name_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    rows = ["1556700000,Alex,hi,17", "1556700060,Alex,bye,18", "1556700090,Alex,no,17"]
    path.write_text("\n".join(["time,sender,text,sender_id", *rows, "1556700100,Bob,ok,19"]))
    columns = ["--columns", "time=time,sender=sender,text=text,sender_key=sender_id"]
    out = " ".join(run("import", path, *columns).stdout.split())
    assert 'Same name "Alex" (columns 17, 2 messages); "Alex (2)" (columns 18, 1 message)' in out
    assert "Same person?" not in out
    told = facts("import", "--json", path, *columns)["same_name"]
    assert told == [
        [
            {"name": "Alex", "accounts": ["columns 17"], "messages": 2},
            {"name": "Alex (2)", "accounts": ["columns 18"], "messages": 1},
        ]
    ]
    out = run("people").stdout
    assert re.search(r"Name +Account +Messages", out)
    assert re.search(r"Alex +columns 17 +2 ", out)
    assert re.search(r"Alex \(2\) +columns 18 +1 ", out)
    assert re.search(r"Bob +1 ", out)
    assert facts("people", "forget", "alex (columns 18)", "--yes", "--json")["name"] == "Alex (2)"
