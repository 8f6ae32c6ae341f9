"""The probabilities of tokens, in the shapes of OpenAI's API.

They are the model's own, before temperature, penalties and what a reply may not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatmimic.generation.row import Scored
from chatmimic.server.choices import Choice

_CUT = "\ufffd"  # of a token that is a part of a character


def chat_probabilities(choice: Choice) -> dict[str, Any]:
    """Those of the tokens that were not given out yet, for a chat."""
    return {
        "content": [
            {
                **_entry(choice, one.token, one.logprob),
                "top_logprobs": [_entry(choice, *pair) for pair in one.likeliest],
            }
            for one in choice.scored()
        ],
        "refusal": None,
    }


def text_probabilities(choice: Choice, offset: int) -> dict[str, Any]:
    """Those of the tokens that were not given out yet, for a text; the first is at `offset`."""
    scored = choice.scored()
    tokens = [_text(choice, one.token) for one in scored]
    return {
        "tokens": tokens,
        "token_logprobs": [one.logprob for one in scored],
        "top_logprobs": [_by_text(choice, one) for one in scored],
        "text_offset": [offset + sum(map(len, tokens[:at])) for at in range(len(tokens))],
    }


def _by_text(choice: Choice, one: Scored) -> dict[str, float]:
    pairs: Sequence[tuple[int, float]] = one.likeliest
    return {_text(choice, token): logprob for token, logprob in pairs}


def _entry(choice: Choice, token: int, logprob: float) -> dict[str, Any]:
    text = _text(choice, token)
    whole = None if _CUT in text else list(text.encode("utf-8", "replace"))
    return {"token": text, "bytes": whole, "logprob": logprob}


def _text(choice: Choice, token: int) -> str:
    return choice.generator.form.text_of([token])
