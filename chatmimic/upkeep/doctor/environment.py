"""Whether the packages that chatmimic needs are there, in versions that it works with."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from chatmimic.bases import STARTER, local_base
from chatmimic.errors import BaseError
from chatmimic.home import Home
from chatmimic.upkeep.doctor.finding import Finding, Level
from chatmimic.upkeep.doctor.models import weights_fault

_NEEDED = re.compile(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)\s*\Z")


def check(_: Home) -> Iterator[Finding]:
    """Find packages that are missing or too old, and parts that were left out of SQLite."""
    for name, least in _requirements():
        try:
            here = version(name)
        except PackageNotFoundError:
            here = ""
        if not here or _numbers(here) < _numbers(least):
            says = f"{name} {here or 'is missing'}{' is too old' * bool(here)} ({least} or newer)"
            yield Finding(Level.PROBLEM, says, f"pip install -U '{name}>={least}'")
    yield from _sqlite()
    yield from _starter()


def _requirements() -> Iterator[tuple[str, str]]:
    try:
        lines = requires("chatmimic") or ()
    except PackageNotFoundError:  # run from its folder, without an installation
        return
    for line in lines:
        if found := _NEEDED.match(line.partition(";")[0]) if "extra ==" not in line else None:
            yield found[1], found[2]


def _numbers(version_: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d{1,9}", version_.partition("+")[0])[:3])


def _sqlite() -> Iterator[Finding]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5 (text)")
    except sqlite3.OperationalError:
        says = f"Python's SQLite ({sqlite3.sqlite_version}) lacks FTS5, which the archive needs"
        yield Finding(Level.PROBLEM, says, "use a Python whose SQLite has it")
    finally:
        connection.close()


def _starter() -> Iterator[Finding]:
    try:
        folder = local_base(STARTER)
    except BaseError as error:
        yield Finding(Level.PROBLEM, error.what, "install chatmimic again")
        return
    if folder is not None and (fault := weights_fault(folder / "model.safetensors")):
        says = f"the starter is damaged: {fault}"
        yield Finding(Level.PROBLEM, says, "install chatmimic again", folder)
