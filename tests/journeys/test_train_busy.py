"""Learning somebody out of a busy channel: only the conversations they took part in."""

import json
import random

import pytest
from training_support import arguments, fill, typed

from chatmimic.records import Message

NAMES = ["Ada", *(f"nick{n}" for n in range(14))]
LINES = ["how do i mount a usb stick?", "try sudo mount", "it works, thank you", "no, what is it"]


def channel():
    """Pairs who talk to each other by name, all at once."""
    chance = random.Random(5)
    for n in range(900):
        own = chance.randrange(15)
        other = NAMES[(own + 1) % 14 if own % 2 else own - 1]
        text = f"{other}: {chance.choice(LINES)}"
        yield Message(
            NAMES[own], text, 1_600_000_000_000 + n * 9_000, service="irc", thread="#help"
        )


@pytest.mark.parametrize(
    ("options", "threads"), [((), 1), (("--no-disentangle",), 0), (("--disentangle",), 1)]
)
def test_a_persona_of_a_busy_channel(options, threads, home, tiny_base):
    made = fill(home, list(channel()))
    status, out, err = typed(*arguments(made, tiny_base), *options, "--json")
    assert status == 0, err
    data = json.loads(out)["data"]
    assert data["disentangled_threads"] == threads
    said = sum(m.sender == "Ada" for m in channel())
    assert data["messages"] + data["held_out_messages"] == said  # none is lost
    conversations = data["conversations"] + data["held_out_conversations"]
    assert (conversations > 2) is bool(threads)  # cut at the held-out instant, one makes two


def test_how_far_it_is_is_said(home, tiny_base):
    made = fill(home, list(channel()))
    _, _, err = typed(*arguments(made, tiny_base))
    assert "disentangling conversations: 100%" in err


def test_a_chat_of_few_is_left_whole(home, tiny_base):
    made = fill(home)
    _, out, _ = typed(*arguments(made, tiny_base), "--json")
    assert json.loads(out)["data"]["disentangled_threads"] == 0
