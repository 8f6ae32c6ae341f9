"""What the package says it needs: extras that exist, and a tested version of every requirement."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
EXTRA = re.compile(r"chatmimic\[([\w,-]+)\]")


def extras_in(text: str) -> set[str]:
    """The extras that `chatmimic[a,b]` asks for, wherever it stands in a text."""
    return {name for found in EXTRA.findall(text) for name in found.split(",")}


def package(requirement: str) -> str:
    """`grpcio>=1.8; python_version < '4'` → `grpcio`."""
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")


def test_extras_that_people_are_told_to_install_exist() -> None:
    texts = [*(ROOT / "chatmimic").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    asked = {extra for file in texts for extra in extras_in(file.read_text("utf-8"))}
    assert asked
    assert asked <= set(EXTRAS)


def test_the_tests_have_every_extra_but_the_fuzzer() -> None:
    assert extras_in(" ".join(EXTRAS["dev"])) == set(EXTRAS) - {"dev", "fuzz"}


@pytest.mark.parametrize("extra", ["", *sorted(set(EXTRAS) - {"fuzz"})])
def test_every_requirement_has_a_tested_version(extra: str) -> None:
    required = EXTRAS[extra] if extra else PROJECT["dependencies"]
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    tested = {package(line) for line in lines if "==" in line}
    assert {package(one) for one in required} - {"chatmimic"} <= tested
