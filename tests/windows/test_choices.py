"""Exchanges on disk: what was said, the real reply, and others of the persona's beside it."""

import os
import random
import stat
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests_support import WORDS, talk

from chatmimic.errors import TooLittleData
from chatmimic.records import Conversation, Kind
from chatmimic.transcript import Cast, make_form
from chatmimic.windows.choices import Choices, write_choices

LINES = [
    "Bob: hello there",
    "Ada: fine thanks",
    "Ada: lol",  # to herself: no reply
    "Cy: what a day",
    "Bob: yes",
    "Ada: see you later",
    "Bob: ok",
    "Ada: tea",
]


@pytest.fixture(params=["named", "tokens"])
def form(request, tiny_tokenizer):
    return make_form(request.param, tiny_tokenizer, Cast(("Ada", "Bob")))


@pytest.fixture
def tokens(tiny_tokenizer):
    return make_form("tokens", tiny_tokenizer, Cast(("Ada", "Bob")))


@pytest.fixture
def write(tmp_path):
    def write(form, *conversations, **options):
        given = {"context": 4, "window": 512, "candidates": 1, **options}
        return write_choices(conversations, form, "Ada", tmp_path / "c", **given)

    return write


def acted(conversation, place):
    """The same conversation with an action in one place."""
    messages = list(conversation.messages)
    messages[place] = replace(messages[place], kind=Kind.ACTION)
    return Conversation(tuple(messages))


def candidates(batch):
    """The ids of each candidate without its padding."""
    rows = zip(batch.ids.tolist(), batch.last.tolist(), strict=True)
    return [row[: last + 1] for row, last in rows]


def written(form, conversation, place, *, context=4, reply=None):
    """What a form writes for an exchange, by way of its prompt."""
    message = conversation.messages[place]
    reply = replace(reply or message, sent_at=message.sent_at)
    before = conversation.messages[max(0, place - context) : place]
    return form.prompt(before, None) + form.header("Ada", reply) + form.body(reply)


@pytest.mark.parametrize(
    ("lines", "replies"),
    [
        (LINES, [1, 5, 7]),
        (["Ada: hello", "Bob: ok", "Ada: tea"], [2]),
        (["Ada: hello", "Ada: there", "Cy: ok", "Bob: yes", "Ada: tea", "Ada: lol"], [4]),
        (["Bob: hello", "Ada: ok", "Bob: hello", "Ada: ok"], [1, 3]),
    ],
)
@pytest.mark.parametrize("context", [1, 2, 12])
def test_an_exchange_is_messages_and_a_reply_to_somebody_else(form, write, lines, replies, context):
    conversation = talk(*lines)
    choices = write(form, conversation, context=context)
    assert len(choices) == len(replies)
    batch = choices.batch(np.arange(len(choices)), 1, 0)
    wanted = [written(form, conversation, place, context=context) for place in replies]
    assert candidates(batch) == wanted


@pytest.mark.parametrize("action", [1, 7])
def test_another_reply_stands_under_the_exchanges_own_header(form, write, action):
    # The action is once the real reply and once another; minutes differ in the named form.
    conversation = acted(talk(*LINES), action)
    choices = write(form, conversation)
    batch = choices.read(np.asarray([[0, 2], [2, 0]]))
    assert batch.ids.shape == (4, batch.last.max() + 1)
    first, last = conversation.messages[1], conversation.messages[7]
    assert candidates(batch) == [
        written(form, conversation, 1),
        written(form, conversation, 1, reply=last),
        written(form, conversation, 7),
        written(form, conversation, 7, reply=first),
    ]


def test_candidates_are_padded_on_the_right_with_the_end_of_a_conversation(form, write):
    batch = write(form, talk(*LINES)).batch(np.arange(3), 3, 0)
    for ids, last in zip(batch.ids, batch.last, strict=True):
        assert int(ids[last]) in form.ends
        assert (ids[last + 1 :] == form.end_of_conversation).all()
        assert ids[0] == form.end_of_conversation
    assert (batch.last + 1).max() == batch.ids.shape[1] > (batch.last + 1).min()


def chat(replies, seed=0):
    """Short conversations in which Ada's replies are the given ones."""
    chance = random.Random(seed)
    words = WORDS.split()
    return [
        talk(f"Bob: {' '.join(chance.choices(words, k=3))}", f"Ada: {reply}", start=n * 10**8)
        for n, reply in enumerate(replies)
    ]


def test_no_reply_stands_twice_beside_an_exchange_nor_the_real_one_again(tokens, write):
    choices = write(tokens, *chat(["ok", "lol", "ok", "tea", "ok", "lol", "yes"]))
    assert choices.different == 4
    for seed in range(50):
        drawn = choices.draw(np.arange(7), 4, seed)
        assert drawn[:, 0].tolist() == [*range(7)]
        for row in drawn:
            assert len(set(choices.texts[row].tolist())) == 4


def test_others_come_as_often_as_they_were_said(tokens, write):
    said = ["ok"] * 60 + ["lol"] * 30 + ["tea"] * 10
    choices = write(tokens, *chat(said))
    drawn = choices.draw(np.arange(90, 100), 2, 0)
    counts = Counter(
        said[other] for seed in range(60) for other in choices.draw(drawn[:, 0], 2, seed)[:, 1]
    )
    assert counts["tea"] == 0
    assert counts["ok"] / 600 == pytest.approx(60 / 90, abs=0.06)


def test_chance_is_a_function_of_the_seed(tokens, write):
    choices = write(tokens, *chat(WORDS.split()[:20]))
    numbers = np.asarray([3, 1, 7])
    one = choices.batch(numbers, 4, 5)
    assert one.ids.equal(choices.batch(numbers, 4, 5).ids)
    assert not np.array_equal(choices.draw(numbers, 4, 5), choices.draw(numbers, 4, 6))


def test_rows_may_be_read_in_parts(form, write):
    choices = write(form, talk(*LINES), *chat(["no maybe", "yes", "the cat sat again"]))
    drawn = choices.draw(np.arange(6), 3, 0)
    parts = [choices.read(rows) for rows in (drawn[:1], drawn[1:4], drawn[4:])]
    assert [row for part in parts for row in candidates(part)] == candidates(choices.read(drawn))


@pytest.mark.parametrize(
    ("bob", "ada", "left_out"),
    [
        (5, 5, [0, 0]),
        (5, 14, [0, 0]),  # with speaker and end 16, a quarter of the window
        (5, 15, [1, 0]),
        (29, 5, [0, 0]),  # with the opening, speaker and end 32, half of it
        (30, 5, [0, 1]),
        (30, 15, [1, 0]),
    ],
)
def test_what_is_too_long_is_left_out_and_counted(tokens, write, bob, ada, left_out):
    long = talk(f"Bob: {'Q' * bob}", f"Ada: {'Z' * ada}")  # no two of these are one token
    short = talk("Bob: hello", "Ada: ok", start=10**12)
    choices = write(tokens, long, short, window=64)
    assert choices.left_out.tolist() == left_out
    assert len(choices) == 2 - sum(left_out)


@pytest.mark.parametrize("window", [96, 200, 400])
def test_as_many_whole_messages_are_read_as_half_a_window_holds(form, write, window):
    conversation = babble(80)
    messages = conversation.messages
    wanted, lengths, left_out = [], set(), [0, 0]
    for place, (before, message) in enumerate(pairwise(messages), 1):
        if (before.sender, message.sender) != ("Bob", "Ada"):
            continue
        reply = len(form.header("Ada", message) + form.body(message))
        fitting = [
            n
            for n in range(1, min(place, 12) + 1)
            if len(form.prompt(messages[place - n : place], None)) <= window // 2
        ]
        if reply > window // 4 or not fitting:
            left_out[reply <= window // 4] += 1
            continue
        lengths.add(max(fitting))
        wanted.append(written(form, conversation, place, context=max(fitting)))
    choices = write(form, conversation, context=12, window=window, candidates=2)
    assert candidates(choices.batch(np.arange(len(choices)), 1, 0)) == wanted
    assert choices.left_out.tolist() == left_out
    assert choices.batch(np.arange(len(choices)), 2, 0).ids.shape[1] <= window
    assert len(lengths) > 1


def babble(count):
    """Ada and Bob, by turns or not, one to six words each."""
    chance = random.Random(3)
    lines = []
    for _ in range(count):
        words = chance.choices(WORDS.split(), k=chance.randint(1, 6))
        lines.append(f"{chance.choice(['Ada', 'Bob'])}: {' '.join(words)}")
    return talk(*lines)


@pytest.mark.parametrize(
    ("replies", "wanted", "hint"),
    [
        ([], 4, "leave --candidates out"),
        (["ok"] * 9, 2, "leave --candidates out"),
        (["ok", "lol", "tea", "ok"], 4, "choose --candidates 3"),
    ],
)
def test_too_few_different_replies_are_an_error_before_anything_is_written(
    tokens, write, tmp_path, replies, wanted, hint
):
    with pytest.raises(TooLittleData, match=hint):
        write(tokens, *chat(replies), candidates=wanted)
    assert not (tmp_path / "c").exists()


def test_too_few_to_draw_from_is_an_error_and_no_endless_search(tokens, write):
    choices = write(tokens, *chat(["ok", "lol"]))
    with pytest.raises(TooLittleData):
        choices.draw(np.arange(2), 3, 0)


def test_what_was_written_is_what_is_read(form, write, tmp_path):
    choices, again = write(form, talk(*LINES)), Choices.open(tmp_path / "c")
    for name in ("ids", "borders", "texts", "left_out"):
        assert np.array_equal(getattr(choices, name), getattr(again, name))
    assert again.ids.dtype == np.uint16
    assert isinstance(again.ids, np.memmap)
    assert len(again) == again.different == 3


def test_only_what_is_read_with_a_reply_is_kept(tokens, write):
    talked = talk(*["Bob: hello there"] * 500, "Ada: ok", *["Bob: hello there"] * 500)
    assert len(write(tokens, talked).ids) < 50


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_choices_are_private_whatever_the_umask(tokens, write, tmp_path):
    before = os.umask(0)
    try:
        write(tokens, talk(*LINES))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "c").stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "c").iterdir()} == {0o600}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_an_error_and_not_a_signal(tokens, write, monkeypatch):
    monkeypatch.setattr(
        "chatmimic.windows.choices.private_file", lambda path: type(path)("/dev/full")
    )
    with pytest.raises(OSError, match="No space left"):
        write(tokens, talk(*LINES))
