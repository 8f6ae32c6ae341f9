"""A blind test that is being played: the answers so far, taken back where asked."""

from __future__ import annotations

from typing import Any

from chatmimic.evaluation.blind.rounds import BlindTest, Round
from chatmimic.evaluation.blind.score import Score


class Game:
    """Answers to the rounds of a test, in order."""

    def __init__(self, test: BlindTest) -> None:
        self.test = test
        self.answers: list[int] = []
        self.undone = 0

    @property
    def is_over(self) -> bool:
        """Whether every round is answered."""
        return len(self.answers) == len(self.test.rounds)

    @property
    def round(self) -> Round:
        """The round to answer next."""
        return self.test.rounds[len(self.answers)]

    def answer(self, choice: int) -> bool:
        """Answer the round. Returns whether that is right."""
        right = self.round.right == choice
        self.answers.append(choice)
        return right

    def undo(self) -> bool:
        """Take the last answer back. Returns whether there was one."""
        if not self.answers:
            return False
        self.answers.pop()
        self.undone += 1
        return True

    @property
    def score(self) -> Score:
        """The score so far."""
        right = sum(
            answer == one.right for answer, one in zip(self.answers, self.test.rounds, strict=False)
        )
        return Score(right, len(self.answers), self.test.chance, self.test.kind)

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON holds it, without the text of any message."""
        given = zip(self.answers, self.test.rounds, strict=False)
        return {
            "kind": self.test.kind,
            "mimics": list(self.test.mimics),
            "rounds": len(self.test.rounds),
            "seed": self.test.seed,
            "undone": self.undone,
            **self.score.as_dict(),
            "answers": [
                {"answer": self.test.choices[answer], "right": answer == one.right}
                for answer, one in given
            ],
        }
