"""Cleaning texts of transcripts and logs: annotations, times, spaces before punctuation."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from chatmimic.records import Conversation, Message

LONGEST = 450  # characters; chat messages are hardly ever longer

# "[01:46]" and "\[01:46:12\]" of podcasts, "{disfmarker}" and "<laugh>" of meetings.
_MARKS = re.compile(r"\\?\[\d{1,2}:\d\d(?::\d\d)?\\?\]|\{[a-z]{3,20}\}|<(?:laugh|cough|pause)>")
_SPACED_STOP = re.compile(r"(?<=\w) +([.,!?;:])(?=\s|$)")  # "Nice ." of tokenised text
_SPACED_ENDING = re.compile(r"(?<=\w) '(?=(?:s|m|re|ve|ll|d|t)\b)")  # "it 's" of the same
_SPACED_LETTERS = re.compile(r"\b([A-Z])_ ")  # "X_ M_ L" of the same
_SPACES = re.compile(r"[ \t]{2,}")
_SENTENCE_END = re.compile(r"[.!?…](?=\s)")

# Emoticons, and the emoji that replace them.
_EMOTICONS = {
    ":)": "🙂😊😊☺️",
    ":-)": "🙂😊",
    "=)": "🙂😊",
    ":D": "😀😄😂😁",
    ":-D": "😀😄",
    "xD": "😂😆🤣",
    ";)": "😉😉😏",
    ";-)": "😉",
    ":P": "😛😜🙃",
    ":p": "😛😜🙃",
    ":-P": "😛",
    ":(": "🙁😢😞😔",
    ":-(": "🙁😢",
    ":'(": "😭",
    ":/": "😕😬🤔",
    ":o": "😮😲",
    "<3": "❤️🥰😍💕",
    "\\o/": "🎉🙌",
    "lol": "😂😂🤣",
    "haha": "😂😄",
    "heh": "😅",
    "thanks": "🙏👍",
    "+1": "👍👍💯",
    "hmm": "🤔",
    "cool": "😎👍🔥",
    "nice": "👌🔥👍",
}
_EMOTICON = re.compile(
    r"(?<!\S)(?:" + "|".join(map(re.escape, sorted(_EMOTICONS, key=len, reverse=True))) + r")(?!\w)"
)
EMOJI_WRITERS = 0.2  # share of speakers


def tidied(conversation: Conversation) -> Conversation:
    """The conversation without annotations, overlong texts, and messages left empty."""
    kept = ((message, tidy_text(message.text)) for message in conversation.messages)
    messages = tuple(replace(message, text=text) for message, text in kept if text)
    return replace(conversation, messages=messages)


def tidy_text(text: str) -> str:
    """Clean a text: drop annotations, rejoin punctuation, cut at the end of a sentence."""
    text = _SPACES.sub(" ", _MARKS.sub(" ", text))
    text = _SPACED_ENDING.sub("'", _SPACED_LETTERS.sub(r"\1", text))
    text = _SPACED_STOP.sub(r"\1", text).strip()
    if len(text) <= LONGEST:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, LONGEST)]
    return text[: ends[-1]] if ends else text[:LONGEST].rsplit(None, 1)[0]


def with_emoji(conversation: Conversation, rng: Random) -> Conversation:
    """Replace the emoticons of some speakers by emoji.

    Public chats of programmers contain hardly any emoji and private chats many: a base that never
    read one cannot learn when somebody uses theirs.
    """
    writers = {name for name in conversation.senders if rng.random() < EMOJI_WRITERS}
    if not writers:
        return conversation
    messages = tuple(
        _with_emoji(message, rng) if message.sender in writers else message
        for message in conversation.messages
    )
    return replace(conversation, messages=messages)


def _with_emoji(message: Message, rng: Random) -> Message:
    def emoji(found: re.Match[str]) -> str:
        written = found.group()
        choice = rng.choice(_split(_EMOTICONS[written]))
        if not written.isalpha() and written != "+1":
            return choice
        # A word is sometimes kept, with the emoji after it.
        return f"{written} {choice}" if rng.random() < 0.5 else written

    return replace(message, text=_EMOTICON.sub(emoji, message.text))


def _split(emoji: str) -> list[str]:
    """The single emoji of a string, with their variation selectors."""
    return re.findall(r".\ufe0f?", emoji)
