"""Plays a blind test that is made up, for tests in a real terminal: `play_blind.py [--json]`."""

from __future__ import annotations

import sys

from chatmimic.cli.commands.turing import play_test
from chatmimic.evaluation.blind.rounds import PAIR, BlindTest, Line, Round

LONG = "a long message that goes on and on, with a link to https://x.example/?a=1, " * 3


def main() -> int:
    rounds = tuple(
        Round(
            (
                Line("Bob", f"question {number}"),
                Line("A name that is rather long for a chat", LONG),
                Line("Cyd", "waves", True),
            ),
            (f"[bold]one[/bold] {number}", "two\x1b[2J\nRound 9 of 9"),
            number % 2,
        )
        for number in range(4)
    )
    test = BlindTest(PAIR, ("Ada",), ("ada",), ("A", "B"), rounds, 5)
    return play_test(test, "--no-feedback" not in sys.argv, "--json" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
