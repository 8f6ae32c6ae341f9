"""Does reading a public corpus along help to learn a persona?

    python benchmarks/warm_up.py --corpora DIR

DIR holds the public corpora that `public_corpora.py` describes. The persona is `--persona` of
DuraSpace's IRC; the corpus is Ubuntu's IRC, the part that the starter was trained on
(`--corpus-messages` of it: whole documents at even distances, more than a training here reads).

For each size of `--messages` the same person is learnt from that many messages, and always tested
on the same ones: those since the latest conversation from which on there are at least `--held-out`.
What is learnt is what was said last before them. `none` reads no corpus; `first`, `mix` and
`plateau` are the ways of `--corpus-way`, with the trainer's own settings and as many steps on the
persona; `longer` reads no corpus either, but takes as many steps as `first` takes in all. Steps on
the persona are those of three passes, but at most `--most-steps`.

Two bases are trained from. `starter` has read all of the Ubuntu corpus before: to it the corpus is
a repetition. `talk` is what the founding post's base was to its author, one that knows English and
not how IRC sounds: it is made here, from Topical-Chat alone (small talk of paid writers), with
`--talk-steps`. It has read little, and so it gains more from a corpus than a large base would: what
a large base gains lies between the two. Random weights would gain still more, and would say only
that reading helps those who have read nothing.

Each training runs with `--seeds` seeds. The figures are those of the mimic that the training
leaves: nats a token and bits a character of the held-out part; CPU seconds on one thread, all
trainings with preparation; spells on the corpus, and how many of them the trainer says helped. In
the table they are means; `to none` is the difference of the bits to those of `none` with the same
seed, with its least and its greatest. The last line is JSON, with a row for each training.
"""

from __future__ import annotations

import argparse
import json
import lzma
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from machine import machine
from public_corpora import DURASPACE, UBUNTU

import chatmimic
from chatmimic.bases import find_base
from chatmimic.home import Home

TALK = Path("starter", "topical-chat.tsv.xz")
BASES = ("starter", "talk")
WAYS = ("none", "first", "mix", "plateau", "longer")
GAP = timedelta(hours=2)
PASSES = 3


def main() -> None:
    """Train every way, print."""
    given = _arguments()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = given.keep or Path(temporary)
        bench = Bench(folder, given)
        bench.prepare()
        rows = []
        print(HEAD)
        for base in given.base:
            for messages in given.messages:
                found = bench.rows(base, messages)
                print("\n".join(table(found)), flush=True)
                rows += found
    print(json.dumps({"rows": [asdict(row) for row in rows], "machine": machine()}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--base", nargs="+", default=BASES, help="starter, talk, or any other")
    parser.add_argument("--persona", default="tdonohue")
    parser.add_argument("--messages", type=int, nargs="+", default=[2000, 500, 100])
    parser.add_argument("--held-out", type=int, default=100, help="messages at least")
    parser.add_argument("--most-read", type=int, default=2000, help="messages in all passes")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, nargs="+", default=WAYS)
    parser.add_argument("--corpus-messages", type=int, default=15_000)
    parser.add_argument("--talk-steps", type=int, default=300)
    parser.add_argument("--talk-size", default="4x192")
    parser.add_argument("--keep", type=Path, help="folder for the base and the archives")
    return parser.parse_args()


# -- what is read ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A row of a corpus: document, time, speaker and text."""

    document: str
    time: str
    speaker: str
    text: str

    @property
    def at(self) -> datetime:
        """When it was said, where a document is named by its day and times are of the day."""
        return datetime.fromisoformat(f"{self.document[:10]}T{self.time}").replace(tzinfo=UTC)


def read(file: Path, part: str = "") -> list[Line]:
    """The rows of a corpus whose documents begin so, in the order of the file."""
    with lzma.open(file, "rt", encoding="utf-8", newline="\n") as lines:
        found = (Line(*line.rstrip("\n").split("\t", 3)) for line in lines)
        return [line for line in found if line.document.startswith(part)]


def write(file: Path, lines: Sequence[Line]) -> Path:
    """A table of rows that `chatmimic import` reads."""
    rows = (f"{line.document}\t{line.time}\t{line.speaker}\t{line.text}\n" for line in lines)
    file.write_text("document\ttime\tsender\ttext\n" + "".join(rows), "utf-8")
    return file


def spread(lines: Sequence[Line], most: int) -> list[Line]:
    """Whole documents at even distances, with about so many rows; all where there are fewer."""
    documents = list(dict.fromkeys(line.document for line in lines))
    every = max(1, round(len(lines) / most))
    kept = set(documents[::every])
    return [line for line in lines if line.document in kept]


def border(lines: Sequence[Line], persona: str, held_out: int) -> int:
    """Where the latest conversation begins from which on the persona has said so much."""
    said = 0
    for place in range(len(lines) - 1, 0, -1):
        said += lines[place].speaker == persona
        if said >= held_out and lines[place].at - lines[place - 1].at > GAP:
            return place
    raise SystemExit(f"{persona} has said too little for {held_out} messages to be held out.")


def taken(lines: Sequence[Line], persona: str, messages: int, end: int) -> list[Line]:
    """Everything from `end` on, and before it what has so many of the persona's messages."""
    own = [place for place in range(end) if lines[place].speaker == persona]
    if len(own) < messages:
        raise SystemExit(f"{persona} has {len(own)} messages to learn from, not {messages}.")
    return list(lines[own[-messages] :])


# -- trainings -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """What one training came to; loss in nats a token of the held-out part."""

    base: str
    messages: int
    way: str
    seed: int
    before: float  # loss of the base
    loss: float
    bits_per_character: float
    steps: int  # on the persona and on the corpus
    seconds: float  # of CPU time
    phases: int
    helped: int  # of the spells


@dataclass(frozen=True)
class Bench:
    """Trainings in a folder, with a home for each number of messages."""

    folder: Path
    given: argparse.Namespace

    def prepare(self) -> None:
        """Import what is read, and make the base `talk`, unless they are there."""
        given, first = self.given, self.folder / "talk"
        first.mkdir(parents=True, exist_ok=True)
        if "talk" in given.base and not self.talk.is_dir():
            home = Home(first)
            self._import(home, read(given.corpora / TALK), corpus="talk")
            steps = given.talk_steps
            chatmimic.pretrain(
                "talk",
                home=home,
                tokenizer=str(find_base("starter")),
                size=given.talk_size,
                steps=steps,
                evaluate_every=steps,
            )
        ubuntu = spread(read(given.corpora / UBUNTU, "train/"), given.corpus_messages)
        for messages in given.messages:
            home = self.home(messages)
            if home.archive.is_file():
                continue
            if (known := next(self._corpora(), None)) is None:
                self._import(home, ubuntu, corpus="ubuntu")
            else:
                shutil.copytree(known, home.corpora)
            self._import(home, taken(self.channel, given.persona, messages, self.border))

    @cached_property
    def channel(self) -> list[Line]:
        """All that was said in the persona's channel."""
        return read(self.given.corpora / DURASPACE)

    @cached_property
    def border(self) -> int:
        """The place in the channel from which on everything is held out."""
        return border(self.channel, self.given.persona, self.given.held_out)

    @property
    def held_out(self) -> int:
        """How many of the persona's messages are held out."""
        later = self.channel[self.border :]
        return sum(line.speaker == self.given.persona for line in later)

    @property
    def talk(self) -> Path:
        """The folder of the base that has read Topical-Chat alone."""
        return Home(self.folder / "talk").bases / "talk"

    def home(self, messages: int) -> Home:
        """Where the trainings with so many messages are."""
        return Home(self.folder / str(messages))

    def _corpora(self) -> Iterator[Path]:
        homes = (self.home(messages).corpora for messages in self.given.messages)
        return (folder for folder in homes if folder.is_dir())

    def _import(self, home: Home, lines: Sequence[Line], corpus: str | None = None) -> None:
        file = write(self.folder / "read.tsv", lines)
        chatmimic.import_exports(file, home=home, corpus=corpus)
        file.unlink()

    def rows(self, base: str, messages: int) -> list[Row]:
        """A row for each way and seed."""
        found = []
        for seed in range(self.given.seeds):
            steps = None
            for way in self.given.way:
                row = self.train(base, messages, way, seed, steps if way == "longer" else None)
                found.append(row)
                steps = row.steps if way == "first" else steps
        return found

    def train(
        self, base: str, messages: int, way: str, seed: int, steps: int | None = None, **more: Any
    ) -> Row:
        """One training, in the way asked for; `steps` in place of those of three passes."""
        given, home = self.given, self.home(messages)
        if way in ("first", "mix", "plateau"):
            more = {"corpus": ("ubuntu",), "corpus_way": way, **more}
        began = time.process_time()
        trained = chatmimic.train(
            given.persona,
            home=home,
            name=way,
            replace=True,
            base=str(self.talk) if base == "talk" else base,
            gap=f"{GAP.seconds // 3600}h",
            held_out=(self.held_out - 0.5) / (self.held_out + messages),  # rounded up there
            seed=seed,
            **({"steps": steps} if steps else {"epochs": min(PASSES, given.most_read / messages)}),
            **more,
        )
        seconds = time.process_time() - began
        self._check(trained.material, messages)
        phases = trained.mimic.manifest["phases"]
        log = (home.runs / way / "log.jsonl").read_text("utf-8")
        return Row(
            base,
            messages,
            way,
            seed,
            round(trained.base.loss, 4),
            round(trained.figures.loss, 4),
            round(trained.figures.bits_per_character, 4),
            json.loads(log.splitlines()[-1])["step"],
            round(seconds, 1),
            len(phases),
            sum(phase["helped"] for phase in phases),
        )

    def _check(self, material: Mapping[str, Any], messages: int) -> None:
        """Whether what was learnt and what was held out are what they were meant to be."""
        found = material["messages"], material["held_out_messages"]
        if found != (messages, self.held_out):
            raise RuntimeError(f"{found} messages learnt and held out: not what was asked for")


# -- printing --------------------------------------------------------------------------------

HEAD = (
    f"{'base':10}{'messages':>9}  {'way':8}{'loss':>8}{'bits/char':>11}  {'to none':24}"
    f"{'steps':>6}{'seconds':>9}  spells"
)


def table(rows: Sequence[Row]) -> list[str]:
    """A line for each way, over all seeds; the rows are of one base and one size."""
    none = {row.seed: row.bits_per_character for row in rows if row.way == "none"}
    return [
        _line([row for row in rows if row.way == way], none)
        for way in dict.fromkeys(row.way for row in rows)
    ]


def _line(rows: Sequence[Row], none: Mapping[int, float]) -> str:
    one = rows[0]
    more = [row.bits_per_character - none[row.seed] for row in rows if row.seed in none]
    apart = ""
    if more and one.way != "none":
        apart = f"{fmean(more):+.4f} ({min(more):+.4f} … {max(more):+.4f})"
    phases = sum(row.phases for row in rows)
    return (
        f"{one.base:10}{one.messages:9,}  {one.way:8}{fmean(row.loss for row in rows):8.4f}"
        f"{fmean(row.bits_per_character for row in rows):11.4f}  {apart:24}"
        f"{fmean(row.steps for row in rows):6.0f}{fmean(row.seconds for row in rows):9.1f}"
        + (f"  {phases}, of which {sum(row.helped for row in rows)} helped" if phases else "")
    )


if __name__ == "__main__":
    main()
