"""Every script in `benchmarks/` runs in a test, and every figure we cite names one of them."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from chatmimic.cli.commands.train import command as train

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "benchmarks").glob("*.py"))
TESTS = sorted(Path(__file__).parent.glob("test_*.py"))
CITED = re.compile(r"benchmarks/(\w+)\.py")
RUNS = re.compile(r"\b(?:figures\(|script\.main\(\))")


def is_script(file: Path) -> bool:
    return 'if __name__ == "__main__":' in file.read_text("utf-8")


SCRIPTS = {file.stem for file in SOURCES if is_script(file)}
MODULES = {file.stem for file in SOURCES} - SCRIPTS


@cache
def imported() -> set[str]:
    """What the scripts and the modules beside them import."""
    nodes = [n for file in SOURCES for n in ast.walk(ast.parse(file.read_text("utf-8")))]
    names = {str(n.module) for n in nodes if isinstance(n, ast.ImportFrom)}
    return names | {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}


def cite() -> list[tuple[str, str]]:
    """(file, script) wherever a page or a module says where a figure comes from."""
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
    pages += sorted((ROOT / "docs").glob("*.md")) + sorted((ROOT / "chatmimic").rglob("*.md"))
    files = [*pages, *sorted((ROOT / "chatmimic").rglob("*.py")), *SOURCES]
    return [
        (str(file.relative_to(ROOT)), name)
        for file in files
        for name in dict.fromkeys(CITED.findall(file.read_text("utf-8")))
    ]


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_every_script_runs_in_a_test(name: str) -> None:
    texts = [file.read_text("utf-8") for file in TESTS]
    of_it = [text for text in texts if f'SCRIPT = "{name}"\n' in text]
    assert any(RUNS.search(text) for text in of_it), "no test runs it from its options to its end"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_is_no_script_is_used_by_one(name: str) -> None:
    assert name in imported()


@pytest.mark.parametrize(("file", "name"), cite())
def test_what_is_cited_is_there(file: str, name: str) -> None:
    assert name in SCRIPTS, file


FIGURES = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n([^#]*)", FIGURES.partition("## Figures on other")[0], re.M))
OPTION = r"--[\w-]+"
CALL = re.compile(r"^\$ python benchmarks/(\w+)\.py(.*)$", re.MULTILINE)


def options_of(name: str) -> set[str]:
    """The options that a script takes."""
    file = ROOT / "benchmarks" / f"{name}.py"
    calls = [n for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, ast.Call)]
    made = [c for c in calls if ast.unparse(c.func).endswith("add_argument")]
    return {str(a.value) for c in made for a in c.args if isinstance(a, ast.Constant)}


@pytest.mark.parametrize("title", SECTIONS)
def test_every_section_of_figures_says_where_they_come_from(title: str) -> None:
    text = SECTIONS[title]
    calls = CALL.findall(text)
    assert calls
    for name, options in calls:
        assert name in SCRIPTS
        of_train = " ".join(re.findall(r'--with "(.*?)"', options))
        own = re.sub(r'"(.*?)"', "", options)
        assert set(re.findall(OPTION, own)) <= options_of(name)
        assert set(re.findall(OPTION, of_train)) <= {o for p in train.params for o in p.opts}
    assert re.search(r"^\|[^|]*\|.*\d.*\|$", text, re.MULTILINE), "no table of figures"
    assert "\nMachine: " in text
    assert "What it does not show: " in text


def test_the_page_has_a_section_for_every_claim() -> None:
    assert len(SECTIONS) == FIGURES.count("\nMachine: ") >= 17


def test_every_figure_in_the_readme_says_which_script_it_comes_from() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    _, _, below = text.partition("| script | what was measured | result |\n|---|---|---|\n")
    rows = below.partition("\n\n")[0].splitlines()
    assert rows
    scripts = [re.match(r"\| `benchmarks/(\w+)\.py` \|", row) for row in rows]
    named = {name for text in SECTIONS.values() for name, _ in CALL.findall(text)}
    assert all(script is not None and script[1] in named for script in scripts)


def test_every_script_says_how_it_is_called() -> None:
    for file in SOURCES:
        told = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
        assert (f"python benchmarks/{file.name}" in told) == is_script(file), file.name
