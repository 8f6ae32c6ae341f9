"""Conversations: a thread is cut where the silence is long, a busy channel by who answers whom."""

from chatmimic.conversations.apart import Apart
from chatmimic.conversations.cutting import conversations, cut, thread_gaps
from chatmimic.conversations.gaps import DEFAULT_GAP_MS, choose_gap, parse_gap, show_gap

__all__ = [
    "DEFAULT_GAP_MS",
    "Apart",
    "choose_gap",
    "conversations",
    "cut",
    "parse_gap",
    "show_gap",
    "thread_gaps",
]
