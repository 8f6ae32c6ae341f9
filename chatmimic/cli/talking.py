"""What the commands that make a mimic speak share: decoding options, opening one, the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import console
from chatmimic.engines import AUTO, ENGINES
from chatmimic.generation.decoding import SETTINGS, Decoding, Setting, sentence
from chatmimic.home import Home
from chatmimic.lookup import begun, close, meant, suggestion
from chatmimic.machine import reply_threads, use_threads
from chatmimic.mimic import GENTLE

if TYPE_CHECKING:
    from chatmimic.chat.screen import Screen
    from chatmimic.chat.session import Voice
    from chatmimic.mimic import Mimic


def decoding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each decoding setting; the command's `asked` argument is those given."""

    @wraps(command)
    def with_decoding(**given: Any) -> Any:
        values = {setting.name: given.pop(setting.name) for setting in SETTINGS}
        asked = {name: value for name, value in values.items() if value is not None}
        try:
            Decoding(**asked)
        except ValueError as error:
            raise click.UsageError(sentence(error)) from error
        return command(asked=asked, **given)

    result: Callable[..., Any] = with_decoding
    for setting in reversed(SETTINGS):
        kind = (
            click.IntRange(int(setting.low), int(setting.high))
            if setting.kind is int
            else click.FloatRange(setting.low, setting.high)
        )
        result = click.option(
            setting.option,
            setting.name,
            type=kind,
            help=f"{setting.meaning}{_default(setting)}",
        )(result)
    return result


def _default(setting: Setting) -> str:
    """What an option is where it is not given, for its help."""
    if setting.default is None:
        return ""
    gentle = GENTLE.get(setting.name)
    of_small = "" if gentle is None else f"; {gentle:g} for a small base"
    return f"  [default: {setting.default:g}{of_small}]"


def decoding_for(mimic: Mimic, asked: Mapping[str, float]) -> Decoding:
    """The mimic's own decoding, but for what was asked. A usage error for what contradicts it."""
    try:
        return Decoding(**{**mimic.decoding, **asked})
    except ValueError as error:
        raise click.UsageError(sentence(error)) from error


def history_option(meaning: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--history FILE`, a talk that /save wrote; the `history` argument is a Path or None."""
    file = click.Path(path_type=Path, dir_okay=False, exists=True)
    return click.option("--history", metavar="FILE", type=file, help=meaning)


def make_screen(live: bool = False) -> Screen:
    """The screen of a command: `live` on a terminal, else plain lines and notes on stderr."""
    from chatmimic.chat.screen import Screen

    out = console()
    return Screen(out, out if live else console(stderr=True), live)


def find_mimic(home: Home, name: str | None) -> Mimic:
    """The mimic that was asked for, or the newest. MimicError for none, and for one in reverse."""
    from chatmimic.mimic import Mimic, latest

    mimic = latest(home) if name is None else Mimic.open(name, home)
    mimic.check_talks()
    return mimic


def guess(mimic: Mimic) -> str:
    """What to know of those in a mimic's cast whose words it did not learn."""
    from chatmimic.chat.screen import one_line

    return (
        f"This mimic learnt only the words of {one_line(mimic.persona)}: "
        "anybody else is a rough guess."
    )


def engine_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--engine`; the `engine` argument is its value."""
    return click.option(
        "--engine",
        type=click.Choice(ENGINES),
        default=AUTO,
        help="How it is computed: half and int8 read weights of 16 and 8 bits and are faster. "
        "auto takes the fastest that is as good; a small base is computed in float32.  "
        "[default: auto]",
    )(command)


def load_voice(mimic: Mimic, engine: str = AUTO) -> Voice:
    """A mimic in memory, ready to talk. MimicError for one in reverse."""
    from chatmimic.chat.session import Voice
    from chatmimic.generation.engine import TorchGenerator

    mimic.check_talks()
    base = str(mimic.manifest.get("base", "unknown"))
    knows_all = len(mimic.learnt) == len(mimic.people)
    loaded = mimic.load(engine)
    use_threads(reply_threads(mimic.count_parameters()))
    generator = TorchGenerator(loaded)
    return Voice(generator, mimic.name, base, knows_all, mimic.owner, loaded.engine)


def one_of(people: Sequence[str], wanted: str, option: str) -> str:
    """The person that a user named. A usage error with who there is."""
    from chatmimic.chat.session import find_name

    found = find_name(wanted, people)
    if found is not None:
        return found
    several = meant(wanted, people) or begun(wanted, people)
    if several:
        raise click.UsageError(f'{option}: "{wanted}" may be {" or ".join(several)}.')
    hint = suggestion(close(wanted, people))
    there = ", ".join(people[:12]) + (", …" if len(people) > 12 else "")
    raise click.UsageError(f'{option}: the mimic knows no "{wanted}". {hint}It knows: {there}.')
