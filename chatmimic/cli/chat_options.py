"""Shared by the commands that talk: their options, loading a mimic, the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import console, say, waiting
from chatmimic.cli.options import GroupedCommand, settings_options
from chatmimic.engines import AUTO, ENGINES
from chatmimic.errors import SettingsError
from chatmimic.generation.criteria import RANKINGS
from chatmimic.generation.decoding import GENTLE, SETTINGS, Decoding, decoding_of
from chatmimic.home import Home
from chatmimic.lookup import begun, close, meant, suggestion
from chatmimic.machine import reply_threads, use_threads

if TYPE_CHECKING:
    from chatmimic.chat.loading import Loading
    from chatmimic.chat.screen import Screen
    from chatmimic.chat.voice import Voice
    from chatmimic.mimic import Mimic

_INVENTED = ("Ann", "Ben", "Kim")  # who talks where only a base is given


class TalkCommand(GroupedCommand):
    """A command whose help has the options of sampling below its own."""

    ungrouped_first = True


def decoding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each decoding setting; the command gets those given as `requested`."""

    @wraps(command)
    def with_decoding(**given: Any) -> Any:
        values = {setting.name: given.pop(setting.name) for setting in SETTINGS}
        overrides = {name: value for name, value in values.items() if value is not None}
        try:
            Decoding(**overrides)
        except SettingsError as error:
            raise click.UsageError(error.what) from error
        return command(overrides=overrides, **given)

    usual = {
        name: f"as fitted; else {_usual(name):g}, {value:g} for a small base"
        for name, value in GENTLE.items()
    }
    biases = dict.fromkeys(("end_bias", "turn_bias"), "as fitted; else 0")
    return settings_options(Decoding, "Sampling", **usual, **biases)(with_decoding)


def _usual(name: str) -> float:
    return float(getattr(Decoding, name))


def decoding_for(mimic: Mimic, overrides: Mapping[str, float]) -> Decoding:
    """The mimic's default decoding with these overrides. Usage error if they conflict."""
    try:
        return decoding_of(mimic, **overrides)
    except SettingsError as error:
        raise click.UsageError(error.what) from error


def history_option(meaning: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--history FILE`, a chat written by /save; the `history` argument is a Path or None."""
    file = click.Path(path_type=Path, dir_okay=False, exists=True)
    return click.option("--history", metavar="FILE", type=file, help=meaning)


def messages_option(usual: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--messages N`, by default `usual`; the `messages` argument is its value."""
    return click.option(
        "--messages",
        metavar="N",
        type=click.IntRange(1, 10_000),
        default=usual,
        show_default=True,
        help="Maximum number of messages; the conversation may end earlier.",
    )


def make_screen(live: bool = False) -> Screen:
    """A screen: interactive if `live`, else plain lines on stdout and notes on stderr."""
    from chatmimic.chat.screen import Screen

    out = console()
    return Screen(out, out if live else console(stderr=True), live)


def find_mimic(home: Home, name: str | None) -> Mimic:
    """The mimic called `name`, or the newest. MimicError if there is none or it is in reverse."""
    from chatmimic.mimic import Mimic, latest

    mimic = latest(home) if name is None else Mimic.open(name, home)
    mimic.check_talks()
    return mimic


def base_as_mimic(home: Home, name: str, people: Sequence[str] = ()) -> Mimic:
    """A base that talks as if it were a mimic of these people, else of invented ones."""
    from chatmimic.bases import base_here
    from chatmimic.mimic import Mimic

    folder = base_here(name, home, say)
    with waiting(f"opening {name}"):
        return replace(Mimic.of_base(folder, tuple(people) or _INVENTED), name=name)


def guess(mimic: Mimic) -> str:
    """The warning about people in a mimic's cast whose words it was not trained on."""
    from chatmimic.chat.screen import one_line

    return (
        f"This mimic was trained only on the words of {one_line(mimic.persona)}; "
        "anybody else is a rough guess."
    )


def engine_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--engine`; the `engine` argument is its value."""
    return click.option(
        "--engine",
        type=click.Choice(ENGINES),
        default=AUTO,
        help="Precision of the weights: half (16 bits) and int8 (8 bits) are faster than float32. "
        "auto takes the fastest that is as good; for a small base, float32.  [default: auto]",
    )(command)


def candidates_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--candidates` and `--rank-by`; the command gets them as `candidates` and `rank_by`."""
    ranked = click.option(
        "--rank-by",
        type=click.Choice(RANKINGS),
        default=RANKINGS[0],
        show_default=True,
        help="How to choose among candidates. mutual: the reply that the context makes likelier; "
        "reverse: the one from which a mimic trained with --reverse best predicts what it answers; "
        "head: the one that looks most real to the head of a mimic trained with --candidates; "
        "style: the one that sounds most like the person; mixed: mutual and style together.",
    )
    return click.option(
        "--candidates",
        type=click.IntRange(1, 64),
        default=1,
        show_default=True,
        metavar="N",
        help="Generate N replies and choose the best (see --rank-by).",
    )(ranked(command))


def verbatim_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--verbatim`; the `verbatim` argument is its value."""
    return click.option(
        "--verbatim/--no-verbatim",
        default=False,
        help="Whether a reply may repeat eight or more words in a row from a training message.  "
        "[default: no-verbatim]",
    )(command)


def memory_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--memory/--no-memory`; the `memory` argument is its value."""
    return click.option(
        "--memory/--no-memory",
        default=None,
        help="Whether to put earlier exchanges on the same subject, from the archive, before the "
        "chat.  [default: memory; no-memory for a small base, which cannot use them]",
    )(command)


def load_voice(mimic: Mimic, home: Home, engine: str = AUTO, **how: Any) -> Voice:
    """Load a mimic, ready to talk, with the threads that suit it; see `open_voice`."""
    from chatmimic.chat.voice import open_voice

    voice = open_voice(mimic, home, engine, **how)
    use_threads(reply_threads(mimic.count_parameters()))
    return voice


def begin_loading(
    mimics: Sequence[Mimic], load: Callable[[Mimic], Voice]
) -> tuple[list[Voice], Loading]:
    """What is known of mimics before they are loaded, as voices that wait for `load`.

    The loading begins with `start`.
    """
    from chatmimic.chat.loading import Awaited, Loading
    from chatmimic.chat.voice import Voice

    loading = Loading(lambda: [load(mimic) for mimic in mimics])

    def awaited(number: int, mimic: Mimic) -> Voice:
        return Voice.of(
            mimic, Awaited(mimic.people, mimic.persona, lambda: loading.wait()[number].generator)
        )

    return [awaited(*numbered) for numbered in enumerate(mimics)], loading


def one_of(people: Sequence[str], wanted: str, option: str) -> str:
    """The person that a user named. UsageError with the candidates if not exactly one fits."""
    from chatmimic.chat.session import find_name

    found = find_name(wanted, people)
    if found is not None:
        return found
    several = meant(wanted, people) or begun(wanted, people)
    if several:
        raise click.UsageError(f'{option}: "{wanted}" could be {" or ".join(several)}.')
    hint = suggestion(close(wanted, people))
    there = ", ".join(people[:12]) + (", …" if len(people) > 12 else "")
    raise click.UsageError(
        f'{option}: the mimic knows nobody called "{wanted}". {hint}It knows: {there}.'
    )
