"""Does a mimic foretell its own person better than the base does, and than another's mimic does?

    python benchmarks/imitation.py --export chats.tsv --persona ada --other bob --minutes 5

Imports one export into a home of its own, trains a mimic of each of two people from the starter for
the same number of minutes, and measures held-out perplexity on the first person's latest
conversations: of the base, of their own mimic, and of the other's mimic. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from machine import machine

import chatmimic
from chatmimic.evaluation.perplexity import perplexity
from chatmimic.home import Home
from chatmimic.training.material import gather


def main() -> None:
    """Import, train twice, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--export", type=Path, required=True)
    parser.add_argument("--persona", required=True)
    parser.add_argument("--other", required=True)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--base", default="starter")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Home(Path(folder)), given)
    for row in rows:
        print(f"{row['model']:24} {row['perplexity']:9.2f} {row['perplexity_per_character']:7.3f}")
    by = {row["model"]: row["perplexity"] for row in rows}
    result = {
        "machine": machine(),
        "minutes": given.minutes,
        "rows": rows,
        "base_over_mimic": by["base"] / by[f"mimic of {given.persona}"],
        "other_over_mimic": by[f"mimic of {given.other}"] / by[f"mimic of {given.persona}"],
    }
    print(json.dumps(result))


def measure(home: Home, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of figures on the persona's held-out messages."""
    chatmimic.import_exports(given.export, home=home)
    mimics = {}
    for person in (given.persona, given.other):
        trained = chatmimic.train(person, home=home, base=given.base, minutes=given.minutes)
        mimics[person] = trained.mimic
        if person == given.persona:
            figures = {"base": trained.base, f"mimic of {person}": trained.figures}
    with chatmimic.open_archive(home) as archive:
        material = gather(archive, given.persona, None, held_out=0.1)
    # The same windows as the first two rows: the defaults are those of the training.
    other = mimics[given.other].load()
    figures[f"mimic of {given.other}"] = perplexity(other, material.held_out, given.persona)
    return [{"model": name, **figure.as_dict()} for name, figure in figures.items()]


if __name__ == "__main__":
    main()
