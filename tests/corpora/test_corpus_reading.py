"""Reading a corpus: all of it, in constant memory, the latest held out, the same for a seed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from chatmimic.archive import Archive
from chatmimic.corpora import Corpus, CorpusExcerpt, read_corpus
from chatmimic.corpora.reading import BY_NAME, STRETCH
from chatmimic.records import Message
from chatmimic.transcript import Cast
from chatmimic.transcript.tokens import SLOTS

MINUTE, DAY = 60_000, 86_400_000
PEOPLE = ("quetzal", "tdomhan", "Ada Lovelace", "zed|away", "seveas_")


def chat(
    threads: int, messages: int, *, people: Iterable[str] = PEOPLE, times: bool = True
) -> Iterator[Message]:
    """Threads of so many messages, numbered, one thread a day; the first named is the latest."""
    senders = tuple(people)
    for thread in range(threads):
        for n in range(messages):
            yield Message(
                senders[(n + n // 7) % len(senders)],
                f"{senders[n % len(senders)]}: {thread} is {n}",
                (threads - thread) * DAY + n * MINUTE if times else None,
                service="irc",
                thread=f"{thread:03}",
            )


def corpus(folder: Path, messages: Iterable[Message], name: str = "tea") -> Corpus:
    path = folder / name / "archive.sqlite"
    with Archive.open(path) as archive:
        archive.add(messages)
    return Corpus(name, path)


def read(
    source: Corpus, *, seed: int = 0, held_out: float = 0.1, slots: int = 8
) -> list[CorpusExcerpt]:
    return list(read_corpus(source, seed, held_out, slots))


def numbers(told: Iterable[CorpusExcerpt]) -> list[tuple[int, int]]:
    """(thread, number) of every message."""
    texts = (m.text for one in told for m in one.conversation.messages)
    found = (re.search(r"(\d+) is (\d+)", text) for text in texts)
    return [(int(f[1]), int(f[2])) for f in found if f]


# -- what is held out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threads", "messages", "share", "times"),
    [(40, 30, 0.1, True), (40, 30, 0.1, False), (3, 400, 0.2, True), (1, 5_000, 0.02, False)],
    ids=["many threads", "many without times", "few threads", "one thread"],
)
def test_learnt_and_held_out_are_all_there_is(
    tmp_path: Path, threads: int, messages: int, share: float, times: bool
) -> None:
    told = read(corpus(tmp_path, chat(threads, messages, times=times)), held_out=share)
    assert numbers(told) == [(t, n) for t in range(threads) for n in range(messages)]
    held = sum(len(one.conversation.messages) for one in told if one.held_out)
    # Excerpts are not cut for it: in few threads one of up to 77 messages more is learnt in each.
    total = threads * messages
    assert total * share - threads * 77 <= held <= total * share + 1
    assert held


def test_of_many_threads_the_latest_are_held_out_whole(tmp_path: Path) -> None:
    told = read(corpus(tmp_path, chat(40, 30)), held_out=0.1)
    held = {thread for thread, _ in numbers(one for one in told if one.held_out)}
    learnt = {thread for thread, _ in numbers(one for one in told if not one.held_out)}
    assert held == {0, 1, 2, 3}  # by time, not by the order of the archive
    assert learnt == set(range(4, 40))


def test_threads_without_times_keep_the_order_of_their_names(tmp_path: Path) -> None:
    told = read(corpus(tmp_path, chat(40, 30, times=False)), held_out=0.1)
    assert {t for t, _ in numbers(one for one in told if one.held_out)} == {36, 37, 38, 39}


def test_of_few_threads_the_end_of_each_is_held_out(tmp_path: Path) -> None:
    told = read(corpus(tmp_path, chat(3, 600)), held_out=0.25)
    by_thread = defaultdict(list)
    for one in told:
        by_thread[one.conversation.thread].append(one.held_out)
    assert len(by_thread) == 3
    for parts in by_thread.values():
        assert parts == sorted(parts)
        assert {False, True} == set(parts)
    first = min(n for _, n in numbers(one for one in told if one.held_out))
    assert first >= 450


def test_with_nothing_to_hold_out_all_is_learnt(tmp_path: Path) -> None:
    told = read(corpus(tmp_path, chat(5, 50)), held_out=0.0)
    assert told
    assert not any(one.held_out for one in told)


# -- what is told --------------------------------------------------------------------------------


def test_excerpts_are_tidied_and_retold(tmp_path: Path) -> None:
    spoken = [
        Message("Ada", "[01:46] hi Bob , how are you ?", 0),
        Message("Bob", "{disfmarker}", 1),
        Message("Bob", "good , Ada_ . And Carol ?", 2),
        Message("Ada", "it 's Carol 's day", 3),
        Message("Carol", "hi", 5 * DAY),
        Message("Ada", "hi", 5 * DAY),
        Message("Bob", "Carol !", 5 * DAY),
    ]
    first, second = (one.conversation for one in read(corpus(tmp_path, spoken)))
    ada, bob = first.senders
    assert first.messages[0].text == f"hi {bob}, how are you?"
    assert first.messages[1].text.startswith(f"good, {ada}. And ")
    assert [m.sent_at for m in first.messages] == [0, 2, 3]
    carol, again, _ = second.senders
    assert second.messages[2].text == f"{carol}!"
    assert again != ada  # nobody keeps a name from one talk to the next


def test_no_real_name_is_told(tmp_path: Path) -> None:
    told = read(corpus(tmp_path, chat(4, 100)))
    whole = "\n".join(
        line
        for one in told
        for m in one.conversation.messages
        for line in (*one.people, m.sender, m.text, m.sender_key)
    )
    assert not re.search("quetzal|tdomhan|ada|lovelace|zed|seveas", whole, re.IGNORECASE)


def test_nor_is_one_who_spoke_in_another_part_of_the_talk(tmp_path: Path) -> None:
    spoken = [
        Message("quetzal" if n == 5 else "tdomhan", f"0 is {n}, says quetzal", n)
        for n in range(300)
    ]
    told = read(corpus(tmp_path, spoken))
    assert len(numbers(told)) == 300
    assert len([one for one in told if len(one.conversation.senders) == 1]) == len(told) - 1
    assert not [m for one in told for m in one.conversation.messages if "quetzal" in m.text]


def test_a_seed_says_it_all(tmp_path: Path) -> None:
    source = corpus(tmp_path, chat(4, 100))
    told = read(source, seed=3)
    assert read(source, seed=3) == told
    other = read(source, seed=4)
    assert numbers(other) == numbers(told)
    assert other != told


def test_the_same_talk_in_two_corpora_is_told_in_two_ways(tmp_path: Path) -> None:
    one, other = (read(corpus(tmp_path, chat(2, 60), name)) for name in ("tea", "coffee"))
    assert one != other


def test_nothing_is_told_of_nothing(tmp_path: Path) -> None:
    assert read(corpus(tmp_path, [])) == []
    alone = [Message("Ada", "hello?", n * DAY) for n in range(9)]
    assert read(corpus(tmp_path, alone, "alone")) == []


# -- slots ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [2, 8, SLOTS])
def test_a_slot_is_one_speakers_or_nobodys(tmp_path: Path, slots: int) -> None:
    told = read(corpus(tmp_path, chat(8, 200, people=[f"nick{n}" for n in range(5)])), slots=slots)
    for one in told:
        assert len(one.people) <= slots
        Cast(one.people)  # raises where somebody is named twice
        for place, person in enumerate(one.people):
            assert person in one.conversation.senders or person == f"slot {place}"


def test_most_have_a_slot_any_slot_and_some_are_written_by_name(tmp_path: Path) -> None:
    told = read(corpus(tmp_path, chat(60, 100)), slots=8)
    speakers = sum(len(one.conversation.senders) for one in told)
    slotted = [p for one in told for p in set(one.people) & set(one.conversation.senders)]
    assert abs(1 - len(slotted) / speakers - BY_NAME) < 0.04
    taken = [
        one.people.index(p) for one in told for p in one.conversation.senders[:1] if p in one.people
    ]
    assert set(taken) == set(range(8))
    plain = [one for one in told if not any(p.startswith("slot ") for p in one.people)]
    assert 0.4 < len(plain) / len(told) < 0.6
    first = [one for one in plain if one.people[:1] == one.conversation.senders[:1]]
    assert 0.1 < len(first) / len(plain) < 0.5  # who begins is not always the persona


# -- memory --------------------------------------------------------------------------------------


def test_a_thread_that_never_falls_silent_is_read_a_stretch_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = corpus(tmp_path, chat(1, 9_000))
    taken = [0]
    whole = Archive.stream

    def counted(archive: Archive, **which: Any) -> Iterator[Message]:
        for message in whole(archive, **which):
            taken[0] += 1
            yield message

    monkeypatch.setattr(Archive, "stream", counted)
    given, most = 0, 0
    for told in read_corpus(source, 0, 0.1, 8):
        most = max(most, taken[0] - given)
        given += len(told.conversation.messages)
    assert given == taken[0] == 9_000
    assert most <= STRETCH + 1


def test_excerpts_go_on_over_the_end_of_no_stretch(tmp_path: Path) -> None:
    told = read(corpus(tmp_path, chat(1, 2 * STRETCH + 500)))
    starts = [numbers([one])[0][1] for one in told]
    assert {0, STRETCH, 2 * STRETCH} <= set(starts)
    assert all(a < b for a, b in pairwise(starts))
    assert [k for k, _ in groupby(one.conversation.thread for one in told)] == ["000"]
