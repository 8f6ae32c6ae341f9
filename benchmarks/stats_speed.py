"""How long do statistics take of an archive with many messages, and how much memory?

    python benchmarks/stats_speed.py

An archive of `--messages` is made up (`--seed`): four people in two threads, some 200 messages a
day. `archive_s` and `person_s` are the processor time that the statistics of all of it and of one
of the people take, the least of `--rounds`; `peak_mb` is the most resident memory (10^6 bytes) of
`chatmimic stats PERSON`. The last line is JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from machine import machine, measure
from made_exports import PEOPLE, talk

from chatmimic.archive import Archive
from chatmimic.home import Home
from chatmimic.records import Message
from chatmimic.stats.person import person_stats
from chatmimic.stats.whole import archive_stats

A_DAY = 200  # messages
NIGHT_MS = 79_200_000  # from the end of a day's talk to the next, some 22 hours


def said(count: int, seed: int) -> Iterator[Message]:
    """Made-up messages, in one thread on one day and in the other on the next."""
    for n, (at, who, text) in enumerate(itertools.islice(talk(seed), count)):
        day = n // A_DAY
        yield Message(who, text, at + day * NIGHT_MS, service="made", thread=f"#{day % 2}")


def cpu_s(work: Callable[[], object], rounds: int) -> float:
    """The least processor time of some rounds, in seconds."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return round(min(taken), 2)


def peak_mb(home: Path) -> float:
    """The peak of memory that the command needs."""
    call = [sys.executable, "-m", "chatmimic", "stats", PEOPLE[0], "--json", "--home", str(home)]
    measured = measure(call)
    if measured.status:
        sys.exit("chatmimic stats failed.")
    return round(measured.peak / 1e6, 1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    result: dict[str, object] = {"machine": machine(), "messages": asked.messages}
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").make()
        with Archive.open(home.archive) as archive:
            archive.add(said(asked.messages, asked.seed))
            result["archive_s"] = cpu_s(lambda: archive_stats(archive), asked.rounds)
            result["person_s"] = cpu_s(lambda: person_stats(archive, PEOPLE[0]), asked.rounds)
        result["peak_mb"] = peak_mb(home.path)
    print(f"the archive {result['archive_s']} s, a person {result['person_s']} s of processor time")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
