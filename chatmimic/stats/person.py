"""Statistics of one person: when, how much and how they write, and with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from chatmimic.archive import Archive, Scope
from chatmimic.stats import words
from chatmimic.stats.habits import closings, habits, openings, spread
from chatmimic.stats.reading import Texts, read
from chatmimic.stats.records import Partner, PersonStats
from chatmimic.stats.times import activity
from chatmimic.stats.turns import Turns, answered, conversations, pairs, turns
from chatmimic.stats.whole import MOST, span_of

if TYPE_CHECKING:
    import pandas as pd

_WORDS, _EMOJI, _ENDS = 20, 10, 10  # that are told


def person_stats(archive: Archive, name: str, scope: Scope | None = None) -> PersonStats:
    """Compute the statistics of a person. Raises NoSuchPerson."""
    name, names = archive.person(name).name, archive.names()
    person = next(number for number, called in names.items() if called == name)
    texts = Texts(person)
    table = read(archive, scope or Scope(), texts)
    found = turns(table, conversations(table))
    partners = _partners(table, found, archive.answers(), person, names)
    return _stats(name, table, texts, _of(found, person), names, partners)


def _of(found: Turns, person: int) -> Turns:
    """The turns of one person."""
    own = found.person == person
    return Turns(*(part[own] for part in vars(found).values()))


def _partners(
    table: pd.DataFrame,
    found: Turns,
    replies: Iterable[tuple[int, int]],
    person: int,
    names: Mapping[int, str],
) -> tuple[Partner, ...]:
    """The people a person answers and is answered by, most frequent first."""
    counts = pairs(table, answered(table, found, replies))
    to = {b: n for (a, b), n in counts.items() if a == person}
    by = {a: n for (a, b), n in counts.items() if b == person}
    everybody = (Partner(names[p], to.get(p, 0), by.get(p, 0)) for p in {**to, **by})
    return tuple(sorted(everybody, key=lambda p: (-p.to - p.by, p.name))[:MOST])


def _called(names: Iterable[str]) -> frozenset[str]:
    """The names and first names people may be addressed by, lower-cased."""
    small = [words.tidy(name) for name in names]
    return frozenset([*small, *(name.split()[0] for name in small)])


def _stats(
    name: str,
    table: pd.DataFrame,
    texts: Texts,
    own: Turns,
    names: Mapping[int, str],
    partners: tuple[Partner, ...],
) -> PersonStats:
    import pandas as pd

    rows = table.loc[table["person"] == texts.person]
    spoken_texts = pd.Series(texts.by_row, dtype="str")
    in_order = table["row"].to_numpy()
    opening = openings(spoken_texts[in_order[own.first]], _called(names.values()))
    closing = closings(spoken_texts[in_order[own.last]])
    mine, others = texts.mine, texts.others
    return PersonStats(
        name=name,
        span=span_of(rows["sent_at"].to_numpy()),
        share=len(rows) / max(1, len(table)),
        activity=activity(rows["sent_at"].to_numpy()),
        turns=len(own.first),
        per_turn=spread(own.sizes.astype(np.float64)),
        several=float((own.sizes > 1).mean()) if len(own.first) else 0.0,
        reply_s=spread(own.wait_s),
        habits=habits(spoken_texts),
        others=habits(pd.Series(texts.sample, dtype="str")),
        favourites=words.favourites(mine.everything, others.everything, _WORDS),
        emoji=words.most_used_emoji(mine, others, _EMOJI),
        openings=words.counts(opening, _ENDS),
        closings=words.counts(closing, _ENDS),
        laughter=words.laughter(mine),
        partners=partners,
    )
