"""The chat: a conversation with a mimic at the terminal.

`repl.py` leads: it takes lines from `lines.py`, keeps what was said in a `Session`, obeys the
commands of `commands.py`, and shows everything through the one `Screen`, which lets no text of a
chat or a model drive the terminal.
"""
