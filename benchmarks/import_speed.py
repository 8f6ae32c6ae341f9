"""How fast exports are read and imported, and how much memory that takes.

    python -m venv peers && peers/bin/pip install orjson chat-miner irclog2html
    python benchmarks/import_speed.py --peers peers/bin/python

Exports are made up (`--seed`) and read by turns with what they are compared with, in `--rounds`
rounds of which the best counts: whoever else works on the machine only ever takes away. Time is
processor time of one process. More than 1 is faster than the other.

- `messenger_vs_orjson_loop`: a thread of Messenger's in `--megabytes`, read as messages, against
  `orjson.loads` and a plain loop that undoes the double encoding. `messenger_repaired_vs_…` is the
  part of it that does the same: parsing and repair, without what makes messages of records.
- `irc_vs_re_match`: the lines of a log, told apart, against one `re.match` for each line.
  `irc_vs_compiled` has the pattern compiled.
- `archive_messages_per_s`: JSON lines, from the file into a new archive; `…messenger…` the thread.
  `archive_add_messages_per_s` is the archive's part, with the lines read before. The same again
  must add nothing.
- `peak_mb`: the most resident memory (10^6 bytes) seen of `chatmimic import`, with so many MB of a
  thread, in 50 looks a second.
- `small_files_ratio`: the import of a year of IRC logs in `--files` files, over that of the same
  bytes in one file. Less is better.
- `peers`: two parsers in use today on the same files, in a child of `--peers`. They do what their
  own documentation shows: chat-miner parses and makes a table, irclog2html makes a page (its
  parser alone is `parser_times_faster`). `kept` and `true` count messages, of theirs and ours;
  `invented` are ours that nobody wrote.

orjson is taken from this Python or else from that of `--peers`. `--parts` runs some of it. The
last line is one JSON object.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_memory import watch
from machine import machine
from made_exports import (
    talk,
    write_lines,
    write_log,
    write_messenger,
    write_whatsapp,
    write_year,
)

from chatmimic.archive import Archive
from chatmimic.home import Home
from chatmimic.importers import ImportOptions, ImportReport, read_exports

LINE = r"\[(\d\d:\d\d)\] <([^>]+)> (.*)"
PARTS = ("messenger", "irc", "archive", "memory", "files", "peers")

# -- measuring -----------------------------------------------------------------------------------


def by_turns(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The least processor seconds of each way, in rounds in which they take turns."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, run in ways.items():
            began = time.process_time()
            run()
            best[name] = min(best.get(name, float("inf")), time.process_time() - began)
    return best


def drained(rows: Iterable[Any]) -> None:
    """Take all of it, and keep nothing."""
    deque(rows, maxlen=0)


def messages_of(path: Path) -> Iterator[Any]:
    return read_exports(path, ImportOptions(), ImportReport())


def orjson_loop(path: Path, loads: Callable[[bytes], Any]) -> list[tuple[Any, ...]]:
    """What one writes without a library: decode it all, and repair each string."""

    def repaired(text: str) -> str:
        try:
            return text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return text

    return [
        (
            repaired(record["sender_name"]),
            record["timestamp_ms"],
            repaired(record.get("content", "")),
            [(repaired(r["reaction"]), repaired(r["actor"])) for r in record.get("reactions", ())],
        )
        for record in loads(path.read_bytes())["messages"]
    ]


def repaired_records(path: Path) -> Iterator[Any]:
    """The same by the importer: records of a thread, parsed and repaired, in bounded memory."""
    from chatmimic.importers.messenger.records import TextRepair, plain_record
    from chatmimic.importers.parsing.json_stream.stream import JsonStream

    report = ImportReport()
    mend = TextRepair(report)
    with path.open("rb") as stream:
        for item in JsonStream(stream, path.name, "messages", report):
            yield plain_record(item, mend)


def imported(path: Path, work: Path) -> tuple[float, int]:
    """Processor seconds of an import into a new archive, and the messages in it."""
    return added(messages_of(path), work)


def added(messages: Iterable[Any], work: Path) -> tuple[float, int]:
    """The same of messages, which may have been read before."""
    with tempfile.TemporaryDirectory(dir=work) as home, Archive.open(Path(home, "a")) as archive:
        began = time.process_time()
        new = archive.add(messages).new
        return time.process_time() - began, new


# -- the parts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What was asked for, and where there is room."""

    asked: argparse.Namespace
    work: Path

    def messenger(self) -> dict[str, Any]:
        """Messenger's JSON."""
        path = self.work / "message_1.json"
        count = write_messenger(path, self.asked.megabytes * 1_000_000, talk(self.asked.seed))
        loads = orjson_loads(self.asked.peers)
        ways: dict[str, Callable[[], Any]] = {
            "loop": lambda: orjson_loop(path, loads),
            "ours": lambda: drained(messages_of(path)),
            "repaired": lambda: drained(repaired_records(path)),
        }
        best = by_turns(ways, self.asked.rounds)
        return {
            "messenger_vs_orjson_loop": round(best["loop"] / best["ours"], 3),
            "messenger_repaired_vs_orjson_loop": round(best["loop"] / best["repaired"], 3),
            "messenger_messages_per_s": round(count / best["ours"]),
        }

    def irc(self) -> dict[str, Any]:
        """IRC's lines."""
        from chatmimic.importers.irc.dialects import dialect_of
        from chatmimic.importers.irc.reader import LineReader

        path = self.work / "2019-01-31-#engines.log"
        write_log(path, self.asked.megabytes * 200_000, talk(self.asked.seed))
        rows = path.read_text(encoding="utf-8").splitlines()
        dialect, compiled = dialect_of(rows), re.compile(LINE)

        def ours() -> None:
            reader = LineReader(dialect)
            reader.coded = False  # as the importer finds for a file without colours
            drained(reader.lines(rows))

        ways: dict[str, Callable[[], Any]] = {
            "match": lambda: drained(re.match(LINE, row) for row in rows),
            "compiled": lambda: drained(compiled.match(row) for row in rows),
            "ours": ours,
        }
        best = by_turns(ways, self.asked.rounds * 2)
        return {
            "irc_vs_re_match": round(best["match"] / best["ours"], 3),
            "irc_vs_compiled": round(best["compiled"] / best["ours"], 3),
            "irc_lines_per_s": round(len(rows) / best["ours"]),
        }

    def archive(self) -> dict[str, Any]:
        """From a file into the archive."""
        lines, thread = self.work / "lines.jsonl", self.work / "message_1.json"
        size = self.asked.megabytes * 1_000_000
        counts = {
            lines: write_lines(lines, size // 2, talk(self.asked.seed)),
            thread: write_messenger(thread, size, talk(self.asked.seed)),
        }
        best = dict.fromkeys(counts, float("inf"))
        for _, (path, count) in itertools.product(range(self.asked.rounds), counts.items()):
            seconds, new = imported(path, self.work)
            assert new == count, (path, new, count)
            best[path] = min(best[path], seconds)
        ready = list(messages_of(lines))
        with Archive.open(self.work / "again") as archive:
            archive.add(ready)
            assert archive.add(messages_of(lines)).new == 0
        alone = min(added(ready, self.work)[0] for _ in range(self.asked.rounds))
        return {
            "archive_messages_per_s": round(counts[lines] / best[lines]),
            "archive_add_messages_per_s": round(counts[lines] / alone),
            "archive_messenger_messages_per_s": round(counts[thread] / best[thread]),
        }

    def memory(self) -> dict[str, Any]:
        """The whole command, with files of several sizes."""
        peaks, seconds = {}, {}
        for size in self.asked.memory:
            with tempfile.TemporaryDirectory(dir=self.work) as folder:
                path = Path(folder, "message_1.json")
                count = write_messenger(path, size * 1_000_000, talk(self.asked.seed))
                home = Path(folder, "home")
                command = [sys.executable, "-m", "chatmimic", "import", "--home", str(home)]
                (stage,) = watch([*command, str(path)], "import", {})
                with Archive.open(Home(home).archive) as archive:
                    assert sum(person.messages for person in archive.people()) == count
                peaks[str(size)] = round(stage.resident / 1e6, 1)
                seconds[str(size)] = round(stage.seconds, 1)
        return {"peak_mb": peaks, "import_s": seconds}

    def files(self) -> dict[str, Any]:
        """Many small files, and the same in one."""
        folder, one = self.work / "year", self.work / "#all.log"
        write_year(folder, one, self.asked.files, talk(self.asked.seed))
        ways = {
            "small": lambda: imported(folder, self.work),
            "one": lambda: imported(one, self.work),
        }
        best = by_turns(ways, 1)  # long enough by itself
        return {
            "small_files_ratio": round(best["small"] / best["one"], 3),
            "small_file_ms": round(1000 * best["small"] / self.asked.files, 3),
        }

    def peers(self) -> dict[str, Any]:
        """The two parsers, if there is a Python that has them."""
        if self.asked.peers is None:
            return {"peers": {}}
        size = self.asked.peer_megabytes * 1_000_000
        thread, log = self.work / "message_1.json", self.work / "2019-01-31-#engines.log"
        count = write_messenger(thread, size, talk(self.asked.seed))
        said = [(who, text) for _, who, text in itertools.islice(talk(self.asked.seed), count)]
        written = write_log(log, size, talk(self.asked.seed))
        chat = self.work / "WhatsApp Chat with Engines.txt"
        chatted = write_whatsapp(chat, size // 5, talk(self.asked.seed))
        return {
            "peers": {
                "chat-miner, Messenger": self._against("chat-miner", thread, said),
                "chat-miner, WhatsApp": self._against("chat-miner", chat, chatted),
                "irclog2html": self._against("irclog2html", log, written),
            }
        }

    def _against(self, peer: str, path: Path, said: list[tuple[str, str]]) -> dict[str, Any]:
        theirs: list[dict[str, float]] = []
        best = float("inf")
        for _ in range(self.asked.rounds):
            theirs.append(self._peer(peer, path))
            best = min(best, by_turns({"ours": lambda: drained(messages_of(path))}, 1)["ours"])
        ours = Counter((m.sender, m.text) for m in messages_of(path) if m.kind.has_words)
        return {
            "times_faster": round(min(one["seconds"] for one in theirs) / best, 2),
            "parser_times_faster": round(min(one["parsed"] for one in theirs) / best, 2),
            "kept": ours.total(),
            "theirs": int(theirs[0]["messages"]),
            "true": len(said),
            "invented": (ours - Counter(said)).total(),
        }

    def _peer(self, peer: str, path: Path) -> dict[str, float]:
        command = [str(self.asked.peers), "-c", _PEERS[peer], str(path)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.work)
        if done.returncode:
            sys.exit(f"{peer} cannot be run by {self.asked.peers}: {done.stderr[-300:]}")
        found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        return found


_PEERS = {
    "chat-miner": """
import json, logging, sys, time
from chatminer.chatparsers import FacebookMessengerParser, WhatsAppParser
logging.disable(logging.CRITICAL)
began = time.process_time()
parser = (WhatsAppParser if sys.argv[1].endswith("txt") else FacebookMessengerParser)(sys.argv[1])
parser.parse_file()
parsed = time.process_time() - began
table = parser.parsed_messages.get_df()
seconds = time.process_time() - began
print(json.dumps({"seconds": seconds, "parsed": parsed, "messages": len(table)}))
""",
    "irclog2html": """
import json, sys, time
from irclog2html.irclog2html import LogParser, XHTMLTableStyle, convert_irc_log, open_log_file
with open_log_file(sys.argv[1]) as log:
    began = time.process_time()
    messages = sum(what in (LogParser.COMMENT, LogParser.ACTION) for _, what, _ in LogParser(log))
    parsed = time.process_time() - began
with open_log_file(sys.argv[1]) as log, open("log.html", "wb") as page:
    began = time.process_time()
    convert_irc_log(LogParser(log), XHTMLTableStyle(page), "log", ("", ""), ("", ""), ("", ""))
    seconds = time.process_time() - began
print(json.dumps({"seconds": seconds, "parsed": parsed, "messages": messages}))
""",
}


def orjson_loads(peers: Path | None) -> Callable[[bytes], Any]:
    """orjson's decoder, of this Python or of the other of the same version."""
    if peers is not None:
        asked = "import sysconfig; print(sysconfig.get_path('platlib'))"
        found = subprocess.run([str(peers), "-c", asked], capture_output=True, text=True)
        sys.path.append(found.stdout.strip())
    try:
        import orjson
    except ImportError:
        sys.exit("orjson is not here. Run: pip install orjson (only this benchmark needs it).")
    finally:
        if peers is not None:
            sys.path.pop()
    loads: Callable[[bytes], Any] = orjson.loads
    return loads


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, nargs="+", default=[100, 1000], help="MB of each")
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--peers", type=Path, help="a Python that has chat-miner and irclog2html")
    parser.add_argument("--peer-megabytes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="where there is room: 10 GB for 1000 MB")
    return parser.parse_args(arguments)


def main() -> None:
    """Run the parts, print."""
    asked = parse()
    ran_on = machine()
    found: dict[str, Any] = {}
    for part in asked.parts:
        with tempfile.TemporaryDirectory(dir=asked.work) as folder:
            figures = getattr(Run(asked, Path(folder)), part)()
        print(f"{part} (load {os.getloadavg()[0]:.1f})", flush=True)
        for name, figure in figures.items():
            print(f"  {name:36}{figure}", flush=True)
        found |= figures
    print(json.dumps({**found, "machine": ran_on}))


if __name__ == "__main__":
    main()
