"""Patterns of names in texts, and words that are only sometimes names."""

from __future__ import annotations

import re

PIECE = re.compile(r"[^\W_]+")
SECOND = re.compile(r"(?<=[^|])\|.*|(?<=.)[_`^|]+$", re.DOTALL)  # "alan|away", "alan_"
LEAST = 3  # letters; shorter names look like words
# Nicks that are also words: names only if addressed, "help: look here", "@help".
_WORDS = """
a about after again all also am an and any are as ask at away back bad be been before best big bit
bot but by can chat client code come cool could customer dark data day did do does don done down
else end even every find first for free from fun get go god going gone good got great guest guy had
hall has have he hello help her here hi him his home host how i if in into is it just keep kernel
know last later let life like line linux little live long look lot love made mail make man many may
me mean mode more most moon much must my name need new next nice night no none not nothing now of
off ok old on one only open or other our out over own part people person play power read real red
right root run said same say see server she should so some something soon speaker stop sun sure
system take talk team test than thanks that the their them then there they thing think this time to
too try two ubuntu up us use user version very wait want was way we well were what when where which
who why will win with won wolf word work world would yes yet you your zero agent assistant
"""
COMMON = frozenset(_WORDS.split())
