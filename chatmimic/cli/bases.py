"""`chatmimic bases`: the bases that can be used on this machine, and removing one made here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.bases import STARTER, own_base, own_bases
from chatmimic.cli.common import (
    ask_to_remove,
    console,
    home_option,
    json_option,
    print_json,
)
from chatmimic.errors import BaseError
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.lookup import close, quoted, suggestion
from chatmimic.mimic import needing
from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.table import Table

    from chatmimic.bases.listing import Listed
    from chatmimic.training.room import Room

_ROOMY = 80  # columns of terminal for everything


@click.group("bases", invoke_without_command=True)
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, home: Home) -> None:
    """List the bases that can be used here, or remove one made here.

    They are the starter, smollm2, what `chatmimic pretrain` made or was read from GGUF files, what
    the model hub's library has fetched, and what Ollama, LM Studio and llama.cpp keep. --base takes
    the names that are listed.

    \b
    Example:
      chatmimic bases
      chatmimic bases remove ubuntu
    """
    ctx.ensure_object(dict)["home"] = str(home.path)
    if ctx.invoked_subcommand is not None:
        return
    from chatmimic.bases.listing import list_bases
    from chatmimic.training.room import find_room

    found, room = list_bases(home), find_room()
    if as_json:
        print_json([facts(one, room) for one in found])
    else:
        _show(found, room)


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@home_option
def remove_command(name: str, yes: bool, as_json: bool, home: Home) -> None:
    """Remove a base that was made here, for good.

    Mimics that were trained from it stay; adapters among them, which it names first, need it to be
    opened. What other programs keep is theirs to remove.

    \b
    Example:
      chatmimic bases remove ubuntu --yes
    """
    if name == STARTER:
        raise BaseError("The starter is part of the package.", "Only `pip` can remove it.")
    folder = Path(own_base(name, home))
    if folder not in [home.bases / own for own in own_bases(home)]:
        near = close(name, own_bases(home))
        raise BaseError(
            f'There is no base called "{name}" in {home.bases}.',
            f"{suggestion(near)}`chatmimic bases` lists those there are.",
        )
    needed = quoted([m.name for m in needing(folder, home)])
    without = f", without which these mimics cannot be opened: {needed}" if needed else ""
    ask_to_remove(f"the base {folder.name}{without}", yes)
    size = sum(file.stat().st_size for file in folder.iterdir())
    shutil.rmtree(folder)
    if as_json:
        print_json({"removed": folder.name, "bytes": size})
        return
    console().print(shown(f"The base {folder.name} is gone ({size_in_words(size)} freed)."))
    if needed:
        console().print(shown(f"Without it {needed} cannot be opened any more."))


def facts(one: Listed, room: Room) -> dict[str, Any]:
    """What `--json` prints of a base; None where nobody knows."""
    return {
        "name": one.base,
        "source": one.source,
        "usable": not one.fault,
        "fault": one.fault or None,
        "good_for": None if one.fault else good_for(one.parameters, room),
        "architecture": one.architecture or None,
        "parameters": one.parameters,
        "corpora": [corpus["name"] for corpus in one.said.get("corpora", [])],
        "tokens_read": one.said.get("tokens_read"),
        "bits_per_character": one.said.get("held_out", {}).get("bits_per_character"),
        "license": one.terms.license or None,
        "card": one.terms.card or None,
        "made_at": one.said.get("made_at"),
        "bytes": one.bytes,
        "path": None if one.path is None else str(one.path),
    }


def good_for(parameters: int | None, room: Room) -> str:
    """What a base of so many parameters is good for on the device of `room`, in a few words.

    Training takes 16 bytes a parameter (weights, gradients, two moments) and what activations
    take, of which more with the base's size; LoRA some 5.
    """
    if parameters is None:
        return ""
    if 5 * parameters > room.total:
        return "too large for this machine"
    if parameters < 50_000_000:
        return "minutes; manner, little sense"
    if room.device == "cpu":
        small = parameters < 200_000_000
        large = parameters < 500_000_000
        return "sense, on a laptop" if small else "hours here" if large else "needs a GPU"
    return "sense" if 18 * parameters < room.total else "sense, with --lora"


def _show(found: list[Listed], room: Room) -> None:
    screen = console()
    screen.print(_table(found, room, screen.width))
    for one in found:
        if one.fault:
            screen.print(shown(f"{one.base}: {one.fault}"))
        if str(one.terms):
            screen.print(shown(f"{one.base}: {one.terms}"))
    if not any(one.said for one in found):
        screen.print("Make one of your own: chatmimic pretrain --corpus NAME")


def _table(found: list[Listed], room: Room, width: int) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Base", overflow="fold")
    table.add_column("Parameters", justify="right")
    table.add_column("Good for", overflow="fold")
    if width >= _ROOMY:
        table.add_column("From", overflow="fold")
        table.add_column("Size", justify="right", no_wrap=True)
        table.add_column("Bits/character", justify="right")
    for one in found:
        table.add_row(*map(shown, _cells(one, room)[: len(table.columns)]))
    return table


def _cells(one: Listed, room: Room) -> list[str]:
    bits = one.said.get("held_out", {}).get("bits_per_character")
    return [
        one.base,
        "–" if one.parameters is None else f"{one.parameters / 1e6:,.1f} M",
        "not usable" if one.fault else good_for(one.parameters, room),
        one.source,
        size_in_words(one.bytes) if one.bytes else "–",
        "–" if bits is None else f"{bits:.3f}",
    ]
