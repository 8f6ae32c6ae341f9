"""Removal of a folder, shared by `bases`, `corpora`, `mimics` and `runs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from chatmimic.cli.common import ask_to_remove, console, print_json
from chatmimic.files import folder_size, size_in_words
from chatmimic.text import shown
from chatmimic.upkeep.removal import remove_with_leftovers


def remove_folder(
    kind: str,
    folder: Path,
    *,
    yes: bool,
    as_json: bool,
    whose: str = "",
    remove: Callable[[Path], object] = remove_with_leftovers,
    size: int | None = None,
    after: str = "",
) -> None:
    """Remove a folder after confirmation, unless `yes`, and print how much that freed.

    `kind` is base, corpus, mimic or run, `whose` follows its name in the question, `size` is that
    of all that `remove` removes, and `after` is a sentence on the consequences. Raises click.Abort
    if the user says no.
    """
    ask_to_remove(f"the {kind} {folder.name}{whose}", yes)
    size = folder_size(folder) if size is None else size
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
