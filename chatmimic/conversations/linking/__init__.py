"""Which message each message of a busy channel answers, to disentangle conversations.

The task, the data and the feed-forward model that this one extends: Kummerfeld et al. 2019, "A
Large-Scale Corpus for Conversation Disentanglement" (https://aclanthology.org/P19-1374).
"""
