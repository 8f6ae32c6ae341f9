"""`chatmimic sample`: a made-up conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatmimic.cli.common import home_option, json_option, print_json, say
from chatmimic.cli.talking import (
    decoding_for,
    decoding_options,
    engine_option,
    find_mimic,
    guess,
    history_option,
    load_voice,
    make_screen,
    one_of,
)
from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.chat.screen import Screen
    from chatmimic.mimic import Mimic
    from chatmimic.records import Message

INVENTED = ("Ann", "Ben", "Kim")  # who talks where a base is asked and nobody is named


@click.command("sample")
@click.argument("mimic", required=False)
@click.option(
    "--messages",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Stop after so many messages, if the talk has not ended by itself.",
)
@click.option(
    "--people", metavar="NAME", multiple=True, help="Who takes part (repeat it); else everybody."
)
@click.option(
    "--base", metavar="NAME", help="Not a mimic but a base, between people it never read."
)
@history_option("How it begins: a file that /save made.")
@decoding_options
@engine_option
@json_option
@home_option
def command(
    mimic: str | None,
    messages: int,
    people: tuple[str, ...],
    base: str | None,
    history: Path | None,
    asked: dict[str, float],
    engine: str,
    as_json: bool,
    home: Home,
) -> None:
    """Make up a whole conversation between the people a mimic knows.

    MIMIC is its name, its persona's name, the beginning of one, or its folder; by default the
    newest one. Nobody said any of it, and of people whose words were not learnt (--learn all
    learns everybody's) it is a rough guess: --json says of each message whether they were.

    \b
    Example:
      chatmimic sample
      chatmimic sample ada-lovelace --messages 40 --seed 7
      chatmimic sample ada-lovelace --people "Ada Lovelace" --people Bob
      chatmimic sample --base starter --people Ann --people Ben
    """
    if base is not None:
        if mimic is not None:
            raise click.UsageError("MIMIC and --base both say who talks; choose one.")
        found = _base(home, base, people)
        taking_part = found.people
    else:
        found = find_mimic(home, mimic)
        taking_part = tuple(one_of(found.people, p, "--people") for p in people) or found.people

    learnt = found.learnt if base is None else ()
    from chatmimic.chat.saving import read_history
    from chatmimic.generation import as_text, made_up

    decoding = decoding_for(found, asked)
    opening = read_history(history) if history else []
    screen = make_screen()
    with screen.waiting(f"Waking {found.name} …"):
        generator = load_voice(found, engine).generator
    said = made_up(generator, decoding, people=taking_part, opening=opening, messages=messages)
    what = "mimic" if base is None else "base"
    if as_json:
        rows = [
            {"sender": m.sender, "text": as_text(m), "learnt": m.sender in learnt} for m in said
        ]
        print_json({what: found.name, "seed": decoding.seed, "messages": rows})
    else:
        screen.note(f"Made up by the {what} {found.name}: nobody said this.")
        if learnt and not {*taking_part} <= {*learnt}:
            screen.note(guess(found))
        _show(screen, said, taking_part)


def _base(home: Home, name: str, people: Sequence[str]) -> Mimic:
    from chatmimic.bases import base_here
    from chatmimic.mimic import Mimic

    return replace(Mimic.of_base(base_here(name, home, say), tuple(people) or INVENTED), name=name)


def _show(screen: Screen, said: Iterator[Message], people: Sequence[str]) -> None:
    """Each message as soon as it is made, a colour for each name."""
    from chatmimic.chat.screen import COLOURS
    from chatmimic.generation import as_text

    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(dict.fromkeys(people))}
    while True:
        with screen.waiting("…"):
            message = next(said, None)
        if message is None:
            return
        screen.message(message.sender, as_text(message), colours.get(message.sender, ""))
