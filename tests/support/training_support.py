"""What tests of training share: an archive to learn from, short trainings, and processes to kill.

Processes come from a fork server that has torch loaded, so that one that is killed after a moment
does not cost ten seconds of imports first.
"""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import random
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from chatmimic.archive import Archive
from chatmimic.home import Home
from chatmimic.records import Message
from chatmimic.training import TrainSettings

WORDS = ("hello", "there", "how are you", "fine", "see", "later", "ok", "lol", "tea", "garden")
CANARY = "zanzibarquokka"
HEAVY = [
    "accelerate",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.gpt2.modeling_gpt2",
    "transformers.models.gpt2.tokenization_gpt2",
    "chatmimic.cli.commands.train",
    "chatmimic.generation.engine",
    "chatmimic.training.run",
]
# The arithmetic is pinned: `auto` takes what the processor at hand is fast in.
SHORT = {
    "window": 64,
    "steps": 6,
    "batch": 2,
    "accumulate": 1,
    "evaluate_every": 2,
    "precision": "fp32",
}


def chatter(
    count: int = 240, people: Sequence[str] = ("Ada", "Bob"), start: int = 1_600_000_000_000
) -> list[Message]:
    """Talk of a thread: a message a minute, two hours of silence after each twelve."""
    chance = random.Random(7)
    return [
        Message(
            chance.choice(people),
            " ".join(chance.choices(WORDS, k=chance.randint(1, 7))),
            start + n * 60_000 + n // 12 * 7_200_000,
            service="irc",
            thread="#tea",
        )
        for n in range(count)
    ]


def fill(place: Path, messages: Sequence[Message] | None = None) -> Home:
    """A home whose archive holds the messages."""
    home = Home(place).make()
    with Archive.open(home.archive) as archive:
        archive.add(messages if messages is not None else chatter())
    return home


def train(
    home: Home,
    base: Path,
    *,
    name: str = "ada",
    replace: bool = False,
    callbacks: Any = None,
    **options: Any,
) -> Any:
    """A short training of Ada; what `Run.start` returns."""
    from chatmimic.training.base_run import Callbacks
    from chatmimic.training.inputs import Request
    from chatmimic.training.run import Run

    given = {"persona": "Ada", "base": str(base), "fit_decoding": False, **SHORT, **options}
    settings = TrainSettings(**given)
    request = Request.of(settings, home)
    with Archive.open(home.archive, create=False) as archive:
        return Run(home, name, callbacks or Callbacks()).start(archive, request, replace=replace)


def resume(home: Home, name: str = "ada", callbacks: Any = None) -> Any:
    """Go on with a training; what `Run.resume` returns."""
    from chatmimic.training.base_run import Callbacks
    from chatmimic.training.run import Run

    return Run(home, name, callbacks or Callbacks()).resume()


def stop_after(step: int) -> Any:
    """A Watcher that asks for a stop after a step."""
    from chatmimic.training.base_run import Callbacks

    seen = [0]

    def note(progress: Any) -> None:
        seen[0] = progress.step

    return Callbacks(progress=note, stop=lambda: seen[0] >= step)


def digest(home: Home, name: str = "ada") -> str:
    """The SHA-256 of a mimic's weights."""
    return hashlib.sha256((home.mimics / name / "model.safetensors").read_bytes()).hexdigest()


def log(home: Home, name: str = "ada") -> list[dict[str, Any]]:
    """The lines of a run's log."""
    text = (home.runs / name / "log.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def arguments(home: Home, base: Path, **options: Any) -> list[str]:
    """`chatmimic train` for a short training of Ada, as typed."""
    given = {"persona": "Ada", "base": base, "home": home.path, **SHORT, **options}
    fitting = [] if given.pop("fit_decoding", False) else ["--no-fit-decoding"]
    flags = (("--" + key.replace("_", "-"), str(value)) for key, value in given.items())
    return ["train", *fitting, *(part for flag in flags for part in flag)]


def typed(*line: str | Path) -> tuple[int, str, str]:
    """Run a command line in this process: (exit status, standard output, standard error)."""
    from chatmimic.cli import main

    out, err = io.StringIO(), io.StringIO()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        main([str(part) for part in line])
        status: Any = 0
    except SystemExit as left:
        status = left.code or 0
    finally:
        sys.stdout, sys.stderr = before
    return int(status), out.getvalue(), err.getvalue()


def child(line: Sequence[str], told: Path) -> BaseProcess:
    """A process of its own that runs a command line; what it says is appended to a file."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    process = context.Process(target=_run, args=(list(line), str(told)))
    process.start()
    return process


def _run(line: list[str], told: str) -> None:
    from chatmimic.cli import main

    descriptor = os.open(told, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)
    main(line)
