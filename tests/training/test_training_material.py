"""What is learnt from and what is tested on: by time, never at random."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_support import chatter, fill

from chatmimic.archive import Archive
from chatmimic.errors import NoSuchPerson, TooLittleData
from chatmimic.records import Conversation, Message
from chatmimic.training.data.split import cast_of, gather, sampled, split

MINUTE = 60_000


def of(*messages: tuple[str, int | None], thread: str = "#x") -> Conversation:
    said = tuple(Message(s, f"{thread} {n}", at) for n, (s, at) in enumerate(messages))
    return Conversation(said, "irc", thread)


@st.composite
def threads(draw):
    """Conversations of several threads that overlap in time, some messages without any."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        times = sorted(draw(st.lists(st.integers(1, 60), min_size=1, max_size=20)))
        senders = draw(st.text("abc", min_size=len(times), max_size=len(times)))
        untimed = draw(st.sets(st.integers(0, len(times) - 1), max_size=3))
        pairs = zip(senders, times, strict=True)
        said = ((s, None if n in untimed else t) for n, (s, t) in enumerate(pairs))
        found.append(of(*said, thread=f"#{number}"))
    return found


def times(conversations) -> list[int]:
    return [m.sent_at for c in conversations for m in c.messages if m.sent_at is not None]


def own(conversations) -> int:
    return sum(m.sender == "a" for c in conversations for m in c.messages)


@settings(deadline=None, max_examples=300)
@given(threads(), st.floats(0.01, 0.6))
def test_what_is_tested_on_is_never_before_what_is_learnt(conversations, share):
    train, later = split(conversations, "a", share)
    assert max(times(train), default=0) <= min(times(later), default=99)
    texts = Counter(m.text for c in (*train, *later) for m in c.messages)
    assert texts == Counter(m.text for c in conversations for m in c.messages)
    if own(conversations):
        wanted = max(1, math.ceil(share * own(conversations)))
        assert wanted <= own(later) <= 2 * wanted


def test_whole_conversations_are_held_out_where_they_are_many():
    talks = [of(("a", n * 1000), ("b", n * 1000 + 1), ("a", n * 1000 + 2)) for n in range(1, 11)]
    train, later = split(talks, "a", 0.15)  # 3 of 20, which lies inside the last but one
    assert (train, later) == (tuple(talks[:8]), tuple(talks[8:]))


def test_a_conversation_that_straddles_the_instant_is_cut_there():
    busy = of(*(("b", t) for t in range(10, 1000, 10)), thread="#busy")
    talks = [of(("a", 105)), of(("a", 205)), of(("a", 505), ("b", 515))]
    train, later = split([busy, *talks], "a", 0.3)
    assert max(times(train)) == 500
    assert [c.messages[0].sent_at for c in later] == [510, 505]


def test_one_endless_conversation_is_cut_inside():
    only = of(*(("ab"[n % 2], n) for n in range(1, 101)))
    (train,), (later,) = split([only], "a", 0.1)
    assert own([later]) == 5
    assert train.messages + later.messages == only.messages


def test_a_last_conversation_that_holds_nearly_everything_is_not_all_held_out():
    long = of(*(("a", 1000 + n) for n in range(100)))
    train, later = split([of(("a", 1), ("b", 2)), long], "a", 0.1)
    assert own(later) == 11
    assert own(train) == 90


@pytest.mark.parametrize("at", [None, 5 * MINUTE])
def test_messages_without_times_or_with_one_for_all_keep_their_order(at):
    only = of(*(("ab"[n % 2], at) for n in range(40)))
    (train,), (later,) = split([only], "a", 0.1)
    assert train.messages + later.messages == only.messages
    assert own([later]) == 2


def test_nobody_to_hold_out_leaves_everything_learnt():
    assert split([of(("b", 1))], "a", 0.1) == ((of(("b", 1)),), ())
    assert split([], "a", 0.1) == ((), ())


def test_the_cast_opens_with_the_persona_then_the_most_talkative():
    talk = of(*((s, n) for n, s in enumerate("bcacddde")))
    assert cast_of([talk], "e").people == ("e", "d", "c", "a", "b")
    crowd = of(*((f"p{n}", n) for n in range(500)))
    assert len(cast_of([crowd], "p7").people) == 200
    assert cast_of([crowd], "p7").people[0] == "p7"


# -- from an archive ---------------------------------------------------------------------------


def gathered(home, persona="Ada", share=0.1):
    with Archive.open(home.archive, create=False) as archive:
        return gather(archive, persona, None, share)


def test_an_archive_gives_the_conversations_of_the_persona(home):
    apart = [Message("Cy", "alone", n * MINUTE, service="irc", thread="#cy") for n in range(60)]
    material = gathered(fill(home, [*chatter(), *apart]), "ada")
    assert material.persona == "Ada"
    assert material.cast.people == ("Ada", "Bob")
    train, later = material.messages
    assert train + later == sum(m.sender == "Ada" for m in chatter())
    assert all(c.thread == "#tea" for c in (*material.train, *material.held_out))
    assert max(times(material.train)) < min(times(material.held_out))


def test_the_persona_can_be_whoever_there_is_only(home):
    with pytest.raises(NoSuchPerson, match='Did you mean "Ada"'):
        gathered(fill(home), "Adda")


def test_too_few_messages_are_counted_and_a_way_on_is_told(home):
    with pytest.raises(TooLittleData) as told:
        gathered(fill(home, chatter(60)))
    count = sum(m.sender == "Ada" for m in chatter(60))
    assert str(told.value).startswith(
        f"Ada has {count} messages in the archive; training needs at least 50"
    )
    assert "chatmimic people" in told.value.hint


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 120))
def test_a_sample_to_test_on_is_from_everywhere_and_about_as_large_as_asked(counts, most):
    talks = [
        Conversation(tuple(Message(n, "x", at) for n in ["Ada"] * count + ["Bob"]))
        for at, count in enumerate(counts)
    ]
    found = sampled(talks, "Ada", most)
    said = sum(m.sender == "Ada" for c in found for m in c.messages)
    total = sum(counts)
    assert said == total if total <= most else most / 3 <= said <= most + 1 + most / 10
    if total > 10 * most and max(counts) < total / 10:
        starts = [c.messages[0].sent_at for c in found]
        assert starts[-1] > len(counts) / 2
