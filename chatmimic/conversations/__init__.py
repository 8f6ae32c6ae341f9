"""Conversations: threads are cut at long silences, busy channels by who answers whom."""

from chatmimic.conversations.disentangle import NEWEST, Disentangler
from chatmimic.conversations.gaps import DEFAULT_GAP_MS, choose_gap, parse_gap, show_gap
from chatmimic.conversations.segmentation import conversations, cut, thread_gaps

__all__ = [
    "DEFAULT_GAP_MS",
    "NEWEST",
    "Disentangler",
    "choose_gap",
    "conversations",
    "cut",
    "parse_gap",
    "show_gap",
    "thread_gaps",
]
