"""`chatmimic stats`, as a user types it."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chatmimic.archive import Archive
from chatmimic.cli import cli
from chatmimic.home import Home
from chatmimic.records import Kind, Message

MINUTE, DAY = 60_000, 86_400_000
NOON = 1_559_390_400_000  # 2019-06-01 12:00 UTC
MARKUP = "<script>alert(1)</script>"


def run(*args: object, code: int = 0, width: int = 100) -> Result:
    result = CliRunner().invoke(
        cli, ["stats", *map(str, args)], env={"COLUMNS": str(width)}, color=False
    )
    assert result.exit_code == code, (result.output, result.exception)
    return result


def facts(*args: object) -> Any:
    return json.loads(run(*args, "--json").stdout)


def said(sender: str, text: str, at: int | None, **more: Any) -> Message:
    where = {"service": "irc", "thread": "#tea", "thread_title": "#tea"}
    return Message(sender, text, at, **{**where, **more})


def told(home: object, messages: Iterable[Message]) -> Home:
    made = Home(Path(str(home))).make()
    with Archive.open(made.archive) as archive:
        archive.add(messages)
    return made


def talk() -> Iterable[Message]:
    """Ada and Bob on ten days: two messages, an answer after three minutes, and thanks."""
    for day in range(10):
        at = NOON + day * DAY
        yield said("Ada", "Bob: Hello dear!", at)
        yield said("Ada", "tea?", at + MINUTE)
        yield said("Bob", "haha yes. lol 😂", at + 4 * MINUTE)
        yield said("Ada", "thanks", at + 5 * MINUTE)
    yield said("Cy", "Good evening.", NOON + 20 * DAY, service="sms", thread="49", thread_title="")
    yield Message("Cy", "", NOON, Kind.MEDIA, "sms", "49")


@pytest.fixture(autouse=True)
def full(home: Path) -> None:
    """What all tests find that look at no other archive."""
    told(home, talk())


def test_the_archive_is_told() -> None:
    found = run().output
    assert "41 messages, 2019-06-01 to 2019-06-21, 11 conversations, 3 people" in found
    assert "Times are of this machine's zone (" in found
    assert "most: 41 (2019-06)" in found
    for title in ("The most talkative", "The busiest threads", "Who answers whom"):
        assert title in found


def test_the_archive_is_told_in_json() -> None:
    found = facts()
    assert found["span"]["first_at"] == "2019-06-01T12:00:00.000+00:00"
    assert found["talkative"] == [
        {"name": "Ada", "count": 30},
        {"name": "Bob", "count": 10},
        {"name": "Cy", "count": 1},
    ]
    assert found["busiest"] == [{"name": "#tea", "count": 40}, {"name": "Cy", "count": 1}]
    assert found["answers"] == [
        {"who": "Ada", "whom": "Bob", "count": 10},
        {"who": "Bob", "whom": "Ada", "count": 10},
    ]
    assert found["activity"]["months"] == {"2019-06": 41}
    assert sum(found["activity"]["hours"]) == sum(found["activity"]["weekdays"]) == 41


def test_a_person_is_told() -> None:
    found = run("ada").output
    assert found.startswith("Ada: 30 messages, 2019-06-01 to 2019-06-10")
    for words in ("Time to reply, median", "1 min", "How they write", "Whom they talk with"):
        assert words in found


def test_a_person_is_told_in_json() -> None:
    bob = facts("Bob")
    assert bob["reply_s"] == {"median": 180, "p10": 180, "p90": 180}
    assert {one["name"]: one["count"] for one in bob["laughter"]} == {
        **{"haha": 10, "lol": 10, "😂": 10}
    }
    assert bob["emoji"][0]["word"] == "😂"
    assert {one["word"] for one in bob["favourites"]} >= {"haha", "yes", "lol"}
    assert bob["partners"] == [{"name": "Ada", "to": 10, "by": 10}]
    ada = facts("Ada")
    assert (ada["turns"], ada["several"], ada["per_turn"]["median"]) == (20, 0.5, 1.5)
    assert ada["openings"] == [{"name": "hello", "count": 10}, {"name": "thanks", "count": 10}]
    assert ada["closings"] == [{"name": "tea", "count": 10}, {"name": "thanks", "count": 10}]
    habits = ada["habits"]
    assert habits["one_word"] == habits["capital"] * 2 == pytest.approx(2 / 3)
    assert habits["question"] == habits["exclamation"] == pytest.approx(1 / 3)
    assert ada["share"] == pytest.approx(30 / 41)


def test_replies_that_a_service_knows_are_answers(tmp_path: Path) -> None:
    other = told(
        tmp_path / "other",
        [
            said("Ada", "tea?", NOON, message_id="1"),
            said("Bob", "hm", NOON + MINUTE, message_id="2"),
            said("Cy", "yes", NOON + 2 * MINUTE, message_id="3", reply_to="1"),
            said("Cy", "so", NOON + 3 * MINUTE, message_id="4", reply_to="gone"),
        ],
    )
    assert facts("--home", other.path)["answers"] == [
        {"who": "Bob", "whom": "Ada", "count": 1},
        {"who": "Cy", "whom": "Ada", "count": 1},
    ]


def test_some_of_it_is_told() -> None:
    assert facts("--since", "2019-06-10")["span"]["messages"] == 5
    assert facts("--until", "2019-06-02")["span"]["messages"] == 8
    assert facts("--service", "SMS")["span"]["messages"] == 1
    assert facts("Ada", "--thread", "tea", "--until", "2019-06-01")["span"]["messages"] == 3
    assert "There are: irc, sms." in refused("--service", "fax")
    assert "No thread in the archive" in refused("--thread", "coffee")
    assert "is not a date" in run("--since", "soon", code=2).output


def refused(*args: object) -> str:
    result = CliRunner().invoke(cli, ["stats", *map(str, args)])
    assert result.exit_code == 1
    return str(result.exception)


def test_who_is_unknown_is_said() -> None:
    assert 'Did you mean "Ada"?' in refused("Adda")


def test_where_nothing_was_said_that_is_told(tmp_path: Path) -> None:
    empty = told(tmp_path / "other", [])
    assert run("--home", empty.path).output == "Nobody has said anything there.\n"
    assert facts("--home", empty.path)["span"]["messages"] == 0
    assert run("Ada", "--since", "2020").output == "Ada has said nothing there.\n"
    assert facts("Ada", "--since", "2020")["habits"] is None
    run("Ada", "--since", "2020", "--html", tmp_path / "ada.html")
    assert "no archive" in refused("--home", tmp_path / "nowhere")


def test_three_messages_are_enough(tmp_path: Path) -> None:
    few = told(tmp_path / "few", [said("Ada", "hi", NOON + n) for n in range(3)])
    found = facts("Ada", "--home", few.path)
    assert (found["reply_s"], found["favourites"], found["turns"]) == (None, [], 1)
    assert "Ada: 3 messages" in run("Ada", "--home", few.path).output


def test_messages_without_times_have_no_hours(tmp_path: Path) -> None:
    timeless = told(tmp_path / "few", [said(who, f"hi {who}", None) for who in ("Ada", "Bob")])
    output = run("--home", timeless.path).output
    assert "No message has a time." in output
    assert "By hour" not in output
    assert facts("Bob", "--home", timeless.path)["partners"] == [{"name": "Ada", "to": 1, "by": 0}]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_nothing_is_wider_than_the_screen(width: int) -> None:
    for who in ([], ["Ada"], ["Bob"]):
        assert max(map(len, run(*who, width=width).output.splitlines())) <= width


class Page(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def marked(tmp_path: Path) -> Home:
    """An archive with markup in everything that people choose."""
    text = f"{MARKUP} & <img/src=x> [red]"
    names = (MARKUP, 'x" onload="y', "\u05d0\u05d3\u05d4\u202e[bold]", "Ada & <b>")
    return told(
        tmp_path / "marked",
        [
            said(name, f"{text} {name}", NOON + n * MINUTE, thread_title=MARKUP)
            for n, name in enumerate(names * 20)
        ],
    )


@pytest.mark.parametrize("who", [None, MARKUP, 'x" onload="y'])
def test_what_people_write_is_never_markup(marked: Home, tmp_path: Path, who: str | None) -> None:
    file = tmp_path / "page.html"
    args = [*([who] if who else []), "--home", marked.path, "--html", file]
    output = run(*args).output
    assert MARKUP in output
    assert "\u202e" not in output
    text = file.read_text("utf-8")
    page = Page(text)
    assert not {"script", "img", "b", "link", "iframe", "a"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert MARKUP in page.texts
    assert {"svg", "rect", "table", "bdi"} <= set(page.tags)
    assert "://" not in text
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text


def test_the_bars_of_a_page_stand_within_their_chart(tmp_path: Path) -> None:
    run("--html", tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text("utf-8"))
    sides = {name: [] for name in ("x", "y", "width", "height")}
    for name, value in page.attributes:
        if name in sides and str(value).replace(".", "").isdigit():
            sides[name].append(float(value or "nan"))
    assert page.tags.count("rect") == 1 + 24 + 7
    assert max(sides["x"]) <= 400
    assert max(sides["y"]) <= 132
    assert max(sides["height"]) == 110
    assert {"2019-06", "02:00", "Mon", "Sun"} <= set(page.texts)


def test_only_an_earlier_page_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "ada.html"
    run("Ada", "--html", file)
    run("Bob", "--html", file)
    assert "<title>Bob</title>" in file.read_text("utf-8")
    for mine in ("my diary", "# run chatmimic stats weekly"):
        file.write_text(mine)
        assert "already exists and is not from" in refused("--html", file)
        assert file.read_text() == mine
    assert "no such folder" in refused("--html", tmp_path / "no" / "ada.html")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "already exists and is not from" in refused("--html", tmp_path / "pipe")


def test_plots_without_matplotlib_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'chatmimic[plots]'" in refused("--plot", tmp_path / "plots")
    assert not (tmp_path / "plots").exists()


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="needs matplotlib")
def test_plots_are_drawn(marked: Home, tmp_path: Path) -> None:
    folder = tmp_path / "plots"
    for who in ([], ["\u05d0\u05d3\u05d4\u202e[bold]"], ["Ada & <b>"], ["Ada & <b>"]):
        run(*who, "--home", marked.path, "--plot", folder)
    assert {file.name for file in folder.iterdir()} == {"months.svg", "hours.svg", "weekdays.svg"}
    assert "Ada &amp; &lt;b&gt;: messages by hour" in (folder / "hours.svg").read_text("utf-8")
    assert run("--plot", folder).exit_code == 0  # over its own
    (folder / "hours.svg").write_text("<svg><!-- of chatmimic stats, mine --></svg>")
    assert "already exists and is not from" in refused("--plot", folder)
