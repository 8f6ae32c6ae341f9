"""The Modelfile with which Ollama runs a mimic's GGUF file: `ollama create ada -f Modelfile`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chatmimic.export.chat_template import partner_of
from chatmimic.generation.decoding import decoding_of
from chatmimic.mimic import LoadedMimic
from chatmimic.records import Conversation, Message
from chatmimic.transcript.facts import as_messages


def modelfile(loaded: LoadedMimic, gguf: str) -> str:
    """The text of the Modelfile; `gguf` is the name of the file beside it.

    Ollama knows two speakers, so that the user is who usually talks to the persona.
    """
    decoding = decoding_of(loaded.mimic)
    lines = [
        f"# {loaded.mimic.name}, a mimic of {_one_line(loaded.mimic.persona)}: what it says, "
        "nobody said.",
        f"FROM ./{gguf}",
        f'TEMPLATE """{_template(loaded)}"""',
        *(f"PARAMETER stop {json.dumps(end)}" for end in _ends(loaded)),
        f"PARAMETER temperature {decoding.temperature:g}",
        f"PARAMETER top_p {decoding.top_p:g}",
        f"PARAMETER top_k {decoding.top_k}",
        f"PARAMETER num_predict {decoding.max_tokens}",
        "PARAMETER repeat_penalty 1",
    ]
    return "\n".join(lines) + "\n"


def _template(loaded: LoadedMimic) -> str:
    """Ollama's template, in Go's language, of a chat as the mimic's form writes it."""
    mimic = loaded.mimic
    before = _written(loaded, as_messages(mimic.manifest.get("facts") or (), mimic.persona))
    said = _around(loaded, mimic.persona)
    asked = _around(loaded, partner_of(mimic))
    opening = _text_of(loaded, loaded.form.header(mimic.persona))
    return (
        f"{_go(before)}{{{{ range .Messages }}}}"
        f'{{{{ if eq .Role "assistant" }}}}{said}'
        f'{{{{ else if eq .Role "user" }}}}{asked}{{{{ end }}}}{{{{ end }}}}{_go(opening)}'
    )


def _around(loaded: LoadedMimic, speaker: str) -> str:
    """What stands around the content of a message."""
    opening = _text_of(loaded, loaded.form.header(speaker))
    whole = _text_of(loaded, [*loaded.form.header(speaker), *loaded.form.body(Message("", "x"))])
    before, after = whole.removeprefix(opening).split("x", 1)
    return f"{_go(opening + before)}{{{{ .Content }}}}{_go(after)}"


def _written(loaded: LoadedMimic, messages: Sequence[Message]) -> str:
    """The beginning of a chat that these messages open."""
    return _text_of(loaded, loaded.form.encode(Conversation(tuple(messages))).ids.tolist()[:-1])


def _text_of(loaded: LoadedMimic, ids: Sequence[int]) -> str:
    text: str = loaded.tokenizer.decode(ids, skip_special_tokens=False)
    return text


def _go(text: str) -> str:
    """A text as a string of Go, so that nothing in it is a template, nor ends one."""
    return f"{{{{ {json.dumps(text)} }}}}" if text else ""


def _ends(loaded: LoadedMimic) -> list[str]:
    """What ends a message, as text."""
    from chatmimic.export.gguf import end_of_message

    form = loaded.form
    return [_text_of(loaded, [end]) for end in (end_of_message(form), form.end_of_conversation)]


def _one_line(text: str) -> str:
    return " ".join(text.split())
