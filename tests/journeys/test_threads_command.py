"""`chatmimic threads`, as a user types it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chatmimic.archive import Archive
from chatmimic.cli import cli
from chatmimic.home import Home
from chatmimic.records import Kind, Message

DAY = 86_400_000


def run(*args: object, code: int = 0, **more: Any) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in args], **more)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def facts(*args: object) -> Any:
    return json.loads(run("threads", *args, "--json").stdout)


def said(sender: str, day: int, thread: str, title: str = "", service: str = "irc") -> Message:
    return Message(
        sender, f"hi {day}", day * DAY, service=service, thread=thread, thread_title=title
    )


@pytest.fixture
def full(home: Any) -> Home:
    """Mira's archive: a channel, a thread without a title, and a photo."""
    with Archive.open(Home(home).make().archive) as archive:
        archive.add(said(who, day, "#tea", "#tea") for day in range(9) for who in ("Mira", "Bob"))
        archive.add(said("Cy", day, "#tea", "#tea") for day in range(3))
        archive.add(said(who, 100, "49", service="sms") for who in ("Mira", "Ada Lovelace"))
        archive.add([Message("Bob", "", 1, Kind.MEDIA, "sms", "50")])
    return Home(home)


def test_threads_are_listed(full: Home) -> None:
    assert facts() == [
        {
            "number": 1,
            "called": "#tea",
            "title": "#tea",
            "with": ["Bob", "Mira", "Cy"],
            "service": "irc",
            "key": "#tea",
            "messages": 21,
            "people": 3,
            "first_at": "1970-01-01T00:00:00.000+00:00",
            "last_at": "1970-01-09T00:00:00.000+00:00",
        },
        {
            "number": 2,
            "called": "Ada Lovelace",
            "title": "",
            "with": ["Ada Lovelace"],
            "service": "sms",
            "key": "49",
            "messages": 2,
            "people": 2,
            "first_at": "1970-04-11T00:00:00.000+00:00",
            "last_at": "1970-04-11T00:00:00.000+00:00",
        },
    ]


@pytest.mark.parametrize("columns", [30, 50, 76, 92, 120])
def test_the_list_fits_the_terminal(full: Home, columns: int) -> None:
    out = run("threads", env={"COLUMNS": str(columns)}).stdout
    assert all(len(line) <= columns for line in out.splitlines())
    assert ("1970-01-09" in out) is (columns >= 50)
    assert ("sms" in out) is (columns >= 76)
    assert ("█" in out) is (columns >= 92)
    if columns > 50:
        assert re.search(r"2 +Ada Lovelace +2", out)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["--service", "IRC"], ["#tea"]),
        (["--person", "ada lovelace"], ["Ada Lovelace"]),
        (["--person", "Mira"], ["#tea", "Ada Lovelace"]),
        (["--person", "Mira", "--service", "sms"], ["Ada Lovelace"]),
        (["--person", "Cy", "--service", "sms"], []),
    ],
)
def test_some_of_them(full: Home, asked: list[str], found: list[str]) -> None:
    assert [thread["called"] for thread in facts(*asked)] == found
    out = run("threads", *asked).stdout
    assert all(called in out for called in found)
    assert ("No threads with messages." in out) is not found


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--service", "ircc"], 'from "ircc". Did you mean "irc"? There are: irc, sms.'),
        (["--person", "Zaphod"], 'Nobody in the archive is called "Zaphod".'),
    ],
)
def test_what_is_not_there_is_told(full: Home, asked: list[str], told: str) -> None:
    assert told in str(run("threads", *asked, code=1).exception)


def test_of_many_the_first_are_shown(full: Home) -> None:
    with Archive.open(full.archive) as archive:
        archive.add(said("Bob", n, f"#{n}") for n in range(150))
    assert "And 52 more: --all shows them." in run("threads").stdout
    assert "more" not in run("threads", "--all").stdout
    assert len(facts()) == 152


def test_a_title_is_not_obeyed(full: Home) -> None:
    with Archive.open(full.archive) as archive:
        archive.add([said("Bob", 1, "x", "a\u202eb [red]\nc\x1b[31m")])
    out = run("threads", env={"COLUMNS": "120"}).stdout
    assert "\u202e" not in out
    assert "\x1b" not in out
    assert "[red] c" in out


def test_a_corpus_has_threads_too(home: Any, tmp_path: Any) -> None:
    log = tmp_path / "2020-01-01-#garden.log"
    log.write_text("".join(f"[12:{n:02}] <{'ab'[n % 2]}> hello {n}\n" for n in range(20)))
    run("import", "--corpus", "public", log)
    assert [thread["messages"] for thread in facts("--corpus", "public")] == [20]
