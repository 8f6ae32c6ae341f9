"""Is real talk the same in every format it can be exported in?

    python benchmarks/round_trips.py --corpus irclogs/
    python benchmarks/round_trips.py --corpus talk.tsv.xz --formats irssi,Slack --show 20

Real talk, a table of (day, time, sender, text) as `.tsv` or `.tsv.xz`, is written out as every
service would export it, with the writers of the tests, and imported again. Each format must give
the same senders and texts in the same order, and the times as far as the format tells them. The
seconds, which the table lacks, count the messages of a minute. The last line is JSON: for each
format how many messages came back equal, and the first place that did not.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from machine import machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "importers"))

from every_format import FORMATS, Format, Told, first_difference, numbered  # noqa: E402

from chatmimic.records import Message  # noqa: E402


def talk_in(corpus: Path) -> list[Message]:
    """All messages of the tables in a folder, or of one table, in the order of time."""
    files = [corpus] if corpus.is_file() else sorted(corpus.glob("*.tsv*"))
    rows = sorted((row for file in files for row in _rows(file)), key=lambda row: row[0])
    in_minute: Counter[int] = Counter()
    talk = []
    for at, sender, text in rows:
        # The services with whole seconds cannot hold more than 60 in order.
        second = min(in_minute[at], 59)
        in_minute[at] += 1
        talk.append(Message(sender, text, at + second * 1000 + in_minute[at] % 1000))
    return numbered(talk)


def _rows(file: Path) -> Iterator[tuple[int, str, str]]:
    with lzma.open(file) if file.suffix == ".xz" else file.open("rb") as lines:
        for line in lines:
            day, clock, sender, text = line.decode().rstrip("\n").split("\t", 3)
            moment = datetime.fromisoformat(f"{day[:10]}T{clock:0>5}").replace(tzinfo=UTC)
            if sender and text.strip():
                yield int(moment.timestamp()) * 1000, sender, text


def classified(format_: Format, talk: Sequence[Message], show: int) -> dict[str, Any]:
    """Write the talk in a format, read it back, and count what differs; print the first few."""
    written = format_.holds(talk)
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        found, report = format_.back(Path(folder), talk)
    seconds = time.process_time() - began
    missing, extra = _differing(written, found)
    for one in missing[:show]:
        print(f"  written only: {one!r}")
    for one in extra[:show]:
        print(f"  read only:    {one!r}")
    return {
        "messages": len(written),
        "equal": len(written) - len(missing),
        "different": max(len(missing), len(extra)),
        "first": first_difference(written, found),
        "recognised": report.format == format_.title,
        "left_out": dict(+report.left_out),
        "notes": report.notes,
        "seconds": round(seconds, 1),
    }


def _differing(written: list[Told], found: list[Told]) -> tuple[list[Told], list[Told]]:
    """What only one of the two has, or has at another place."""
    if written == found:
        return [], []
    missing = list((Counter(written) - Counter(found)).elements())
    extra = list((Counter(found) - Counter(written)).elements())
    if missing or extra:
        return missing, extra
    moved = [(one, other) for one, other in zip(written, found, strict=True) if one != other]
    return [one for one, _ in moved], [other for _, other in moved]


def main() -> None:
    """Read the corpus, write and read it in every format, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="a table, or a folder of them")
    parser.add_argument("--formats", default="", help="only these, with commas between them")
    parser.add_argument("--messages", type=int, help="only so many, from the first")
    parser.add_argument("--show", type=int, default=0, help="how many differences to print")
    given = parser.parse_args()
    talk = talk_in(given.corpus)[: given.messages]
    rows: dict[str, dict[str, Any]] = {}
    for name in given.formats.split(",") if given.formats else FORMATS:
        row = rows[name] = classified(FORMATS[name], talk, given.show)
        print(
            f"{name:20}{row['messages']:9,}{row['equal']:9,} equal{row['different']:7,} different"
            f"{row['seconds']:7.1f} s  {row['first'][:100]}",
            flush=True,
        )
    print(json.dumps({"machine": machine(), "messages": len(talk), "formats": rows}))


if __name__ == "__main__":
    main()
