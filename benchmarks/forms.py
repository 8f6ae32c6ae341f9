"""Which written form foretells a person's words better, by held-out bits per character?

    python benchmarks/forms.py --export chats.tsv --persona ada --base starter --steps 200

Trains the same base on the same messages once in each form, for the same number of steps, and
prints held-out bits per character (loss per token cannot be compared: the forms have different
tokens). The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from machine import machine

import chatmimic
from chatmimic.home import Home


def main() -> None:
    """Train once in each form and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--export", type=Path, required=True)
    parser.add_argument("--persona", required=True)
    parser.add_argument("--base", default="starter")
    parser.add_argument("--tokenizer")
    parser.add_argument("--steps", type=int, default=200)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        chatmimic.import_exports(given.export, home=home)
        for form in ("named", "tokens"):
            trained = chatmimic.train(
                given.persona,
                home=home,
                base=given.base,
                tokenizer=given.tokenizer,
                form=form,
                steps=given.steps,
            )
            row = {
                "form": form,
                "base_bits_per_character": trained.base.bits_per_character,
                "bits_per_character": trained.figures.bits_per_character,
                "windows": trained.material["windows"],
            }
            rows.append(row)
            print(f"{form:8} {row['bits_per_character']:.3f} bits per character")
    print(json.dumps({"machine": machine(), "base": given.base, "rows": rows}))


if __name__ == "__main__":
    main()
