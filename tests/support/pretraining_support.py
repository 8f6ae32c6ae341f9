"""What tests of pretraining share: corpora to read, short pretrainings, and processes that die.

A process dies by its own hand, at a file that it is about to touch: the same moment on machines
of any speed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from training_support import HEAVY, _run

from chatmimic.archive import Archive
from chatmimic.corpora import open_corpora
from chatmimic.files import file_digest
from chatmimic.home import Home
from chatmimic.records import Message
from chatmimic.training.pretrain_settings import PretrainSettings

SAYINGS = """
the kernel | a driver | my screen | does not boot | again | after this update | try it | with sudo |
and see what it says | thanks | that works now | I think you need | another package | did you |
restart | yes | no | what is | in the log | hm
"""
WORDS = [word.strip() for word in SAYINGS.split("|")]
NICKS = ("tdomhan", "seveas", "jrib", "nalioth", "bazhang", "ikonia", "zoltan", "quetzal")
SHORT = {
    "size": "1x64",
    "vocab_size": 512,
    "window": 32,
    "batch": 4,
    "accumulate": 1,
    "steps": 12,
    "evaluate_every": 4,
    "held_out": 0.1,
    "precision": "fp32",  # `auto` takes what the processor at hand is fast in
}
STARTS_AT = 1_300_000_000_000


def gossip(
    threads: int = 30, messages: int = 20, *, people: Sequence[str] = NICKS, seed: int = 0
) -> list[Message]:
    """Public talk: threads of some people each, who now and then name one another."""
    chance = random.Random(seed)
    return [
        message
        for number in range(threads)
        for message in _thread(number, messages, people, chance)
    ]


def _thread(
    number: int, messages: int, people: Sequence[str], chance: random.Random
) -> Iterator[Message]:
    here = chance.sample(list(people), min(4, len(people)))
    for n in range(messages):
        sender = chance.choice(here)
        text = " ".join(chance.choices(WORDS, k=chance.randint(2, 9)))
        if chance.random() < 0.2:
            text = f"{chance.choice(here)}: {text}"
        sent_at = STARTS_AT + number * 86_400_000 + n * 30_000
        yield Message(sender, text, sent_at, service="irc", thread=f"day-{number}")


def fill_corpora(place: Path, **corpora: list[Message]) -> Home:
    """A home with the corpora, by name; with `ubuntu` and `tea` where none is given."""
    home = Home(place).make()
    for name, messages in (corpora or {"ubuntu": gossip(), "tea": gossip(1, 300, seed=1)}).items():
        with Archive.open(home.corpus(name)) as archive:
            archive.add(messages)
    return home


def pretrain(
    home: Home,
    *corpora: str,
    name: str = "ubuntu",
    replace: bool = False,
    callbacks: Any = None,
    **options: Any,
) -> Any:
    """A short pretraining from `ubuntu` and `tea`, or what is named; what `start` returns."""
    from chatmimic.training.inputs import PretrainInputs
    from chatmimic.training.pretrain_run import Pretraining
    from chatmimic.training.run import Callbacks

    settings = PretrainSettings(**{**SHORT, **options})
    chosen = open_corpora(home, corpora or ("ubuntu", "tea"))
    inputs = PretrainInputs.of(settings, chosen, home)
    return Pretraining(home, name, callbacks or Callbacks()).start(inputs, replace=replace)


def go_on(home: Home, name: str = "ubuntu") -> Any:
    """Go on with a pretraining; what `Pretraining.resume` returns."""
    from chatmimic.training.pretrain_run import Pretraining
    from chatmimic.training.run import Callbacks

    return Pretraining(home, name, Callbacks()).resume()


def base_digest(home: Home, name: str = "ubuntu") -> str:
    """The SHA-256 of a base's weights."""
    return file_digest(home.bases / name / "model.safetensors")


def base_facts(home: Home, name: str = "ubuntu") -> dict[str, Any]:
    """What `base.json` says."""
    facts: dict[str, Any] = json.loads((home.bases / name / "base.json").read_text("utf-8"))
    return facts


def evaluations(home: Home, name: str = "ubuntu") -> list[dict[str, Any]]:
    """The lines of a pretraining's log."""
    text = (home.pretrainings / name / "log.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def left(home: Home, name: str = "ubuntu") -> set[str]:
    """What lies in a pretraining's folder."""
    return {path.name for path in (home.pretrainings / name).iterdir()}


def pretrain_line(home: Home, *corpora: str, **options: Any) -> list[str]:
    """`chatmimic pretrain` for a short pretraining, as typed."""
    named = [part for name in corpora or ("ubuntu", "tea") for part in ("--corpus", name)]
    given = {"home": home.path, **SHORT, **options}
    flags = (("--" + key.replace("_", "-"), str(value)) for key, value in given.items())
    return ["pretrain", *named, *(part for flag in flags for part in flag)]


def resume_line(home: Home) -> list[str]:
    """`chatmimic pretrain --resume`, as typed."""
    return ["pretrain", "--resume", "--home", str(home.path)]


# -- dying ---------------------------------------------------------------------------------------

_TOUCHES = {"open": 0, "os.mkdir": 0, "os.remove": 0, "shutil.rmtree": 0, "os.rename": 1}


def hit(
    line: Sequence[str], told: Path, home: Home, at: str | int, by: int = signal.SIGKILL
) -> BaseProcess:
    """A process that runs a command line and sends itself a signal as it is about to touch a file.

    `at` is what it is about to do in its home, as `os.rename bases/ubuntu` (the new name; also
    open, os.mkdir, os.remove, shutil.rmtree), or which touch it is, counted from 0.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    given = (list(line), str(told), str(home.path), at, by)
    process = context.Process(target=_run_until, args=given)
    process.start()
    return process


def _run_until(line: list[str], told: str, home: str, at: str | int, by: int) -> None:
    touched = 0

    def watch(event: str, given: tuple[Any, ...]) -> None:
        nonlocal touched
        path = given[_TOUCHES[event]] if event in _TOUCHES else None
        if not isinstance(path, str | os.PathLike):
            return
        place = os.path.relpath(path, home)
        if place.startswith(("..", "corpora")):  # corpora are only read
            return
        if at in (touched, f"{event} {place}"):
            os.kill(os.getpid(), by)
        touched += 1

    sys.addaudithook(watch)
    _run(line, told)
