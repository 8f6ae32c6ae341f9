"""`chatmimic search`, as a user types it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chatmimic.archive import Archive
from chatmimic.cli import cli
from chatmimic.home import Home
from chatmimic.records import Message

HOUR, DAY = 3_600_000, 86_400_000
T0 = 1_556_712_000_000  # 1 May 2019, noon in UTC


def run(*args: object, code: int = 0, **more: Any) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in args], **more)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def found(*args: object) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = json.loads(run("search", *args, "--json").stdout)
    return facts


def texts(*args: object) -> list[str]:
    return [one["text"] for one in found(*args)]


def said(sender: str, text: str, at: int, thread: str = "#tea", **more: str) -> Message:
    return Message(sender, text, T0 + at, service="irc", thread=thread, thread_title=thread, **more)


@pytest.fixture
def full(home: Path) -> Home:
    with Archive.open(Home(home).make().archive) as archive:
        archive.add(
            [
                said("Ada", "tea at five?", 0),
                said("Bob", "five is fine", HOUR),
                said("Ada", "at the garden, five", 2 * HOUR),
                said("Cy", "more tea", 40 * DAY, "#den"),
                said("Ada", "Tea\nfor two", 300 * DAY),
            ]
        )
    return Home(home)


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (["tea"], ["Tea\nfor two", "more tea", "tea at five?"]),
        (["TEA", "two"], ["Tea\nfor two"]),
        (["at five"], ["tea at five?"]),
        (["at", "five"], ["at the garden, five", "tea at five?"]),
        (['"at five" tea'], ["tea at five?"]),
        (["tea", "--person", "ada"], ["Tea\nfor two", "tea at five?"]),
        (["tea", "--thread", "DEN"], ["more tea"]),
        (["tea", "--since", "2020"], ["Tea\nfor two"]),
        (["tea", "--since", "2019-06", "--until", "2019-06"], ["more tea"]),
        (["tea", "--until", "2019-06-10"], ["more tea", "tea at five?"]),
        (["tea", "--limit", "1"], ["Tea\nfor two"]),
        (["te*"], []),
        (["tea", "OR", "garden"], []),
        (["--", "-tea"], ["Tea\nfor two", "more tea", "tea at five?"]),
        (['"'], []),
        ([""], []),
    ],
)
def test_words_are_found(full: Home, words: list[str], there: list[str]) -> None:
    facts: list[dict[str, Any]] = json.loads(run("search", "--json", *words).stdout)
    assert [one["text"] for one in facts] == there
    out = run("search", *words).stdout
    assert ("No matches." in out) is not there
    assert ("There are more matches: --limit N" in out) is ("--limit" in words)


def test_facts_of_what_was_found(full: Home) -> None:
    (one,) = found("more", "--context", "1")
    assert one == {
        "sender": "Cy",
        "text": "more tea",
        "sent_at": "2019-06-10T12:00:00.000+00:00",
        "marks": [[0, 4]],
        "service": "irc",
        "thread": "#den",
        "thread_number": 2,
        "before": [],
        "after": [],
    }
    (one,) = found("fine", "--context", "2")
    assert [line["text"] for line in one["before"]] == ["tea at five?"]
    assert [line["sender"] for line in one["after"]] == ["Ada", "Ada"]


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["tea", "--since", "May"], 2, '"May" is not a date. Write 2019'),
        (["tea", "--limit", "0"], 2, "--limit"),
        (["tea", "--context", "-1"], 2, "--context"),
        ([], 2, "WORDS"),
        (["tea", "--person", "Zaphod"], 1, 'Nobody in the archive is called "Zaphod"'),
        (["tea", "--thread", "#dne"], 1, 'Did you mean "#den"?'),
        (["tea", "--corpus", "none"], 1, 'no corpus called "none"'),
    ],
)
def test_what_cannot_be_is_told(full: Home, args: list[str], code: int, told: str) -> None:
    refused = run("search", *args, code=code)
    assert told in f"{refused.output}{refused.exception}"


def test_a_line_for_each_where_another_program_reads(full: Home) -> None:
    with Archive.open(full.archive) as archive:
        archive.add([said("Ada", f"tea {'and biscuits ' * 20}", DAY)])
    lines = run("search", "tea").stdout.splitlines()
    assert lines[0] == "#tea (irc)"
    assert re.fullmatch(r"  2020-02-25 \d\d:\d\d  Ada: Tea for two", lines[1])
    assert len(lines) == 7
    assert lines[5].endswith("biscuits")


def test_around_what_was_found_nothing_is_shown_twice(full: Home) -> None:
    out = run("search", "five", "--context", "1").stdout
    assert [line.partition("  ")[2] for line in map(str.strip, out.splitlines())][1:] == [
        "Ada: tea at five?",
        "Bob: five is fine",
        "Ada: at the garden, five",
        "Ada: Tea for two",
    ]
    out = run("search", "tea", "--context", "0").stdout
    assert "…" not in out


def test_passages_of_one_thread_are_set_apart(full: Home) -> None:
    with Archive.open(full.archive) as archive:
        archive.add(said("Bob", f"hm {n}", DAY + n) for n in range(9))
    out = run("search", "tea", "--thread", "#tea", "--context", "1").stdout
    assert out.count("#tea (irc)") == 1
    assert out.count("  …\n") == 1


def test_a_long_text_is_cut_around_what_was_found(full: Home) -> None:
    with Archive.open(full.archive) as archive:
        archive.add([said("Ada", "a " * 5_000 + "needle" + " z" * 5_000, DAY)])
    out = " ".join(run("search", "needle").stdout.split())
    assert "a needle z" in out
    assert len(out) < 800
    assert out.count("…") == 2
    assert len(found("needle")[0]["text"]) > 20_000


def test_text_is_not_obeyed(full: Home) -> None:
    with Archive.open(full.archive) as archive:
        archive.add([said("[red]E\u202eve", "needle [b]\u202e :smile:", DAY, "#x\u202ey")])
    out = run("search", "needle").stdout
    assert "\u202e" not in out
    assert "[red]" in out
    assert "[b]" in out
    assert ":smile:" in out


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [30, 60, 100])
def test_on_a_terminal_the_words_are_marked(full: Home, columns: int) -> None:
    from terminal import Terminal

    command = [sys.executable, "-m", "chatmimic", "search", "garden", "--context", "1"]
    env = {"CHATMIMIC_HOME": str(full.path)}
    with Terminal(command, columns=columns, env=env) as terminal:
        assert terminal.status() == 0
        assert b"\x1b[1;32mgarden\x1b[0m" in terminal.raw
        assert "Searching" not in terminal.text
        assert " ".join(terminal.text.split()).count("Ada:") == 2
    with Terminal(command, columns=columns, env={**env, "NO_COLOR": "1"}) as terminal:
        assert terminal.status() == 0
        assert b"\x1b[1mgarden\x1b[0m" in terminal.raw
        assert b"\x1b[1;32m" not in terminal.raw


def test_a_corpus_is_searched_too(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "2020-01-01-#garden.log"
    log.write_text("".join(f"[12:{n:02}] <{'ab'[n % 2]}> hello {n}\n" for n in range(20)))
    run("import", "--corpus", "public", log)
    assert texts("hello", "7", "--corpus", "public") == ["hello 7"]
