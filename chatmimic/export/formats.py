"""The formats of exported conversations, and the files in them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from chatmimic.errors import ChatmimicError
from chatmimic.export.table import table_of
from chatmimic.export.turns import Turn, from_the_user, system_turn, turns_of
from chatmimic.records import Conversation

Record = Callable[[list[Turn]], object]  # the JSON value of a conversation

_SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}


@dataclass(frozen=True)
class Written:
    """The content of a file, and how many conversations and messages are in it."""

    content: bytes
    conversations: int
    messages: int


@dataclass(frozen=True)
class Format:
    """A format: its name, the suffix of its files, and what writes them.

    `write` takes conversations and the name of the persona, who is the assistant of a chat format.
    """

    name: str
    suffix: str
    write: Callable[[Sequence[Conversation], str], Written]
    needs_persona: bool = False


def _lines(conversations: Iterable[Conversation], persona: str, record: Record) -> Written:
    """A file of JSON lines, one for each conversation in which the assistant says something."""
    rows, count = [], 0
    for conversation in conversations:
        turns = turns_of(conversation, persona)
        turns = from_the_user(turns) if record is _sharegpt else turns
        if turns:
            rows.append(json.dumps(record([system_turn(conversation, persona), *turns])) + "\n")
            count += sum(turn.messages for turn in turns)
    return Written("".join(rows).encode(), len(rows), count)


def _sharegpt(turns: list[Turn]) -> object:
    return {"conversations": [{"from": _SHAREGPT[t.role], "value": t.text} for t in turns]}


def _openai(turns: list[Turn]) -> object:
    return {"messages": [{"role": t.role, "content": t.text} for t in turns]}


def _chatml(turns: list[Turn]) -> object:
    return {"text": "".join(f"<|im_start|>{t.role}\n{_plain(t.text)}<|im_end|>\n" for t in turns)}


def _plain(text: str) -> str:
    """A text in which ChatML's own tokens are words like any others."""
    return text.replace("<|im_", "< |im_")


def _csv(conversations: Sequence[Conversation], persona: str) -> Written:
    del persona
    text = table_of(conversations, times_as_text=True).to_csv(index=False, lineterminator="\n")
    return _counted(text.encode(), conversations)


def _parquet(conversations: Sequence[Conversation], persona: str) -> Written:
    del persona
    content = io.BytesIO()
    table_of(conversations).to_parquet(content, index=False, engine="pyarrow")
    return _counted(content.getvalue(), conversations)


def _counted(content: bytes, conversations: Sequence[Conversation]) -> Written:
    return Written(content, len(conversations), sum(len(c.messages) for c in conversations))


def _chat(
    record: Callable[[list[Turn]], object],
) -> Callable[[Sequence[Conversation], str], Written]:
    return lambda conversations, persona: _lines(conversations, persona, record)


_ALL = (
    Format("sharegpt", ".jsonl", _chat(_sharegpt), needs_persona=True),
    Format("openai", ".jsonl", _chat(_openai), needs_persona=True),
    Format("chatml", ".jsonl", _chat(_chatml), needs_persona=True),
    Format("csv", ".csv", _csv),
    Format("parquet", ".parquet", _parquet),
)
FORMATS = {one.name: one for one in _ALL}


def format_of(name: str | None, path: Path) -> Format:
    """The format of that name, else the one that the suffix of a file means.

    Raises ChatmimicError if the suffix does not tell, or a package is missing.
    """
    by_suffix = [one for one in _ALL if one.suffix == path.suffix.lower()]
    if name is None and len(by_suffix) != 1:
        raise ChatmimicError(
            f"The name {path.name} does not say which format to write.",
            f"Add --format: {', '.join(FORMATS)}.",
        )
    found = FORMATS[name] if name else by_suffix[0]
    if found.name == "parquet" and find_spec("pyarrow") is None:
        raise ChatmimicError(
            "Writing Parquet needs the package pyarrow.",
            "Install it: pip install 'chatmimic[parquet]'.",
        )
    return found
