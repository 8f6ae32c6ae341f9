"""Copies: whether a text repeats what stands in the archive, and where.

`words.py` says what words are compared, `spans.py` holds the spans of eight words of all messages,
`kept.py` keeps them on disk, `resemblance.py` finds the messages that a text is most like.
"""
