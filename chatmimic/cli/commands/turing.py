"""`chatmimic turing`: the blind test, which is played here or sent to friends."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatmimic.cli.chat_options import decoding_for, decoding_options, find_mimic
from chatmimic.cli.common import (
    INTERRUPTED,
    console,
    home_option,
    json_option,
    print_json,
    say_written,
)
from chatmimic.cli.standard_streams import ClosedStream
from chatmimic.cli.which_archive import opened
from chatmimic.home import Home
from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import Console

    from chatmimic.cli.keys import Keys
    from chatmimic.evaluation.blind.rounds import BlindTest
    from chatmimic.evaluation.study import Progress
    from chatmimic.mimic import Mimic

_ROUNDS, _MOST = 20, 200
_MOST_PEOPLE = 4


@click.command("turing")
@click.argument("given", metavar="[MIMIC | FILE]...", nargs=-1)
@click.option(
    "--rounds",
    metavar="N",
    type=click.IntRange(1, _MOST),
    default=_ROUNDS,
    show_default=True,
    help="Number of rounds; more narrow the interval.",
)
@click.option(
    "--whose",
    is_flag=True,
    help="Show one reply in each round and ask whom it imitates, of up to four people.",
)
@click.option("--no-feedback", is_flag=True, help="Tell only the score, at the end.")
@click.option(
    "--export",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the test as one HTML page for friends, instead of playing it here.",
)
@click.option("--anonymous", is_flag=True, help="Replace names in the exported page.")
@click.option("--score", is_flag=True, help="Score answers that friends sent: files or codes.")
@decoding_options
@json_option
@home_option
def command(
    given: tuple[str, ...],
    rounds: int,
    whose: bool,
    no_feedback: bool,
    export: Path | None,
    anonymous: bool,
    score: bool,
    overrides: dict[str, float],
    as_json: bool,
    home: Home,
) -> int:
    """Let people tell a mimic's replies from the real ones.

    Each round shows a real context, from after the mimic's training data ends, and two replies of
    about the same length: one real, one generated. Press a or b (or 1, 2, the arrows), u to take
    the last answer back, q to quit. MIMIC is the name of a mimic or of its persona; the default is
    the newest. Several mimics, or --whose for up to four newest ones, ask whom a reply imitates
    instead. With --export, friends answer on a page; --score reads the files or codes they send.

    \b
    Example:
      chatmimic turing
      chatmimic turing ada-lovelace --rounds 50 --no-feedback
      chatmimic turing ada-lovelace --export ada.html --anonymous
      chatmimic turing --score answers-1.json answers-2.json
    """
    if score:
        return _score(home, given, as_json)
    if anonymous and export is None:
        raise click.UsageError("--anonymous is for --export.")
    mimics = _mimics(home, given, whose)
    if export is not None:
        from chatmimic.evaluation.blind.page import check_page

        check_page(export)
    elif isinstance(sys.stdin, ClosedStream):
        raise click.UsageError(
            "Standard input, which answers are read from, is closed. Open it, or use --export FILE."
        )
    test = _made(home, mimics, rounds, overrides, quiet=as_json)
    if len(test.rounds) < rounds:
        _note(f"Only {len(test.rounds)} of {rounds} rounds could be made.")
    if export is not None:
        return _export(home, test, export, not no_feedback, anonymous)
    return play_test(test, not no_feedback, as_json)


def _mimics(home: Home, given: tuple[str, ...], whose: bool) -> list[Mimic]:
    """The mimics that are tested: one, or for a whose test two to four of different people."""
    names = given or (_newest(home) if whose else (None,))
    mimics = [find_mimic(home, name) for name in names]
    if len(mimics) < 2 and not whose:
        return mimics
    people = {mimic.persona for mimic in mimics}
    if len(people) < len(mimics) or not 2 <= len(people) <= _MOST_PEOPLE:
        raise click.UsageError(
            f"To ask whom a reply imitates takes mimics of two to four different people; "
            f"there {'is' if len(people) == 1 else 'are'} {len(people)}."
        )
    return mimics


def _newest(home: Home) -> tuple[str, ...]:
    """The newest mimics of different people, at most as many as a whose test takes."""
    from chatmimic.mimic import list_mimics, own_mimics

    own = set(own_mimics(home).values())
    return tuple(mimic.name for mimic in list_mimics(home) if mimic.name in own)[:_MOST_PEOPLE]


def _made(
    home: Home, mimics: list[Mimic], rounds: int, overrides: dict[str, float], *, quiet: bool
) -> BlindTest:
    """The test, with progress on standard error while it is made."""
    from chatmimic.cli.display.stages import stages
    from chatmimic.evaluation.blind.pairs import pair_test
    from chatmimic.evaluation.blind.whose import whose_test
    from chatmimic.evaluation.study import Progress
    from chatmimic.machine import reply_threads, use_threads

    # Another seed each time: who plays again sees other rounds.
    seed = int(overrides.pop("seed", secrets.randbelow(2**32)))
    decodings = {mimic.name: decoding_for(mimic, overrides) for mimic in mimics}
    use_threads(max(reply_threads(mimic.count_parameters()) for mimic in mimics))
    with opened(home, None) as archive, stages(console(stderr=True), quiet=quiet) as bar:
        progress: Progress = Progress(bar.stage, bar.passed, bar.note)
        if len(mimics) > 1:
            return whose_test(
                archive,
                mimics,
                rounds=rounds,
                seed=seed,
                decoding_of=lambda mimic: decodings[mimic.name],
                progress=progress,
            )
        decoding = decodings[mimics[0].name]
        return pair_test(
            archive, mimics[0], rounds=rounds, seed=seed, decoding=decoding, progress=progress
        )


def play_test(test: BlindTest, feedback: bool, as_json: bool) -> int:
    """Play a test and print the result. Returns the exit status.

    With JSON, the rounds are shown on standard error.
    """
    from chatmimic.cli.display.blind import play, print_score
    from chatmimic.evaluation.blind.game import Game

    game, status = Game(test), 0
    screen = console(stderr=as_json)
    try:
        play(game, _keys(screen), screen, feedback)
    except KeyboardInterrupt:
        screen.print()
        status = INTERRUPTED
    if as_json:
        print_json(game.as_dict())
    else:
        print_score(game.score, screen, game.undone)
    return status


def _keys(screen: Console) -> Keys:
    from chatmimic.cli.keys import PressedKeys, TypedKeys

    out = sys.stderr if screen.stderr else sys.stdout
    if screen.is_dumb_terminal or not (sys.stdin.isatty() and screen.is_terminal):
        return TypedKeys(sys.stdin, out)
    return PressedKeys(stderr=screen.stderr)


def _export(home: Home, test: BlindTest, path: Path, feedback: bool, nameless: bool) -> int:
    """Write the key and the page, and say what is in the page."""
    from chatmimic.evaluation.blind.key import Key, key_path, write_key
    from chatmimic.evaluation.blind.labels import anonymous, with_first_names
    from chatmimic.evaluation.blind.page import write_page

    if nameless:
        with opened(home, None) as archive:
            names = [name for person in archive.people() for name in (person.name, *person.names)]
        test = anonymous(test, names)
    else:
        test = with_first_names(test)
    key = Key.of(test)
    write_key(home, key)
    try:
        write_page(path, test, key, feedback)
    except BaseException:  # Ctrl-C too: without its page a key is of no use
        key_path(home, key.id).unlink(missing_ok=True)
        raise
    say_written(path)
    _note(
        f"It contains real messages of other people{'' if nameless else ', with their first names'}"
        ": send it only to those who may read them."
    )
    _note(f"Score what your friends send back with `chatmimic turing --score` (test {key.id}).")
    return 0


def _score(home: Home, given: tuple[str, ...], as_json: bool) -> int:
    """Print the score of each of some answers, and of all together."""
    from chatmimic.cli.display.blind import print_scores
    from chatmimic.evaluation.blind.answers import read_answers
    from chatmimic.evaluation.blind.key import read_key
    from chatmimic.evaluation.blind.score import Score

    if not given:
        raise click.UsageError("--score needs the files or codes that your friends sent.")
    answers = read_answers(given)
    key = read_key(home, answers[0].id)
    scores = [(one, one.score(key)) for one in answers]
    pooled = Score(
        sum(score.right for _, score in scores),
        sum(score.answered for _, score in scores),
        key.chance,
        key.kind,
    )
    if as_json:
        friends = [
            {"who": one.who, "undone": one.undone, **score.as_dict()} for one, score in scores
        ]
        facts = {"test": key.id, "kind": key.kind, "mimics": list(key.mimics)}
        print_json({**facts, "friends": friends, "pooled": pooled.as_dict()})
    else:
        print_scores(scores, pooled, console())
    return 0


def _note(words: str) -> None:
    console(stderr=True).print(shown(words))
