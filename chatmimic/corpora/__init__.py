"""Corpora: archives of other people's public chats, for pretraining and never imitated.

A corpus goes through these steps::

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
from chatmimic.corpora.reading import CorpusExcerpt, read_corpus

__all__ = [
    "Corpus",
    "CorpusExcerpt",
    "corpus_to_fill",
    "excerpts",
    "find_corpus",
    "known_corpora",
    "open_corpora",
    "read_corpus",
    "retell",
]
