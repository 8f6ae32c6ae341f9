"""`chatmimic bases`: list the bases on this machine, or remove one made here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.bases import STARTER, own_base, own_bases
from chatmimic.cli.common import (
    console,
    home_option,
    json_option,
    print_json,
    waiting,
)
from chatmimic.cli.removing import remove_folder, yes_option
from chatmimic.errors import BaseError
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.lookup import close, quoted, suggestion
from chatmimic.mimic import needing
from chatmimic.text import shown
from chatmimic.upkeep.removal import remove_with_leftovers
from chatmimic.upkeep.runs import PRETRAINING, RUNNING, UNFINISHED, stored_run

if TYPE_CHECKING:
    from rich.table import Table

    from chatmimic.bases.listing import Listed
    from chatmimic.training.planning.memory_available import Room

_ROOMY = 80  # terminal columns needed for all columns of the table


@click.group("bases", invoke_without_command=True)
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, home: Home) -> None:
    """List the bases on this machine, or remove one made here.

    These are the starter, smollm2, bases made by `chatmimic pretrain` or from GGUF files, models in
    the Hugging Face cache, and those of Ollama, LM Studio and llama.cpp. --base accepts any name in
    the list.

    \b
    Example:
      chatmimic bases
      chatmimic bases remove ubuntu
    """
    ctx.ensure_object(dict)["home"] = str(home.path)
    if ctx.invoked_subcommand is not None:
        return
    with waiting("looking for bases"):  # importing torch takes seconds
        from chatmimic.bases.listing import list_bases
        from chatmimic.training.planning.memory_available import find_room

        found, room = list_bases(home), find_room()
    if as_json:
        print_json([to_json(one, room) for one in found])
    else:
        _show(found, room)


@command.command("remove")
@click.argument("name")
@yes_option
@json_option
@home_option
def remove_command(name: str, yes: bool, as_json: bool, home: Home) -> None:
    """Permanently remove a base that was made here.

    Mimics trained from it stay, but those stored as adapters cannot be opened without it; you are
    told which before you confirm. Models of other programs cannot be removed here.

    \b
    Example:
      chatmimic bases remove ubuntu --yes
    """
    if name == STARTER:
        raise BaseError("The starter is part of the chatmimic package and cannot be removed.")
    folder = Path(own_base(name, home))
    if name and name == Path(name).name and name[0] != "." and os.path.lexists(home.bases / name):
        folder = home.bases / name  # a damaged one, too
    elif folder not in [home.bases / own for own in own_bases(home)]:
        near = close(name, own_bases(home))
        raise BaseError(
            f'There is no base called "{name}" in {home.bases}.',
            f"{suggestion(near)}`chatmimic bases` lists them.",
        )
    needed = quoted([m.name for m in needing(folder, home)])
    if needed and not yes:
        warning = f"These mimics cannot be opened without {folder.name}: {needed}."
        console(stderr=True).print(shown(warning))
    after = f"Until the base is made again, {needed} cannot be opened. " if needed else ""
    run = stored_run(home.pretrainings / folder.name, PRETRAINING)
    if run.state in (UNFINISHED, RUNNING):
        after += f"A pretraining of that name is {run.state}; it stays."

    def with_its_log(_: Path) -> None:
        remove_with_leftovers(folder)
        if run.path.is_dir() and run.state not in (UNFINISHED, RUNNING):
            run.remove()

    remove_folder(
        "base", folder, yes=yes, as_json=as_json, remove=with_its_log, after=after.strip()
    )


def to_json(one: Listed, room: Room) -> dict[str, Any]:
    """The facts of a base that `--json` prints; None for what is not known."""
    return {
        "name": one.base,
        "source": one.source,
        "usable": not one.fault,
        "fault": one.fault or None,
        "good_for": None if one.fault else good_for(one.parameters, room),
        "architecture": one.architecture or None,
        "parameters": one.parameters,
        "corpora": [corpus["name"] for corpus in one.description.get("corpora", [])],
        "tokens_read": one.description.get("tokens_read"),
        "bits_per_character": one.description.get("held_out", {}).get("bits_per_character"),
        "license": one.terms.license or None,
        "card": one.terms.card or None,
        "made_at": one.description.get("made_at"),
        "bytes": one.bytes,
        "path": None if one.path is None else str(one.path),
    }


def good_for(parameters: int | None, room: Room) -> str:
    """What a base with that many parameters is good for on the device of `room`, in a few words.

    Training takes 16 bytes per parameter (weights, gradients, two moments) plus activations, which
    grow with the size of the base; LoRA takes about 5.
    """
    if parameters is None:
        return ""
    if 5 * parameters > room.total:
        return "too large for this machine"
    if parameters < 50_000_000:
        return "minutes; style, little sense"
    if room.device == "cpu":
        small = parameters < 200_000_000
        large = parameters < 500_000_000
        return "coherent, on a laptop" if small else "hours here" if large else "needs a GPU"
    return "coherent" if 18 * parameters < room.total else "coherent, with --lora"


def _show(found: list[Listed], room: Room) -> None:
    screen = console()
    screen.print(_table(found, room, screen.width))
    for one in found:
        if one.fault:
            screen.print(shown(f"{one.base}: {one.fault}"))
        if str(one.terms):
            screen.print(shown(f"{one.base}: {one.terms}"))
    if not any(one.description for one in found):
        screen.print("Make one of your own: chatmimic pretrain --corpus NAME")


def _table(found: list[Listed], room: Room, width: int) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Base", overflow="fold")
    table.add_column("Parameters", justify="right")
    table.add_column("Good for", overflow="fold")
    if width >= _ROOMY:
        table.add_column("Source", overflow="fold")
        table.add_column("Size", justify="right", no_wrap=True)
        table.add_column("Bits/character", justify="right")
    for one in found:
        table.add_row(*map(shown, _cells(one, room)[: len(table.columns)]))
    return table


def _cells(one: Listed, room: Room) -> list[str]:
    bits = one.description.get("held_out", {}).get("bits_per_character")
    return [
        one.base,
        "–" if one.parameters is None else f"{one.parameters / 1e6:,.1f} M",
        "not usable" if one.fault else good_for(one.parameters, room),
        one.source,
        size_in_words(one.bytes) if one.bytes else "–",
        "–" if bits is None else f"{bits:.3f}",
    ]
