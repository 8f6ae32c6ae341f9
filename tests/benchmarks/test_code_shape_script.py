"""The benchmark of the code's shape counts a small package as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

SCRIPT = "code_shape"

ONE = '''"""One."""

from small.two import later


def first(x: int) -> int:
    """Say it."""
    # twice
    y = later(x)
    return y
'''
TWO = """from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from small.one import first


def later(x):
    return x
"""


def test_the_script_ends_with_its_figures(figures: Callable[..., Any], tmp_path: Path):
    package = tmp_path / "small"
    package.mkdir()
    for name, text in (("__init__", ""), ("one", ONE), ("two", TWO)):
        (package / f"{name}.py").write_text(text, "utf-8")
    result = figures("--package", package).result
    assert (result["files"], result["most_files_in_a_folder"], result["comment_lines"]) == (3, 3, 1)
    assert (result["functions"], result["function_longest"], result["of_one_statement"]) == (
        2,
        4,
        1,
    )
    assert (result["return_hints_percent"], result["docstrings_percent"]) == (50, 50)
    assert result["import_edges"] == 1
    assert (result["in_circles"], result["in_circles_with_type_checking"]) == (0, 2)
