"""Made-up exports of any size for the benchmark of importing, of which is known who said what."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from corpus_memory import zipf_texts

PEOPLE = ("Ada Lovelace", "Grace Hopper", "Zoë Müller", "Bo Ångström")
NICKS = ("ada", "grace`", "zoe_", "|bo|")
EMOJI = ("😀", "❤", "’", "é", "ü")
BEGINS_MS = 1_546_300_800_000  # 2019-01-01
LINES = 20  # of a small log
TEMPLATES = 20_000  # texts, told over and over with other times

Said = tuple[int, str, str]  # UTC milliseconds, who, what


def talk(seed: int) -> Iterator[Said]:
    """Messages without end, oldest first, a fifth of them with a sign that is not ASCII."""
    chance = Random(seed)
    at = BEGINS_MS
    for text in itertools.cycle(_texts(seed)):
        at += chance.randrange(1_000, 40_000)
        yield at, chance.choice(PEOPLE), text


@lru_cache(maxsize=2)
def _texts(seed: int) -> list[str]:
    chance = Random(seed)
    texts = itertools.islice(zipf_texts(seed, 20_000), TEMPLATES)
    return [f"{t} {chance.choice(EMOJI)}" if chance.random() < 0.2 else t for t in texts]


def twice(text: str) -> str:
    """A text as Facebook writes it."""
    return text.encode().decode("latin-1")


def write_messenger(path: Path, size: int, said: Iterable[Said]) -> int:
    """A thread of that many bytes, laid out as Facebook does; how many messages it has.

    Facebook begins with the newest, so the times are turned around: memory allows no reversing.
    """
    written = count = 0
    rendered: dict[tuple[str, str], tuple[str, str]] = {}
    with path.open("w", encoding="ascii", newline="") as out:
        out.write(json.dumps({"participants": [{"name": twice(n)} for n in PEOPLE]}, indent=2)[:-2])
        out.write(',\n  "messages": [')
        for at, who, text in said:
            if (who, text) not in rendered:
                rendered[who, text] = _around_time(who, text, len(rendered))
            before, after = rendered[who, text]
            written += out.write(f"{',' if count else ''}\n{before}{2 * BEGINS_MS - at}{after}")
            count += 1
            if written >= size:
                break
        rest = {"title": "Engines", "is_still_participant": True, "thread_path": "inbox/engines_1"}
        out.write("\n  ],\n" + json.dumps(rest, indent=2)[2:])
    return count


def _around_time(who: str, text: str, number: int) -> tuple[str, str]:
    record: dict[str, Any] = {
        "sender_name": twice(who),
        "timestamp_ms": "TIME",
        "content": twice(text),
        "is_geoblocked_for_viewer": False,
    }
    if number % 12 == 0:
        record["reactions"] = [{"reaction": twice("❤"), "actor": twice(PEOPLE[number % 4])}]
    lines = json.dumps(record, indent=2).splitlines()
    before, _, after = "\n".join(f"    {line}" for line in lines).partition('"TIME"')
    return before, after


def write_lines(path: Path, size: int, said: Iterable[Said]) -> int:
    """JSON lines of that many bytes; how many."""
    written = count = 0
    with path.open("w", encoding="utf-8") as out:
        for at, who, text in said:
            row = {"time": at, "sender": who, "thread": "engines", "text": text}
            written += out.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
            if written >= size:
                break
    return count


def write_log(path: Path, size: int, said: Iterable[Said]) -> list[tuple[str, str]]:
    """A day of a channel as irclogs.ubuntu.com has it, of that many bytes; who said what."""
    rows = []
    written = 0
    for number, (_, who, text) in enumerate(said):
        nick = NICKS[PEOPLE.index(who)]
        rows.append((nick, text))
        written += len(text.encode()) + len(nick) + 11
        if written >= size or number >= 500_000:
            break
    with path.open("w", encoding="utf-8") as out:
        for number, (nick, text) in enumerate(rows):
            minute = number * 1440 // len(rows)
            stamp = f"[{minute // 60:02}:{minute % 60:02}]"
            out.write(f"{stamp} <{nick}> {text}\n")
            if number % 20 == 0:
                out.write(f"=== {nick} [~{nick}@host.example] has joined #engines\n")
    return rows


def write_whatsapp(path: Path, size: int, said: Iterable[Said]) -> list[tuple[str, str]]:
    """A chat of that many bytes as WhatsApp has it on iPhones; who said what."""
    rows = []
    written = 0
    with path.open("w", encoding="utf-8") as out:
        for at, who, text in said:
            moment = datetime.fromtimestamp(at / 1000, UTC)
            written += out.write(f"[{moment:%d.%m.%y, %H:%M:%S}] {who}: {text}\n")
            rows.append((who, text))
            if written >= size:
                break
    return rows


def write_year(folder: Path, one: Path, files: int, said: Iterator[Said]) -> None:
    """A year of logs as irssi writes them, a file for each channel and day; and all in one file."""
    channels = -(-files // 365)
    with one.open("w", encoding="utf-8") as whole:
        for number in range(files):
            channel, since = number % channels, number // channels
            day = date(2019, 1, 1) + timedelta(since)
            place = folder / f"#{''.join(chr(97 + int(c)) for c in str(channel))}"
            place.mkdir(parents=True, exist_ok=True)
            rows = [f"--- Log opened {day:%a %b %d} 00:00:01 {day.year}"]
            for line, (_, who, text) in enumerate(itertools.islice(said, LINES)):
                rows.append(
                    f"{line // 2:02}:{line % 2 * 30:02} < {NICKS[PEOPLE.index(who)]}> {text}"
                )
            text = "\n".join(rows) + "\n"
            (place / f"{day}.log").write_text(text, encoding="utf-8")
            whole.write(text)
