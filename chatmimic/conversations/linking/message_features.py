"""Features of one message's text: a question, thanks, a greeting, a command."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chatmimic.conversations.linking.arrays import Array, words_of

_ASKING = words_of(
    "what how why where who which when does do is can anyone anybody could any has are should did "
    "will would"
)
_THANKS = words_of("thanks thx thank ty tks cheers thankyou tnx")
_ANSWERING = words_of(
    "yes no yeah yep nope ok okay k sure right oh ah hmm yea ya nah lol well good great cool nice "
    "i im it"
)
_GREETINGS = words_of("hi hello hey hola evening morning yo sup greetings")
_GOING_ON = words_of("and but so because or then also")
_MOODS = (":)", ":(", ":P", ":D", ";)", "lol")

COUNT = 17


def text_features(text: str, words: Sequence[str]) -> Array:
    """The `COUNT` binary features of a text and its words in lower case."""
    known = set(words)
    first = words[0] if words else ""
    found = (
        "?" in text,
        text.rstrip().endswith("?"),
        first in _ASKING,
        bool(known & _THANKS),
        first in _ANSWERING,
        first in _GREETINGS,
        "http" in text or "www." in text,
        "!" in text,
        text.startswith("!"),  # a question to a bot
        first in _GOING_ON,
        bool(known & {"same", "too", "me"}),
        "paste" in known or "pastebin" in text,
        bool(known & {"try", "sudo", "you", "your"}),
        bool(known & {"i", "my", "im"}),
        text[:1].islower(),
        "..." in text,
        any(mood in text for mood in _MOODS),
    )
    return np.array(found, np.float32)
