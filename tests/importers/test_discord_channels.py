"""Which channel a Discord file is of, and what two files of one channel have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from discord_exports import (
    GUILD,
    ID,
    csv_new,
    csv_old,
    discord_json,
    html_page,
    plain_text,
    snowflake,
)
from importing import read

from chatmimic.importers import ImportReport
from chatmimic.importers.discord import dedup
from chatmimic.importers.discord.channels import Place, place_of
from chatmimic.importers.parsing.dedup import OverlapFilter
from chatmimic.importers.streams import Member
from chatmimic.records import Message

AT = 1_714_557_600_000  # 2024-05-01 10:00 UTC
MINUTE = 60_000
HOUR = 60 * MINUTE
CHANNEL = f"{GUILD} - Machines - gears"


def said(minute: int, text: str, who: str = "1") -> Message:
    sent_at = AT + minute * MINUTE
    return Message(f"x{who}", text, sent_at, sender_key=who, message_id=snowflake(sent_at))


def talk(count: int, first: int = 0, what: str = "the wheel of number") -> list[Message]:
    return [said(first + n, f"{what} {n % 97}", str(n % 2 + 1)) for n in range(count)]


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return root


def threads(messages: list[Message]) -> dict[str, int]:
    return dict(Counter(m.thread for m in messages))


def text(messages: list[Message], channel: str = "Machines / gears") -> str:
    return plain_text(messages, "%Y-%m-%d %H:%M").replace("Machines / gears", channel)


def page(messages: list[Message], channel: str = "Machines / gears") -> str:
    return html_page(messages).replace("Machines / gears", channel)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (f"{CHANNEL} [{ID}].csv", Place(ID, GUILD, "Machines", "gears")),
        (
            f"{CHANNEL} [{ID}] (after 2024-01-01) [part 2].txt",
            Place(ID, GUILD, "Machines", "gears"),
        ),
        (
            f"{CHANNEL} [{ID}] (2024-01-01 to 2024-02-01).html",
            Place(ID, GUILD, "Machines", "gears"),
        ),
        (f"Direct Messages - ada [{ID}].html", Place(ID, "Direct Messages", "", "ada")),
        (f"G - C - a - b [{ID}].csv", Place(ID, "G", "C", "a - b")),
        ("gears.csv.gz", Place(name="gears")),
        ("[1] gears (2).csv", Place(name="[1] gears")),
        (f"[{ID}].csv", Place(ID)),
        (f"{ID}.json", Place(ID)),
        ("alpha/gears.csv", Place(name="gears", folder="alpha")),
        ("2024-05-01/gears.csv", Place(name="gears")),
        ("alpha 2024-05-01/gears.csv", Place(name="gears", folder="alpha")),
        ("G/A/gears.csv", Place(name="gears", folder="G/A")),
        # A number, or "page 3", says nothing: the folder does.
        ("alpha/1.csv", Place(name="alpha")),
        ("alpha/page-0012.csv", Place(name="alpha")),
        ("alpha/messages.csv", Place(name="alpha")),
        ("x/alpha/1 (2).csv", Place(name="alpha", folder="x")),
        ("alpha.zip/1.csv", Place(name="alpha")),
        (f"gears [{ID}]/1.csv", Place(ID, name="gears")),
        (f"{ID}/1.csv", Place(ID)),
        (f"{CHANNEL}/1.csv", Place("", GUILD, "Machines", "gears")),
        ("1.csv", Place(name="export")),
        ("chat.csv", Place(name="chat")),
    ],
)
def test_what_names_of_files_and_folders_say(name: str, place: Place) -> None:
    def opener() -> Any:
        raise AssertionError

    assert place_of(Member(name, f"/home/ada/export.zip/{name}", 0, opener)) == place


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alpha/1.csv", "beta/1.csv"),
        ("alpha/gears.csv", "beta/gears.csv"),
        ("G/alpha/gears.csv", "G/beta/gears.csv"),
        ("x/alpha/1.csv", "y/alpha/1.csv"),
        (f"{GUILD} - Machines - gears.csv", f"{GUILD} - Attic - gears.csv"),
        (f"old/{GUILD} - gears.csv", f"new/{GUILD} - gears.csv"),
        (f"{GUILD} - gears.csv", "Society - gears.csv"),
        (f"gears [{ID}].csv", "gears [845733281904558091].csv"),
        (f"{ID}/1.csv", "845733281904558091/1.csv"),
    ],
)
def test_channels_of_one_name_stay_two(one: str, other: str, tmp_path: Path) -> None:
    """Though they say the same in the same minute, as an announcement."""
    write(tmp_path, {one: csv_new(talk(3)), other: csv_new(talk(3))})
    messages, report = read(tmp_path)
    assert sorted(threads(messages).values()) == [3, 3]
    assert len({m.thread_title for m in messages}) == 2
    assert report.left_out == {}


@pytest.mark.parametrize("write_one", [text, page])
def test_the_category_in_a_file_tells_two_channels_of_one_name(
    write_one: Callable[[list[Message], str], str], tmp_path: Path
) -> None:
    form = "txt" if write_one is text else "html"
    some = [replace(m, message_id=snowflake(m.sent_at, 1)) for m in talk(3)]
    files = {
        f"1.{form}": write_one(talk(3), "Machines / gears"),
        f"2.{form}": write_one(some, "Attic / gears"),
    }
    messages, report = read(write(tmp_path, files), tz="UTC")
    assert threads(messages) == {f"{GUILD} / Machines / gears": 3, f"{GUILD} / Attic / gears": 3}
    titles = {m.thread: m.thread_title for m in messages}
    assert list(titles.values()) == [f"{GUILD} / gears", f"{GUILD} / Attic / gears"]
    assert report.left_out == {}


def test_a_name_alone_does_not_join_two_categories(tmp_path: Path) -> None:
    files = {
        "gears.csv": csv_new(talk(2)),
        "z - A - gears.csv": csv_new(talk(2, 10)),
        "z - B - gears.csv": csv_new(talk(2, 10)),
    }
    messages, report = read(write(tmp_path, files))
    assert sorted(threads(messages).values()) == [2, 4]
    assert report.left_out == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{CHANNEL} [{ID}].csv", f"{CHANNEL} [{ID}] (1).csv"),
        (f"old/{CHANNEL} [{ID}].csv", f"new/{CHANNEL} [{ID}].csv"),
        (f"old/gears [{ID}].csv", f"new/{ID}.csv"),
        (f"old/{CHANNEL}.csv", f"new/{CHANNEL}.csv"),
        ("gears.csv", "gears (1).csv"),
        ("2024-05-01/gears.csv", "2024-05-02/gears.csv"),
        ("alpha/1.csv", "alpha/2.csv"),
        ("1.csv", "2.csv"),
    ],
)
def test_one_channel_exported_twice_is_one(one: str, other: str, tmp_path: Path) -> None:
    write(tmp_path, {one: csv_new(talk(4)), other: csv_new(talk(4, 2, "the wheel of number"))})
    write(tmp_path, {other: csv_new([*talk(4)[2:], *talk(2, 4, "later")])})
    messages, report = read(tmp_path)
    assert list(threads(messages).values()) == [6]
    assert report.left_out == {"duplicate": 2}


def test_a_channel_is_known_in_another_folder_by_what_was_said(tmp_path: Path) -> None:
    """Overlapping exports of the channels of one name of two servers, in folders of their own."""
    ours, theirs = talk(40), talk(40, what="the loom of number")
    files = {
        "alpha/old/gears.csv": csv_new(ours[:30]),
        "alpha/new/gears.csv": csv_new(ours[10:]),
        "beta/old/gears.csv": csv_new(theirs[:30]),
        "beta/new/gears.csv": csv_new(theirs[10:]),
    }
    messages, report = read(write(tmp_path, files))
    assert sorted(threads(messages).values()) == [40, 40]
    assert report.left_out == {"duplicate": 40}


def test_pages_of_one_channel_in_two_folders_are_known_by_their_ids(tmp_path: Path) -> None:
    other = [replace(m, message_id=snowflake(m.sent_at, 1)) for m in talk(5)]
    files = {
        "old/1.html": page(talk(4), "gears"),
        "new/1.html": page(talk(6)[3:], "gears"),
        "other/1.html": page(other, "gears"),
    }
    messages, report = read(write(tmp_path, files))
    assert sorted(threads(messages).values()) == [5, 6]
    assert report.left_out == {"duplicate": 1}


@pytest.mark.parametrize("category", ["Machines", None])
def test_a_table_finds_the_channel_whose_id_another_file_says(
    category: str | None, tmp_path: Path
) -> None:
    channel = {"id": ID, "type": "GuildTextChat", "category": category, "name": "gears"}
    discord_json(tmp_path / "any.json", talk(3), channel=channel)
    write(tmp_path, {f"{CHANNEL}.csv": csv_new(talk(4)), "gears.csv": csv_new(talk(4))})
    messages, report = read(tmp_path)
    assert threads(messages) == {ID: 4}
    assert report.left_out == {"duplicate": 7}


# --- times that are off ---


def local(messages: list[Message], hours: float) -> list[Message]:
    return [replace(m, sent_at=(m.sent_at or 0) + int(hours * HOUR)) for m in messages]


@pytest.mark.parametrize("hours", [2, -5, 5.75, 0])
def test_a_zone_is_told_from_most_of_a_file(hours: float, tmp_path: Path) -> None:
    """A text of three days beside a JSON of its first, and equal words at every hour."""
    whole = [said(n * 30, f"the wheel of number {n}") for n in range(144)]
    whole += [said(n * 60, "drink some water, all of you", "9") for n in range(72)]
    whole.sort(key=lambda m: m.sent_at or 0)
    discord_json(tmp_path / "a.json", whole[:72])
    (tmp_path / "b.txt").write_text(text(local(whole, hours)), encoding="utf-8")
    messages, report = read(tmp_path)
    assert len(messages) == len(whole)
    assert report.left_out == {"duplicate": 72}
    assert any(f"are {hours:g} hours ahead" in note for note in report.notes) == bool(hours)


def test_words_that_come_again_are_no_zone(tmp_path: Path) -> None:
    """Three equal lines at one distance, of many: nothing is dropped for them."""
    again = [said(n, f"good morning to all of you, {n}") for n in range(5)]
    discord_json(tmp_path / "a.json", again + talk(20, 10))
    later = local(again, 1) + talk(30, 90, "what another day brings,")
    (tmp_path / "b.txt").write_text(text(later), encoding="utf-8")
    messages, report = read(tmp_path)
    assert len(messages) == 25 + 35
    assert report.left_out == {}
    assert not any("ahead" in note for note in report.notes)


@pytest.mark.parametrize("form", ["txt", "csv"])
def test_pages_of_one_shape_are_never_off(form: str, tmp_path: Path) -> None:
    again = [said(n, f"good morning to all of you, {n}") for n in range(9)]
    make = text if form == "txt" else csv_old
    write(tmp_path, {f"gears.{form}": make(again), f"gears (1).{form}": make(local(again, 1))})
    messages, report = read(tmp_path)
    assert len(messages) == 18
    assert report.left_out == {}
    assert not any("ahead" in note for note in report.notes)


def test_what_was_said_at_the_local_hour_is_no_duplicate(tmp_path: Path) -> None:
    """Times off by 2 hours are compared at 2 hours alone, but for files of the same clock."""
    known = [*talk(20), said(180, "a lamp, a lamp, a lamp")]
    discord_json(tmp_path / "a.json", known)
    extra = said(60, "a lamp, a lamp, a lamp")  # 3:00 there as the other is here
    part = local([*talk(20), extra], 2)
    write(tmp_path, {"b.txt": text(part), "c.txt": text(part)})
    messages, report = read(tmp_path)
    assert len(messages) == len(known) + 1
    assert report.left_out == {"duplicate": 20 + 21}


def test_a_year_in_which_clocks_are_changed_has_two_offsets(tmp_path: Path) -> None:
    months = [said(n * 1440 * 3, f"the wheel of number {n}") for n in range(100)]
    autumn = datetime(2024, 10, 27, tzinfo=UTC).timestamp() * 1000
    berlin = [local([m], 2 if (m.sent_at or 0) < autumn else 1)[0] for m in months]
    discord_json(tmp_path / "a.json", months)
    (tmp_path / "b.txt").write_text(text(berlin), encoding="utf-8")
    messages, report = read(tmp_path)
    assert len(messages) == 100
    assert any("are 1 and 2 hours ahead" in note for note in report.notes)


def test_tables_with_exact_times_come_before_those_with_local_ones(tmp_path: Path) -> None:
    write(tmp_path, {"gears.csv": csv_old(local(talk(20), 2)), "gears (1).csv": csv_new(talk(20))})
    messages, report = read(tmp_path)
    assert [m.sent_at for m in messages] == [m.sent_at for m in talk(20)]
    assert report.left_out == {"duplicate": 20}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("see **this** and `that`", "see this and that"),
        ("_so_ ~~not~~ ||yes||", "*so* ~~not~~ ||yes||"),
        (
            "[the page](https://example.org/a_b) says it",
            "[the page](https://example.org/a_b) says it",
        ),
        ("[the page](https://example.org/a_b) says it", "the page says it"),
        ("<https://example.org/x> is where", "https://example.org/x is where"),
        (">>> one\ntwo", "> one\n> two"),
        ("* one\n* two", "- one\n- two"),
        (r"no \*marks\*", "no *marks*"),
    ],
)
def test_pages_and_texts_are_compared_without_marks_and_links(
    typed: str, shown: str, tmp_path: Path
) -> None:
    first, last = said(0, typed), said(1, "https://example.org/only/this")
    files = {
        f"{CHANNEL}.html": page([replace(first, text=shown), last]),
        f"{CHANNEL}.txt": text([first, last, said(1, "https://example.org/another")]),
    }
    messages, report = read(write(tmp_path, files), tz="UTC")
    assert [m.text for m in messages] == [shown, last.text, "https://example.org/another"]
    assert report.left_out == {"duplicate": 2}


# --- work ---


class _Counted(Counter[int]):
    """A Counter that counts how many of its items are walked."""

    walked = 0

    def items(self) -> Any:
        _Counted.walked += len(self)
        return super().items()

    def __iter__(self) -> Iterator[int]:
        _Counted.walked += len(self)
        return super().__iter__()


def test_a_file_costs_what_it_holds_and_not_what_came_before(tmp_path: Path) -> None:
    """Walking all that was said after each of thousands of files takes minutes."""
    pages, _Counted.walked = 40, 0
    kept = dedup.Deduplicator(ImportReport(), alone=False, by_words=True)
    kept._said = _Counted()
    kept._said_here = _Counted()
    for number in range(pages):
        found = [(replace(m, message_id="", thread="t"), m.sender) for m in talk(50, number * 50)]
        assert len(list(kept.new_of(found, exact=number % 2 == 0))) == 50
    assert len(kept._said) + len(kept._said_here) == pages * 50
    assert _Counted.walked == 0


def test_overlapping_files_cost_what_they_hold() -> None:
    _Counted.walked, overlap = 0, OverlapFilter(ImportReport())
    overlap._before = _Counted()
    for number in range(20):
        found = [replace(m, message_id="", thread="t") for m in talk(50, number * 50)]
        assert len(list(overlap.new_of(found))) == 50
        assert list(overlap.new_of(found)) == []
    assert _Counted.walked == 0


def test_a_file_is_compared_with_a_few_channels_of_its_name(tmp_path: Path) -> None:
    """However many there are: each comparison reads the file."""
    write(tmp_path, {f"{n}x/gears.csv": csv_new(talk(12, n * 100, f"{n}")) for n in range(60)})
    messages, report = read(tmp_path)
    assert len(threads(messages)) == 60
    assert len(messages) == 720
    assert report.left_out == {}
