"""Links by a plain rule, for languages that the networks were not trained on.

A message answers whom it names; else it continues the sender's own message of the last quarter of
an hour; else it answers whoever spoke to the sender within the hour.
"""

from __future__ import annotations

from chatmimic.conversations.linking.thread_arrays import Talk

_OWN_MINUTES = 15
_TO_ME_MINUTES = 60


def links_by_rule(talk: Talk) -> list[int]:
    """For each message the index of the one it answers, its own if it answers nobody."""
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
        last_spoken = spoke_to.get((other, own), last.get(other))
        if last_spoken is not None:
            return last_spoken
    for place, minutes in ((last.get(own), _OWN_MINUTES), (to_me.get(own), _TO_ME_MINUTES)):
        if place is not None and talk.minute[i] - talk.minute[place] <= minutes:
            return place
    return i
