"""The example exports: three people whom style tells apart, in the shapes of real services."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Kind, Message

EXPORTS = Path(__file__).parents[2] / "examples" / "exports"
FILES = sorted(path for path in EXPORTS.rglob("*") if path.is_file())
JSON_FILES = [path for path in FILES if path.suffix == ".json"]
PLAIN = sorted(EXPORTS.glob("messenger/**/message_*.json"))
DISCORD = sorted(EXPORTS.glob("discord/*.json"))
ENCRYPTED = EXPORTS / "messenger-encrypted" / "messages" / "Juno Park_3.json"
IRC_LOG = EXPORTS / "irc" / "irssi" / "#repaircafe.log"

MIRA, TEODOR, JUNO = "Mira Okafor", "Teodor Lindqvist", "Juno Park"
NAMES = {
    **{MIRA: MIRA, "mira": MIRA},
    **{TEODOR: TEODOR, "teo": TEODOR, "teodor": TEODOR},
    **{JUNO: JUNO, "juno!!": JUNO, "juno": JUNO, "juno_afk": JUNO, "juno_raid": JUNO},
}
EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
SHOUT = re.compile(r"\b[A-Z]{3,}\b")


def load(path: Path) -> Any:
    """A JSON file as it stands, nothing repaired."""
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def imported(folder: str = "") -> tuple[tuple[Message, ...], ImportReport]:
    report = ImportReport()
    messages = read_exports(EXPORTS / folder, ImportOptions(tz="UTC"), report)
    return tuple(messages), report


@cache
def said() -> dict[str, list[str]]:
    """Person → every text of theirs; each line of an overlap between two exports once."""
    texts = defaultdict(list)
    for message in imported()[0]:
        if message.kind.has_words and not message.is_bot:
            texts[NAMES[message.sender]].append(message.text)
    return texts


def share(person: str, pattern: str) -> float:
    found = [bool(re.search(pattern, text)) for text in said()[person]]
    return sum(found) / len(found)


# --- how much there is ---


def test_enough_to_learn_from() -> None:
    counts = {person: len(texts) for person, texts in said().items()}
    assert counts == {MIRA: 1342, TEODOR: 398, JUNO: 570}


@pytest.mark.parametrize(
    ("folder", "kept", "left_out"),
    [
        ("", 2313, {"system": 85, "media only": 11, "duplicate": 6, "call": 4, "deleted": 2}),
        ("messenger", 1727, {"media only": 9, "call": 4, "deleted": 1, "system": 1}),
        ("messenger-encrypted", 170, {"media only": 2, "deleted": 1}),
        ("discord", 237, {"system": 2}),
        ("irc", 185, {"system": 82}),
    ],
)
def test_import_counts(folder: str, kept: int, left_out: dict[str, int]) -> None:
    messages, report = imported(folder)
    assert (report.kept, dict(+report.left_out)) == (kept, left_out)
    assert sum(message.kind.has_words for message in messages) == kept


def test_import_repairs_nothing_but_facebooks_encoding() -> None:
    report = imported()[1]
    assert set(+report.repairs) == {"mojibake"}
    assert report.notes == []


def test_conversations_are_many_and_spread_over_two_years() -> None:
    times: dict[str, list[int]] = defaultdict(list)
    for message in imported()[0]:
        if message.kind.has_words:
            assert message.sent_at is not None
            times[message.thread].append(message.sent_at)
    hours = 3_600_000
    started = [
        after
        for thread in times.values()
        for before, after in zip([0, *sorted(thread)], sorted(thread), strict=False)
        if after - before > 8 * hours
    ]
    assert len(started) >= 120
    assert (max(started) - min(started)) / (24 * hours) > 700


def test_nobody_repeats_a_sentence() -> None:
    """A reader would notice long lines that come back; "lol" may."""
    long = Counter(text for texts in said().values() for text in texts if len(text) > 30)
    assert [text for text, times in long.items() if times > 1] == []


def test_most_questions_get_an_answer() -> None:
    """Somebody else speaks soon after a question mark."""
    answered = asked = 0
    by_thread: dict[str, list[Message]] = defaultdict(list)
    for message in imported()[0]:
        if message.kind.has_words and not message.is_bot:
            by_thread[message.thread].append(message)
    for thread in by_thread.values():
        thread.sort(key=lambda message: message.sent_at or 0)
        for place, message in enumerate(thread):
            if "?" in message.text:
                asked += 1
                next_ones = thread[place + 1 : place + 4]
                answered += any(NAMES[m.sender] != NAMES[message.sender] for m in next_ones)
    assert asked > 200
    assert answered / asked > 0.95


# --- how they differ ---


def test_length_tells_them_apart() -> None:
    lengths = {person: mean(map(len, texts)) for person, texts in said().items()}
    assert lengths[MIRA] < lengths[JUNO] < lengths[TEODOR]
    assert lengths[MIRA] < lengths[TEODOR] / 2


@pytest.mark.parametrize(
    ("what", "pattern", "low", "high"),
    [
        # who does it at most so often, and who at least so often
        ("capital at the start", r"^[A-Z]", (MIRA, 0.04), (TEODOR, 0.97)),
        ("stop at the end", r"\.$", (MIRA, 0.01), (TEODOR, 0.7)),
        ("semicolon", r";", (JUNO, 0.0), (TEODOR, 0.2)),
        ("emoji", EMOJI.pattern, (TEODOR, 0.0), (MIRA, 0.12)),
        ("shouting", SHOUT.pattern, (TEODOR, 0.02), (JUNO, 0.3)),
        ("exclamation", r"!!", (TEODOR, 0.0), (JUNO, 0.1)),
        ("question", r"\?", (MIRA, 0.05), (JUNO, 0.19)),
        ("tiny", r"(?i)\btiny\b", (TEODOR, 0.01), (MIRA, 0.04)),
        ("honestly", r"(?i)\bhonestly\b", (TEODOR, 0.0), (MIRA, 0.03)),
        ("dude or bruh", r"(?i)\b(dude|bruh)\b", (TEODOR, 0.0), (JUNO, 0.05)),
    ],
)
def test_habits_tell_them_apart(
    what: str, pattern: str, low: tuple[str, float], high: tuple[str, float]
) -> None:
    assert share(low[0], pattern) <= low[1], what
    assert share(high[0], pattern) >= high[1], what


def test_mira_writes_in_bursts() -> None:
    """Where Mira speaks she sends two messages or more in a row; Teodor sends one."""
    runs: dict[str, list[int]] = defaultdict(list)
    for path in PLAIN:
        before = ""
        for message in load(path)["messages"]:
            if message["sender_name"] == before:
                runs[before][-1] += 1
            else:
                runs[message["sender_name"]].append(1)
            before = message["sender_name"]
    assert mean(runs[MIRA]) > 2
    assert mean(runs[TEODOR]) < 1.1


# --- the shapes of the services ---


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_small_enough_to_read(path: Path) -> None:
    assert path.stat().st_size < 250_000


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_account_download_is_as_facebook_writes_it(path: Path) -> None:
    assert path.read_bytes().isascii()
    thread = load(path)
    assert thread["thread_path"] == f"inbox/{path.parent.name}"
    times = [message["timestamp_ms"] for message in thread["messages"]]
    assert times == sorted(times, reverse=True)
    strings = re.findall(r"\\u([0-9a-f]{4})", path.read_text("ascii"))
    assert all(int(code, 16) < 256 for code in strings), "text must be bytes in disguise"


def test_account_download_says_little_of_what_is_no_text() -> None:
    records = [message for path in PLAIN for message in load(path)["messages"]]
    assert not any("type" in record for record in records)
    without = [record for record in records if "content" not in record]
    assert all("photos" in record or record["is_unsent"] for record in without)
    assert {len(record["reactions"]) for record in records if "reactions" in record} >= {1}


def test_parts_of_a_thread_run_backwards() -> None:
    first, second = (
        load(path)["messages"] for path in PLAIN if path.parent.name.startswith("plot14gang")
    )
    assert first[-1]["timestamp_ms"] > second[0]["timestamp_ms"]


def test_encrypted_download_goes_on_where_the_account_download_stops() -> None:
    encrypted = {(m["timestamp"], m["senderName"], m["text"]) for m in load(ENCRYPTED)["messages"]}
    plain = {
        (m["timestamp_ms"], m["sender_name"], m["content"].encode("latin-1").decode())
        for path in PLAIN
        if path.parent.name.startswith("junopark")
        for m in load(path)["messages"]
        if "content" in m
    }
    both = encrypted & plain
    assert len(both) == 6
    assert max(plain) == max(both)
    assert all(isinstance(name, str) for name in load(ENCRYPTED)["participants"])


@pytest.mark.parametrize("path", DISCORD, ids=lambda path: path.name)
def test_discord_files_keep_their_own_books(path: Path) -> None:
    channel = load(path)
    messages = channel["messages"]
    assert channel["messageCount"] == len(messages)
    ids = [int(message["id"]) for message in messages]
    assert ids == sorted(set(ids))
    for message in messages:
        sent = (int(message["id"]) >> 22) + 1_420_070_400_000
        assert f"{sent % 1000:03d}+00:00" == message["timestamp"][-9:], "ids tell the time"
        if message["type"] == "Reply":
            assert int(message["reference"]["messageId"]) in ids
        assert message["timestamp"] < channel["exportedAt"]


def test_discord_has_replies_a_bot_and_somebody_joining() -> None:
    messages = [message for path in DISCORD for message in load(path)["messages"]]
    types = Counter(message["type"] for message in messages)
    assert types["Reply"] >= 5
    assert types["GuildMemberJoin"] == 1
    assert {m["author"]["nickname"] for m in messages if m["author"]["isBot"]} == {"SproutBot"}
    assert any(message["attachments"] for message in messages)


def test_irc_log_has_what_irssi_logs() -> None:
    log = IRC_LOG.read_text(encoding="utf-8")
    for mark in (
        "--- Log opened ",
        "--- Day changed ",
        "--- Log closed ",
        " -!- juno is now known as juno_afk",
        "] has joined #repaircafe",
        "  * mira ",
        "<@teodor> ",
    ):
        assert mark in log
    assert len([m for m in imported("irc")[0] if m.kind is Kind.ACTION]) == 21


# --- invented, all of it ---


def test_only_invented_people_speak() -> None:
    assert {message.sender for message in imported()[0]} - set(NAMES) == {"SproutBot", ""}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_addresses_but_of_example_org(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("\\/", "/")
    hosts = re.findall(r"(?:https?://|www\.)([\w.-]+)", text)
    hosts += re.findall(r"[\w.+~-]+@([\w-]+\.[\w.-]+)", text)
    assert all(host == "example.org" or host.endswith(".example.org") for host in hosts)
    assert not re.search(r"(?<![\d.])\+?\d{2,4}[ -]\d{3}[ -]\d{4,}", text), "no telephone numbers"
