"""`chatmimic sample`: generate a conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatmimic.cli.chat_options import (
    base_as_mimic,
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
from chatmimic.cli.common import home_option, json_option, print_json
from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.chat.screen import Screen
    from chatmimic.records import Message


@click.command("sample")
@click.argument("mimic", required=False)
@click.option(
    "--messages",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Maximum number of messages; the conversation may end earlier.",
)
@click.option(
    "--people",
    metavar="NAME",
    multiple=True,
    help="Person who takes part (default: everybody). Repeatable.",
)
@click.option(
    "--base", metavar="NAME", help="Sample from a base instead of a mimic, between invented people."
)
@history_option("Beginning of the conversation: a file written by /save.")
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
    overrides: dict[str, float],
    engine: str,
    as_json: bool,
    home: Home,
) -> None:
    """Generate a conversation between the people a mimic knows.

    MIMIC is the name of a mimic or of its persona (a unique prefix will do), or a folder; the
    default is the newest mimic. All of it is made up. For people whose words the mimic was not
    trained on, it is a rough guess (`train --learn all` trains on everybody's words); --json says
    which messages these are.

    \b
    Example:
      chatmimic sample
      chatmimic sample ada-lovelace --messages 40 --seed 7
      chatmimic sample ada-lovelace --people "Ada Lovelace" --people Bob
      chatmimic sample --base starter --people Ann --people Ben
    """
    if base is not None:
        if mimic is not None:
            raise click.UsageError("MIMIC and --base contradict each other; choose one.")
        found = base_as_mimic(home, base, people)
        taking_part = found.people
    else:
        found = find_mimic(home, mimic)
        taking_part = tuple(one_of(found.people, p, "--people") for p in people) or found.people

    learnt = found.trained_on if base is None else ()
    from chatmimic.chat.saving import read_history
    from chatmimic.generation import as_text, made_up

    decoding = decoding_for(found, overrides)
    opening = read_history(history) if history else []
    screen = make_screen()
    with screen.waiting(f"Loading {found.name} …"):
        generator = load_voice(found, home, engine).generator
    made = made_up(generator, decoding, people=taking_part, opening=opening, messages=messages)
    what = "mimic" if base is None else "base"
    if as_json:
        rows = [
            {"sender": m.sender, "text": as_text(m), "learnt": m.sender in learnt} for m in made
        ]
        print_json({what: found.name, "seed": decoding.seed, "messages": rows})
    else:
        screen.note(f"Made up by the {what} {found.name}: nobody said this.")
        if learnt and not {*taking_part} <= {*learnt}:
            screen.note(guess(found))
        _show(screen, made, taking_part)


def _show(screen: Screen, made: Iterator[Message], people: Sequence[str]) -> None:
    """Print each message as soon as it is generated, with a colour for each sender."""
    from chatmimic.chat.screen import COLOURS
    from chatmimic.generation import as_text

    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(dict.fromkeys(people))}
    while True:
        with screen.waiting("…"):
            message = next(made, None)
        if message is None:
            return
        screen.message(message.sender, as_text(message), colours.get(message.sender, ""))
