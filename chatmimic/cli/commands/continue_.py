"""`chatmimic continue`: go on with a piece of a chat."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatmimic.cli.chat_options import (
    TalkCommand,
    decoding_for,
    decoding_options,
    engine_option,
    find_mimic,
    load_voice,
    make_screen,
    messages_option,
    one_of,
    verbatim_option,
)
from chatmimic.cli.common import home_option, json_option, print_json, waiting
from chatmimic.cli.writing_options import check_file, chosen_shape, put, writing_options
from chatmimic.generated import sentence
from chatmimic.home import Home
from chatmimic.lookup import quoted
from chatmimic.text import visible

if TYPE_CHECKING:
    from chatmimic.chat.screen import Screen
    from chatmimic.fragment import Fragment
    from chatmimic.generation.continuing import Continued
    from chatmimic.mimic import Mimic
    from chatmimic.records import Message

COMMAND = "chatmimic continue"
_NAMED = 8  # strangers
# What the importers call it → how it is written; others are written as text.
_WRITTEN_AS = {"columns": "jsonl", **{name: name for name in ("irc", "discord", "messenger")}}
_WRITTEN_AS["whatsapp"] = "whatsapp"


@click.command("continue", cls=TalkCommand)
@click.argument("file", metavar="FILE")
@click.option("--mimic", metavar="NAME", help="Mimic that goes on (default: the newest).")
@messages_option(10)
@click.option(
    "--as",
    "given",
    metavar='"NAME=PERSON"',
    multiple=True,
    help="Who a name in the file is, among the people of the mimic. Repeatable.",
)
@writing_options("as FILE is; a transcript if that is not one message per line")
@decoding_options
@engine_option
@verbatim_option
@json_option
@home_option
def command(
    file: str,
    mimic: str | None,
    messages: int,
    given: tuple[str, ...],
    to: Path | None,
    shape: str | None,
    overrides: dict[str, float],
    engine: str,
    verbatim: bool,
    as_json: bool,
    home: Home,
) -> None:
    """Go on with a piece of a chat, as a mimic would.

    FILE is a chat export, a saved or pasted piece of one, or lines of "Name: text"; - reads it from
    standard input. It is only read, never imported. Who speaks next is the mimic's choice, among
    the people in FILE and its persona; times go on from the last message. Only what is new is
    printed, in the shape of FILE.

    \b
    Example:
      chatmimic continue "#tea.log"
      chatmimic continue pasted.txt --as "lovelace_=Ada Lovelace" --messages 20 --seed 7
      wl-paste | chatmimic continue - --mimic ada-lovelace
    """
    found = find_mimic(home, mimic)
    check_file(to, COMMAND)
    fragment = _fragment(file, found)
    continued = _continued(fragment, found, given)
    screen = make_screen()
    made = _made(screen, found, continued, messages, overrides, engine, verbatim, home)
    learnt = found.trained_on
    seed = decoding_for(found, overrides).seed
    chosen = chosen_shape(to, shape, _WRITTEN_AS.get(fragment.service, "text"))
    if as_json:
        with screen.waiting("Generating …"):
            rows = [_row(m, continued, learnt) for m in made]
        print_json({"mimic": found.name, "seed": seed, "people": continued.who, "messages": rows})
        return
    _tell(screen, found, continued)
    if chosen is not None:
        with screen.waiting("Generating …"):
            whole = [continued.named(m) for m in made]
        put(whole, to, chosen, found.name, COMMAND)
    else:
        _show(screen, map(continued.named, made), fragment, found)


def _fragment(file: str, mimic: Mimic) -> Fragment:
    from chatmimic.fragment import read_fragment, read_pasted
    from chatmimic.generation.continuing import usual_start

    day = usual_start(mimic)
    if file != "-":
        with waiting(f"Reading {Path(file).name}"):
            return read_fragment(Path(file), day)
    if sys.stdin.isatty():
        raise click.UsageError("Nothing is piped in; give a file instead of -.")
    return read_pasted(sys.stdin.buffer, day)


def _continued(fragment: Fragment, mimic: Mimic, given: tuple[str, ...]) -> Continued:
    from chatmimic.generation.continuing import Continued

    pairs = [_pair(one, fragment, mimic) for one in given]
    return Continued(fragment, mimic, dict(pairs))


def _pair(written: str, fragment: Fragment, mimic: Mimic) -> tuple[str, str]:
    """A sender and the person they are, from `--as "sender=person"`."""
    name, sign, person = written.rpartition("=")
    if not sign or not name.strip():
        raise click.UsageError(f'--as: "{visible(written)}" is not NAME=PERSON.')
    if name.strip() not in fragment.senders:
        there = _some(fragment.senders)
        raise click.UsageError(f'--as: nobody is called "{visible(name)}" in FILE, but {there}.')
    return name.strip(), one_of(mimic.people, person.strip(), "--as")


def _made(
    screen: Screen,
    mimic: Mimic,
    continued: Continued,
    messages: int,
    overrides: dict[str, float],
    engine: str,
    verbatim: bool,
    home: Home,
) -> Iterator[Message]:
    from chatmimic.generation.continuing import rhythms_of

    decoding = decoding_for(mimic, overrides)
    with screen.waiting(f"Loading {mimic.name} …"):
        rhythms = rhythms_of(home, mimic, continued.people)
        voice = load_voice(mimic, home, engine, verbatim=verbatim)
    if voice.unchecked:
        screen.note(voice.unchecked)
    return continued.go_on(voice.generator, decoding, rhythms, messages)


def _row(message: Message, continued: Continued, learnt: tuple[str, ...]) -> dict[str, object]:
    from chatmimic.generation import as_text

    return {
        "sender": continued.named(message).sender,
        "person": message.sender,
        "text": as_text(message),
        "sent_at": message.sent_at,
        "learnt": message.sender in learnt,
    }


def _tell(screen: Screen, mimic: Mimic, continued: Continued) -> None:
    """Say that it is made up, who is taken for whom, and whom the mimic does not know."""
    screen.note(f"Made up by the mimic {mimic.name}: nobody said this.")
    for sender, person in continued.who.items():
        if person in mimic.people and sender != person:
            screen.note(f'"{sender}" is taken for {person}.')
    if continued.strangers:
        screen.note(
            f"The mimic does not know {_some(continued.strangers)}: what they say is a guess. "
            '--as "NAME=PERSON" says who they are.'
        )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return quoted(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _show(screen: Screen, made: Iterator[Message], fragment: Fragment, mimic: Mimic) -> None:
    """Print each message as soon as it is generated; in a pipe, below a line with the mark."""
    from chatmimic.writing.transcript import line

    terminal = sys.stdout.isatty()
    lines, mark = fragment.lines, sentence(mimic.name)
    if not terminal:
        at = fragment.messages[-1].sent_at
        print(lines.marked(mark, at) if lines else f"# {mark}\n", end="", flush=True)
    while True:
        with screen.waiting("…"):
            message = next(made, None)
        if message is None:
            return
        text = lines.written(message) if lines else f"{line(message)}\n"
        print(visible(text) if terminal else text, end="", flush=True)
