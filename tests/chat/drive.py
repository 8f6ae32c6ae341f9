"""Runs the chat with a scripted voice, for tests in a real terminal: `drive.py HOME SCRIPT.json`.

The script is an object: `replies` (lists of pieces), `bursts` (booleans) and `pause` (seconds
before each piece).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from talking_support import ScriptedGenerator

from chatmimic.chat.lines import EditedLines
from chatmimic.chat.repl import Repl
from chatmimic.chat.session import Session, Voice
from chatmimic.cli.chat_options import make_screen
from chatmimic.errors import MimicError
from chatmimic.generation import Decoding
from chatmimic.home import Home


def main(place: str, script: str) -> int:
    told = json.loads(Path(script).read_text("utf-8"))
    generator = ScriptedGenerator(pause=told.get("pause", 0.0))
    bursts = told.get("bursts", [])
    for number, pieces in enumerate(told["replies"]):
        generator.enqueue(*pieces, burst=number < len(bursts) and bursts[number])
    home = Home(Path(place))
    screen = make_screen(live=True)
    with screen.waiting("Waking …"):
        voice = Voice(generator, "ada-lovelace", "tiny")

    def open_voice(name: str) -> Voice:
        if name == "cyd":
            return Voice(ScriptedGenerator(("Cyd", "Bob")), "cyd", "tiny")
        if name == "the-queen":
            return Voice(ScriptedGenerator(("Zoë [x]", "Bob")), "the-queen", "tiny")
        raise MimicError(f'There is no mimic called "{name}".', "There are: ada-lovelace, cyd.")

    mimics, own = ["ada-lovelace", "cyd"], {"Cyd": "cyd", "Zoë [x]": "the-queen"}
    repl = Repl(Session(voice, Decoding()), screen, home, open_voice, mimics, own)
    return repl.run(EditedLines(home.chats / "lines", repl.completions, repl.warn))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
