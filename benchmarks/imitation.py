"""How well are people imitated? Several people of one corpus, judged as `chatmimic evaluate` does.

    python benchmarks/imitation.py --corpus channel.tar.xz --persona ada --persona grace
    python benchmarks/imitation.py --persona "Mira Okafor" --base starter --minutes 2
    python benchmarks/imitation.py --corpus channel.tar.xz --persona ada --base smollm2 --keep home
    python benchmarks/imitation.py --persona "Mira Okafor" --with "" --with "--learn all"

Trains a mimic of each person from each base in the same number of minutes, and evaluates it on what
the person said later. Without `--corpus`, the examples are used. Each `--with` is one setting:
options of `chatmimic train`, "" being its defaults; `--minutes 0` leaves the duration to them. With
`--keep`, archive and mimics stay in a folder, and those that are there are not trained again.
Mimics of one setting are also tried on each other's words. The last line is JSON: the page of each
person and setting, the controls, and who owns whose words.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import Any

from gains import fill, run
from machine import machine

import chatmimic
from chatmimic.bases.terms import short_name
from chatmimic.errors import MimicError
from chatmimic.evaluation.evaluate import evaluate
from chatmimic.evaluation.ownership import ownership
from chatmimic.evaluation.records import Evaluation, Source
from chatmimic.evaluation.stored import store
from chatmimic.evaluation.wording import cell
from chatmimic.home import Home
from chatmimic.mimic import Mimic

CONTROLS = (Source.REAL, Source.CHANNEL, Source.PARROT, Source.BABBLE, Source.BASE)
SHOWN = {
    "attribution@10": "in tens",
    "masked attribution@25": "masked@25",
    "excess detection": "excess",
    "hits@1": "hits@1",
    "relevance": "relevance",
    "distinct-2": "distinct-2",
    "bits per character": "bits",
    "copies": "copies",
    "extraction": "extracted",
}


def main() -> None:
    """Train and evaluate everybody, and print."""
    given = _arguments()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        home = Home(given.keep or Path(temporary))
        fill(home.path, given.corpus)
        print(f"{'persona':14}{'base':>10}{'of':>8}" + "".join(f"{t:>11}" for t in SHOWN.values()))
        people: dict[str, Any] = {}
        controls: dict[str, Any] = {}
        owned = {}
        for base, options in product(given.base or ["starter"], given.options or [""]):
            setting = f"{base} {options}".strip()
            print(setting)
            mimics = [trained(home, one, base, options, given.minutes) for one in given.persona]
            for mimic in mimics:
                found = classified(home, mimic, given.replies)
                figures = {one.name: one.as_dict() for one in found.measures}
                people.setdefault(mimic.persona, {})[setting] = {
                    "verdict": found.verdict,
                    "seconds": round(found.seconds),
                    **{name: one["figures"].get("mimic") for name, one in figures.items()},
                }
                controls.setdefault(mimic.persona, {})[setting] = {
                    str(s): {n: one["figures"].get(str(s)) for n, one in figures.items()}
                    for s in CONTROLS
                }
            if len(mimics) > 1:
                owned[setting] = matrix(home, mimics)
    result = {"people": people, "controls": controls, "ownership": owned, "machine": machine()}
    print(json.dumps(result))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, help="chat exports; else the examples")
    parser.add_argument("--persona", action="append", required=True)
    parser.add_argument("--base", action="append", help="else the starter")
    parser.add_argument("--with", dest="options", action="append", metavar="OPTIONS")
    parser.add_argument("--minutes", type=float, default=20.0, help="of each training; 0: no limit")
    parser.add_argument("--replies", type=int, default=120)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep archive and mimics here")
    return parser.parse_args()


def trained(home: Home, persona: str, base: str, options: str, minutes: float) -> Mimic:
    """The mimic of a person from a base with a setting, trained unless it is there already."""
    setting = f"-{blake2b(options.encode(), digest_size=3).hexdigest()}" if options else ""
    name = f"{short_name(base)}-{persona}{setting}"
    with contextlib.suppress(MimicError):
        return Mimic.open(name, home)
    command = ["train", "--persona", persona, "--base", base, "--name", name, "--force"]
    duration = ["--minutes", f"{minutes:g}"] if minutes else []
    run(home.path, *command, *duration, *shlex.split(options))
    return Mimic.open(name, home)


def classified(home: Home, mimic: Mimic, replies: int) -> Evaluation:
    """Evaluate a mimic, and print a line for it and for each control."""
    with chatmimic.open_archive(home) as archive:
        found = evaluate(archive, mimic, replies=replies)
    store(mimic, found)
    for source in (Source.MIMIC, *CONTROLS):
        whose = (
            f"{mimic.persona[:13]:14}{mimic.name[:9]:>10}" if source is Source.MIMIC else " " * 24
        )
        print(f"{whose}{source:>8}" + "".join(f"{one:>11}" for one in _cells(found, source)))
    print(f"{found.verdict} ({found.seconds:.0f} s)")
    for sample in found.samples:
        print(
            f"  {sample.before[-1][1][:90]!r} → real {sample.real[:90]!r}, mimic {sample.mimic!r}"
        )
    sys.stdout.flush()
    return found


def _cells(found: Evaluation, source: Source) -> Iterator[str]:
    for name in SHOWN:
        one = found.measure(name)
        yield "" if one is None else cell(one, source).replace(" ", "")


def matrix(home: Home, mimics: list[Mimic]) -> dict[str, Any]:
    """Bits per character of everybody's words under everybody's mimic."""
    began = time.monotonic()
    with chatmimic.open_archive(home) as archive:
        found = ownership(archive, mimics)
    print(f"{'bits per character of':24}" + "".join(f"{name[:14]:>15}" for name in found.mimics))
    for person, row in zip(found.people, found.bits, strict=True):
        print(f"{person[:22]:24}" + "".join(f"{bits:15.3f}" for bits in row))
    print(f"owned: {found.owned} of {len(mimics)} ({time.monotonic() - began:.0f} s)")
    return {"people": found.people, "bits": found.bits, "owned": found.owned}


if __name__ == "__main__":
    main()
