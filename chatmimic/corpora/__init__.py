"""Corpora: archives of other people's public talk, to learn to talk from and never to imitate.

The road of a corpus is one way::

    archive ──▶ excerpts ──▶ tidied ──▶ retold under invented names ──▶ transcripts
"""

from chatmimic.corpora.corpus import (
    Corpus,
    corpus_to_fill,
    find_corpus,
    known_corpora,
    open_corpora,
)
from chatmimic.corpora.excerpts import excerpts
from chatmimic.corpora.names import retell
from chatmimic.corpora.reading import Told, read_corpus

__all__ = [
    "Corpus",
    "Told",
    "corpus_to_fill",
    "excerpts",
    "find_corpus",
    "known_corpora",
    "open_corpora",
    "read_corpus",
    "retell",
]
