"""Does a training that is killed again and again end as the one that never was?

    python benchmarks/resume.py --runs 40

A GPT-2 of two layers is made, with a tokenizer learnt from an example export, and `chatmimic
train` trains it `--runs` times, with the options of each of `VARIANTS` in turn. Every training is
killed with SIGKILL three to eight times and gone on with by the same command and `--resume`, or by
the command itself where nothing was ready to go on with; then it is left to finish. A third of the
kills come at any instant, a third soon after a new checkpoint, and a third when a checkpoint is
being written: a folder `.partial-` was seen beside the checkpoints or the best weights. Those that
left such a folder behind are counted as `while_saving`.

A run is identical where its log is the same byte for byte as that of a training with these options
which nobody disturbed, the SHA-256 of its weights is the same too, and nothing half-written is
left. Processes come from a fork server that has torch loaded, on one thread each. The status is 1
where a run was not identical. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from killing import MOMENTS, Failed, finish, half_written, start
from machine import machine

import chatmimic
from chatmimic.files import file_digest
from chatmimic.home import Home

EXPORTS = Path(__file__).parents[1] / "examples" / "exports"
NAME, PERSONA = "killed", "mira"
DROPOUT = ("--dropout", "0.1")
READ_ALONG = ("--corpus", "talk", "--corpus-steps", "5")
# What can be trained in different ways: the options of each, beside those that all have.
VARIANTS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "dropout": DROPOUT,
    "gradient checkpointing": (*DROPOUT, "--gradient-checkpointing"),
    "accumulated": (*DROPOUT, "--accumulate", "2", "--token-types", "--schedule", "cosine"),
    "weighed": (*DROPOUT, "--form", "named", "--others", "0.3", "--popular", "1", "--noise", "0.1"),
    "candidates": (*DROPOUT, "--candidates", "3"),
    "lora": (*DROPOUT, "--train", "lora"),
    "last block": (*DROPOUT, "--train", "last-1", "--step-in-backward"),
    "muon": (*DROPOUT, "--optimizer", "muon"),
    "adamw8bit": (*DROPOUT, "--optimizer", "adamw8bit"),
    "patience": (*DROPOUT, "--schedule", "plateau", "--patience", "5", "--learning-rate", "0.02"),
    "warm-up spells": (*DROPOUT, *READ_ALONG, "--learning-rate", "0.02"),
    "corpus first": (*DROPOUT, *READ_ALONG, "--corpus-way", "first"),
    "corpus mixed": (*DROPOUT, *READ_ALONG, "--corpus-way", "mix"),
}
KILLS = (3, 8)  # of one run, the least and the most


@dataclass(frozen=True)
class Whole:
    """A training that nobody disturbed: what every other with these options must come to."""

    log: bytes
    weights: str  # SHA-256
    seconds: float


@dataclass
class Outcome:
    """A training that was killed and gone on with."""

    variant: str
    kills: int = 0
    while_saving: int = 0
    differs: str = ""  # what is not as it should be; empty where all is


def main() -> None:
    """Make a base, train undisturbed and killed, compare, print."""
    given = _arguments()
    if sys.platform == "win32":
        sys.exit("This benchmark needs POSIX signals and a fork server; Windows has neither.")
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    ran_on = machine()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=given.work) as folder:
        outcomes = list(_runs(given, Path(folder)))
    identical = sum(not outcome.differs for outcome in outcomes)
    result = {
        "runs": len(outcomes),
        "identical": identical,
        "kills": sum(outcome.kills for outcome in outcomes),
        "while_saving": sum(outcome.while_saving for outcome in outcomes),
        "variants": Counter(outcome.variant for outcome in outcomes),
        "seconds": round(time.perf_counter() - began, 1),
        "machine": ran_on,
    }
    print(json.dumps(result))
    sys.exit(int(identical < len(outcomes)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=40, help="of each training")
    parser.add_argument("--every", type=int, default=3, help="steps between checkpoints")
    parser.add_argument("--variant", choices=VARIANTS, nargs="+", default=list(VARIANTS))
    parser.add_argument("--seed", type=int, default=0, help="of the instants to kill at")
    parser.add_argument("--work", type=Path, help="folder to work in; else the system's own")
    return parser.parse_args()


def _runs(given: argparse.Namespace, folder: Path) -> Iterator[Outcome]:
    """Every run, compared with an undisturbed one of its variant; each is printed as it ends."""
    ready = prepare(folder)
    finish(
        start(["--version"], folder / "told"), folder / "told"
    )  # the fork server loads torch now, and not later
    wholes: dict[str, Whole] = {}
    for number, variant in enumerate(islice(cycle(given.variant), given.runs)):
        if variant not in wholes:
            wholes[variant] = undisturbed(copied(ready, folder / "whole"), given, variant)
        chance = random.Random(f"{given.seed} {number}")
        outcome = disturbed(copied(ready, folder / "run"), given, variant, wholes[variant], chance)
        yield outcome
        print(
            f"{number + 1:4} {variant:24} {outcome.kills} kills, {outcome.while_saving} while "
            f"saving: {outcome.differs or 'identical'}",
            flush=True,
        )


# -- something to train ----------------------------------------------------------------------


def prepare(folder: Path) -> Home:
    """A home with example exports, a corpus of another, and a folder `base` with a tiny base."""
    from chatmimic.bases.loading import quiet
    from chatmimic.bases.new import learn_tokenizer, new_base
    from chatmimic.transcript import SPECIAL_TOKENS

    home = Home(folder / "ready")
    chatmimic.import_exports(EXPORTS / "discord", home=home)
    chatmimic.import_exports(EXPORTS / "irc", home=home, corpus="talk")
    with chatmimic.open_archive(home) as archive:
        texts = [message.text for message in archive.stream()]
    base = new_base(learn_tokenizer(texts, 512, SPECIAL_TOKENS), "2x64", positions=128)
    with quiet():
        base.model.save_pretrained(home.path / "base")
        base.tokenizer.save_pretrained(home.path / "base")
    return home


def copied(ready: Home, to: Path) -> Home:
    """A home of its own for one training, in place of the one before it."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(ready.path, to)
    return Home(to)


def command(home: Home, given: argparse.Namespace, variant: str) -> list[str]:
    """The command line of a training."""
    options = {
        "persona": PERSONA,
        "name": NAME,
        "home": home.path,
        "base": home.path / "base",
        "window": 64,
        "batch": 2,
        "steps": given.steps,
        "evaluate-every": given.every,
        "precision": "fp32",  # what `auto` chooses on a busy machine may change from run to run
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return ["train", *flags, *VARIANTS[variant], "--json"]


# -- one training ----------------------------------------------------------------------------


def undisturbed(home: Home, given: argparse.Namespace, variant: str) -> Whole:
    """Train without a kill. Raises Failed."""
    began = time.perf_counter()
    told = home.path / "told"
    if not finish(start(command(home, given, variant), told), told):
        raise Failed("it was killed, and not by this benchmark")
    return Whole(*made(home), time.perf_counter() - began)


def disturbed(
    home: Home, given: argparse.Namespace, variant: str, whole: Whole, chance: random.Random
) -> Outcome:
    """Train, kill, go on, until it has finished; and compare."""
    outcome = Outcome(variant)
    kills = chance.randint(*KILLS)
    try:
        while not _attempt(home, command(home, given, variant), outcome, kills, whole, chance):
            outcome.kills += 1
        outcome.differs = difference(home, whole)
    except Failed as error:
        outcome.differs = str(error)
    return outcome


def _attempt(
    home: Home,
    line: list[str],
    outcome: Outcome,
    kills: int,
    whole: Whole,
    chance: random.Random,
) -> bool:
    """Start or go on, and kill, where it was not killed often enough: whether it got to its end."""
    run, told = home.runs / NAME, home.path / "told"
    before = half_written(run)
    begun = (run / "ready.json").is_file()
    process = start([*line, "--resume" if begun else "--replace"], told)
    if outcome.kills < kills:
        chance.choice(MOMENTS)(process, run, whole.seconds, chance)
        process.kill()
    finished = finish(process, told)
    outcome.while_saving += not finished and bool(half_written(run) - before)
    return finished


def difference(home: Home, whole: Whole) -> str:
    """What a finished training has that an undisturbed one has not; empty where nothing."""
    log, weights = made(home)
    faults = {
        "the log differs": log != whole.log,
        "the weights differ": weights != whole.weights,
        "something half-written is left": any(home.path.rglob(".partial-*")),
    }
    return ", ".join(fault for fault, found in faults.items() if found)


def made(home: Home) -> tuple[bytes, str]:
    """The log of a finished training, and the SHA-256 of its weights."""
    log = (home.runs / NAME / "log.jsonl").read_bytes()
    return log, file_digest(home.mimics / NAME / "model.safetensors")


if __name__ == "__main__":
    main()
