"""Does the memory of `import --corpus` and of `pretrain` stay flat, however large a corpus is?

    python benchmarks/corpus_memory.py --gigabytes 1.0

An export is made up: a CSV table of so many GB of message text in words of a Zipf vocabulary (or
the lines of `--text FILE ...`, over and over), a quarter of it in one thread that never ends and
has no times, the rest in threads of 200 messages. The real commands import it as a corpus and
begin a base from it, as child processes that are looked at from outside fifty times a second; and
the same with a tenth of the size, so that the last column says how memory grows with ten times
the text.

What counts is anonymous memory, which nothing but the process itself can give back; the whole
resident memory also holds pages of files, which the system takes back when it needs them. (Where
a system does not tell them apart, both columns are the whole.) Learning a tokenizer reads at most
40 million characters, so that it needs the same for any corpus larger than that. The last line is
one JSON object. A gigabyte needs about 15 GB of disk.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil
from machine import machine

CORPUS = "large"
MESSAGES = 200  # of an ordinary thread
ENDLESS = 67  # messages of the endless thread after each ordinary one: a quarter of all
VOCABULARY = 200_000
ZIPF = 1.07
LETTERS = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
INTERVAL = 0.02  # seconds between two looks at a process
BEGINS = datetime(2014, 3, 1, tzinfo=UTC)
# What a pretraining says on standard error, and the stage that begins there.
STAGES = {
    "training a tokenizer": "tokenizer",
    f"writing {CORPUS} as tokens": "shards",
    "pretraining": "steps",
}


# -- an export -----------------------------------------------------------------------------------


def write_export(path: Path, size: int, texts: Iterator[str]) -> int:
    """A table with `size` bytes of message text or a little more; returns how many exactly."""
    chance = np.random.default_rng(1)
    written = thread = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(["thread", "time", "sender", "text"])
        while written < size:
            people = chance.integers(0, 40 + thread // 3, 2 + thread % 7)
            begins = BEGINS + timedelta(hours=thread)
            for number, who in enumerate(chance.choice(people, MESSAGES).tolist()):
                text = next(texts)
                at = begins + timedelta(seconds=12 * number)
                table.writerow([f"day-{thread:07}", at.isoformat(), f"nick{who}x", text])
                written += len(text.encode())
            for who in chance.integers(0, 60, ENDLESS).tolist():
                text = next(texts)
                table.writerow(["endless", "", f"voice{who}y", text])
                written += len(text.encode())
            thread += 1
    return written


def zipf_texts(seed: int, vocabulary: int = VOCABULARY) -> Iterator[str]:
    """Messages of made-up words without end: some words in every line, most hardly ever."""
    chance = np.random.default_rng(seed)
    lengths = 1 + chance.poisson(np.log1p(np.arange(vocabulary)) / 2)
    words = np.array(["".join(chance.choice(LETTERS[: 8 + n], n)) for n in lengths], dtype=object)
    odds = np.cumsum(np.arange(1, vocabulary + 1, dtype=np.float64) ** -ZIPF)
    while True:
        counts = 1 + chance.geometric(1 / 9, 20_000)
        drawn = words[np.searchsorted(odds, chance.random(counts.sum()) * odds[-1])].tolist()
        start = 0
        for count in counts.tolist():
            yield " ".join(drawn[start : start + count])
            start += count


def lines_of(files: Sequence[Path]) -> Iterator[str]:
    """The lines of text files over and over, those that hold something."""
    for file in itertools.cycle(files):
        with file.open(encoding="utf-8", errors="replace") as lines:
            found = False
            for line in lines:
                if text := line.strip():
                    found = True
                    yield text
        if not found:
            sys.exit(f"{file} holds no text.")


# -- a process and its memory --------------------------------------------------------------------


@dataclass
class Stage:
    """A part of a command's work: seconds, and the most memory seen in it, in bytes."""

    name: str
    seconds: float = 0.0
    anonymous: int = 0
    resident: int = 0


def watch(command: Sequence[str], first: str, marks: Mapping[str, str]) -> list[Stage]:
    """Run a command and look at its memory from outside until it ends.

    A line on its standard error that begins as one of `marks` begins the stage of that name.
    """
    stages = [Stage(first)]
    began = time.perf_counter()
    told: list[str] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
    ) as child:
        assert child.stderr is not None
        reader = threading.Thread(target=_read, args=(child.stderr, told))
        reader.start()
        read = 0
        process = psutil.Process(child.pid)
        while child.poll() is None:
            for line in told[read:]:
                read += 1
                name = next((stage for mark, stage in marks.items() if line.startswith(mark)), None)
                if name not in (None, stages[-1].name):
                    now = time.perf_counter()
                    stages[-1].seconds, began = now - began, now
                    stages.append(Stage(str(name)))
            anonymous, resident = memory(process)
            stages[-1].anonymous = max(stages[-1].anonymous, anonymous)
            stages[-1].resident = max(stages[-1].resident, resident)
            time.sleep(INTERVAL)
        stages[-1].seconds = time.perf_counter() - began
        reader.join()
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {child.returncode}:\n{''.join(told)}")
    return stages


def _read(stream: IO[str], told: list[str]) -> None:
    told.extend(stream)


def memory(process: psutil.Process) -> tuple[int, int]:
    """Anonymous and whole resident memory of a process in bytes; 0 when it has just ended."""
    try:
        if platform.system() == "Linux":  # sys.platform hides the rest from mypy
            status = Path(f"/proc/{process.pid}/status").read_text()
            found = dict(re.findall(r"(RssAnon|VmRSS):\s+(\d+) kB", status))
            return 1024 * int(found.get("RssAnon", 0)), 1024 * int(found.get("VmRSS", 0))
        resident = int(process.memory_info().rss)
        return resident, resident
    except (OSError, psutil.Error):
        return 0, 0


# -- the benchmark -------------------------------------------------------------------------------


def measure(size: int, given: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    """Rows for one size: each stage from export to base."""
    texts = lines_of(given.text) if given.text else zipf_texts(0)
    export = work / "export.csv"
    text = write_export(export, size, texts)
    home = ["--home", str(work / "home")]
    chatmimic = [sys.executable, "-m", "chatmimic"]
    stages = watch([*chatmimic, "import", "--corpus", CORPUS, *home, str(export)], "import", {})
    export.unlink()
    short = ["--size", "1x64", "--steps", str(given.steps), "--evaluate-every", str(given.steps)]
    held_out = ["--held-out", str(given.held_out)]
    stages += watch(
        [*chatmimic, "pretrain", "--corpus", CORPUS, *short, *held_out, *home, "--replace"],
        "start",
        STAGES,
    )
    facts = json.loads((work / "home" / "bases" / CORPUS / "base.json").read_text("utf-8"))
    return [_row(stage, text, facts) for stage in stages if stage.name != "start"]


def _row(stage: Stage, text: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """`mb_per_s` is of message text, in stages that go through all of it."""
    through_all = stage.name in ("import", "shards")
    return {
        "stage": stage.name,
        "text_mb": round(text / 1e6, 3),
        "tokens": facts["corpora"][0]["tokens"],
        "seconds": round(stage.seconds, 2),
        "mb_per_s": round(text / 1e6 / stage.seconds, 3) if through_all else None,
        "peak_anonymous_mb": round(stage.anonymous / 1e6, 1),
        "peak_resident_mb": round(stage.resident / 1e6, 1),
    }


def growth(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """For each stage the anonymous peak at the whole size over that at a tenth of it."""
    peaks: dict[str, list[float]] = {}
    for row in rows:
        peaks.setdefault(row["stage"], []).append(row["peak_anonymous_mb"])
    return {name: round(pair[-1] / pair[0], 3) for name, pair in peaks.items() if pair[0]}


def show(rows: Sequence[dict[str, Any]], grown: Mapping[str, float]) -> None:
    """The rows as a table."""
    print(
        f"{'text':>10} {'stage':10} {'seconds':>9} {'MB/s':>7} {'anonymous':>12} {'resident':>12}"
    )
    for row in rows:
        speed = "" if row["mb_per_s"] is None else f"{row['mb_per_s']:.2f}"
        print(
            f"{row['text_mb']:7,.1f} MB {row['stage']:10} {row['seconds']:9,.1f} {speed:>7} "
            f"{row['peak_anonymous_mb']:9,.0f} MB {row['peak_resident_mb']:9,.0f} MB"
        )
    told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in grown.items())
    print(f"Ten times the text, anonymous memory times: {told}")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=1.0, help="of message text")
    parser.add_argument("--text", type=Path, nargs="+", help="files to take the messages from")
    parser.add_argument(
        "--held-out", type=float, default=0.01, help="share; a small size needs more"
    )
    parser.add_argument("--steps", type=int, default=4, help="of the base; they cost little")
    parser.add_argument("--work", type=Path, help="folder to work in; else a temporary one")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure a tenth and the whole, print."""
    given = parse()
    ran_on = machine()
    rows = []
    if given.work:
        given.work.mkdir(parents=True, exist_ok=True)
    for share in (0.1, 1.0):
        with tempfile.TemporaryDirectory(dir=given.work) as folder:
            rows += measure(round(given.gigabytes * share * 1e9), given, Path(folder))
            print(f"{rows[-1]['text_mb']:,.1f} MB of text are done.", file=sys.stderr)
    grown = growth(rows)
    show(rows, grown)
    print(json.dumps({"machine": ran_on, "rows": rows, "growth": grown}))


if __name__ == "__main__":
    main()
