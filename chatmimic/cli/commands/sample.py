"""`chatmimic sample`: generate a conversation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatmimic.cli.chat_options import (
    TalkCommand,
    base_as_mimic,
    decoding_for,
    decoding_options,
    engine_option,
    find_mimic,
    guess,
    history_option,
    load_voice,
    make_screen,
    messages_option,
    one_of,
    verbatim_option,
)
from chatmimic.cli.common import home_option, json_option, print_json
from chatmimic.cli.date_option import date_option
from chatmimic.cli.writing_options import check_file, chosen_shape, put, writing_options
from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.chat.screen import Screen
    from chatmimic.generation import Decoding, Generator
    from chatmimic.mimic import Mimic
    from chatmimic.records import Message
    from chatmimic.rhythm import Rhythm

COMMAND = "chatmimic sample"
_DAY_MS = 86_400_000


@click.command("sample", cls=TalkCommand)
@click.argument("mimic", required=False)
@messages_option(20)
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(1, 1_000),
    default=1,
    show_default=True,
    help="Number of conversations; each is on a day of its own.",
)
@click.option(
    "--people",
    metavar="NAME",
    multiple=True,
    help="Person who takes part (default: everybody). Repeatable.",
)
@click.option(
    "--start",
    metavar="TEXT",
    multiple=True,
    help='Opening words: "Ann: hello", or plain text, which the persona says. Repeatable.',
)
@date_option("When it takes place (2024-05-17 14:30); messages then have times.")
@click.option(
    "--base", metavar="NAME", help="Sample from a base instead of a mimic, between invented people."
)
@history_option("Beginning of the conversation: a file written by /save.")
@writing_options("by the suffix of FILE")
@decoding_options
@engine_option
@verbatim_option
@json_option
@home_option
def command(
    mimic: str | None,
    messages: int,
    count: int,
    people: tuple[str, ...],
    start: tuple[str, ...],
    date: int | None,
    base: str | None,
    history: Path | None,
    to: Path | None,
    shape: str | None,
    overrides: dict[str, float],
    engine: str,
    verbatim: bool,
    as_json: bool,
    home: Home,
) -> None:
    """Generate a conversation between the people a mimic knows.

    MIMIC is the name of a mimic or of its persona (a unique prefix will do), or a folder; the
    default is the newest mimic. All of it is made up. For people whose words the mimic was not
    trained on, it is a rough guess (`train --learn all` trains on everybody's words); --json says
    which messages these are. Messages have times with --date, --to or --format.

    \b
    Example:
      chatmimic sample
      chatmimic sample ada-lovelace --messages 40 --seed 7
      chatmimic sample ada-lovelace --people "Ada Lovelace" --people Bob --start "Bob: tea?"
      chatmimic sample --count 3 --date "2024-05-17 20:00" --to made-up.log --format irc
      chatmimic sample --base starter --people Ann --people Ben
    """
    found, taking_part = _who(home, mimic, base, people)
    written = chosen_shape(to, shape)
    check_file(to, COMMAND)

    learnt = found.trained_on if base is None else ()
    from chatmimic.chat.saving import read_history
    from chatmimic.generation.continuing import opening_of, rhythms_of, usual_start

    decoding = decoding_for(found, overrides)
    begun = read_history(history) if history else []
    screen = make_screen()
    with screen.waiting(f"Loading {found.name} …"):
        voice = load_voice(found, home, engine, verbatim=verbatim)
    if voice.unchecked:
        screen.note(voice.unchecked)
    generator = voice.generator
    starts_at = usual_start(found) if date is None and written is not None else date
    rhythms = rhythms_of(home, found, taking_part)
    opening = opening_of(start, taking_part)
    request = _Request(
        generator, decoding, taking_part, begun, opening, messages, starts_at, rhythms
    )
    made = request.conversations(count)
    what = "mimic" if base is None else "base"
    if as_json:
        rows = [_row(m, n, learnt) for n, one in enumerate(made, 1) for m in one]
        print_json({what: found.name, "seed": decoding.seed, "messages": rows})
        return
    screen.note(f"Made up by the {what} {found.name}: nobody said this.")
    if learnt and not {*taking_part} <= {*learnt}:
        screen.note(guess(found))
    if written is not None:
        with screen.waiting("Generating …"):
            whole = [
                _in_thread(m, found.name, n, count) for n, one in enumerate(made, 1) for m in one
            ]
        put(whole, to, written, found.name, COMMAND)
        return
    for number, one in enumerate(made):
        if number:
            screen.out.print()
        _show(screen, one, dated=starts_at is not None)


def _who(
    home: Home, mimic: str | None, base: str | None, people: tuple[str, ...]
) -> tuple[Mimic, tuple[str, ...]]:
    """The mimic, or a base that talks as if it were one, and who takes part."""
    if base is None:
        found = find_mimic(home, mimic)
        return found, tuple(one_of(found.people, p, "--people") for p in people) or found.people
    if mimic is not None:
        raise click.UsageError("MIMIC and --base contradict each other; choose one.")
    found = base_as_mimic(home, base, people)
    return found, found.people


@dataclass(frozen=True)
class _Request:
    """What is asked for, of each conversation alike."""

    generator: Generator
    decoding: Decoding
    people: Sequence[str]
    begun: Sequence[Message]  # what came before, which is not shown again
    opening: Sequence[Message]
    messages: int
    starts_at: int | None  # UTC milliseconds
    rhythms: Mapping[str, Rhythm]

    def conversations(self, count: int) -> Iterator[Iterator[Message]]:
        """Several conversations, each to be used up before the next."""
        from chatmimic.generation.conversation import conversation_seeds

        for day, seed in enumerate(conversation_seeds(self.decoding.seed, count)):
            yield self._conversation(replace(self.decoding, seed=seed), day * _DAY_MS)

    def _conversation(self, decoding: Decoding, later: int) -> Iterator[Message]:
        from random import Random

        from chatmimic.generation import made_up
        from chatmimic.generation.conversation import timed

        at = None if self.starts_at is None else self.starts_at + later
        opening = timed(self.opening, self.begun, at, self.rhythms, Random(decoding.seed))
        yield from opening
        yield from made_up(
            self.generator,
            decoding,
            people=self.people,
            opening=[*self.begun, *opening],
            messages=self.messages,
            starts_at=at,
            rhythms=self.rhythms,
        )


def _row(message: Message, conversation: int, learnt: Sequence[str]) -> dict[str, object]:
    from chatmimic.generation import as_text

    row: dict[str, object] = {
        "conversation": conversation,
        "sender": message.sender,
        "text": as_text(message),
        "learnt": message.sender in learnt,
    }
    return row if message.sent_at is None else row | {"sent_at": message.sent_at}


def _in_thread(message: Message, name: str, conversation: int, count: int) -> Message:
    """The message with its conversation as thread, where there are several."""
    return message if count == 1 else replace(message, thread=f"{name} {conversation}")


def _show(screen: Screen, made: Iterator[Message], *, dated: bool) -> None:
    """Print each message as soon as it is generated, with a colour for each sender."""
    from chatmimic.generation import as_text
    from chatmimic.text import shown
    from chatmimic.writing.plain import moment

    while True:
        with screen.waiting("…"):
            message = next(made, None)
        if message is None:
            return
        if dated and message.sent_at is not None:
            screen.out.print(shown(f"{moment(message.sent_at):[%Y-%m-%d %H:%M]} ", "dim"), end="")
        screen.message(message.sender, as_text(message))
