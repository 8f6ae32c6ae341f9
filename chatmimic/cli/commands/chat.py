"""`chatmimic chat`: chat with a mimic on a terminal or through a pipe."""

from __future__ import annotations

import os
import sys
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import click

from chatmimic.chat.waits import OFF, QUICK, RHYTHMS
from chatmimic.cli.chat_options import (
    TalkCommand,
    begin_loading,
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
from chatmimic.errors import MimicError
from chatmimic.home import Home

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from chatmimic.chat.lines import EditedLines
    from chatmimic.chat.loading import Loading
    from chatmimic.chat.plain_lines import PlainLines
    from chatmimic.chat.repl import Repl
    from chatmimic.chat.saving import Saved
    from chatmimic.mimic import Mimic


@click.command("chat", cls=TalkCommand)
@click.argument("mimics", metavar="[MIMIC]...", nargs=-1)
@click.option(
    "--persona", metavar="NAME", help="Person who answers (default: the mimic's persona)."
)
@click.option(
    "--as",
    "you",
    metavar="NAME",
    help="Person to speak as, one the mimic knows (default: the owner of the export).",
)
@click.option(
    "--with",
    "beside",
    metavar="NAME",
    multiple=True,
    help="Person the mimic knows who answers, too (several: again, or with commas).",
)
@click.option(
    "--resume",
    metavar="[CHAT]",
    is_flag=False,
    flag_value="",
    help="Go on with a chat that was kept: the newest, the newest with MIMIC, or the newest whose "
    "name begins with CHAT.",
)
@click.option(
    "--keep/--no-keep",
    default=None,
    help="Whether to keep the chat in the folder `chats` of the home (default: at a terminal).",
)
@click.option(
    "--keep-lines",
    is_flag=True,
    help="Keep the lines you type, too, for the arrow keys in later chats.",
)
@click.option(
    "--rhythm",
    type=click.Choice(RHYTHMS),
    help="How long replies wait. real: as long as the person did; quick: up to 3 seconds; off: not "
    "at all.  [default: quick at a terminal, else off]",
)
@click.option(
    "--unprompted",
    is_flag=True,
    help="Let the persona write first, or again, when nothing is typed for a while.",
)
@decoding_options
@candidates_option
@memory_option
@engine_option
@verbatim_option
@home_option
def command(
    mimics: Sequence[str],
    persona: str | None,
    you: str | None,
    beside: Sequence[str],
    resume: str | None,
    keep: bool | None,
    keep_lines: bool,
    rhythm: str | None,
    unprompted: bool,
    overrides: dict[str, float],
    candidates: int,
    rank_by: str,
    memory: bool | None,
    engine: str,
    verbatim: bool,
    home: Home,
) -> int:
    """Chat with a mimic.

    MIMIC is the name of a mimic or of its persona (a unique prefix will do), or a folder; the
    default is the newest mimic. You speak as the owner of the export or, if that is unknown, as the
    person the persona talks with most. /help lists the commands of the chat. Through a pipe, each
    line is a message.

    With several mimics, or people of one mimic (--with), the models decide who speaks next: one of
    them, or you. Sampling settings are those of the first mimic.

    Chats at a terminal are kept, for you alone: a file for each in the folder `chats` of the home,
    marked as generated. Nothing is trained on them. /sessions lists them; delete a file to delete
    the chat.

    \b
    Example:
      chatmimic chat
      chatmimic chat ada-lovelace --as Bob --temperature 0.6
      chatmimic chat --resume
      chatmimic chat ada-lovelace charles-babbage
      printf 'hi\\nhow are you?\\n' | chatmimic chat ada-lovelace
    """
    from chatmimic.chat.kept import Kept
    from chatmimic.chat.repl import Repl
    from chatmimic.chat.session import Session
    from chatmimic.mimic import Mimic, list_mimics, own_mimics

    named = [find_mimic(home, name) for name in mimics]
    path, saved = _kept_chat(home, resume, named[0] if named else None)
    room = _room(home, named, saved, persona, beside)
    name = _who_you_are(room, you, saved)
    live = sys.stdin.isatty() and sys.stdout.isatty()
    screen = make_screen(live)
    load = partial(
        load_voice,
        home=home,
        engine=engine,
        candidates=candidates,
        rank_by=rank_by,
        verbatim=verbatim,
        memory=memory,
    )
    here = {mimic.path: mimic for mimic in room.values()}
    awaited, loading = begin_loading(list(here.values()), load)
    voice_of = dict(zip(here, awaited, strict=True))
    voices = {person: voice_of[mimic.path] for person, mimic in room.items()}
    chosen, mimic = next(iter(room.items()))
    voice = voices.pop(chosen)
    session = Session(voice, decoding_for(mimic, overrides), chosen, name, others=voices)
    session.load(saved.entries)
    kept = Kept(home.chats, screen.note) if (live if keep is None else keep) else None
    if kept is not None and path is not None:
        kept.go_on(path)
    repl = Repl(
        session,
        screen,
        home,
        open_voice=lambda wanted: load(Mimic.open(wanted, home)),
        mimics=[known.name for known in list_mimics(home)],
        own=own_mimics(home),
        kept=kept,
        loading=loading,
        rhythm=rhythm or (QUICK if live else OFF),
        unprompted=unprompted,
    )
    if not live:
        return _piped(repl, loading)
    return _typed(repl, loading, typed_lines(repl, home.chats / "lines" if keep_lines else None))


def _kept_chat(home: Home, resume: str | None, mimic: Mimic | None) -> tuple[Path | None, Saved]:
    """The chat to go on with and its file; an empty chat without `--resume`."""
    from chatmimic.chat.kept import find_chat
    from chatmimic.chat.saving import Saved, read_chat

    if resume is None:
        return None, Saved(())
    path = find_chat(home.chats, resume, mimic.name if mimic else "")
    return path, read_chat(path, unfinished=True)


def _room(
    home: Home, named: Sequence[Mimic], saved: Saved, persona: str | None, beside: Sequence[str]
) -> dict[str, Mimic]:
    """Those who answer, the persona first, each with their mimic.

    They are as asked for, else as in the chat that was kept. UsageError if somebody is asked for
    twice.
    """
    first = named[0] if named else find_mimic(home, saved.mimic or None)
    before = next(iter(saved.room), _last_sender(saved, mine=False))
    chosen = one_of(first.people, persona, "--persona") if persona else before
    chosen = chosen if chosen in first.people else first.persona
    known = list(named) or [first]
    asked = [(mimic.persona, mimic) for mimic in named[1:]]
    names = (name.strip() for part in beside for name in part.split(","))
    asked += [_knows(known, name) for name in names if name]
    room = {chosen: first}
    for person, mimic in asked:
        if person in room:
            raise click.UsageError(f'"{person}" is in the room twice: name everybody once.')
        room[person] = mimic
    return room if len(named) > 1 else room | _kept_beside(home, saved, first, room)


def _kept_beside(
    home: Home, saved: Saved, first: Mimic, room: Mapping[str, Mimic]
) -> dict[str, Mimic]:
    """Those who answered, too, in the chat that was kept, if it was with the same mimic."""
    from chatmimic.chat.screen import one_line

    if saved.mimic != first.name:
        return {}
    found: dict[str, Mimic] = {}
    for person, name in islice(saved.room.items(), 1, None):
        try:
            mimic = first if name == first.name else find_mimic(home, name)
        except MimicError as error:
            make_screen().note(f"{one_line(person)} is missing: {error.what}")
            continue
        if person in mimic.people and person not in room:
            found[person] = mimic
    return found


def _knows(mimics: Sequence[Mimic], name: str) -> tuple[str, Mimic]:
    """The person that a user named, and the first mimic that knows them."""
    people = tuple(dict.fromkeys(person for mimic in mimics for person in mimic.people))
    person = one_of(people, name, "--with")
    return person, next(mimic for mimic in mimics if person in mimic.people)


def _last_sender(saved: Saved, *, mine: bool) -> str:
    senders = (e.message.sender for e in reversed(saved.entries) if e.mine == mine)
    return next(senders, "")


def _who_you_are(room: Mapping[str, Mimic], you: str | None, saved: Saved) -> str:
    """Who the user is: as asked for, else as in the chat that was kept; "" if neither says it."""
    people = tuple(dict.fromkeys(person for mimic in room.values() for person in mimic.people))
    name = one_of([*people, "You"], you, "--as") if you else _last_sender(saved, mine=True)
    if you and name in room:
        raise click.UsageError(f'"{name}" is the one who answers: use --as with another name.')
    return name if name in (*people, "You") else ""


def _piped(repl: Repl, loading: Loading) -> int:
    from chatmimic.chat.lines import PipedLines

    loading.start()
    with repl.screen.waiting(f"Loading {', '.join(repl.session.mimics)} …"):
        loading.wait()
    return repl.run(PipedLines(sys.stdin.buffer))


def _typed(repl: Repl, loading: Loading, lines: EditedLines | PlainLines) -> int:
    """Chat at a terminal; the mimic is loaded while the user types."""
    loading.start(lines.stop)
    status = repl.run(lines)
    if not loading.done:  # ending Python under a library that is being loaded can crash
        sys.stdout.flush()
        os._exit(status)
    return status


def typed_lines(repl: Repl, file: Path | None) -> EditedLines | PlainLines:
    """The lines that are typed at this terminal, with a history in `file` if there is one."""
    from chatmimic.chat.lines import EditedLines
    from chatmimic.chat.plain_lines import PlainLines
    from chatmimic.generation import as_text

    if repl.screen.out.is_dumb_terminal:
        return PlainLines(sys.stdin.buffer, sys.stdout, repl.warn)
    earlier = [as_text(entry.message) for entry in repl.session.entries if entry.mine]
    return EditedLines(repl.completions, repl.warn, file=file, earlier=earlier)
