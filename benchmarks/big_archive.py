"""How long commands take in an archive of a million messages, until something happens.

    python benchmarks/big_archive.py --messages 1000000 --people 50000

The archive is made up (`--seed`): a busy channel and a quiet one, half of whose messages are one
person's. A second archive has `--people` people, with three messages each. Each command is a
process of its own; seconds are those of the clock and of the processor (`cpu_s`).

- `first_step`: `chatmimic train --persona Ada --base starter`, until its first step is taken. The
  search index, and what else an import leaves to later, is not there yet.
- `plan`: the same with `--plan`.
- `people_all`: `chatmimic people --all`.
- `peak_mb`: the most resident memory (10^6 bytes).

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from machine import machine
from made_exports import BEGINS_MS, talk

from chatmimic.archive import Archive
from chatmimic.home import Home
from chatmimic.records import Message

REGULARS = 300  # people of the channel
PAUSES = (1, 3, 10, 30, 60, 240)  # seconds between messages


def half_by_one(count: int, seed: int) -> Iterator[Message]:
    """Messages of a busy channel and of a quiet one, every other one by Ada."""
    chance, at = Random(seed), BEGINS_MS
    for _, _, text in itertools.islice(talk(seed), count):
        at += 1_000 * (chance.choice(PAUSES) if chance.random() > 0.01 else 4_000)
        who = "Ada" if chance.random() < 0.5 else f"user{chance.randrange(REGULARS)}"
        said = f"user{chance.randrange(REGULARS)}: {text}" if chance.random() < 0.2 else text
        thread = "#main" if chance.random() < 0.8 else "#side"
        yield Message(who, said, at, service="irc", thread=thread)


def three_each(people: int) -> Iterator[Message]:
    """Three messages of each of many people."""
    for number in range(3 * people):
        who = f"person {number % people}"
        at = BEGINS_MS + 7_000 * number
        yield Message(who, f"hello {number}", at, service="irc", thread="#all")


def until_first_step(home: Home) -> None:
    """Train Ada's mimic until the first step is taken."""
    from chatmimic.training.base_run import Callbacks
    from chatmimic.training.inputs import Request
    from chatmimic.training.run import Run
    from chatmimic.training.settings import TrainSettings

    class Taken(Exception):
        pass

    def progress(now: Any) -> None:
        if now.step:
            raise Taken

    settings = TrainSettings(persona="Ada", base="starter")
    with contextlib.suppress(Taken), Archive.open(home.archive, create=False) as archive:
        run = Run(home, "", Callbacks(progress=progress))
        run.start(archive, Request.of(settings, home), replace=True)


def command(home: Home, *arguments: str) -> None:
    """Run a command of chatmimic, whose output is discarded."""
    from chatmimic.cli import main

    with contextlib.suppress(SystemExit):
        main(["--home", str(home.path), *arguments])


def child(what: str, home: Home) -> None:
    """Do one of the things, and print what it took as the last line of standard error."""
    if what == "first_step":
        until_first_step(home)
    elif what == "plan":
        command(home, "train", "--persona", "Ada", "--base", "starter", "--plan")
    else:
        command(home, "people", "--all")


def timed(what: str, home: Path) -> dict[str, Any]:
    """One of the things in a process of its own: seconds, of the processor too, and memory."""
    arguments = [sys.executable, __file__, "--child", what, "--home", str(home)]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{what} failed:\n{said.read().decode()}")
    unit = 1 if sys.platform == "darwin" else 1000
    return {
        "seconds": round(seconds, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss * unit / 1e6),
    }


def filled(home: Path, messages: Iterable[Message]) -> Path:
    """A home with these messages in its archive."""
    with Archive.open(Home(home).make().archive) as archive:
        archive.add(messages)
    return home


def main() -> None:
    """Make the archives, time the commands, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, Home(given.home))
        return
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Any] = {"messages": given.messages, "people": given.people}
        big = filled(Path(folder) / "big", half_by_one(given.messages, given.seed))
        for what in ("first_step", "plan"):
            figures[what] = timed(what, big)
            print(what, figures[what], flush=True)
        many = filled(Path(folder) / "many", three_each(given.people))
        figures["people_all"] = timed("people_all", many)
    print(json.dumps({**figures, "machine": machine()}))


if __name__ == "__main__":
    main()
