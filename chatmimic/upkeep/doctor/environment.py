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

_PACKAGE = re.compile(r"[A-Za-z0-9._-]+")
_LEAST, _BELOW = re.compile(r">=\s*([0-9.]+)"), re.compile(r"<\s*([0-9.]+)")


def check(_: Home) -> Iterator[Finding]:
    """Find packages that are missing, too old or too new, and parts that SQLite lacks."""
    for needed in _requirements():
        if says := _fault(needed):
            yield Finding(Level.PROBLEM, says, f"pip install -U '{needed}'")
    yield from _sqlite()
    yield from _starter()


def _fault(needed: str) -> str:
    """What is wrong with the package of a requirement, such as "a<2,>=1.0"; "" if nothing is."""
    found = _PACKAGE.match(needed)
    name = found[0] if found else needed
    try:
        here = version(name)
    except PackageNotFoundError:
        return f"{name} is missing ({needed})"
    least, below = _LEAST.search(needed), _BELOW.search(needed)
    if least and _numbers(here) < _numbers(least[1]):
        return f"{name} {here} is too old ({least[1]} or newer)"
    if below and _numbers(here) >= _numbers(below[1]):
        return f"{name} {here} is too new (older than {below[1]})"
    return ""


def _requirements() -> Iterator[str]:
    try:
        lines = requires("chatmimic") or ()
    except PackageNotFoundError:  # run from its folder, without an installation
        return
    for line in lines:
        if "extra ==" not in line:
            yield line.partition(";")[0].strip()


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
