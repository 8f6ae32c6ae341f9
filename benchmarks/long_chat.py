"""Does a mimic stay itself in a long chat?

    python benchmarks/long_chat.py
    python benchmarks/long_chat.py --home DIR --mimic ada-lovelace --show 8

Without `--home`, mimics of the three people of `examples/exports` are trained from the starter with
default settings. Each then talks for `--turns` turns with what others really wrote in the held-out
part, a line a turn in its order, over and over where it is shorter. Four ways are compared: the
mimic sees as much of the talk as it was trained on (`trained`) or as much as its window holds
(`window`), and is drawn from as by default (`gentle` for a small base) or as freely as a large one
(`free`).

For each ten turns the table has the share of words that nobody had written in what the mimic
learnt from, and how many of the ten replies differ. `real` is the same of the person's own held-out
messages, ten at a time: the floor, for new words and names are no babble. `--show N` prints the
first and the last N turns of the default way. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gains import MIRA_AND_FRIENDS, fill
from machine import machine

import chatmimic
from chatmimic.generation import Decoding, as_message
from chatmimic.generation.decoding import GENTLE
from chatmimic.generation.engine import TorchGenerator
from chatmimic.home import Home
from chatmimic.mimic import LoadedMimic, Mimic
from chatmimic.records import Conversation
from chatmimic.training.data.split import gather

TEN = 10
WINDOW = {"context": {"messages": None, "tokens": None}}
WAYS: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "trained, gentle": ({}, GENTLE),
    "trained, free": ({}, {}),
    "window, gentle": (WINDOW, GENTLE),
    "window, free": (WINDOW, {}),
}
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)*")


def main() -> None:
    """Talk every way with each mimic, and print."""
    given = _arguments()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        home = Home(given.home or Path(temporary))
        for mimic in _mimics(home, given):
            rows += talk_with(mimic, home, given)
    print(json.dumps({"rows": rows, "machine": machine()}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="where the mimics and their archive are")
    parser.add_argument("--mimic", action="append", help="a mimic of --home")
    parser.add_argument("--way", action="append", choices=WAYS, help="one of the four; else all")
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--show", type=int, default=0, help="turns to print")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.home and not given.mimic:
        parser.error("--home needs --mimic NAME")
    return given


def _mimics(home: Home, given: argparse.Namespace) -> list[Mimic]:
    if given.mimic:
        return [Mimic.open(name, home) for name in given.mimic]
    fill(home.path)
    return [chatmimic.train(p, home=home, base="starter").mimic for p in MIRA_AND_FRIENDS]


# -- a chat --------------------------------------------------------------------------------------


def talk_with(mimic: Mimic, home: Home, given: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each way, and one for the real messages."""
    learnt, held_out = parts(home, mimic)
    known = {word for c in learnt for m in c.messages for word in words(m.text)}
    asked = [m.text for c in held_out for m in c.messages if m.sender != mimic.persona and m.text]
    real = [m.text for c in held_out for m in c.messages if m.sender == mimic.persona and m.text]
    print(f"\n{mimic.persona}: {given.turns} turns")
    rows = [row(mimic, "real", real[: given.turns], known)]
    loaded = mimic.load()
    for way in given.way or WAYS:
        replies = chat(loaded, way, asked, given.turns, given.seed)
        rows.append(row(mimic, way, replies, known))
        if given.show and way == "trained, gentle":
            show(asked, replies, given.show)
    return rows


def parts(home: Home, mimic: Mimic) -> tuple[Sequence[Conversation], Sequence[Conversation]]:
    """What the mimic learnt from and what was held out, as the archive has it now."""
    settings = mimic.manifest["settings"]
    with chatmimic.open_archive(home) as archive:
        material = gather(archive, mimic.persona, None, settings["held_out"], force=True)
    return material.train, material.held_out


def chat(
    loaded: LoadedMimic, way: str, asked: Sequence[str], turns: int, seed: int = 0
) -> list[str]:
    """What the mimic answers, turn by turn."""
    seen, drawn = WAYS[way]
    manifest = {**loaded.mimic.manifest, **seen}
    generator = TorchGenerator(replace(loaded, mimic=replace(loaded.mimic, manifest=manifest)))
    you = next(name for name in generator.people if name != generator.persona)
    history, replies = [], []
    for turn in range(turns):
        history.append(as_message(you, asked[turn % len(asked)]))
        decoding = Decoding(**drawn, seed=seed + turn)  # type: ignore[arg-type]
        said = "".join(generator.stream(history, generator.persona, decoding))
        replies.append(said)
        message = as_message(generator.persona, said)
        if message.text:
            history.append(message)
    return replies


# -- figures -------------------------------------------------------------------------------------


def words(text: str) -> list[str]:
    """The words of a text, in lower case; addresses and code are none."""
    plain = " ".join(part for part in text.split() if not re.search(r"[/\\@_=<>{}]|\w\.\w", part))
    return _WORD.findall(plain.casefold().replace("’", "'"))


def row(mimic: Mimic, way: str, replies: Sequence[str], known: set[str]) -> dict[str, Any]:
    """Figures of each ten replies, printed as a line."""
    tens = [replies[start : start + TEN] for start in range(0, len(replies), TEN)]
    unknown = [share_unknown(ten, known) for ten in tens]
    distinct = [len({r.strip().casefold() for r in ten}) for ten in tens]
    shares = " ".join(f"{100 * share:4.0f}" for share in unknown)
    print(f"  {way:16} unknown words %  {shares}   all {share_unknown(replies, known):.1%}")
    print(f"  {'':16} different of 10  {' '.join(f'{count:4}' for count in distinct)}", flush=True)
    return {
        "persona": mimic.persona,
        "way": way,
        "unknown": unknown,
        "unknown_of_all": share_unknown(replies, known),
        "distinct": distinct,
        "characters": sum(map(len, replies)) / max(1, len(replies)),
    }


def share_unknown(texts: Sequence[str], known: set[str]) -> float:
    """The share of words that are not among those known."""
    found = [word for text in texts for word in words(text)]
    return sum(word not in known for word in found) / max(1, len(found))


def show(asked: Sequence[str], replies: Sequence[str], turns: int) -> None:
    """The first and the last turns of a chat."""
    for turn in [
        *range(min(turns, len(replies))),
        *range(max(turns, len(replies) - turns), len(replies)),
    ]:
        print(f"    {turn + 1:3}  you: {asked[turn % len(asked)]}\n         >>> {replies[turn]}")


if __name__ == "__main__":
    main()
