"""Removal of a folder, shared by `bases`, `corpora` and `mimics`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click

from chatmimic.cli.common import ask_to_remove, console, print_json
from chatmimic.files import folder_size, size_in_words
from chatmimic.text import shown


def remove_folder(
    kind: str,
    folder: Path,
    *,
    yes: bool,
    as_json: bool,
    whose: str = "",
    remove: Callable[[Path], object] = shutil.rmtree,
    after: str = "",
) -> None:
    """Remove a folder after confirmation, unless `yes`, and print how much that freed.

    `kind` is base, corpus or mimic, `whose` follows its name in the question, and `after` is a
    sentence on the consequences. Raises click.Abort if the user says no.
    """
    ask_to_remove(f"the {kind} {folder.name}{whose}", yes)
    size = folder_size(folder)
    remove(folder)
    if as_json:
        print_json({"removed": folder.name, "bytes": size})
        return
    told = f"Removed the {kind} {folder.name} ({size_in_words(size)} freed)."
    for line in filter(None, (told, after)):
        console().print(shown(line))


def yes_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--yes`; the command's `yes` argument is a bool."""
    return click.option("--yes", is_flag=True, help="Do not ask for confirmation.")(command)
