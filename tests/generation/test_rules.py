"""The small rules around the token loop: circles, n-grams, pieces, the window."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.generation.repetition import runs_in_circle, would_repeat
from chatmimic.generation.streaming import Pieces
from chatmimic.generation.window import fit
from chatmimic.records import Message


@pytest.mark.parametrize(
    ("ids", "circle"),
    [
        ([], False),
        ([1] * 15, False),
        ([1] * 16, True),
        ([1, 2] * 7, False),
        ([1, 2] * 8, True),
        ([9, 9, 9, *[1, 2, 3, 4] * 4], True),
        ([*[1, 2, 3, 4] * 4, 5], False),
        ([*range(10)] * 2, False),
        ([*range(10)] * 3, True),
        ([*range(30)] * 3, False),  # longer than any phrase people get stuck on
        ([*range(100)], False),
    ],
)
def test_a_reply_that_runs_in_a_circle_is_noticed(ids, circle):
    assert runs_in_circle(ids) is circle


@pytest.mark.parametrize(
    ("ids", "size", "banned"),
    [
        ([1, 2, 3, 1, 2], 3, {3}),
        ([1, 2, 3, 1, 2], 2, {3}),
        ([1, 2, 1, 3, 1], 2, {2, 3}),
        ([1, 2, 3], 1, {1, 2, 3}),
        ([1, 2, 3], 0, set()),
        ([1, 2], 3, set()),
        ([], 1, set()),
    ],
)
def test_tokens_that_would_repeat_a_run_are_named(ids, size, banned):
    assert would_repeat(ids, size) == banned


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 5))
def test_a_reply_that_avoids_those_tokens_has_no_run_twice(ids, size):
    kept: list[int] = []
    for token in ids:
        if token not in would_repeat(kept, size):
            kept.append(token)
    runs = [tuple(kept[at : at + size]) for at in range(len(kept) - size + 1)]
    assert len(runs) == len(set(runs))


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("aé😀\n\\* \u200d❤"), max_size=12), st.integers(1, 3))
def test_pieces_put_together_are_the_text_and_no_character_is_cut(text, step):
    raw, pieces, given_out = text.encode(), Pieces(), ""
    for end in range(0, len(raw) + step, step):
        piece = pieces.grow(raw[:end].decode("utf-8", "replace"))
        assert "\ufffd" not in piece
        given_out += piece
    assert given_out + pieces.finish(text) == text.rstrip()


def test_a_character_cut_off_at_the_end_is_left_out():
    pieces = Pieces()
    assert pieces.grow("ok \ufffd") == "ok"
    assert pieces.finish("ok \ufffd") == ""


def test_a_lone_star_waits_until_it_is_clear_whether_it_opens_an_action():
    pieces = Pieces()
    assert pieces.grow("*") == ""
    assert pieces.grow("/me waves") == "/me waves"


def words(history) -> int:
    return 1 + sum(2 + len(message.text.split()) for message in history)


def talk_of(number: int, words_each: int = 1) -> list[Message]:
    return [Message("Bob", " ".join([f"m{n}"] * words_each)) for n in range(number)]


@pytest.mark.parametrize("number", [0, 1, 5, 30, 200, 2000])
@pytest.mark.parametrize("room", [10, 31, 300])
def test_the_newest_messages_that_fit_are_kept_whole(number, room):
    history = talk_of(number)
    seen = fit(history, room, words)
    assert seen == history[len(history) - len(seen) :]
    assert words(seen) <= room
    assert bool(seen) == bool(history)
    if len(seen) < number and room >= 60:  # no more is dropped than one step needs
        assert len(seen) > (room - 1) // 3 - 9


def test_the_first_message_seen_stays_for_several_turns():
    firsts = [fit(talk_of(n), 100, words)[0].text for n in range(100, 140)]
    assert len(set(firsts)) <= 6


def test_a_message_too_long_for_the_window_loses_its_beginning():
    history = [Message("Ada", "before"), Message("Bob", "start " + "x " * 500 + "the end")]
    (seen,) = fit(history, 50, words)
    assert seen.text.endswith("the end")
    assert "start" not in seen.text
    assert words([seen]) <= 50


@pytest.mark.parametrize("long", [50, 4000])
def test_an_older_message_too_long_for_the_window_is_dropped(long):
    history = [Message("Bob", "x " * long), *talk_of(3)]
    assert fit(history, 20, words) == history[1:]


@pytest.mark.parametrize("number", [0, 1, 11, 12, 13, 50, 2000])
@pytest.mark.parametrize("most", [1, 2, 4, 12, 40])
def test_no_more_messages_are_seen_than_were_trained_on(number, most):
    history = talk_of(number)
    seen = fit(history, 100_000, words, most)
    assert seen == history[len(history) - len(seen) :]
    assert len(seen) <= most
    # The first moves in steps of a third, so that most of the cache stays for some turns.
    assert len(seen) > min(number, most) - max(1, min(8, most // 3))


def test_a_limit_of_messages_is_one_beside_that_of_tokens():
    history = talk_of(50, words_each=10)
    assert words(fit(history, 40, words, 12)) <= 40
    assert fit(history, 40, words, 12) == fit(history, 40, words)
