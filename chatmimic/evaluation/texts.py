"""Texts as judges read them: without what gives the answer away, and with their content masked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from chatmimic.stats.words import LINK, tidy

_ADDRESSED = re.compile(r"^\s*@?([^\s:,]{1,40})[:,]\s+")
_MENTION = re.compile(r"(?<!\w)@[\w.-]+")
_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SPACES = re.compile(r"\s+")

# Words without content: articles, pronouns, prepositions, conjunctions, auxiliaries and particles.
# A masked text keeps them, because their use is a habit and not a topic.
_WORDS = """
a about above after again all also although am an and any anyway are aren't as at be because
been before being below between both but by can can't cannot could couldn't did didn't do does
doesn't doing don't down during each either else even ever every few for from further get gets
getting got had hadn't has hasn't have haven't having he he'd he'll he's her here hers herself
him himself his how however i i'd i'll i'm i've if in into is isn't it it'd it'll it's its
itself just let let's like many may maybe me might more most much must my myself neither never
no nor not now of off ok okay on once one only onto or other others our ours out over own per
perhaps quite rather really same shall she she'd she'll she's should shouldn't since so some
still such than that that's the their theirs them themselves then there there's these they
they'd they'll they're they've this those though through thus to too under until up upon us
very was wasn't we we'd we'll we're we've well were weren't what what's when where whether
which while who whom whose why will with within without won't would wouldn't yeah yep yes yet
you you'd you'll you're you've your yours yourself
aber alle als also am an auch auf aus bei bin bis bist da dann das dass dein dem den denn der
des die dir doch du durch ein eine einem einen einer er es für hab habe haben hat ich ihr im in
ist ja jetzt kann kein mal man mein mich mir mit nach nein nicht noch nur ob oder schon sehr
sein sich sie sind so und uns von vor war was wenn wer wie wir wird wo zu zum zur über
"""
FUNCTION_WORDS = frozenset(_WORDS.split())


def plain(text: str, names: Collection[str] = ()) -> str:
    """A text without links, mentions and the name that it is addressed to (of these `names`).

    Whom somebody speaks to would tell a judge who speaks.
    """
    text = _MENTION.sub("", LINK.sub("", text))
    found = _ADDRESSED.match(text)
    if found and found[1].casefold() in names:
        text = text[found.end() :]
    return _SPACES.sub(" ", text).strip()


def names_of(people: Iterable[str]) -> frozenset[str]:
    """How people are addressed at the beginning of a message: whole and first names."""
    found = {name.casefold() for person in people for name in (person, *person.split()[:1])}
    return frozenset({*found, *(name.rstrip("_") for name in found)})


def masked(text: str) -> str:
    """A text with the letters of content words replaced by x and X: its style without its topic.

    Function words, punctuation, digits, emoji and case are kept. After the text distortion of
    Stamatatos (2017, "Authorship Attribution Using Text Distortion").
    """
    return _LETTERS.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    word = found[0]
    if tidy(word) in FUNCTION_WORDS:
        return word
    return "".join("X" if c.isupper() else "x" if c.isalpha() else c for c in word)
