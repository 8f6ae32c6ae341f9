"""The guides in exporters/: linked, complete, and with commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from chatmimic.cli import cli
from chatmimic.cli.commands.import_ import command as import_command

ROOT = Path(__file__).parents[2]
EXPORTERS = ROOT / "exporters"
GUIDES = sorted(EXPORTERS.glob("*/README.md"))
PAGES = [*GUIDES, EXPORTERS / "README.md", ROOT / "examples" / "README.md"]


def commands(page: Path) -> list[list[str]]:
    """The words of every `$ chatmimic …` line."""
    lines = re.findall(r"^\$ chatmimic (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [shlex.split(line) for line in lines]


def test_index_links_every_guide() -> None:
    index = (EXPORTERS / "README.md").read_text(encoding="utf-8")
    folders = {path.name for path in EXPORTERS.iterdir() if path.is_dir()}
    assert {guide.parent.name for guide in GUIDES} == folders
    assert all(f"]({name}/README.md)" in index for name in folders)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.parent.name)
def test_guide_goes_all_the_way(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    assert any("import" in words for words in commands(guide))
    for heading in ("## Import", "## What is left out, and why", "## Privacy"):
        assert heading in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_commands_use_options_that_exist(page: Path) -> None:
    known = {option for thing in (cli, import_command) for p in thing.params for option in p.opts}
    for words in commands(page):
        if "import" in words:
            assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_examples_that_are_named_exist(page: Path) -> None:
    for where in re.findall(r"examples/exports[\w./-]*", page.read_text(encoding="utf-8")):
        assert (ROOT / where.rstrip(".")).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists()
