"""Converts Slack's markup (`<@U1|ada>`, `&amp;`) to text."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Literal < and > are written as entities, so that nothing a person typed looks like this.
_TOKEN = re.compile(r"<([^<>]*)>")


def readable(text: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Resolve mentions, links and entities; `people` and `channels` map ids to names."""
    if "<" not in text:
        return _plain(text)
    parts = _TOKEN.split(text)  # every second one was in brackets
    parts[::2] = map(_plain, parts[::2])
    parts[1::2] = (_written_out(token, people, channels) for token in parts[1::2])
    return "".join(parts)


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _written_out(token: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    target, _, label = token.partition("|")
    label = _plain(label)
    if target.startswith("@"):
        return f"@{people.get(target[1:]) or label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or channels.get(target[1:]) or target[1:]}"
    if target.startswith("!"):
        return _special(target[1:], label)
    return label or _plain(target)


def _special(command: str, label: str) -> str:
    """`<!here>`, `<!subteam^S1|@team>`, `<!date^…|10 May>`."""
    name, _, rest = command.partition("^")
    if name == "date":
        return label
    if name == "subteam":
        return label or f"@{rest.partition('^')[0]}"
    return f"@{label.removeprefix('@') or name}"
