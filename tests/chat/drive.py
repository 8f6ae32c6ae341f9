"""Runs the chat with a scripted voice, for tests in a real terminal: `drive.py HOME SCRIPT.json`.

The script is an object: `replies` (lists of pieces), `bursts` (booleans), `pause` (seconds before
each piece), `people`, `keep_lines`, `rhythm`, `silence` (the seconds after which the persona writes
unprompted), and `loading`: the seconds until the voice is there, or the error that loading it ends
with.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from talking_support import PEOPLE, ScriptedGenerator

from chatmimic.chat.kept import Kept
from chatmimic.chat.loading import Awaited, Loading
from chatmimic.chat.repl import Repl
from chatmimic.chat.session import Session
from chatmimic.chat.voice import Voice
from chatmimic.cli.chat_options import make_screen
from chatmimic.cli.commands.chat import typed_lines
from chatmimic.errors import ChatmimicError, MimicError
from chatmimic.generation import Decoding
from chatmimic.home import Home


def main(place: str, script: str) -> int:
    told = json.loads(Path(script).read_text("utf-8"))
    people = told.get("people", PEOPLE)
    generator = ScriptedGenerator(people, pause=told.get("pause", 0.0))
    bursts = told.get("bursts", [])
    for number, pieces in enumerate(told["replies"]):
        generator.enqueue(*pieces, burst=number < len(bursts) and bursts[number])
    home = Home(Path(place))
    screen = make_screen(live=True)
    loading = Loading(lambda: [loaded(generator, told.get("loading", 0))])
    generator.speakers = told.get("speakers", [])
    voice = Voice(
        Awaited(people, people[0], lambda: loading.wait()[0].generator), "ada-lovelace", "tiny"
    )

    def open_voice(name: str) -> Voice:
        if name == "cyd":
            return Voice(ScriptedGenerator(("Cyd", "Bob")), "cyd", "tiny")
        if name == "the-queen":
            return Voice(ScriptedGenerator(("Zoë [x]", "Bob")), "the-queen", "tiny")
        raise MimicError(f'There is no mimic called "{name}".', "There are: ada-lovelace, cyd.")

    mimics, own = ["ada-lovelace", "cyd"], {"Cyd": "cyd", "Zoë [x]": "the-queen"}
    kept = Kept(home.chats, screen.note)
    session = Session(voice, Decoding())
    repl = Repl(
        session,
        screen,
        home,
        open_voice,
        mimics,
        own,
        kept=kept,
        loading=loading,
        rhythm=told.get("rhythm", "off"),
        unprompted="silence" in told,
    )
    repl.waits.silence = lambda rhythm: told["silence"]
    file = home.chats / "lines" if told.get("keep_lines") else None
    try:
        lines = typed_lines(repl, file)
        loading.start(lines.stop)
        return repl.run(lines)
    except ChatmimicError as error:
        print(f"Error: {error}")
        return 1


def loaded(generator: ScriptedGenerator, how: float | str) -> Voice:
    if isinstance(how, str):
        time.sleep(0.5)
        raise MimicError(how, "Train it again.")
    time.sleep(how)
    return Voice(generator, "ada-lovelace", "tiny", engine="int8", count_tokens=lambda text: 2)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
