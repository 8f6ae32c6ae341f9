"""Shared by `chat`, `reply` and `sample`: decoding options, loading a mimic, the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.bases.terms import short_name
from chatmimic.cli.common import console, say, waiting
from chatmimic.cli.options import GroupedCommand, settings_options
from chatmimic.engines import AUTO, ENGINES
from chatmimic.errors import SettingsError
from chatmimic.generation.criteria import RANKINGS
from chatmimic.generation.decoding import GENTLE, SETTINGS, Decoding, decoding_of
from chatmimic.home import Home
from chatmimic.lookup import begun, close, meant, suggestion
from chatmimic.machine import reply_threads, use_threads
from chatmimic.rhythm import Rhythm

if TYPE_CHECKING:
    from chatmimic.chat.loading import Loading
    from chatmimic.chat.screen import Screen
    from chatmimic.chat.session import Voice
    from chatmimic.generation.generator import Generator
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
        help="How one of several candidates is chosen. mutual: which the context makes likelier; "
        "reverse: from which a mimic trained with --reverse best guesses what it answers; style: "
        "which sounds most like the person; mixed: mutual and style together.",
    )
    return click.option(
        "--candidates",
        type=click.IntRange(1, 64),
        default=1,
        show_default=True,
        metavar="N",
        help="Generate N replies and take the best.",
    )(ranked(command))


def verbatim_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--verbatim`; the `verbatim` argument is its value."""
    return click.option(
        "--verbatim/--no-verbatim",
        default=False,
        help="Whether a reply may copy eight or more words in a row from a training message.  "
        "[default: no-verbatim]",
    )(command)


def memory_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--memory/--no-memory`; the `memory` argument is its value."""
    return click.option(
        "--memory/--no-memory",
        default=None,
        help="Whether to recall what the person said about the matter before: exchanges from the "
        "archive, put before the chat.  [default: memory; no-memory for a small base, which makes "
        "nothing of it]",
    )(command)


def load_voice(
    mimic: Mimic,
    home: Home,
    engine: str = AUTO,
    candidates: int = 1,
    *,
    rank_by: str = RANKINGS[0],
    verbatim: bool = False,
    memory: bool | None = False,
) -> Voice:
    """Load a mimic, ready to chat. Unless `verbatim`, it copies no training message.

    `memory` lets it recall what is in the home's archive; None: if its base is large. With
    `candidates` above 1, the criterion `rank_by` chooses among as many replies. Raises MimicError
    for a mimic that was trained in reverse, and where the criterion misses something.
    """
    from chatmimic.chat.session import Voice
    from chatmimic.evaluation.choosing import criterion_of
    from chatmimic.evaluation.secrecy.training_messages import training_messages
    from chatmimic.generation.batch import BatchGenerator
    from chatmimic.generation.memory import Memory
    from chatmimic.generation.ranked import RankedGenerator

    mimic.check_talks()
    base = short_name(str(mimic.manifest.get("base", "unknown")))
    knows_all = len(mimic.trained_on) == len(mimic.people)
    loaded = mimic.load(engine)
    use_threads(reply_threads(mimic.count_parameters()))
    training = training_messages(home.archive, mimic, memory=memory is not False)
    uncopied, unchecked = (None, "") if verbatim or training is None else training.checked()
    remembered = Memory.of_archive(home.archive, mimic, memory)
    talking = BatchGenerator(loaded, uncopied=uncopied, memory=remembered)
    generator: Generator = talking
    if candidates > 1:
        criterion = criterion_of(rank_by, mimic, home, talking, engine)
        generator = RankedGenerator(talking, criterion, candidates)
    return Voice(
        generator,
        mimic.name,
        base,
        knows_all,
        mimic.owner,
        loaded.engine,
        training,
        unchecked,
        remembered,
        talking.recalled,
        lambda text: len(loaded.tokenizer.encode(text, add_special_tokens=False)),
        Rhythm.from_dict(mimic.manifest.get("rhythm")),
    )


def begin_loading(
    mimics: Sequence[Mimic], load: Callable[[Mimic], Voice]
) -> tuple[list[Voice], Loading]:
    """What is known of mimics before they are loaded, as voices that wait for `load`.

    The loading begins with `start`.
    """
    from chatmimic.chat.loading import Awaited, Loading
    from chatmimic.chat.session import Voice

    loading = Loading(lambda: [load(mimic) for mimic in mimics])

    def awaited(number: int, mimic: Mimic) -> Voice:
        base = short_name(str(mimic.manifest.get("base", "unknown")))
        knows_all = len(mimic.trained_on) == len(mimic.people)
        generator = Awaited(mimic.people, mimic.persona, lambda: loading.wait()[number])
        rhythm = Rhythm.from_dict(mimic.manifest.get("rhythm"))
        return Voice(generator, mimic.name, base, knows_all, mimic.owner, rhythm=rhythm)

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
