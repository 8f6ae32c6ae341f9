"""Looks for exports that break a reader.

    python tests/fuzz/fuzz_importers.py discord --seconds 600
    python tests/fuzz/fuzz_importers.py --list

Damages the fixtures of a reader in every way of `mutations.py`. Nothing but ExportError may come
out of a reader, in 1 s of the processor for each 100 kB and in bounded memory. With atheris (`pip
install -e .[fuzz]`, Linux) what reaches new code is damaged further; without it, or with --plain,
the damage is drawn from --seed alone. A finding ends the run and is copied to `tests/fuzz/found/`,
where the tests read it ever after.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

if atheris is not None and "--plain" not in sys.argv and "--list" not in sys.argv:
    with atheris.instrument_imports(include=["chatmimic.importers"]):
        from chatmimic.importers import registry

        registry.importers()
else:
    from chatmimic.importers import registry

from mutations import MOST, Mutator
from trials import Trials, seeds

SLOWER = 5.0  # with every branch counted


def readers() -> list[str]:
    """The readers that have fixtures."""
    return [one.name for one in registry.importers() if seeds(one.name)]


def attempt(trials: Trials, reader: str, number: int, data: bytes) -> None:
    """Read one input; a finding is kept and ends the run."""
    try:
        trials.run(number, data)
    except Exception:
        traceback.print_exc()
        print(f"kept as {trials.keep(number, reader, data)}", flush=True)
        raise


def plain(trials: Trials, reader: str, seconds: float, seed: int) -> int:
    """Damage by chance; the number of inputs read."""
    mutator = Mutator(seed, [one.data for one in trials.seeds])
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        number = count % len(trials.seeds)
        attempt(trials, reader, number, mutator.mutated(trials.seeds[number].data))
        count += 1
    return count


def guided(trials: Trials, reader: str, seconds: int, seed: int, corpus: Path) -> None:
    """Damage further what reached new code. An input's first byte says which fixture it is."""
    for number, one in enumerate(trials.seeds[:256]):
        (corpus / str(number)).write_bytes(bytes([number]) + one.data)

    def read(data: bytes) -> None:
        if data:
            attempt(trials, reader, data[0] % len(trials.seeds), data[1:])

    def mutate(data: bytes, most: int, chance: int) -> bytes:
        if not data or chance % 3 == 0:
            return atheris.Mutate(data, most)
        mutator = Mutator(chance, [one.data for one in trials.seeds])
        return (data[:1] + mutator.mutated(data[1:]))[:most]

    asked = [f"-max_total_time={seconds}", f"-seed={seed + 1}", f"-max_len={MOST}", "-verbosity=0"]
    asked += ["-print_final_stats=1", f"-artifact_prefix={corpus}/", "-timeout=120"]
    atheris.Setup([sys.argv[0], *asked, str(corpus)], read, custom_mutator=mutate)
    atheris.Fuzz()


def main() -> None:
    """Fuzz one reader."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", nargs="?", help="which importer, as --format calls it")
    parser.add_argument("--list", action="store_true", help="name the readers that can be tried")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true", help="without atheris")
    given = parser.parse_args()
    if given.list or given.reader not in readers():
        print(" ".join(readers()))
        sys.exit(not given.list)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as corpus:
        if atheris is None or given.plain:
            trials = Trials(given.reader, Path(folder))
            print(plain(trials, given.reader, given.seconds, given.seed), "inputs, nothing found")
        else:
            trials = Trials(given.reader, Path(folder), SLOWER)
            guided(trials, given.reader, given.seconds, given.seed, Path(corpus))


if __name__ == "__main__":
    main()
