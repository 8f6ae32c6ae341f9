"""What is the code like? Sizes, hints, docstrings, comments, imports and circles, by counting.

    python benchmarks/code_shape.py
    python benchmarks/code_shape.py --package ../other/src/other

Nothing of the package is imported: its files are read and parsed. A function's length is its lines
from `def` to its end, without decorators and docstring. An import edge goes from a file to another
one of the package, wherever in the file it is imported; a circle is a set of files that reach one
another, with the imports for type checkers counted and without them. The last line is JSON.
"""

from __future__ import annotations

import argparse
import ast
import json
import statistics
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "chatmimic"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=Path, default=PACKAGE, help="a folder of Python files")
    counted = count(parser.parse_args().package.resolve())
    for name, value in counted.items():
        print(f"{name.replace('_', ' '):36}{value!s:>12}")
    print(json.dumps(counted))


def count(package: Path) -> dict[str, float]:
    """All figures of a package."""
    files = sorted(package.rglob("*.py"))
    texts = {file: file.read_text("utf-8") for file in files}
    trees = {file: ast.parse(text) for file, text in texts.items()}
    lines = [line.strip() for text in texts.values() for line in text.splitlines()]
    functions = [n for tree in trees.values() for n in ast.walk(tree) if isinstance(n, Function)]
    lengths = sorted(map(length, functions))
    public = [n for tree in trees.values() for n in publicly(tree)]
    folders = [file.parent for file in files]
    running, typed = (edges(trees, package, typed=t) for t in (False, True))
    return {
        "files": len(files),
        "most_files_in_a_folder": max(map(folders.count, set(folders))),
        "lines": len(lines),
        "comment_lines": sum(line.startswith("#") for line in lines),
        "functions": len(functions),
        "function_median": statistics.median(lengths),
        "function_p90": lengths[int(len(lengths) * 0.9)],
        "function_longest": lengths[-1],
        "of_one_statement": sum(len(body(f)) == 1 for f in functions),
        "return_hints_percent": percent(f.returns is not None for f in functions),
        "docstrings_percent": percent(bool(ast.get_docstring(n)) for n in public),
        "import_edges": sum(map(len, running.values())),
        "in_circles": sum(len(c) for c in circles(running)),
        "in_circles_with_type_checking": sum(len(c) for c in circles(typed)),
    }


def body(function: Function) -> list[ast.stmt]:
    """The statements of a function, without its docstring."""
    return function.body[1:] if ast.get_docstring(function) else function.body


def length(function: Function) -> int:
    """Lines of a function, without decorators and docstring."""
    said = function.body[0] if ast.get_docstring(function) else None
    docstring = 0 if said is None else (said.end_lineno or 0) - said.lineno + 1
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def publicly(node: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    """Every public class, function and method."""
    for below in node.body:
        if isinstance(below, Function | ast.ClassDef) and not below.name.startswith("_"):
            yield below
            if isinstance(below, ast.ClassDef):
                yield from publicly(below)


def percent(true: Iterator[bool]) -> float:
    """The share of those that are true, in percent."""
    listed = list(true)
    return round(100 * sum(listed) / max(1, len(listed)), 1)


def edges(trees: dict[Path, ast.Module], package: Path, *, typed: bool) -> dict[str, set[str]]:
    """Which files of the package each file imports; `typed` counts what only checkers read."""
    root = package.parent
    names = {".".join(f.relative_to(root).with_suffix("").parts): f for f in trees}
    names = {name.removesuffix(".__init__"): file for name, file in names.items()}
    found = {}
    for name, file in names.items():
        there = set(imported(trees[file], typed)) - {name}
        # `from package.folder import name` is of the file, where `name` is one.
        found[name] = {n if n in names else n.rpartition(".")[0] for n in there} & names.keys()
        found[name].discard(name)
    return found


def imported(node: ast.AST, typed: bool) -> Iterator[str]:
    """Dotted names of all that is imported in it."""
    if not typed and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for below in ast.iter_child_nodes(node):
        yield from imported(below, typed)


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Sets of files that all reach one another (strongly connected components of two or more)."""
    reached = {name: reach(graph, name) for name in graph}
    found: list[set[str]] = []
    for name in graph:
        circle = {other for other in reached[name] if name in reached[other]}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


def reach(graph: dict[str, set[str]], start: str) -> set[str]:
    """Everything that can be reached from a file."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for there in graph[waiting.pop()] - seen:
            seen.add(there)
            waiting.append(there)
    return seen


if __name__ == "__main__":
    main()
