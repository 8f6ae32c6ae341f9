"""Which message each message of a busy channel answers, so that conversations can be told apart.

The task, the data and the feed-forward model that this one goes on from: Kummerfeld et al. 2019, "A
Large-Scale Corpus for Conversation Disentanglement" (https://aclanthology.org/P19-1374).
"""
