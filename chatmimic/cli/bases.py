"""`chatmimic bases`: the bases in this home, made or read from GGUF files, and removing one."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import click

from chatmimic.bases import STARTER, own_base, own_bases
from chatmimic.cli.common import (
    ask_to_remove,
    console,
    home_option,
    json_option,
    print_json,
    print_table,
)
from chatmimic.errors import BaseError
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.lookup import close, suggestion
from chatmimic.text import shown


@click.group("bases", invoke_without_command=True)
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, home: Home) -> None:
    """List or remove the bases of this home.

    They are those that `chatmimic pretrain` made, and those that were read from GGUF files. The
    starter ships with the package; bases of a model hub are kept by the hub's own library.

    \b
    Example:
      chatmimic bases
      chatmimic bases remove ubuntu
    """
    ctx.ensure_object(dict)["home"] = str(home.path)
    if ctx.invoked_subcommand is not None:
        return
    found = [facts(folder) for folder in _folders(home)]
    if as_json:
        print_json(found)
    elif found:
        headings = ("Parameters", "Tokens read", "Bits/character", "Size")
        print_table("Base", headings, map(_cells, found))
    else:
        console().print(
            "No base was made here yet; the starter is part of the package. Make one: chatmimic "
            "pretrain --corpus NAME"
        )


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@home_option
def remove_command(name: str, yes: bool, as_json: bool, home: Home) -> None:
    """Remove a base for good.

    Mimics that were trained from it stay.

    \b
    Example:
      chatmimic bases remove ubuntu --yes
    """
    if name == STARTER:
        raise BaseError("The starter is part of the package.", "Only `pip` can remove it.")
    folder = Path(own_base(name, home))
    if folder not in _folders(home):
        near = close(name, own_bases(home))
        raise BaseError(
            f'There is no base called "{name}" in {home.bases}.',
            f"{suggestion(near)}`chatmimic bases` lists those there are.",
        )
    ask_to_remove(f"the base {folder.name}", yes)
    size = _size(folder)
    shutil.rmtree(folder)
    if as_json:
        print_json({"removed": folder.name, "bytes": size})
    else:
        console().print(shown(f"The base {folder.name} is gone ({size_in_words(size)} freed)."))


def facts(folder: Path) -> dict[str, Any]:
    """What `--json` prints of a base; None where its `base.json` does not say."""
    said: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        read = json.loads((folder / "base.json").read_text("utf-8"))
        said = read if isinstance(read, dict) else {}
    return {
        "name": folder.name,
        "parameters": said.get("parameters"),
        "corpora": [corpus["name"] for corpus in said.get("corpora", [])],
        "tokens_read": said.get("tokens_read"),
        "bits_per_character": said.get("held_out", {}).get("bits_per_character"),
        "made_at": said.get("made_at"),
        "bytes": _size(folder),
        "path": str(folder),
    }


def _folders(home: Home) -> list[Path]:
    return [home.bases / name for name in own_bases(home)]


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _cells(one: dict[str, Any]) -> list[str]:
    counts = (one["parameters"], one["tokens_read"])
    bits = one["bits_per_character"]
    return [
        one["name"],
        *("–" if number is None else f"{number:,}" for number in counts),
        "–" if bits is None else f"{bits:.3f}",
        size_in_words(one["bytes"]),
    ]
