"""The pages: every one is led to, every link leads somewhere, every module they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")), *DOCS]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
FOLDERS = ("chatmimic", "tests", "benchmarks", "docs", "examples", "exporters")
SOURCES = [
    f"/{file.relative_to(ROOT).as_posix()}" for d in FOLDERS for file in (ROOT / d).rglob("*.py")
]
OF_READERS = {"fax_importer.py"}  # what a page asks its reader to write


def anchors(page: Path) -> set[str]:
    """What a link to a heading of a page may say behind its `#`."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def test_the_index_leads_to_every_page() -> None:
    text = (ROOT / "docs" / "index.md").read_text("utf-8")
    led_to = {Path(link).name for link, _ in LINK.findall(text)}
    assert {page.name for page in DOCS} - {"index.md"} <= led_to


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link, anchor in LINK.findall(page.read_text("utf-8")):
        target = page.parent / link if link else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), f"{link}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    for name in re.findall(r"(?<![\w/.-])(?:\w+/)*\w+\.py\b", page.read_text("utf-8")):
        assert name in OF_READERS or any(source.endswith(f"/{name}") for source in SOURCES), name


def test_the_tree_on_the_page_is_the_tree() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    tree = text.partition("```text\nchatmimic/\n")[2].partition("```")[0]
    shown = set(re.findall(r"^  ([\w.]+)(?:/| )", tree, re.MULTILINE))
    there = {
        path.name
        for path in (ROOT / "chatmimic").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert shown == there - {"__init__.py", "__main__.py"} | {"starter"}
