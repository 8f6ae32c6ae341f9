"""The chat: a conversation with a mimic at the terminal.

`repl.py` is the loop: it reads lines from `lines.py`, keeps the messages in a `Session`, runs the
commands of `commands.py`, and prints through a `Screen`, which makes sure that no text of a chat or
a model controls the terminal. The voice may still be loading then (`loading.py`); `kept.py` writes
each message to a file. Where several people answer, `room.py` decides who speaks next.
"""
