"""Are a mimic's replies in its person's style? Length, capitals, full stops, emoji, side by side.

    python benchmarks/style.py --export examples/exports --persona "Mira Okafor"

Trains a mimic from the starter with default settings (or for so many `--steps`), has it answer in
each place of the held-out part where the person answered somebody else (at most `--replies`), and
counts the habits of the real answers, of the mimic's, and of everybody else's messages in the same
conversations. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from machine import machine

import chatmimic
from chatmimic.home import Home
from chatmimic.training.data.split import gather
from chatmimic.training.samples import exchanges, replies

HABITS = ("characters", "capital first", "ends with a stop", "emoji")


def habits(texts: Sequence[str]) -> dict[str, float]:
    """Mean length, and shares of texts with each habit."""
    count = max(1, len(texts))
    shares = (
        sum(map(len, texts)) / count,
        sum(t[:1].isupper() for t in texts) / count,
        sum(t.rstrip().endswith((".", "!", "?")) for t in texts) / count,
        sum(any(unicodedata.category(c) == "So" for c in t) for t in texts) / count,
    )
    return dict(zip(HABITS, (round(share, 3) for share in shares), strict=True))


def main() -> None:
    """Train, answer, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--export", type=Path, required=True)
    parser.add_argument("--persona", required=True)
    parser.add_argument("--base", default="starter")
    parser.add_argument("--steps", type=int, help="of the training; else the default")
    parser.add_argument("--replies", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        chatmimic.import_exports(given.export, home=home)
        mimic = chatmimic.train(given.persona, home=home, base=given.base, steps=given.steps).mimic
        with chatmimic.open_archive(home) as archive:
            material = gather(archive, given.persona, None, held_out=0.1)
        asked = exchanges(material.held_out, material.persona, given.replies)
        answers = [sample.mimic for sample in replies(mimic.load(), asked)]
    others = [m.text for c in material.held_out for m in c.messages if m.sender != material.persona]
    rows = {
        "real": habits([exchange.real.text for exchange in asked]),
        "mimic": habits(answers),
        "others": habits(others),
    }
    print(f"{'':8}" + "".join(f"{habit:>18}" for habit in HABITS))
    for name, row in rows.items():
        print(f"{name:8}" + "".join(f"{row[habit]:18.2f}" for habit in HABITS))
    print(json.dumps({"machine": machine(), "replies": len(asked), "rows": rows}))


if __name__ == "__main__":
    main()
