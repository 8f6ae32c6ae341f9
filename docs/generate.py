"""Pages that are made from the code, and the keywords of the Python API: python docs/generate.py

`docs/cli.md` holds the help of every command, `docs/python-api.md` the public names of the package
with their signatures, `chatmimic/keywords.py` the settings of `train` and `pretrain` as types that
editors and type checkers read. A test compares all of them with what this makes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import chatmimic
from chatmimic.cli import cli
from chatmimic.settings import Setting, settings_of
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.training.settings import TrainSettings

ROOT = Path(__file__).parent.parent
CLI, API, KEYWORDS = "docs/cli.md", "docs/python-api.md", "chatmimic/keywords.py"
_WIDTH = 100
_AUTHORED = {"TrainKeywords": TrainSettings, "PretrainKeywords": PretrainSettings}


def main() -> None:
    """Write everything."""
    for name, text in made().items():
        (ROOT / name).write_text(text, "utf-8")


def made() -> dict[str, str]:
    """Every file that is made, by its path in the project."""
    return {CLI: _cli_page(), API: _api_page(), KEYWORDS: _keywords()}


# -- the commands ----------------------------------------------------------------------------------


def _cli_page() -> str:
    parts = ["# Commands", "The help of every command, as `chatmimic COMMAND --help` shows it."]
    for path, command in _commands(cli, ("chatmimic",)):
        context = click.Context(
            command, info_name=" ".join(path), terminal_width=_WIDTH, **cli.context_settings
        )
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"## {' '.join(path)}\n\n```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it, each with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if below := command.get_command(context, name):
                yield from _commands(below, (*path, name))


# -- the Python API --------------------------------------------------------------------------------


def _api_page() -> str:
    doc = inspect.cleandoc(chatmimic.__doc__ or "")
    parts = ["# Python API", f"```python\nimport chatmimic\n```\n\n{_prose(doc)}"]
    for name in sorted(chatmimic.__all__, key=lambda n: (not n.islower(), n.lower())):
        value = getattr(chatmimic, name)
        if callable(value):
            parts.append(_described(name, value))
    return "\n\n".join(parts) + "\n"


def _described(name: str, value: Any) -> str:
    """A public name: its signature, what it does, and its public methods."""
    doc = _prose(inspect.getdoc(value) or "")
    if inspect.isclass(value):
        settings = "".join(_row(one) for one in settings_of(value)) if _has_settings(value) else ""
        table = (
            f"\n\n| keyword | default | what it is |\n|---|---|---|\n{settings}" if settings else ""
        )
        return f"## `{name}`\n\n{doc}{table.rstrip()}{_members(value)}"
    return f"## `{name}`\n\n```python\n{name}{_signature(value)}\n```\n\n{doc}"


def _has_settings(value: type[Any]) -> bool:
    return hasattr(value, "conflicts")


def _table(value: type[Any]) -> str:
    """The settings of a class, one a row."""
    if not _has_settings(value):
        return ""
    rows = "".join(map(_row, settings_of(value)))
    return f"\n\n| keyword | default | what it is |\n|---|---|---|\n{rows}".rstrip()


def _row(one: Setting) -> str:
    choices = f" ({', '.join(one.choices)})" if one.choices else ""
    text = one.help.replace("|", "\\|")
    return f"| `{one.name}` | `{one.default!r}` | {text}{choices} |\n"


def _members(value: type[Any]) -> str:
    """The public methods and properties that a class defines itself."""
    found = []
    for name, member in vars(value).items():
        if name.startswith("_") or _has_settings(value) or issubclass(value, Exception):
            continue
        function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if isinstance(function, property):
            found.append(f"- **`{name}`**: {_first(function.fget)}")
        elif inspect.isfunction(function):
            found.append(f"- **`{name}{_signature(function)}`**: {_first(function)}")
    return "\n\n" + "\n".join(found) if found else ""


def _first(function: Any) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())


def _signature(function: Any) -> str:
    text = re.sub(r"((?:: |-> ))'([^']*)'", r"\1\2", str(inspect.signature(function)))
    text = re.sub(r"\(self(, )?", "(", text)
    return re.sub(r"\b(?:chatmimic\.[\w.]+\.|collections\.abc\.|pathlib\.)", "", text)


def _prose(doc: str) -> str:
    """A docstring as Markdown: what stands behind `::` or `Example::` is code."""
    blocks = []
    for block in doc.split("\n\n"):
        lines = block.splitlines()
        if lines and all(line.startswith("    ") for line in lines):
            blocks.append("```python\n" + inspect.cleandoc(block) + "\n```")
        else:
            blocks.append(re.sub(r"::$", ":", block))
    return "\n\n".join(blocks)


# -- keywords --------------------------------------------------------------------------------------


def _keywords() -> str:
    parts = [
        '"""The keywords of `train` and `pretrain`, for editors and type checkers.\n\n'
        'Made by docs/generate.py from the settings: change those, and run it.\n"""',
        "from __future__ import annotations",
        "from collections.abc import Sequence\nfrom typing import Literal, TypedDict",
    ]
    head = "\n\n".join(parts)
    return head + "".join(_typed_dict(name, kind) for name, kind in _AUTHORED.items())


def _typed_dict(name: str, kind: type[Any]) -> str:
    command = kind.command
    lines = [f'\n\n\nclass {name}(TypedDict, total=False):\n    """Settings of `{command}`."""\n']
    for one in settings_of(kind):
        if one.name != "persona":  # an argument of its own
            lines.append(_folded(f"    {one.name}: {_type_of(one)}"))
    return "\n".join(lines) + ("\n" if name == "PretrainKeywords" else "")


def _type_of(one: Setting) -> str:
    name = one.kind.__name__
    if one.choices:
        name = f"Literal[{', '.join(map(_quoted, one.choices))}]"
    if one.several:
        return f"{name} | Sequence[{name}]"
    return f"{name} | None" if one.optional else name


def _folded(line: str) -> str:
    """A line as the formatter has it."""
    if len(line) <= _WIDTH:
        return line
    head, _, rest = line.partition("[")
    inner, _, tail = rest.partition("]")
    return f"{head}[\n        {inner}\n    ]{tail}"


def _quoted(word: str) -> str:
    return f'"{word}"'


if __name__ == "__main__":
    main()
