"""Options that errors, help and pages name: each of them exists."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

import chatmimic
from chatmimic.cli import COMMANDS, cli

SOURCE = Path(chatmimic.__file__).parent
PAGES = [SOURCE.parent / "README.md", *sorted((SOURCE.parent / "docs").glob("*.md"))]
NAMED = re.compile(r"(?<![\w-])--[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*(?![\w-])")
# Options of torchrun, of accelerate, of pip and of TGI.
OF_OTHERS = {
    *("--nproc-per-node", "--shutdown-timeout", "--multi_gpu", "--num_processes"),
    *("--use_fsdp", "--fsdp_version"),
    *("--no-deps", "--index-url"),
    "--model-id",
}
# Commands that are not ours: tests/benchmarks/test_every_script.py looks at their options.
OF_SCRIPTS = re.compile(r"^\$ python benchmarks/.*$", re.MULTILINE)
# What the systems call it that ours descends from (docs/training.md).
OF_FORERUNNERS = {
    *("--only_train_transformer_layers", "--sample_every", "--val_every", "--restore_from"),
}


def below(command: click.Command, context: click.Context) -> Iterator[click.Command]:
    """A command and every command below it."""
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            under = command.get_command(context, name)
            assert under is not None
            yield from below(under, context)


@cache
def existing() -> frozenset[str]:
    """Every option of every command."""
    context = click.Context(cli)
    parameters = (p for command in below(cli, context) for p in command.params)
    return frozenset(
        option for p in parameters for option in (*p.opts, *p.secondary_opts) if option[:2] == "--"
    ) | {"--help"}


def strings(file: Path) -> Iterator[str]:
    """What a module may say to a user: its strings, those of commands' docstrings included."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def unknown(text: str) -> set[str]:
    """The options that a text names and no command has."""
    return set(NAMED.findall(text)) - existing() - OF_OTHERS - OF_FORERUNNERS


def test_the_commands_were_looked_through() -> None:
    assert len(COMMANDS) < len(existing())
    assert {"--home", "--persona", "--no-disentangle", "--yes"} <= existing()


@pytest.mark.parametrize("text", ["a lower --lr if", "(`--learn-rate 2`)", "--resume--lr", "--lr."])
def test_an_option_that_does_not_exist_is_seen(text: str) -> None:
    assert bool(unknown(text)) == ("--resume--lr" not in text)


@pytest.mark.parametrize(
    "file", sorted(SOURCE.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCE))
)
def test_every_option_that_the_program_names_exists(file: Path) -> None:
    assert not {option for text in strings(file) for option in unknown(text)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_names_exists(page: Path) -> None:
    assert not unknown(OF_SCRIPTS.sub("", page.read_text("utf-8")))
