"""Text of transcripts and logs without what nobody said: marks, times, spaced-out stops."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from chatmimic.records import Conversation, Message

LONGEST = 450  # characters; a chat message is hardly ever longer

# "[01:46]" and "\[01:46:12\]" of podcasts, "{disfmarker}" and "<laugh>" of meetings.
_MARKS = re.compile(r"\\?\[\d{1,2}:\d\d(?::\d\d)?\\?\]|\{[a-z]{3,20}\}|<(?:laugh|cough|pause)>")
_SPACED_STOP = re.compile(r"(?<=\w) +([.,!?;:])(?=\s|$)")  # "Nice ." of tokenised text
_SPACED_ENDING = re.compile(r"(?<=\w) '(?=(?:s|m|re|ve|ll|d|t)\b)")  # "it 's" of the same
_SPACED_LETTERS = re.compile(r"\b([A-Z])_ ")  # "X_ M_ L" of the same
_SPACES = re.compile(r"[ \t]{2,}")
_SENTENCE_END = re.compile(r"[.!?…](?=\s)")

# What people write with signs, and the emoji that others write in their place.
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
    """The conversation without marks and over-long messages; what is empty then is left out."""
    kept = ((message, tidy_text(message.text)) for message in conversation.messages)
    messages = tuple(replace(message, text=text) for message, text in kept if text)
    return replace(conversation, messages=messages)


def tidy_text(text: str) -> str:
    """One message's text: marks out, stops back at their words, cut where a sentence ends."""
    text = _SPACES.sub(" ", _MARKS.sub(" ", text))
    text = _SPACED_ENDING.sub("'", _SPACED_LETTERS.sub(r"\1", text))
    text = _SPACED_STOP.sub(r"\1", text).strip()
    if len(text) <= LONGEST:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, LONGEST)]
    return text[: ends[-1]] if ends else text[:LONGEST].rsplit(None, 1)[0]


def with_emoji(conversation: Conversation, chance: Random) -> Conversation:
    """Some speakers write emoji where they wrote emoticons.

    Public chats of programmers hold hardly any emoji and private ones many: a base that never
    read one cannot learn when somebody uses theirs.
    """
    writers = {name for name in conversation.senders if chance.random() < EMOJI_WRITERS}
    if not writers:
        return conversation
    messages = tuple(
        _with_emoji(message, chance) if message.sender in writers else message
        for message in conversation.messages
    )
    return replace(conversation, messages=messages)


def _with_emoji(message: Message, chance: Random) -> Message:
    def emoji(found: re.Match[str]) -> str:
        said = found.group()
        choice = chance.choice(_split(_EMOTICONS[said]))
        if not said.isalpha() and said != "+1":
            return choice
        # A word stays now and then, with the emoji after it.
        return f"{said} {choice}" if chance.random() < 0.5 else said

    return replace(message, text=_EMOTICON.sub(emoji, message.text))


def _split(emoji: str) -> list[str]:
    """Single emoji of a string; a variation selector belongs to the one before it."""
    return re.findall(r".\ufe0f?", emoji)
