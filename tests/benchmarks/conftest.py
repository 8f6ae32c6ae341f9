"""A benchmark's script as a module, and its figures: a test file names it in `SCRIPT`."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chatmimic.cli import main as chatmimic_main

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The script `SCRIPT` of the test's file, loaded with its neighbours in reach."""
    file = SCRIPTS / f"{request.module.SCRIPT}.py"
    found = importlib.util.spec_from_file_location(file.stem, file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        patch.setitem(sys.modules, file.stem, module)
        found.loader.exec_module(module)
        yield module


@dataclass(frozen=True)
class Metrics:
    """What a script said: the JSON of its last line, and the lines before it."""

    result: dict[str, Any]
    lines: list[str]


@pytest.fixture
def figures(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Metrics]:
    """Runs the script with some options, in this process: none costs the imports of another one."""

    def run(*options: object) -> Metrics:
        monkeypatch.setattr(sys, "argv", [f"{script.__name__}.py", *map(str, options)])
        script.main()
        *lines, last = capsys.readouterr().out.strip().splitlines()
        return Metrics(json.loads(last), lines)

    return run


@pytest.fixture
def here(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Sequence[str]], tuple[int, str, str]]:
    """Runs a command of this Python in this process: its status, output and standard error."""

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        out, told, status = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
            try:
                if command[1] == "-m":
                    chatmimic_main(command[3:])
                else:
                    monkeypatch.setattr(sys, "argv", list(command[1:]))
                    script.main()
            except SystemExit as left:
                status = int(left.code or 0)
        return status, out.getvalue(), told.getvalue()

    return run
