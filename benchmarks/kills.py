"""Is the state right, wherever a command is killed?

    python benchmarks/kills.py --runs 60

Commands that write are killed with SIGKILL at random instants, by turns: an import, a training and
a pretraining (a third of the kills each at any instant, soon after a checkpoint, and while one is
written), `people forget`, `people merge`, an import into a corpus, a chat that is kept, `mimics
remove`. Each begins in a fresh copy of a home. Right is

- after the kill: what was there before, or what would be there after; SQLite finds no fault; what
  is half-written has another name than what is whole;
- after the same command was run again, or gone on with: the same as if nobody had killed it, by
  messages, people, weights, log or text, and no word of a forgotten person in any file;
- after `chatmimic doctor --mend`: no problem is left.

The status is 1 where a state was wrong. The last line is JSON.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from multiprocessing.process import BaseProcess
from pathlib import Path

from killing import MOMENTS, Failed, finish, start, start_function
from machine import machine
from resume import EXPORTS, copied, prepare

import chatmimic
from chatmimic.archive import Archive, faults_of
from chatmimic.chat.kept import Kept, kept_files
from chatmimic.chat.saving import read_chat
from chatmimic.chat.session import Entry
from chatmimic.files import file_digest
from chatmimic.home import Home
from chatmimic.mimic import list_mimics, write_manifest
from chatmimic.records import Message
from chatmimic.upkeep.doctor import Level, examine

EVE, SECRET = "Eve Marlowe", "xylophonic"
MESSAGES = 3_000  # of Eve
LINES = 400  # of the chat that is kept
STEPS = ("--steps", "12", "--evaluate-every", "3", "--window", "64", "--batch", "2")

State = object  # what is compared
Look = Callable[[Home], State]


@dataclass(frozen=True)
class Job:
    """A command to kill: how it starts in a home, and what is looked at afterwards.

    `run` is the folder whose checkpoints tell good moments to kill. `is_whole` says that the state
    after a kill is that before the command or that after it: a run has states in between.
    """

    start: Callable[[Home], BaseProcess]
    look: Look
    run: Callable[[Home], Path] | None = None
    is_whole: bool = True


@dataclass
class Undisturbed:
    """What a command does that nobody kills: the states before and after it, and its seconds."""

    before: State
    after: State
    seconds: float


@dataclass
class Outcome:
    """A command that was killed: whether it was in time for that, and what was wrong."""

    job: str
    killed: bool = False
    wrong: list[str] = field(default_factory=list)


# -- commands ------------------------------------------------------------------------------------


def typed(*line: str) -> Callable[[Home], BaseProcess]:
    """A command line, to be started in a home."""
    return lambda home: start([*line, "--home", str(home.path)], home.path / "told")


def trained(*line: str, place: str) -> Callable[[Home], BaseProcess]:
    """A training: resumed where one is unfinished."""

    def begin(home: Home) -> BaseProcess:
        ready = (home.path / place / "killed" / "ready.json").is_file()
        more = ["--base", str(home.path / "base"), "--name", "killed", "--home", str(home.path)]
        way = "--resume" if ready else "--replace"
        return start([*line, *STEPS, *more, way, "--json"], home.path / "told")

    return begin


def chatting(home: Home) -> BaseProcess:
    """A chat that is kept, line by line, and rewritten now and then."""
    return start_function(partial(_chat, home), home.path / "told")


def _chat(home: Home) -> None:
    kept = Kept(home.chats, print)
    entries: list[Entry] = []
    for number in range(LINES):
        entries.append(Entry(Message("You", f"line {number} \u2028 é\n", number), mine=True))
        kept.write(entries, "ada")
        if number % 10 == 9:  # as /undo does
            kept.write(entries[:-1], "ada")
            kept.write(entries, "ada")


# -- states --------------------------------------------------------------------------------------


def messages(path: Path) -> State:
    """The texts and people of an archive, its imports, and whether it is whole."""
    if not path.exists() or not path.stat().st_size:
        return ("nothing", [])
    if faults := faults_of(path):
        return ("damaged", faults)
    with Archive.open(path, create=False) as archive:
        people = [(p.name, p.names, p.messages) for p in archive.people()]
        if not people:
            return ("nothing", [])
        return archive.fingerprint(), people, [one.name for one in archive.imports()]


def of_archive(home: Home) -> State:
    """The state of the archive."""
    return messages(home.archive)


def of_corpus(home: Home) -> State:
    """The state of a corpus that is imported."""
    return messages(home.corpus("more"))


def of_forgetting(home: Home) -> State:
    """The state of the archive, and, if Eve is gone, whether a word of hers is in any file."""
    found = of_archive(home)
    with Archive.open(home.archive, create=False) as archive:
        gone = EVE not in [person.name for person in archive.people()]
    files = [p for p in home.path.rglob("*") if p.is_file() and p.name != "told"]
    left = [p.name for p in files if SECRET.encode() in p.read_bytes()] if gone else []
    return found, left


def of_training(place: str, result: str) -> Look:
    """The log of a finished run and the hash of its weights; nothing if it is not finished."""

    def look(home: Home) -> State:
        weights = home.path / result / "killed" / "model.safetensors"
        if not weights.is_file():
            return None
        return (home.path / place / "killed" / "log.jsonl").read_bytes(), file_digest(weights)

    return look


def of_chat(home: Home) -> State:
    """Whether a kept chat can be read and holds what was said, from the first line on."""
    for path in kept_files(home.chats):
        said = [m.text for m in read_chat(path, unfinished=True).messages]
        expected = [f"line {number} \u2028 é\n" for number in range(len(said))]
        if said != expected:
            return f"{len(said)} lines, not those that were said"
    return "whole"


def of_mimics(home: Home) -> State:
    """The mimics that are listed, each with its files."""
    found = {m.name: sorted(p.name for p in m.path.iterdir()) for m in list_mimics(home)}
    return found, sorted(p.name for p in home.runs.glob("[!.]*") if p.name != "killed")


def jobs(export: Path) -> dict[str, Job]:
    """All commands to kill, by name."""
    train = trained("train", "--persona", "mira", "--no-fit-decoding", place="runs")
    pretrain = trained("pretrain", "--corpus", "talk", place="pretrainings")
    return {
        "import": Job(typed("import", str(export)), of_archive),
        "train": Job(
            train, of_training("runs", "mimics"), run=lambda h: h.runs / "killed", is_whole=False
        ),
        "forget": Job(typed("people", "forget", EVE, "--yes"), of_forgetting),
        "merge": Job(typed("people", "merge", "mira", EVE, "--yes"), of_archive),
        "pretrain": Job(
            pretrain,
            of_training("pretrainings", "bases"),
            run=lambda h: h.pretrainings / "killed",
            is_whole=False,
        ),
        "corpora": Job(typed("import", str(export), "--corpus", "more"), of_corpus),
        "chat": Job(chatting, of_chat),
        "remove": Job(typed("mimics", "remove", "ada", "--yes"), of_mimics),
    }


# -- one kill ------------------------------------------------------------------------------------


def undisturbed(job: Job, home: Home) -> Undisturbed:
    """Run a command to its end. Raises Failed."""
    before = job.look(home)
    began = time.perf_counter()
    if not finish(job.start(home), home.path / "told"):
        raise Failed("it was killed, and not by this benchmark")
    seconds = time.perf_counter() - began
    return Undisturbed(before, job.look(home), seconds)


def disturbed(
    name: str, job: Job, home: Home, whole: Undisturbed, chance: random.Random
) -> Outcome:
    """Start a command, kill it, look; run it again, look; mend, and look for problems."""
    outcome = Outcome(name)
    process = job.start(home)
    if job.run is None:
        process.join(chance.uniform(0, whole.seconds))
    else:
        chance.choice(MOMENTS)(process, job.run(home), whole.seconds, chance)
    process.kill()
    try:
        outcome.killed = not finish(process, home.path / "told")
        found = job.look(home)
        if job.is_whole and found not in (whole.before, whole.after):
            outcome.wrong.append("after the kill")
        _go_on(job, home, whole, found, outcome)
        outcome.wrong += _problems(home)
    except Exception as error:  # whatever it is, this kill caused it; the others are still tried
        outcome.wrong.append(f"{type(error).__name__}: {error}")
    return outcome


def _go_on(job: Job, home: Home, whole: Undisturbed, found: State, outcome: Outcome) -> None:
    """Run the command again where it is not done, and compare."""
    if found == whole.after:
        return
    if not finish(job.start(home), home.path / "told"):
        raise Failed("it was killed, and not by this benchmark")
    if job.look(home) != whole.after:
        outcome.wrong.append("after it was run again")


def _problems(home: Home) -> list[str]:
    """What the doctor finds after it has mended what it can; the program's own files only."""
    for path in (home.path / "told", home.path / "base"):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path in home.path.rglob(".*-*"):  # as if some time had passed
        os.utime(path, (0, 0))
    for _, findings in examine(home):
        for finding in findings:
            if finding.act is not None:
                finding.act()
    left = [f for _, found in examine(home) for f in found if f.level is Level.PROBLEM]
    return [f"a problem is left: {finding.says}" for finding in left]


# -- all of them ---------------------------------------------------------------------------------


def main() -> None:
    """Make a home, kill commands in copies of it, print."""
    given = _arguments()
    if sys.platform == "win32":
        sys.exit("This benchmark needs POSIX signals and a fork server; Windows has neither.")
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    ran_on, began = machine(), time.perf_counter()
    with tempfile.TemporaryDirectory(dir=given.work) as folder:
        outcomes = list(_all(given, Path(folder)))
    result = {
        "kills": sum(outcome.killed for outcome in outcomes),
        "wrong": sum(bool(outcome.wrong) for outcome in outcomes),
        "commands": Counter(outcome.job for outcome in outcomes if outcome.killed),
        "seconds": round(time.perf_counter() - began, 1),
        "machine": ran_on,
    }
    print(json.dumps(result))
    sys.exit(int(any(outcome.wrong for outcome in outcomes)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=60, help="commands that are killed")
    parser.add_argument("--command", choices=jobs(EXPORTS), nargs="+", default=list(jobs(EXPORTS)))
    parser.add_argument("--seed", type=int, default=0, help="of the instants to kill at")
    parser.add_argument("--work", type=Path, help="folder to work in; else the system's own")
    return parser.parse_args()


def _all(given: argparse.Namespace, folder: Path) -> Iterator[Outcome]:
    """Kill each command in turn; each is printed as it ends."""
    ready = _ready(folder)
    known, wholes = jobs(_export(folder)), {}
    finish(start(["--version"], folder / "told"), folder / "told")  # torch is loaded now
    for number, name in enumerate(_turns(given.command, given.runs)):
        job = known[name]
        if name not in wholes:
            wholes[name] = undisturbed(job, copied(ready, folder / "whole"))
        chance = random.Random(f"{given.seed} {number}")
        outcome = disturbed(name, job, copied(ready, folder / "run"), wholes[name], chance)
        yield outcome
        when = "killed" if outcome.killed else "done before"
        print(
            f"{number + 1:4} {name:10} {when:12} {'; '.join(outcome.wrong) or 'right'}", flush=True
        )


def _turns(names: Sequence[str], count: int) -> Iterator[str]:
    return islice(cycle(names), count)


def _ready(folder: Path) -> Home:
    """The home of `resume.prepare`, with Eve in it, and a mimic that can be removed."""
    home = prepare(folder)
    for service in ("discord", "messenger"):
        chatmimic.import_exports(EXPORTS / service, home=home, corpus="talk")
    with Archive.open(home.archive) as archive:
        said = (Message(EVE, f"{SECRET} {n}", n, service="m", thread="e") for n in range(MESSAGES))
        archive.add(said)
        archive.search(SECRET)
    mimic = shutil.copytree(home.path / "base", home.mimics / "ada")
    write_manifest(mimic, {"persona": "Ada", "people": ["Ada"], "form": "short"})
    (home.runs / "ada").mkdir(parents=True)
    (home.runs / "ada" / "log.jsonl").write_text("{}\n")
    for path in (home.path, *home.path.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return home


def _export(folder: Path) -> Path:
    """An export that takes a moment to import."""
    path = folder / "more.csv"
    rows = (f"2018-06-01T10:{n % 60:02}:00Z,P{n % 9},line {n}\n" for n in range(20_000))
    path.write_text("".join(["time,sender,text\n", *rows]))
    return path


if __name__ == "__main__":
    main()
