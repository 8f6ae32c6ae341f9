"""The commands of the chat: names, arguments, help, parsing and completion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from chatmimic.errors import SettingsError
from chatmimic.generation.decoding import SETTINGS
from chatmimic.generation.generator import ACTION


@dataclass(frozen=True)
class Help:
    """One line of `/help`."""

    name: str
    takes: str
    does: str


HELP = (
    Help("help", "", "Show this list."),
    Help("persona", "[NAME]", "Change who answers: a person the mimic knows, or another mimic."),
    Help("with", "[NAMES]", "Let others answer, too: people the mimic knows, or other mimics."),
    Help("without", "[NAMES]", "Let them no longer answer; without names, only the persona does."),
    Help("as", "[NAME]", "Change who you speak as; without a name, list the people."),
    Help("retry", "", "Generate another answer to your last message."),
    Help("alternatives", "[COUNT]", "Generate several answers to choose from, 4 by default."),
    Help("pick", "NUMBER", "Take one of the alternatives as the answer."),
    Help("continue", "[NAME]", "Let the persona, or somebody who answers, send one more message."),
    Help("self", "[COUNT]", "Let them talk among themselves, 10 messages by default."),
    Help("edit", "TEXT", "Replace your last message, and get a new answer."),
    Help("undo", "", "Remove your last message and its answer."),
    Help("reset", "", "Start a new conversation."),
    Help("set", "[KEY=VALUE ...]", "Show or change the sampling settings."),
    Help("seed", "[NUMBER]", "Make replies reproducible; without a number, random again."),
    Help("stats", "", "Show how many messages there are, and how fast replies come."),
    Help("why", "", "Show the training messages that the last reply most resembles."),
    Help("memory", "[on|off]", "Show what was recalled for the last answer, and from when."),
    Help("status", "[on|off]", "Show base, engine and speed, or switch that line off."),
    Help("rhythm", "[real|quick|off]", "Show or change how long replies wait."),
    Help("sessions", "", "List the chats that are kept, and where; delete a file to delete one."),
    Help("resume", "[NAME]", "Go on with a kept chat, the newest with this mimic by default."),
    Help("discard", "", "Delete the file of this chat, and keep nothing more of it."),
    Help("save", "[FILE]", "Save the conversation to a file."),
    Help("load", "FILE", "Go on with a conversation that /save wrote."),
    Help("export", "FILE", "Write the conversation as .txt, .md, .json or .jsonl."),
    Help("quit", "", "Leave the chat (also Ctrl-D)."),
)
NAMES = tuple(line.name for line in HELP)
# Commands that need only what is known of a mimic before it is loaded.
LIGHT = frozenset(
    ("help", "as", "set", "seed", "stats", "status", "rhythm", "undo", "reset", "quit")
    + ("sessions", "resume", "discard", "save", "load", "export")
)
_PAIR = re.compile(r"\s*([^\s=]+)(?:\s*=\s*|\s+)([^\s=]+)(?=\s|$)")
_ALSO = {"exit": "quit", "q": "quit", "bye": "quit", "?": "help", "h": "help", "redo": "retry"}

TIPS = (
    "/me waves is an action; //text sends a message that begins with a slash.",
    "Ctrl-C stops a reply or clears the line; twice on an empty line, it leaves. A line that ends "
    "with a backslash goes on in the next; so does one after Alt-Enter.",
)


@dataclass(frozen=True)
class Words:
    """A line that is a message."""

    text: str


@dataclass(frozen=True)
class Command:
    """A line that is a command."""

    name: str
    argument: str


@dataclass(frozen=True)
class Unknown:
    """A line that looks like a command but is none; `near` is the most similar one, or ""."""

    name: str
    near: str


def parse(line: str) -> Words | Command | Unknown:
    """Parse a line. `//x` is the message `/x`; `/me x` is an action, which is a message, too."""
    text = line.strip()
    if not text.startswith("/") or text.startswith(ACTION):
        return Words(text)
    if text.startswith("//"):
        return Words(text[1:])
    name, _, argument = text[1:].partition(" ")
    name = _ALSO.get(name.lower(), name.lower())
    if name in NAMES:
        return Command(name, argument.strip())
    return Unknown(name, next(iter(get_close_matches(name, NAMES, n=1)), ""))


def pairs(argument: str) -> list[tuple[str, str]]:
    """Names and values of `/set top_p=0.5 seed=1` or `/set top_p 0.5 seed 1`; or SettingsError."""
    found, place = [], 0
    while argument[place:].strip():
        pair = _PAIR.match(argument, place)
        if pair is None:
            raise SettingsError("Use KEY=VALUE, e.g. /set temperature=0.7 top_p=0.8.")
        found.append((pair[1], pair[2]))
        place = pair.end()
    return found


def completions(
    line: str, people: Sequence[str], mimics: Sequence[str], chats: Sequence[str] = ()
) -> list[str]:
    """Completions of the last part of a line: commands, names, settings, kept chats."""
    if not line.startswith("/") or line.startswith("//"):
        return []
    name, space, argument = line[1:].partition(" ")
    if not space:
        found = [line for line in HELP if line.name.startswith(name)]
        return [f"/{line.name} " if line.takes else f"/{line.name}" for line in found]
    options: Sequence[str] = {
        **dict.fromkeys(("persona", "with"), [*people, *mimics]),
        **dict.fromkeys(("continue", "without"), people),
        "as": people,
        "resume": chats,
        "set": [f"{setting.name}=" for setting in SETTINGS],
    }.get(name, [])
    wanted = argument.casefold()
    return [o for o in dict.fromkeys(options) if o.casefold().startswith(wanted) and o != argument]
