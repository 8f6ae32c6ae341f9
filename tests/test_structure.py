"""The shape of the project: one way of imports, light commands, everything documented."""

import ast
import runpy
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import chatmimic

ROOT = Path(chatmimic.__file__).parent
# From the ground up. A module imports from its own part and from floors below; parts of one
# floor know nothing of each other.
FLOORS = [
    {"records", "errors", "machine"},
    {"settings", "keywords", "rhythm"},
    {"text", "files", "names", "lookup", "dates", "lock", "generated", "senders"},
    {"page", "owned_file", "embeddings", "quotes", "manifest"},
    {"folders", "writing"},
    {"home"},
    {"importers", "archive"},
    {"privacy", "fragment"},
    {"conversations"},
    {"corpora", "stats", "copying"},
    {"transcript", "bases"},
    {"windows", "engines"},
    {"mimic"},
    {"generation"},
    {"training"},
    {"evaluation", "export"},
    {"chat"},
    {"server"},
    {"upkeep"},
    {"api"},
    {"", "starter"},  # `import chatmimic` itself
    {"cli"},
    {"__main__"},
]
FLOOR = {part: number for number, floor in enumerate(FLOORS) for part in floor}
MODULES = sorted(ROOT.rglob("*.py"))
HEAVY = {"torch", "transformers", "accelerate", "pandas", "numpy", "rich", "prompt_toolkit"}


def part(module: str) -> str:
    """`chatmimic.training.loop` → `training`."""
    return module.split(".")[1] if "." in module else ""


def name_of(file: Path) -> str:
    """The dotted name of a module's file."""
    inner = file.relative_to(ROOT.parent).with_suffix("")
    return ".".join(inner.parts).removesuffix(".__init__")


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def imports(node: ast.AST) -> Iterator[str]:
    """Every module of ours that is imported anywhere in it, but for the type checker's eyes."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (a.name for a in node.names if a.name.split(".")[0] == "chatmimic")
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "chatmimic":
        if node.module == "chatmimic":
            yield from (
                f"chatmimic.{a.name}" if a.name in FLOOR else "chatmimic" for a in node.names
            )
        else:
            yield str(node.module)
    for below in ast.iter_child_nodes(node):
        yield from imports(below)


def test_imports_point_one_way() -> None:
    upward = []
    for file in MODULES:
        here = part(name_of(file))
        assert here in FLOOR, "a new part needs a place in the table above"
        for module in set(imports(tree(file))):
            there = part(module)
            if there != here and FLOOR[there] >= FLOOR[here]:
                upward.append(f"{name_of(file)} imports {module}")
    assert not upward


def test_every_part_in_the_table_exists() -> None:
    assert set(FLOOR) == {part(name_of(file)) for file in MODULES} | {"starter"}


def test_imports_are_never_relative() -> None:
    assert not [
        f"{file}:{n.lineno}"
        for file in MODULES
        for n in ast.walk(tree(file))
        if isinstance(n, ast.ImportFrom) and n.level
    ]


def public(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Every public class and function, and the public methods of the classes."""
    for below in node.body:
        if isinstance(below, ast.FunctionDef | ast.ClassDef) and below.name[0] != "_":
            yield below
            if isinstance(below, ast.ClassDef):
                yield from public(below)


def test_everything_public_says_what_it_does() -> None:
    assert not [
        f"{file}: {getattr(n, 'name', 'the module itself')}"
        for file in MODULES
        for n in (tree(file), *public(tree(file)))
        if not ast.get_docstring(n)
    ]


def test_every_function_has_its_types() -> None:
    assert not [
        f"{file}: {function.name}"
        for file in MODULES
        for function in ast.walk(tree(file))
        if isinstance(function, ast.FunctionDef) and not is_typed(function)
    ]


def is_typed(function: ast.FunctionDef) -> bool:
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    bare = [a.arg for a in named if a.annotation is None and a.arg not in ("self", "cls")]
    return function.returns is not None and not bare


def test_a_file_is_short_and_nothing_in_it_is_left_for_later() -> None:
    texts = {file: file.read_text("utf-8") for file in MODULES}
    assert not [str(file) for file, text in texts.items() if len(text.splitlines()) >= 450]
    for unfinished in ("TODO", "raise NotImplementedError"):
        assert not [str(file) for file, text in texts.items() if unfinished in text]


LOAD = "import sys; {0}; print(*{{m.partition('.')[0] for m in sys.modules}})"


@pytest.mark.parametrize(
    "code",
    [
        "import chatmimic",
        "import chatmimic.cli",
        "from chatmimic.cli import _run; _run(['--help'], False)",
        "from chatmimic.cli import _run; _run(['train', '--help'], False)",
        "import chatmimic.errors, chatmimic.files, chatmimic.home, chatmimic.text, chatmimic.mimic",
        "import chatmimic.training.checkpointing.resumable, chatmimic.conversations",
    ],
)
def test_what_is_light_stays_light(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(code)], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("name", chatmimic.__all__)
def test_what_is_offered_is_there(name: str) -> None:
    assert getattr(chatmimic, name) is not None


def test_what_is_not_offered_is_not_there() -> None:
    with pytest.raises(AttributeError):
        chatmimic.no_such_thing  # noqa: B018


def test_no_file_reaches_itself_by_imports() -> None:
    """Not by those that only a type checker reads, either."""
    shape = runpy.run_path(str(ROOT.parent / "benchmarks" / "code_shape.py"))
    trees = {file: tree(file) for file in MODULES}
    found = [sorted(circle) for circle in shape["circles"](shape["edges"](trees, ROOT, typed=True))]
    assert not found


def test_every_file_of_tests_has_a_name_of_its_own() -> None:
    names = [file.name for file in Path(__file__).parent.rglob("test_*.py")]
    assert [name for name in set(names) if names.count(name) > 1] == []  # pytest runs one of them
