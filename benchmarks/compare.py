"""Which value of a setting is better, by held-out bits per character and by tokens a second?

    python benchmarks/compare.py --export chats.tsv --persona ada --setting form named tokens
    python benchmarks/compare.py --export chats.tsv --persona ada --setting precision fp32 bf16

Trains the same base on the same messages once with each value, for the same number of steps (loss
per token cannot be compared where the forms have different tokens). The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from machine import machine

import chatmimic
from chatmimic.home import Home


def main() -> None:
    """Train once with each value and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--export", type=Path, required=True)
    parser.add_argument("--persona", required=True)
    parser.add_argument("--base", default="starter")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--setting", nargs="+", required=True, metavar=("NAME", "VALUE"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        chatmimic.import_exports(given.export, home=home)
        rows = [row(home, given, value) for value in given.setting[1:]]
    print(json.dumps({"machine": machine(), "base": given.base, "rows": rows}))


def row(home: Home, given: argparse.Namespace, value: str) -> dict[str, Any]:
    """Train with one value; what it came to."""
    setting: dict[str, Any] = {given.setting[0]: value}
    trained = chatmimic.train(
        given.persona, home=home, base=given.base, steps=given.steps, replace=True, **setting
    )
    found = {
        **setting,
        "base_bits_per_character": trained.base.bits_per_character,
        "bits_per_character": trained.figures.bits_per_character,
        "tokens_per_second": trained.tokens_per_second,
    }
    print(
        f"{value:8} {found['bits_per_character']:.3f} bits per character, "
        f"{found['tokens_per_second']:,.0f} tokens/s"
    )
    return found


if __name__ == "__main__":
    main()
