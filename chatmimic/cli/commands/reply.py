"""`chatmimic reply`: print one reply on standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatmimic.cli.chat_options import (
    TalkCommand,
    candidates_option,
    decoding_for,
    decoding_options,
    engine_option,
    find_mimic,
    guess,
    history_option,
    load_voice,
    make_screen,
    memory_option,
    one_of,
    verbatim_option,
)
from chatmimic.cli.common import home_option, json_option, print_json
from chatmimic.home import Home
from chatmimic.text import clean, visible

if TYPE_CHECKING:
    from chatmimic.chat.session import Session

_LARGEST = 1 << 20  # bytes of a text from a pipe


@click.command("reply", cls=TalkCommand)
@click.argument("text", required=False)
@click.option("--mimic", metavar="NAME", help="Mimic that answers (default: the newest).")
@click.option(
    "--persona", metavar="NAME", help="Person who answers (default: the mimic's persona)."
)
@click.option(
    "--as",
    "you",
    metavar="NAME",
    help="Name to speak as, any name (default: the owner of the export).",
)
@history_option("Conversation so far: a file written by /save.")
@decoding_options
@candidates_option
@memory_option
@engine_option
@verbatim_option
@json_option
@home_option
def command(
    text: str | None,
    mimic: str | None,
    persona: str | None,
    you: str | None,
    history: Path | None,
    overrides: dict[str, float],
    candidates: int,
    rank_by: str,
    memory: bool | None,
    engine: str,
    verbatim: bool,
    as_json: bool,
    home: Home,
) -> None:
    """Print one reply from a mimic, for scripts.

    TEXT is the message to answer; without TEXT, or with -, it is read from standard input.

    \b
    Example:
      chatmimic reply --mimic ada-lovelace "tea?"
      echo "tea?" | chatmimic reply --mimic ada-lovelace --as Bob --seed 7
    """
    given = _text_given(text)
    found = find_mimic(home, mimic)
    chosen = one_of(found.people, persona, "--persona") if persona else found.persona

    from chatmimic.chat.saving import read_history
    from chatmimic.chat.session import Entry, Session

    before = read_history(history) if history else []
    with make_screen().waiting(f"Loading {found.name} …"):
        decoding = decoding_for(found, overrides)
        voice = load_voice(
            found,
            home,
            engine,
            candidates=candidates,
            rank_by=rank_by,
            verbatim=verbatim,
            memory=memory,
        )
        session = Session(voice, decoding, chosen, you or "")
    session.entries = [Entry(message, mine=False) for message in before]
    session.say(given)
    with make_screen().waiting("…"):
        answer = _answer(session)
    if voice.unchecked:
        make_screen().note(voice.unchecked)
    learnt = chosen in found.trained_on
    if as_json:
        facts = {"mimic": found.name, "persona": chosen, "as": session.you}
        copied = voice.training and voice.training.copied(answer)
        print_json({**facts, "reply": answer, "learnt": learnt, "copied": copied})
    else:
        if not learnt:
            make_screen().note(guess(found))
        print(visible(answer) if sys.stdout.isatty() else answer, flush=True)


def _text_given(text: str | None) -> str:
    """The text of the message, from the command line or from a pipe."""
    if text is None or text == "-":
        if sys.stdin.isatty():
            raise click.UsageError('No text: give it, as in chatmimic reply "hi", or pipe it in.')
        raw = sys.stdin.buffer.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise click.UsageError(f"The text is longer than {_LARGEST >> 20} MiB.")
        text = raw.decode("utf-8", "replace")
    text = clean(text).strip()
    if not text:
        raise click.UsageError("There is nothing to answer: the text is empty.")
    return text


def _answer(session: Session) -> str:
    stream = session.voice.generator.stream(
        session.history, session.persona, session.reply_decoding()
    )
    return clean("".join(stream)).strip()
