"""How many clients a server bears: tokens/s of all, and how long each waits for its first token.

    python benchmarks/serve.py
    python benchmarks/serve.py --base smollm2 --clients 1 --clients 16 --seconds 60

`chatmimic serve` runs in a process of its own, with a mimic that is nothing but `--base` (what
`train --base` takes, fetched already; else the starter). In each of `--clients` threads a client
chats for `--seconds`: it sends a chat of `--context` words, gets an answer of exactly `--tokens`
tokens, streamed, sends the chat with one more message, and after `--turns` answers begins another
chat. A first round is not counted.

`tokens_per_s` are those that all clients got, `tokens_per_cpu_s` the same for a second of processor
time of the server, which others at work on the machine change little. `first_token_ms` is the time
from a request to the first text of its reply, the median and the 95th percentile; `fairness` the
number of replies of the client who got fewest, over that of the one who got most. `other` are the
replies, of `checked`, that are not to the letter what the same request gets again, alone, once the
clock has stopped.

The last line is one JSON object. `gain` is tokens/s with most clients over those with fewest, and
`cpu_gain` the same of `tokens_per_cpu_s`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
from machine import machine

PEOPLE = ("Ann", "Ben")
WORDS = ("hello", "there", "how", "are", "you", "fine", "thanks", "see", "later", "tea", "garden")
CHECKED = 8  # replies that are asked for again


@dataclass(frozen=True)
class Place:
    """Where the server is, and its process."""

    port: int
    process: psutil.Process

    @property
    def cpu_seconds(self) -> float:
        """The processor time that it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@dataclass
class Client:
    """One client: what it asks, and what it got."""

    number: int
    asked: argparse.Namespace
    port: int
    first: list[float] = field(default_factory=list)  # seconds
    tokens: int = 0
    replies: list[tuple[dict[str, Any], str]] = field(default_factory=list)

    def run(self, until: float) -> None:
        """Chat."""
        messages: list[dict[str, str]] = []
        while time.monotonic() < until:
            seed = 10_000 * self.number + len(self.replies)
            if len(self.replies) % self.asked.turns == 0:
                messages = opening(seed, self.asked.context)
            body = request(messages, seed, self.asked)
            text = self.reply(body)
            self.replies.append((body, text))
            messages = [*messages, said("assistant", text), said("user", words(seed, 8))]

    def reply(self, body: dict[str, Any]) -> str:
        """The reply to a request."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        began, text, first = time.monotonic(), "", 0.0
        line.request("POST", "/v1/chat/completions", json.dumps(body))
        answer = line.getresponse()
        if answer.status != 200:
            sys.exit(f"The server answered {answer.status}: {answer.read().decode()}")
        for chunk in chunks(answer):
            new = "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
            first = first or (time.monotonic() - began if new else 0.0)
            text += new
            self.tokens += (chunk.get("usage") or {}).get("completion_tokens", 0)
        line.close()
        self.first.append(first)
        return text


def main() -> None:
    """Measure each base, show the rows, and end with JSON."""
    asked = parse()
    rows = []
    for base in asked.base or ["starter"]:
        with tempfile.TemporaryDirectory() as home, server(base, Path(home), asked) as there:
            load(1, there, asked, min(3.0, asked.seconds))
            rows += [{"base": base, **load(n, there, asked, asked.seconds)} for n in asked.clients]
    ran_on = machine()
    show(rows, ran_on)
    gains = {
        "gain": gain(rows, "tokens_per_s"),
        "cpu_gain": gain(rows, "tokens_per_cpu_s"),
    }
    print(json.dumps({"rows": rows, **gains, "machine": ran_on}))


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", action="append", metavar="NAME_OR_FOLDER")
    parser.add_argument("--clients", type=int, action="append", help="at once; else 1, 4, 16")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--context", type=int, default=60, help="words that a chat begins with")
    parser.add_argument("--turns", type=int, default=8, help="answers of a chat")
    parser.add_argument("--tokens", type=int, default=24, help="of a reply")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--threads", type=int, help="of the server; else as it chooses")
    found = parser.parse_args()
    found.clients = found.clients or [1, 4, 16]
    return found


# -- the server ----------------------------------------------------------------------------------


@contextmanager
def server(base: str, home: Path, asked: argparse.Namespace) -> Iterator[Place]:
    """A server of a mimic that is a base."""
    write_mimic(base, home)
    command = [sys.executable, "-m", "chatmimic", "--home", str(home), "serve", "--port", "0"]
    threads = {"OMP_NUM_THREADS": str(asked.threads)} if asked.threads else {}
    process = subprocess.Popen(
        [*command, "--engine", asked.engine],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | threads,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said.startswith("Listening"):
            sys.exit("The server does not listen; its words are above.")
        yield Place(int(said.split()[2].rpartition(":")[2]), psutil.Process(process.pid))
    finally:
        process.terminate()
        process.communicate(timeout=60)


def write_mimic(base: str, home: Path) -> None:
    """A mimic of invented people, whose files are those of a base."""
    from chatmimic.bases import base_here
    from chatmimic.home import Home
    from chatmimic.mimic import Mimic, write_manifest

    mimic = Mimic.of_base(base_here(base, Home.find(None)), PEOPLE)
    folder = home / "mimics" / "base"
    folder.mkdir(parents=True)
    for file in mimic.path.iterdir():
        (folder / file.name).symlink_to(file.resolve())
    parameters = {"parameters": mimic.count_parameters()}
    said = {"persona": PEOPLE[0], "people": list(PEOPLE), **mimic.manifest, **parameters}
    write_manifest(folder, said)


# -- clients -------------------------------------------------------------------------------------


def words(seed: int, count: int) -> str:
    """So many words."""
    return " ".join(WORDS[(seed * 7 + at * at) % len(WORDS)] for at in range(count))


def said(role: str, text: str) -> dict[str, str]:
    """One message."""
    return {"role": role, "content": text}


def opening(seed: int, count: int) -> list[dict[str, str]]:
    """The chat that one begins with, ten words a message; the last is to be answered."""
    lines = range(0, count, 10)
    roles = ("assistant", "user")
    texts = [words(seed + at, min(10, count - at)) for at in lines]
    return [said(roles[(len(texts) - n) % 2], text) for n, text in enumerate(texts)]


def request(messages: list[dict[str, str]], seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """The body of a request."""
    return {
        "model": "base",
        "messages": messages,
        "seed": seed,
        "max_tokens": asked.tokens,
        "min_tokens": asked.tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def chunks(answer: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """The objects of a streamed answer."""
    for line in answer:
        if line.startswith(b"data: {"):
            yield json.loads(line[6:])


def load(count: int, there: Place, asked: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """So many clients at once: the row of their figures."""
    clients = [Client(number, asked, there.port) for number in range(count)]
    began, used = time.monotonic(), there.cpu_seconds
    threads = [threading.Thread(target=one.run, args=(began + seconds,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, used = time.monotonic() - began, there.cpu_seconds - used
    tokens = sum(one.tokens for one in clients)
    waits = [1000 * wait for one in clients for wait in one.first]
    replies = [len(one.replies) for one in clients]
    return {
        "clients": count,
        "replies": sum(replies),
        "tokens_per_s": round(tokens / took, 1),
        "tokens_per_cpu_s": round(tokens / max(0.01, used), 1),
        "first_token_ms": round(median(waits), 1),
        "first_token_ms_p95": round(quantiles(waits, n=20)[-1] if len(waits) > 1 else waits[0], 1),
        "fairness": round(min(replies) / max(replies), 2),
        **again(clients),
    }


def again(clients: list[Client]) -> dict[str, int]:
    """How many of some replies the same request does not get again."""
    some = [(one, *one.replies[-1]) for one in clients][:CHECKED]
    other = sum(one.reply(body) != text for one, body, text in some)
    return {"checked": len(some), "other": other}


def gain(rows: list[dict[str, Any]], figure: str) -> float:
    """A figure of the last base with most clients, over that with fewest."""
    last: dict[int, float] = {
        row["clients"]: row[figure] for row in rows if row["base"] == rows[-1]["base"]
    }
    return round(last[max(last)] / last[min(last)], 2)


def show(rows: list[dict[str, Any]], machine_: dict[str, Any]) -> None:
    """The rows as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "base", "clients", "tokens/s", "per CPU s", "first token", "95 %", "fairness", "other"
    )
    for row in rows:
        table.add_row(
            row["base"],
            str(row["clients"]),
            f"{row['tokens_per_s']:,.1f}",
            f"{row['tokens_per_cpu_s']:,.1f}",
            f"{row['first_token_ms']:,.0f} ms",
            f"{row['first_token_ms_p95']:,.0f} ms",
            f"{row['fairness']:.0%}",
            f"{row['other']} of {row['checked']}",
        )
    console = Console(markup=False, highlight=False, width=110)
    console.print(f"{machine_['cpu']}, load {machine_['load']}")
    console.print(table)


if __name__ == "__main__":
    main()
