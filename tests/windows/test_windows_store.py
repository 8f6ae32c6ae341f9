"""Windows on disk: what was written is what is read, and it is private."""

import os
import stat

import numpy as np
import pytest
from tests_support import talk

from chatmimic.transcript import Cast, Mark, make_form
from chatmimic.windows import Windows, WindowsWriter, build_windows

LINES = ["Bob: hello there", "Ada: fine thanks", "Bob: ok", "Ada: see you later", "Bob: lol"]


@pytest.fixture
def form(tiny_tokenizer):
    return make_form("tokens", tiny_tokenizer, Cast(("Ada", "Bob")))


def build(form, folder, conversations, learn=frozenset({"Ada"}), **options):
    given = {"window": 64, "context": 4, "folder": folder, **options}
    return build_windows(conversations, form, learn, **given)


def test_what_was_written_is_what_is_read(form, tmp_path):
    conversations = [talk(*LINES[n % 3 :], start=n * 10**9) for n in range(9)]
    windows = build(form, tmp_path / "w", conversations)
    transcripts = [form.encode(c, {"Ada"}) for c in conversations]
    again = Windows.open(tmp_path / "w")
    assert np.array_equal(windows.ids, again.ids)
    assert (windows.ids.dtype, windows.marks.dtype) == (np.uint16, np.uint8)
    assert windows.target_tokens == sum(int((t.marks != Mark.CONTEXT).sum()) for t in transcripts)
    assert windows.characters.sum() == sum(sum(t.characters) for t in transcripts)
    tokens = sum(len(t.ids) for t in transcripts)
    assert windows.fill == pytest.approx(tokens / windows.ids.size, abs=0.01)
    found = [m.text for row in windows.ids for m in form.decode(row.tolist())]
    assert sorted(found) == sorted(m.text for c in conversations for m in c.messages)


def test_positions_count_from_nought_in_each_piece(form, tmp_path):
    windows = build(form, tmp_path / "w", [talk(*LINES), talk(*LINES, start=10**12)])
    (row,) = windows.positions
    length = len(form.encode(talk(*LINES)).ids)
    assert row[: 2 * length].tolist() == [*range(length), *range(length)]
    assert not row[2 * length :].any()
    assert (windows.ids[0, 2 * length :] == form.end_of_conversation).all()
    assert not windows.marks[0, 2 * length :].any()


def test_nothing_to_learn_makes_no_windows(form, tmp_path):
    windows = build(form, tmp_path / "w", [talk("Bob: hi", "Cy: ok")])
    assert len(windows) == 0
    assert windows.target_tokens == 0
    assert windows.fill == pytest.approx(1)


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_windows_are_private_whatever_the_umask(form, tmp_path, umask):
    before = os.umask(umask)
    try:
        build(form, tmp_path / "w", [talk(*LINES)])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "w").stat().st_mode) == 0o700
    modes = {stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "w").iterdir()}
    assert modes == {0o600}


def test_a_full_disk_is_an_error_and_not_a_signal(form, tmp_path, monkeypatch):
    writer = WindowsWriter(64, form.end_of_conversation)
    writer.add(talk(*LINES), form, {"Ada"})
    full = "/dev/full"
    if not os.path.exists(full):
        pytest.skip("no /dev/full here")
    monkeypatch.setattr("chatmimic.windows.store.private_file", lambda path: type(path)(full))
    with pytest.raises(OSError, match="No space left"):
        writer.write(tmp_path / "w")
