"""What a request asks for: its fields, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatmimic.errors import SettingsError
from chatmimic.generation.decoding import SETTINGS, Decoding, decoding_of
from chatmimic.mimic import Mimic
from chatmimic.server.api_error import ApiError, invalid
from chatmimic.server.limits import Limits
from chatmimic.text import clean

ROLES = ("system", "developer", "user", "assistant")
_SEEDS = 2**32
# Settings of ours that clients may send; those of OpenAI have the same names and meanings.
_SETTINGS = {
    one.name: one for one in SETTINGS if one.name not in ("seed", "beams", "bad_words", "turn_bias")
}
_MOST_TOKENS = int(_SETTINGS["max_tokens"].bounds.high if _SETTINGS["max_tokens"].bounds else 0)
# What would change the reply in a way that a mimic cannot; others that we do not know change none.
_UNSUPPORTED = (
    *("tools", "functions", "logit_bias", "audio", "prediction", "web_search_options"),
    *("suffix", "best_of", "echo", "reasoning_effort"),
)


@dataclass(frozen=True)
class Said:
    """One message of a chat as a client sends it."""

    role: str
    text: str
    name: str = ""


@dataclass(frozen=True)
class Asked:
    """What chats and continuations have in common."""

    model: str
    settings: Mapping[str, Any]
    seed: int | None
    count: int  # of choices
    stops: tuple[str, ...]
    stream: bool
    with_usage: bool
    likeliest: int | None  # tokens with their probabilities beside each one; None: no probabilities

    @classmethod
    def of(cls, body: Mapping[str, Any], limits: Limits, likeliest: int | None) -> Asked:
        """Check the fields of a request. Raises ApiError."""
        for name in _UNSUPPORTED:
            if body.get(name):
                raise invalid(f"A mimic does not support `{name}`.", name)
        form = body.get("response_format")
        if form is not None and not (isinstance(form, dict) and form.get("type") == "text"):
            raise invalid("A mimic writes text only.", "response_format")
        options = body.get("stream_options")
        return cls(
            _text(body, "model"),
            _settings(body),
            _seed(body.get("seed")),
            _count(body, "n", 1, 1, limits.choices),
            _stops(body.get("stop"), limits),
            _flag(body, "stream"),
            isinstance(options, dict) and options.get("include_usage") is True,
            likeliest,
        )

    def decodings(self, mimic: Mimic, count: int) -> list[Decoding]:
        """How each of so many texts is drawn, each with a seed of its own if one was given.

        Raises ApiError.
        """
        try:
            usual = decoding_of(mimic, **self.settings)
            if self.seed is None:
                return [usual] * count
            seeds = [(self.seed + number) % _SEEDS for number in range(count)]
            return [decoding_of(mimic, **self.settings, seed=seed) for seed in seeds]
        except SettingsError as error:
            named = (name for name in self.settings if name in error.what)
            raise invalid(error.what, next(named, "")) from error


def chat_of(body: Mapping[str, Any], limits: Limits) -> tuple[Asked, list[Said]]:
    """What a request for a reply asks, and the chat so far. Raises ApiError."""
    wanted = _flag(body, "logprobs")
    most = _count(body, "top_logprobs", 0, 0, limits.likeliest)
    if most and not wanted:
        raise invalid("top_logprobs needs logprobs to be true.", "top_logprobs")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages must be a list of at least one message.", "messages")
    said = [_said(one, f"messages[{at}]") for at, one in enumerate(messages)]
    return Asked.of(body, limits, most if wanted else None), said


def continuation_of(body: Mapping[str, Any], limits: Limits) -> tuple[Asked, list[str]]:
    """What a request for a continuation asks, and the texts to go on with. Raises ApiError."""
    given = body.get("logprobs")
    likeliest = None if given is None else _count(body, "logprobs", 0, 0, limits.likeliest)
    prompt = body.get("prompt")
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not isinstance(prompts, list) or not all(isinstance(one, str) for one in prompts):
        raise invalid("prompt must be a text or a list of texts.", "prompt")
    asked = Asked.of(body, limits, likeliest)
    if not 1 <= len(prompts) * asked.count <= limits.choices:
        raise invalid(f"There must be 1 to {limits.choices} choices in all.", "prompt")
    return asked, [clean(one) for one in prompts]


def _said(one: object, where: str) -> Said:
    if not isinstance(one, dict):
        raise invalid(f"{where} is not an object.", where)
    role, name = one.get("role"), one.get("name")
    if role not in ROLES:
        raise invalid(f"{where}.role must be one of {', '.join(ROLES)}.", f"{where}.role")
    if not isinstance(name, str | None):
        raise invalid(f"{where}.name must be text.", f"{where}.name")
    return Said(str(role), clean(_content(one.get("content"), where)), clean(name or "").strip())


def _content(content: object, where: str) -> str:
    """The text of a message: a text, or a list of parts that are texts."""
    if content is None or isinstance(content, str):
        return content or ""
    texts = []
    for part in content if isinstance(content, list) else [None]:
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str):
            raise invalid(f"{where}.content must be text: a mimic reads no more.", where)
        texts.append(text)
    return "\n".join(texts)


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    if not isinstance(found, str) or not found:
        raise ApiError(422, f"{name} is missing, or not text.", param=name, code="missing_value")
    return clean(found)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    found = body.get(name)
    if not isinstance(found, bool | None):
        raise invalid(f"{name} must be true or false.", name)
    return bool(found)


def _count(body: Mapping[str, Any], name: str, usual: int, low: int, high: int) -> int:
    found = body.get(name)
    if found is None:
        return usual
    if type(found) is not int or not low <= found <= high:
        raise invalid(f"{name} must be a whole number from {low} to {high}.", name)
    return found


def _seed(given: object) -> int | None:
    """A seed within our range; OpenAI's are of 64 bits, negative ones too."""
    if given is None:
        return None
    if type(given) is not int:
        raise invalid("seed must be a whole number.", "seed")
    return given % _SEEDS


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: body[name] for name in _SETTINGS if body.get(name) is not None}
    if body.get("max_completion_tokens") is not None:
        found["max_tokens"] = body["max_completion_tokens"]
    for name, value in found.items():
        whole = _SETTINGS[name].kind is int
        if type(value) is not int and (whole or type(value) is not float):
            raise invalid(f"{name} must be {_SETTINGS[name].noun}.", name)
    if "max_tokens" in found:  # a maximum: more than there can be is no error
        found["max_tokens"] = min(found["max_tokens"], _MOST_TOKENS)
    return found


def _stops(given: object, limits: Limits) -> tuple[str, ...]:
    stops: Sequence[object] = [given] if isinstance(given, str) else given or ()  # type: ignore
    if not isinstance(stops, list | tuple) or len(stops) > limits.stops:
        raise invalid(f"stop must be a text, or up to {limits.stops} texts.", "stop")
    for stop in stops:
        if not isinstance(stop, str) or not 0 < len(stop) <= limits.stop_characters:
            raise invalid(f"stop: each is 1 to {limits.stop_characters} characters.", "stop")
    return tuple(str(stop) for stop in stops)
