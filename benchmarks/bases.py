"""How much does a base bring? The same people from several bases, in the same minutes.

    python benchmarks/bases.py
    python benchmarks/bases.py --export channel.tar.xz --persona ada --minutes 2 --minutes 20
    python benchmarks/bases.py --base starter --base ./my-base --with "--threads 1"

Every training is `chatmimic train --minutes M` as a user types it, with the defaults of the base.
Without `--export`, the person of the demo is learnt. All bases are tested on the same held-out
messages, later than all that is learnt, in bits per character: their tokens differ. Printed beside
are the base's own figure before the first step, the minutes that the command took, and its peak of
memory. The last line is JSON: bits per character by person, base and minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from gains import fill, train
from machine import machine

from chatmimic.bases import SMOLLM2, STARTER, is_here
from chatmimic.home import Home

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))
from demo import MIRA  # noqa: E402

HEAD = (
    f"{'persona':16}{'base':>24}{'minutes':>9}{'took':>7}{'steps':>7}{'untrained':>11}"
    f"{'bits/character':>16}{'GB':>6}"
)


def main() -> None:
    """Train everybody from every base for every time, and print."""
    given = _arguments()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        home = given.keep or Path(temporary)
        fill(home, given.export)
        usual = [base for base in (STARTER, SMOLLM2) if is_here(base, Home(home))]
        found: dict[str, dict[str, dict[str, float]]] = {}
        print(HEAD)
        for persona in given.persona or [MIRA]:
            for base in given.base or usual:
                for minutes in given.minutes or [2.0]:
                    options = f"--minutes {minutes:g} --force {given.options}"
                    row = train(home, persona, base, options)
                    bits = row.mimic["bits_per_character"]
                    of_base = found.setdefault(persona, {}).setdefault(base, {})
                    of_base[f"{minutes:g}"] = round(bits, 4)
                    print(
                        f"{persona[:15]:16}{base[-23:]:>24}{minutes:9g}{row.seconds / 60:7.1f}"
                        f"{row.steps:7,}{row.base['bits_per_character']:11.3f}{bits:16.3f}"
                        f"{row.peak / 1e9:6.2f}",
                        flush=True,
                    )
    print(json.dumps({"bits_per_character": found, "machine": machine()}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--export", type=Path, help="a chat export; else the examples")
    parser.add_argument("--persona", action="append", help="else the person of the demo")
    parser.add_argument("--base", action="append", help="else those that are here")
    parser.add_argument("--minutes", action="append", type=float, help="else 2")
    parser.add_argument("--with", dest="options", default="", help="more options of each training")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep archive and bases here")
    given = parser.parse_args()
    if given.export and not given.persona:
        parser.error("--export needs --persona NAME")
    return given


if __name__ == "__main__":
    main()
