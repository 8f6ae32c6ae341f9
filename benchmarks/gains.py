"""What does training gain, person by person, with the defaults and with other settings?

    python benchmarks/gains.py
    python benchmarks/gains.py --export channel.tar.xz --persona ada --persona grace
    python benchmarks/gains.py --with "" --with "--learning-rate 1e-3" --with "--epochs 1"

Without `--export`, the three people of `examples/exports` are learnt. Each `--with` is one setting:
options of `chatmimic train`, "" being its defaults. Every training is the command as a user types
it, from `--base`. The figures are those that the command prints: held-out perplexity per token and
bits per character, of the base and of the mimic, and the evaluation that was best, with the wall
time and the peak of memory of the whole command. Held-out messages are later than all that is
learnt. The last line is JSON, with a row for each training.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from machine import machine, measure

EXAMPLES = Path(__file__).parent.parent / "examples"
sys.path.insert(0, str(EXAMPLES))
from demo import ALSO, JUNO, MIRA, TEODOR  # noqa: E402

MIRA_AND_FRIENDS = [MIRA, TEODOR, JUNO]
HEAD = (
    f"{'persona':16}{'learnt':>8}{'tested':>7}{'steps':>7}{'best':>6}{'perplexity':>17}"
    f"{'gain':>7}{'bits/character':>17}{'seconds':>9}{'GB':>6}  options"
)


def main() -> None:
    """Train everybody with every setting, and print."""
    given = _arguments()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        home = given.keep or Path(temporary)
        fill(home, given.export)
        people = given.persona or MIRA_AND_FRIENDS
        rows = []
        print(HEAD)
        for persona in people:
            for options in given.options or [""]:
                rows.append(train(home, persona, given.base, options))
                print(line(rows[-1]), flush=True)
    print(json.dumps({"base": given.base, "rows": [asdict(r) for r in rows], "machine": machine()}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--export", type=Path, help="a chat export; else the examples")
    parser.add_argument("--persona", action="append", help="else the three of the examples")
    parser.add_argument("--base", default="starter")
    parser.add_argument("--with", dest="options", action="append", metavar="OPTIONS")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep archive and mimics here")
    given = parser.parse_args()
    if given.export and not given.persona:
        parser.error("--export needs --persona NAME")
    return given


# -- the archive ---------------------------------------------------------------------------------


def fill(home: Path, export: Path | None = None) -> None:
    """Import an export, or the examples, into a home that has no archive yet."""
    if (home / "archive.sqlite").is_file():
        return
    run(home, "import", str(export or EXAMPLES / "exports"))
    for person, name in () if export else ALSO:
        run(home, "people", "merge", person, name, "--yes")


def command(home: Path, *arguments: str) -> list[str]:
    """A command of chatmimic in that home."""
    return [sys.executable, "-m", "chatmimic", "--home", str(home), *arguments]


def run(home: Path, *arguments: str) -> None:
    """Run a command; its output is left out."""
    subprocess.run(command(home, *arguments), check=True, stdout=subprocess.DEVNULL)


# -- a training ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One training: what it read, what it came to, and what it cost."""

    persona: str
    options: str
    learnt: int  # messages of the persona
    tested: int
    steps: int
    best_step: int
    base: dict[str, float]  # figures on the held-out part
    mimic: dict[str, float]
    seconds: float  # wall time of the whole command
    peak: int  # bytes

    @property
    def gain(self) -> float:
        """The share of the base's perplexity that training took away."""
        return 1 - self.mimic["perplexity"] / self.base["perplexity"]


def train(home: Path, persona: str, base: str, options: str) -> Row:
    """Train a mimic, measure it, and remove it."""
    name = "gains"
    asked = ["train", "--persona", persona, "--base", base, "--name", name, "--replace", "--json"]
    measured = measure(command(home, *asked, *shlex.split(options)))
    if measured.status:
        sys.exit(f"{shlex.join(asked)} {options}: exit status {measured.status}")
    facts: dict[str, Any] = json.loads(measured.output)
    manifest = json.loads((Path(facts["path"]) / "mimic.json").read_text("utf-8"))
    run(home, "mimics", "remove", facts["mimic"], "--yes")
    return Row(
        persona,
        options,
        facts["data"]["messages"],
        facts["data"]["held_out_messages"],
        facts["steps"],
        manifest["best_step"],
        facts["held_out"]["base"],
        facts["held_out"]["mimic"],
        measured.seconds,
        measured.peak,
    )


def line(row: Row) -> str:
    """One row of the table."""
    perplexity = f"{row.base['perplexity']:.1f} → {row.mimic['perplexity']:.1f}"
    bits = " → ".join(f"{f['bits_per_character']:.3f}" for f in (row.base, row.mimic))
    return (
        f"{row.persona[:15]:16}{row.learnt:8,}{row.tested:7,}{row.steps:7,}{row.best_step:6,}"
        f"{perplexity:>17}{row.gain:7.1%}{bits:>17}{row.seconds:9.0f}{row.peak / 1e9:6.2f}"
        f"  {row.options}"
    )


if __name__ == "__main__":
    main()
