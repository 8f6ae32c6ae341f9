"""Packing and cutting: everything learnt is learnt once, and windows are full."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.records import Conversation, Message
from chatmimic.transcript import Cast, Mark, Transcript, make_form
from chatmimic.windows import pack, pieces


@settings(deadline=None, max_examples=200)
@given(st.integers(16, 128).flatmap(lambda w: st.tuples(st.just(w), st.lists(st.integers(1, w)))))
def test_every_piece_is_in_one_window_and_no_window_is_over_full(drawn):
    window, lengths = drawn
    plan = pack(lengths, window)
    assert sorted(i for row in plan for i in row) == list(range(len(lengths)))
    assert all(0 < sum(lengths[i] for i in row) <= window for row in plan)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 64), min_size=1), st.randoms(use_true_random=False))
def test_packing_follows_from_the_lengths_alone(lengths, chance):
    assert pack(lengths, 64) == pack(list(lengths), 64)
    shuffled = chance.sample(lengths, len(lengths))
    filled = [sorted(lengths[i] for i in row) for row in pack(lengths, 64)]
    assert sorted(filled) == sorted(sorted(shuffled[i] for i in r) for r in pack(shuffled, 64))


def test_windows_of_chats_are_at_least_95_percent_full():
    chance = random.Random(0)
    # Conversations of chats: many short, a few that fill a window, log-normal in between.
    lengths = [min(512, max(8, int(chance.lognormvariate(4.0, 1.1)))) for _ in range(2000)]
    assert sum(lengths) / (512 * len(pack(lengths, 512))) >= 0.95


# -- cutting ---------------------------------------------------------------------------------


@st.composite
def transcripts(draw):
    """Transcripts with distinct ids, so that where an id went can be followed."""
    ids, marks, starts, characters = [0], [0], [], []
    for _ in range(draw(st.integers(0, 12))):
        header, body = draw(st.integers(1, 4)), draw(st.integers(1, 60))
        learnt = draw(st.booleans())
        starts.append(len(ids))
        turn = draw(st.sampled_from([Mark.TURN, Mark.CONTEXT]))
        ids += range(len(ids), len(ids) + header + body)
        marks += [turn] * header + [Mark.TEXT if learnt else Mark.CONTEXT] * body
        characters.append(draw(st.integers(1, 200)) if learnt else 0)
    ids.append(len(ids))
    marks.append(draw(st.sampled_from([Mark.TURN, Mark.CONTEXT])))
    return Transcript(
        np.asarray(ids, np.int32), np.asarray(marks, np.uint8), tuple(starts), tuple(characters)
    )


@settings(deadline=None, max_examples=300)
@given(transcripts(), st.integers(16, 96))
def test_what_is_learnt_is_learnt_once_however_often_it_is_cut(transcript, window):
    cut = list(pieces(transcript, window))
    learnt = [(int(i), int(m)) for p in cut for i, m in zip(p.ids, p.marks, strict=True) if m]
    wanted = zip(transcript.ids.tolist(), transcript.marks.tolist(), strict=True)
    assert learnt == [(i, m) for i, m in wanted if m]
    assert {int(i) for p in cut for i in p.ids} == set(transcript.ids.tolist())
    assert sum(p.characters for p in cut) == pytest.approx(sum(transcript.characters))


@settings(deadline=None, max_examples=300)
@given(transcripts(), st.integers(16, 96))
def test_a_piece_fits_its_window_and_opens_as_a_transcript_does(transcript, window):
    cut = list(pieces(transcript, window))
    assert all(len(p.ids) == len(p.marks) <= window for p in cut)
    assert all(p.ids[0] == transcript.ids[0] and p.marks[0] == Mark.CONTEXT for p in cut)
    for piece in cut:  # what follows the opening is an unbroken stretch of the transcript
        assert (np.diff(piece.ids[1:]) == 1).all()


def test_a_later_piece_repeats_what_came_before_as_context(tiny_tokenizer):
    said = [Message("Bob" if n % 2 else "Ada", f"number {n} tea", n) for n in range(30)]
    form = make_form("tokens", tiny_tokenizer, Cast(("Ada", "Bob")))
    transcript = form.encode(Conversation(tuple(said)), {"Ada"})
    first, second, *_ = pieces(transcript, 64)
    before = [m.text for m in form.decode(first.ids.tolist())]
    after = [m.text for m in form.decode(second.ids.tolist())]
    assert before[-1] in after
    repeated = after.index(before[-1]) + 1
    assert 1 <= repeated <= 4
    length = len(form.encode(Conversation(tuple(said[:repeated]))).ids) - 2
    assert (second.marks[: 1 + length] == Mark.CONTEXT).all()


def test_a_whole_transcript_is_left_as_it_is():
    transcript = Transcript(np.arange(16, dtype=np.int32), np.ones(16, np.uint8), (1, 8), (5, 6))
    (piece,) = pieces(transcript, 16)
    assert piece.ids.tolist() == list(range(16))
    assert piece.characters == 11
