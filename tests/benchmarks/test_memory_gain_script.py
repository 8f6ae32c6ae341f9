"""`benchmarks/memory_gain.py` with a tiny mimic, and an archive where an answer is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from training_support import chatter, fill, train

from chatmimic.records import Message

SCRIPT = "memory_gain"
ASKED, ANSWER = "what is in the xylophone box?", "only zinnias are in the xylophone box"


def test_what_was_said_before_is_recalled(
    figures: Callable[..., Any], plain_base: Path, tmp_path: Path
):
    said = chatter(700)
    first, last = said[0].sent_at, said[-1].sent_at
    assert first is not None
    assert last is not None
    ada = next(m.sender for m in said if m.sender.startswith("Ada"))
    bob = next(m.sender for m in said if m.sender != ada)

    def exchange(at: int) -> list[Message]:
        return [
            Message(bob, ASKED.split("box")[0], at, service="irc", thread="#x"),
            Message(ada, ANSWER, at + 1000, service="irc", thread="#x"),
        ]

    home = fill(tmp_path / "home", [*said, *exchange(first - 10**7), *exchange(last + 10**7)])
    train(home, plain_base, held_out=0.3, force=True)
    told = figures("--home", home.path, "--mimic", "ada", "--places", 20)
    ways = told.result["ways"]
    assert list(ways) == ["without", "at random", "memory", "the best there is"]
    assert ways["without"]["recalled"] == 0
    assert ways["memory"]["recalled"] > 0
    assert ways["the best there is"]["recalled"] >= ways["memory"]["recalled"]
    assert all(way["bits_per_character"] > 0 for way in ways.values())
    assert [line.split()[0] for line in told.lines[1:]] == ["without", "at", "memory", "the"]
