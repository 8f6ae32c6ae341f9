"""Text as the DSTC-7 evaluation compares it: lower case, links replaced, split into tokens."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from chatmimic.evaluation.dialogue.libraries import library

_LINK = re.compile(r"http\S*")
_ANCHOR = re.compile(r"\[([^\]]*)\] \( *__url__ *\)")  # [words] ( __url__ ), a link of Markdown
_DROPPED = re.compile(r"(__url__)|[^a-z0-9():,.!?\"']")
# In this order, which matters where one follows another: "i'd've" is i 'd 've. Replaced one after
# the other without overlap, so that the second "can't" of two in a row is ca n't, as published.
_ENDINGS = ("'s", "'m", "'re", "n't", "'ll", "'ve", "'d", "'em")
_CONTRACTIONS = (
    (" won't ", " will n't "),
    (" can't ", " can n't "),
    *((f"{ending} ", f" {ending} ") for ending in _ENDINGS),
)


def normalised(text: str) -> str:
    """The text in lower case, its tokens separated by single spaces.

    What dstc/tokenizers.py in github.com/microsoft/DialoGPT does: links become `__url__`,
    characters other than ASCII letters, digits and ():,.!?"' go, NLTK's TweetTokenizer splits the
    rest, and contractions are taken apart (don't: do n't). Raises EvaluationError if NLTK is not
    installed.
    """
    words = " ".join(_LINK.sub(" __url__", text.lower()).split())
    plain = _DROPPED.sub(lambda found: found[1] or " ", _ANCHOR.sub(r"\1", words))
    text = f" {' '.join(_tweet_tokenizer().tokenize(plain))} "
    for written, apart in _CONTRACTIONS:
        text = text.replace(written, apart)
    return " ".join(text.split())


def mteval_tokens(text: str) -> list[str]:
    """The tokens that NIST and BLEU count: the default tokenisation of mteval, versions 11b to 14.

    It separates punctuation but for the apostrophe, and a stop or comma between digits. Raises
    EvaluationError if sacrebleu is not installed.
    """
    tokens: str = _mteval_tokenizer()(text.lower())
    return tokens.split()


@cache
def _tweet_tokenizer() -> Any:
    return library("nltk.tokenize").TweetTokenizer(preserve_case=False)


@cache
def _mteval_tokenizer() -> Any:
    return library("sacrebleu.tokenizers.tokenizer_13a").Tokenizer13a()
