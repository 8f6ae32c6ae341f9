"""Shards: what was written is what is read, however many there are, and damage is named."""

from __future__ import annotations

import json
import os
import random
import stat
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_support import WORDS, talk

from chatmimic.errors import TrainingError
from chatmimic.transcript import Cast, TokenForm, make_form
from chatmimic.windows import ShardWriter, Windows, list_shards, mix, open_shards
from chatmimic.windows.shards import LIST, Joined, join
from chatmimic.windows.store import ARRAYS

WINDOW = 64
CHANCE = random.Random(5)
TALKS = [
    talk(
        *(f"{CHANCE.choice(['Ada', 'Bob'])}: {n} {CHANCE.choice(WORDS.split())}" for _ in range(4))
    )
    for n in range(60)
]


@pytest.fixture
def form(tiny_tokenizer):
    return make_form("tokens", tiny_tokenizer, Cast(("Ada", "Bob")))


def write(folder, form, talks=TALKS, *, shard_tokens=600):
    writer = ShardWriter(folder, WINDOW, form.end_of_conversation, shard_tokens=shard_tokens)
    for one in talks:
        writer.add(one, form, None)
    assert writer.close() == sum(s["windows"] for s in list_shards(folder))
    return folder


def transcripts(windows: Windows) -> Counter:
    """Every piece of every window: its ids and marks, how often each."""
    found: Counter = Counter()
    for row in range(len(windows)):
        ids, marks, positions = (getattr(windows, n)[row] for n in ("ids", "marks", "positions"))
        starts = [*np.flatnonzero(positions == 0), len(ids)]
        for start, end in zip(starts, starts[1:], strict=False):
            if marks[start:end].any():  # padding is a piece of one token, and never learnt
                found[tuple(ids[start:end].tolist()), tuple(marks[start:end].tolist())] += 1
    return found


def wanted(form, talks=TALKS) -> Counter:
    encoded = [form.encode(one, None) for one in talks]
    return Counter((tuple(t.ids.tolist()), tuple(t.marks.tolist())) for t in encoded)


# -- writing and reading ---------------------------------------------------------------------------


@pytest.mark.parametrize(("shard_tokens", "shards"), [(600, 3), (1, 60), (10**6, 1)])
def test_what_was_written_is_what_is_read(form, tmp_path, shard_tokens, shards):
    folder = write(tmp_path / "s", form, shard_tokens=shard_tokens)
    windows = open_shards(folder, check=True)
    assert transcripts(windows) == wanted(form)
    assert len(list_shards(folder)) >= shards
    assert (len(list_shards(folder)) == 1) is (shards == 1)
    assert all(
        isinstance(part, np.memmap) for name in ARRAYS for part in getattr(windows, name).parts
    )


def test_the_list_says_what_the_windows_hold(form, tmp_path):
    folder = write(tmp_path / "s", form)
    windows, facts = open_shards(folder), list_shards(folder)
    encoded = [form.encode(one, None) for one in TALKS]
    assert sum(s["tokens"] for s in facts) == sum(len(t.ids) for t in encoded)
    assert sum(s["windows"] for s in facts) == len(windows) == windows.ids.shape[0]
    assert sum(s["learnt"] for s in facts) == windows.target_tokens
    assert sum(s["characters"] for s in facts) == windows.total_characters
    assert windows.total_characters == sum(sum(t.characters) for t in encoded)
    assert windows.fill == pytest.approx(
        sum(len(t.ids) for t in encoded) / windows.ids.size, abs=0.01
    )
    assert {p.name for p in folder.iterdir()} == {LIST, *(s["name"] for s in facts)}


def test_shards_of_before_are_gone(form, tmp_path):
    write(tmp_path / "s", form, shard_tokens=1)
    folder = write(tmp_path / "s", form, TALKS[:3])
    assert len(list(folder.iterdir())) == 2
    assert transcripts(open_shards(folder)) == wanted(form, TALKS[:3])


def test_without_a_closing_there_is_no_corpus(form, tmp_path):
    writer = ShardWriter(tmp_path / "s", WINDOW, form.end_of_conversation, shard_tokens=1)
    writer.add(TALKS[0], form, None)
    with pytest.raises(TrainingError, match=LIST):
        open_shards(tmp_path / "s")


def test_nothing_written_is_nothing_to_learn(form, tmp_path):
    folder = write(tmp_path / "s", form, [])
    assert list_shards(folder) == []
    with pytest.raises(TrainingError, match="nothing to train on"):
        open_shards(folder)


class Far(TokenForm):
    """A form of a very large vocabulary."""

    def encode(self, conversation, learn=None, weigh=None):
        transcript = super().encode(conversation, learn, weigh)
        return replace(transcript, ids=transcript.ids + 65_536)


def test_large_ids_are_kept_beside_small_ones(form, tiny_tokenizer, tmp_path):
    far = Far(tiny_tokenizer, form.cast)
    writer = ShardWriter(tmp_path / "s", WINDOW, form.end_of_conversation, shard_tokens=1)
    for one, how in ((TALKS[0], form), (TALKS[1], far)):
        writer.add(one, how, None)
    assert writer.close() == 2
    windows = open_shards(tmp_path / "s", check=True)
    assert transcripts(windows) == wanted(form, TALKS[:1]) + wanted(far, TALKS[1:2])
    assert windows.ids[np.array([0, 1])].max() > 65_535
    assert [part.dtype.itemsize for part in windows.ids.parts] == [2, 4]


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_shards_are_private_whatever_the_umask(form, tmp_path, umask):
    before = os.umask(umask)
    try:
        folder = write(tmp_path / "corpora" / "tea", form)
    finally:
        os.umask(before)
    places = [tmp_path / "corpora", folder, *folder.rglob("*")]
    modes = {p.is_dir(): set() for p in places}
    for place in places:
        modes[place.is_dir()].add(stat.S_IMODE(place.stat().st_mode))
    assert modes == {True: {0o700}, False: {0o600}}


# -- damage ----------------------------------------------------------------------------------------


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(bytes(content))


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


DAMAGE = {
    "a byte of the data": lambda file: flip(file, -1),
    "a byte of the header": lambda file: flip(file, 0),
    "half of it": halve,
    "all of it": lambda file: file.write_bytes(b""),
    "the file": Path.unlink,
    "a folder in its place": lambda file: (file.unlink(), file.mkdir()),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("what", DAMAGE)
def test_a_check_names_the_file_that_is_not_whole(form, tmp_path, name, what):
    folder = write(tmp_path / "s", form)
    file = folder / "00001" / f"{name}.npy"
    DAMAGE[what](file)
    heard = []
    with pytest.raises(TrainingError) as told:
        open_shards(folder, check=True, notify=heard.append)
    assert f"The shard {file} is damaged or missing" in told.value.what
    assert "--replace in place of --resume" in told.value.hint
    assert heard == ["checking s/00000", "checking s/00001"]


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("what", DAMAGE)
def test_without_a_check_it_opens_or_names_the_shard(form, tmp_path, name, what):
    folder = write(tmp_path / "s", form)
    DAMAGE[what](folder / "00001" / f"{name}.npy")
    if what == "a byte of the data":
        assert len(open_shards(folder)) == sum(s["windows"] for s in list_shards(folder))
    else:
        with pytest.raises(TrainingError, match=f"{folder.name}.00001 is damaged"):
            open_shards(folder)


def test_any_byte_of_the_list_is_noticed(form, tmp_path):
    """Or makes no difference: the key of the digest itself may be lost."""
    folder = write(tmp_path / "s", form, TALKS[:3])
    file, facts = folder / LIST, list_shards(folder)
    whole, said = file.read_bytes(), []
    for place in range(len(whole)):
        flip(file, place)
        try:
            assert list_shards(folder) == facts
        except TrainingError as error:
            said.append(error.what)
        file.write_bytes(whole)
    assert len(said) >= len(whole) - len("sha256")
    assert set(said) == {f"The shard {file} is damaged or missing; it was not used."}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", "null", "{}", '{"window": 64}', '{"shards": 7, "sha256": ""}']
)
def test_a_list_that_is_none_is_named(form, tmp_path, content):
    folder = write(tmp_path / "s", form)
    (folder / LIST).write_text(content)
    with pytest.raises(TrainingError, match=f"{LIST} is damaged"):
        open_shards(folder)


def test_a_list_that_is_not_there_is_named(form, tmp_path):
    folder = write(tmp_path / "s", form)
    (folder / LIST).unlink()
    with pytest.raises(TrainingError, match=f"{LIST} is damaged or missing"):
        open_shards(folder, check=True)


def test_a_list_without_a_digest_of_its_own_is_read(form, tmp_path):
    folder = write(tmp_path / "s", form)
    facts = json.loads((folder / LIST).read_text())
    del facts["sha256"]
    (folder / LIST).write_text(json.dumps(facts))
    assert transcripts(open_shards(folder, check=True)) == wanted(form)


# -- many arrays as one ----------------------------------------------------------------------------


@st.composite
def joined(draw):
    """Parts with some rows each, and how they are to be joined: (Joined, the same as one array)."""
    lengths = draw(st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(any))
    wide = draw(st.sampled_from([(), (3,)]))
    kinds = st.sampled_from([np.uint16, np.uint32])
    sizes = [int(np.prod((n, *wide))) for n in lengths]
    ends = np.cumsum(sizes)
    parts = [
        np.arange(end - size, end, dtype=draw(kinds)).reshape(n, *wide)
        for n, size, end in zip(lengths, sizes, ends, strict=True)
    ]
    one, whole = Joined.of(parts), np.concatenate(parts)
    if draw(st.booleans()):
        rows = draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=20))
        one, whole = Joined(parts, one.starts, np.asarray(rows)), whole[rows]
    return one, whole


@settings(deadline=None, max_examples=300)
@given(joined(), st.data())
def test_joined_arrays_are_indexed_as_one(drawn, data):
    one, whole = drawn
    assert (len(one), one.shape, one.size) == (len(whole), whole.shape, whole.size)
    places = st.integers(0, len(whole) - 1)
    scalar = data.draw(places)
    for asked in (scalar, np.int64(scalar), np.asarray(scalar)):
        assert np.array_equal(one[asked], whole[scalar])
        assert np.shape(one[asked]) == whole.shape[1:]
    several = np.asarray(data.draw(st.lists(places, min_size=1, max_size=9)))
    assert one[several].shape == whole[several].shape
    assert np.array_equal(one[several], whole[several])
    with pytest.raises(IndexError):
        one[len(whole)]


def test_joining_nothing_is_told():
    with pytest.raises(TrainingError, match="nothing to train on"):
        join([])


# -- several corpora -------------------------------------------------------------------------------


@pytest.fixture
def corpora(form, tmp_path):
    talks = (TALKS[:30], TALKS[30:40], TALKS[40:])
    return [open_shards(write(tmp_path / str(n), form, t)) for n, t in enumerate(talks)]


def test_each_corpus_is_read_as_often_as_its_weight_says(corpora, form):
    weights = (0.5, 1.0, 2.5)
    mixed = mix(list(zip(corpora, weights, strict=True)), seed=3)
    times = Counter(mixed.ids.rows.tolist())
    first = 0
    for windows, weight in zip(corpora, weights, strict=True):
        counts = [times[first + row] for row in range(len(windows))]
        assert set(counts) <= {int(weight), int(weight) + 1}
        assert sum(counts) == pytest.approx(weight * len(windows), abs=0.5)
        first += len(windows)
    assert len(mixed) == sum(times.values())
    whole = mix([(w, 1.0) for w in corpora], seed=3)
    assert transcripts(whole) == wanted(form)
    for name in ARRAYS:  # a row is one window in all four
        assert np.array_equal(
            getattr(mixed, name)[np.arange(len(mixed))], getattr(whole, name)[mixed.ids.rows]
        )


def test_a_seed_chooses_which_windows_are_read_once_more(corpora):
    def rows(seed: int, weight: float = 1.5) -> list[int]:
        return mix([(w, weight) for w in corpora], seed).ids.rows.tolist()

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)
    assert rows(1, 2.0) == rows(2, 2.0)


def test_windows_in_memory_and_on_disk_mix(corpora):
    plain = Windows(*(getattr(corpora[0], name)[np.arange(3)] for name in ARRAYS))
    mixed = mix([(plain, 1.0), (corpora[1], 1.0)], seed=0)
    assert np.array_equal(mixed.ids[np.arange(3)], plain.ids)
    assert transcripts(mixed) == transcripts(plain) + transcripts(corpora[1])


def test_weights_that_leave_nothing_are_told(corpora):
    with pytest.raises(TrainingError, match="nothing to train on"):
        mix([(w, 1e-6) for w in corpora], seed=0)
