"""Which decoding makes replies most like the person's? One mimic, several settings.

    python benchmarks/decoding.py --home DIR --mimic ada-lovelace
    python benchmarks/decoding.py --mimic ada-lovelace --with "" --with "temperature=1 top_p=0.95"

The mimic replies at the places that `chatmimic evaluate` takes, once for each `--with` (settings of
decoding; "" are the mimic's own), and the measures that need no model are computed, beside those of
the real replies. The last line is JSON: the measures by setting.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from machine import machine

import chatmimic
from chatmimic.evaluation.evaluate import study_of
from chatmimic.evaluation.records import Source
from chatmimic.evaluation.secrecy.measure import measure_copies
from chatmimic.evaluation.sense.measure import measure_wording
from chatmimic.evaluation.study import Progress
from chatmimic.evaluation.style.measure import measure_style
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.decoding import decoding_of
from chatmimic.home import Home
from chatmimic.mimic import Mimic

SHOWN = {
    "attribution@10": "in tens",
    "excess detection": "excess",
    "habit: length": "length",
    "habit: openings": "openings",
    "relevance": "relevance",
    "distinct-2": "distinct-2",
    "unknown words": "unknown",
    "copied spans": "copied",
}
USUAL = (
    "temperature=1 top_p=1 repetition_penalty=1",
    "temperature=0.9 top_p=0.95 repetition_penalty=1",
    "temperature=0.8 top_p=0.9 repetition_penalty=1",
    "temperature=0.8 top_p=0.9 repetition_penalty=1.1",
    "temperature=0.7 top_p=0.8 repetition_penalty=1.1",
)


def main() -> None:
    """Reply with every setting, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="the archive and the mimic; else the usual home")
    parser.add_argument("--mimic", required=True)
    parser.add_argument("--with", dest="settings", action="append", metavar="SETTINGS")
    parser.add_argument("--replies", type=int, default=100)
    given = parser.parse_args()
    home = Home.find(given.home)
    mimic = Mimic.open(given.mimic, home)
    with chatmimic.open_archive(home) as archive:
        study = study_of(archive, mimic, given.replies, 0, Progress())
    generator = BatchGenerator(mimic.load())
    found = {}
    print(f"{'':50}" + "".join(f"{title:>11}" for title in SHOWN.values()))
    for written in given.settings or USUAL:
        usual = decoding_of(mimic)
        decoding = usual.with_values(_pair(part) for part in written.split())
        study.replies.clear()
        study.replies[Source.REAL] = [place.real.text for place in study.answered]
        study.replies[Source.MIMIC] = generator.replies(
            [place.before for place in study.answered], study.person, decoding
        )
        measures = [
            *measure_style(study, Progress()),
            *measure_wording(study),
            *measure_copies(study),
        ]
        by = {m.name: m for m in measures}
        found[written] = {
            name: {str(source): by[name].value(source) for source in study.replies}
            for name in SHOWN
            if name in by
        }
        if len(found) == 1:
            print(_line("real", found[written], Source.REAL))
        print(_line(written or "the mimic's own", found[written], Source.MIMIC), flush=True)
    print(json.dumps({"mimic": mimic.name, "settings": found, "machine": machine()}))


def _pair(written: str) -> tuple[str, str]:
    """`temperature=0.8` as a name and a value."""
    name, _, value = written.partition("=")
    return name, value


def _line(name: str, measured: dict[str, dict[str, float | None]], source: Source) -> str:
    values = (measured.get(one, {}).get(str(source)) for one in SHOWN)
    return f"{name:50}" + "".join(f"{'' if v is None else f'{v:.3f}':>11}" for v in values)


if __name__ == "__main__":
    main()
