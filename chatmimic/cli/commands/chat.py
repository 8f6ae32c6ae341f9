"""`chatmimic chat`: chat with a mimic on a terminal or through a pipe."""

from __future__ import annotations

import sys
from functools import partial

import click

from chatmimic.cli.chat_options import (
    candidates_option,
    decoding_for,
    decoding_options,
    engine_option,
    find_mimic,
    load_voice,
    make_screen,
    memory_option,
    one_of,
    verbatim_option,
)
from chatmimic.cli.common import home_option
from chatmimic.home import Home


@click.command("chat")
@click.argument("mimic", required=False)
@click.option(
    "--persona", metavar="NAME", help="Person who answers (default: the mimic's persona)."
)
@click.option(
    "--as",
    "you",
    metavar="NAME",
    help="Person to speak as, one the mimic knows (default: the owner of the export).",
)
@decoding_options
@candidates_option
@memory_option
@engine_option
@verbatim_option
@home_option
def command(
    mimic: str | None,
    persona: str | None,
    you: str | None,
    overrides: dict[str, float],
    candidates: int,
    memory: bool,
    engine: str,
    verbatim: bool,
    home: Home,
) -> int:
    """Chat with a mimic.

    MIMIC is the name of a mimic or of its persona (a unique prefix will do), or a folder; the
    default is the newest mimic. You speak as the owner of the export or, if that is unknown, as the
    person the persona talks with most. /help lists the commands of the chat. Through a pipe, each
    line is a message.

    \b
    Example:
      chatmimic chat
      chatmimic chat ada-lovelace --as Bob --temperature 0.6
      printf 'hi\\nhow are you?\\n' | chatmimic chat ada-lovelace
    """
    found = find_mimic(home, mimic)
    people = found.people
    chosen = one_of(people, persona, "--persona") if persona else found.persona
    name = one_of([*people, "You"], you, "--as") if you else ""
    if name == chosen:
        raise click.UsageError(f'"{name}" is the one who answers: use --as with another name.')
    live = sys.stdin.isatty() and sys.stdout.isatty()
    screen = make_screen(live)

    from chatmimic.chat.lines import EditedLines, PipedLines
    from chatmimic.chat.repl import Repl
    from chatmimic.chat.session import Session
    from chatmimic.mimic import Mimic, list_mimics, own_mimics

    load = partial(
        load_voice,
        home=home,
        engine=engine,
        candidates=candidates,
        verbatim=verbatim,
        memory=memory,
    )
    with screen.waiting(f"Loading {found.name} …"):
        voice = load(found)
    repl = Repl(
        Session(voice, decoding_for(found, overrides), chosen, name),
        screen,
        home,
        open_voice=lambda wanted: load(Mimic.open(wanted, home)),
        mimics=[known.name for known in list_mimics(home)],
        own=own_mimics(home),
    )
    if live:
        return repl.run(EditedLines(home.chats / "lines", repl.completions, repl.warn))
    return repl.run(PipedLines(sys.stdin.buffer))
