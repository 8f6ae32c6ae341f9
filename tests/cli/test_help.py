"""Help: quick, complete, with an example, and saying the same thing everywhere."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from chatmimic.cli import COMMANDS, cli

CPU_SECONDS = 0.2  # what `chatmimic --help` may use
HEAVY = ("torch", "transformers", "pandas", "numpy", "rich", "prompt_toolkit", "accelerate")


def with_those_below(name: str) -> Iterator[tuple[str, ...]]:
    """A command and every command below it."""
    yield (name,)
    context = click.Context(cli)
    command = cli.get_command(context, name)
    if isinstance(command, click.Group):
        yield from ((name, below) for below in command.list_commands(context))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_in_its_help_what_the_list_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    first = " ".join((command.help or "").split("\n\n")[0].split())
    assert first == COMMANDS[name][1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example(name: str) -> None:
    for path in with_those_below(name):
        shown = CliRunner().invoke(cli, [*path, "--help"])
        assert shown.exit_code == 0, shown.output
        assert "Example" in shown.output, path
        assert f"chatmimic {' '.join(path)}" in shown.output.split("Example")[1], path


def test_the_list_has_every_command() -> None:
    shown = CliRunner().invoke(cli, ["--help"])
    assert shown.exit_code == 0
    for name, (_, line) in COMMANDS.items():
        assert name in shown.output
        assert line.split()[0] in shown.output


def test_a_mistyped_command_gets_a_suggestion() -> None:
    shown = CliRunner().invoke(cli, ["improt"])
    assert shown.exit_code == 2
    assert 'Did you mean "import"?' in shown.output


@pytest.mark.skipif(os.name == "nt", reason="asks POSIX for the time children used")
def test_help_is_quick() -> None:
    import resource

    def cpu_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "chatmimic", "--help"], check=True, stdout=subprocess.DEVNULL
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    # The least of several, and half as much again: other work on the machine slows a run.
    assert min(cpu_seconds() for _ in range(5)) < CPU_SECONDS * 1.5


LOADED = "import sys; from chatmimic.cli import _run; _run({args!r}, False); print(*sys.modules)"


@pytest.mark.parametrize(
    "args", [["--help"], ["people", "--json"], ["search", "tea", "--json"], ["import", "--help"]]
)
def test_light_commands_load_nothing_heavy(args: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(args=args)], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "chatmimic.cli" in loaded
    assert loaded.isdisjoint(HEAVY)
