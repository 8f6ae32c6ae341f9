"""Links by a plain rule, for languages that the networks have not learnt.

Who is named is answered; else one goes on with what one said oneself within a quarter of an hour;
else one answers whoever spoke to one within the hour.
"""

from __future__ import annotations

from chatmimic.conversations.linking.talk import Talk

_OWN_MINUTES = 15
_TO_ME_MINUTES = 60


def links_by_rule(talk: Talk) -> list[int]:
    """For each message the number of the one it answers; its own where it answers nobody."""
    last: dict[int, int] = {}  # sender → their latest
    spoke_to: dict[tuple[int, int], int] = {}  # (who, whom) → their latest
    to_me: dict[int, int] = {}  # sender → the latest that names them
    links = []
    for i in range(len(talk)):
        own = int(talk.sender[i])
        links.append(_answered(talk, i, last, spoke_to, to_me))
        last[own] = i
        for other in talk.named[i]:
            spoke_to[own, other] = i
            to_me[other] = i
    return links


def _answered(
    talk: Talk,
    i: int,
    last: dict[int, int],
    spoke_to: dict[tuple[int, int], int],
    to_me: dict[int, int],
) -> int:
    own = int(talk.sender[i])
    for other in talk.named[i]:
        said = spoke_to.get((other, own), last.get(other))
        if said is not None:
            return said
    for place, minutes in ((last.get(own), _OWN_MINUTES), (to_me.get(own), _TO_ME_MINUTES)):
        if place is not None and talk.minute[i] - talk.minute[place] <= minutes:
            return place
    return i
