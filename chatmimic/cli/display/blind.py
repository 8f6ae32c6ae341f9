"""A blind test on the screen: rounds, answers, the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chatmimic.chat.screen import one_line
from chatmimic.cli.keys import Keys
from chatmimic.evaluation.blind.answers import Answers
from chatmimic.evaluation.blind.game import Game
from chatmimic.evaluation.blind.rounds import WHOSE, Round
from chatmimic.evaluation.blind.score import Score
from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import Console

UNDO, QUIT = "undo", "quit"
_LETTERS = "abcd"


def play(game: Game, keys: Keys, screen: Console, feedback: bool) -> None:
    """Ask round after round, until the last is answered or the player quits.

    KeyboardInterrupt leaves the answers so far in the game.
    """
    meanings = _meanings(len(game.test.choices))
    while not game.is_over:
        _print_round(game, screen)
        try:
            meant = keys.read(_prompt(game), meanings)
        except EOFError:
            return
        if meant == QUIT:
            return
        if meant == UNDO:
            _undo(game, screen)
        else:
            _answer(game, screen, int(meant), feedback)
        screen.print()


def print_score(score: Score, screen: Console, undone: int = 0) -> None:
    """Print the score and what it means."""
    screen.print(shown(score.figures, "bold"))
    screen.print(shown(score.meaning))
    if undone:
        answers = "answer was" if undone == 1 else "answers were"
        screen.print(shown(f"{undone} {answers} taken back.", "dim"))


def print_scores(scores: Sequence[tuple[Answers, Score]], pooled: Score, screen: Console) -> None:
    """Print the score of each friend, then that of all together."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    for one, score in scores:
        undone = f"{one.undone} taken back" if one.undone else ""
        table.add_row(shown(one_line(one.who, 30)), shown(score.figures), shown(undone, "dim"))
    screen.print(table)
    screen.print()
    if len(scores) > 1:
        screen.print(shown("All together: "), shown(pooled.figures, "bold"), sep="")
    screen.print(shown(pooled.meaning))


def _meanings(choices: int) -> Mapping[str, str]:
    """What each key means: the number of a choice, or a command."""
    meanings: dict[str, str] = {}
    for number in range(choices):
        meanings |= {_LETTERS[number]: str(number), str(number + 1): str(number)}
    meanings |= {"u": UNDO, "q": QUIT}
    return meanings | ({"left": "0", "right": "1"} if choices == 2 else {})


def _prompt(game: Game) -> str:
    letters = " or ".join(_LETTERS[: len(game.test.choices)])
    undo = "u: undo, " if game.answers else ""
    return f"{game.test.question} {letters} ({undo}q: quit)"


def _print_round(game: Game, screen: Console) -> None:
    number, total = len(game.answers) + 1, len(game.test.rounds)
    screen.print(shown(f"Round {number} of {total}", "bold"))
    one = game.round
    for line in one.context:
        start = f"* {one_line(line.sender)}" if line.is_action else f"{one_line(line.sender)}:"
        _print_text(screen, start, line.text, "dim")
    screen.print()
    for label, text in _labelled(game, one):
        _print_text(screen, f"{label} ", text, "bold cyan")
    screen.print()


def _labelled(game: Game, one: Round) -> list[tuple[str, str]]:
    """What stands behind each letter: replies, or people after the one reply."""
    letters = [letter.upper() for letter in _LETTERS[: len(game.test.choices)]]
    if game.test.kind == WHOSE:
        people = [one_line(person) for person in game.test.choices]
        return [(">", one.replies[0]), *zip(letters, people, strict=True)]
    return list(zip(letters, one.replies, strict=True))


def _print_text(screen: Console, start: str, text: str, style: str) -> None:
    """Print a text behind its beginning, its other lines indented, so that it is one message."""
    from rich.table import Table

    if len(start) > screen.width // 3:  # a long name: the text gets lines of its own
        screen.print(shown(start, style))
        start = " "
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(shown(start, style), shown(text))
    screen.print(grid)


def _answer(game: Game, screen: Console, choice: int, feedback: bool) -> None:
    one = game.round
    right = game.answer(choice)
    said = f"{_LETTERS[choice].upper()}"
    if not feedback:
        screen.print(shown(f"{said}."))
        return
    truth = game.test.choices[one.right]
    if game.test.kind == WHOSE:
        what = f"it imitates {one_line(truth)}"
    else:
        what = f"{truth} is the real one"
    word, style = ("right", "green") if right else ("wrong", "red")
    score = game.score
    screen.print(
        shown(f"{said}: "),
        shown(word, style),
        shown(f", {what}. {score.right} of {score.answered} right."),
        sep="",
    )


def _undo(game: Game, screen: Console) -> None:
    undone = game.undo()
    screen.print(shown("Taken back." if undone else "There is no answer yet.", "dim"))
