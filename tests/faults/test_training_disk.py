"""A disk that gives out at any write: told in one sentence, and what was there stays whole."""

import contextlib
import errno
import os

import pytest
import torch
from training_support import digest, fill, log, resume, stop_after, train

from chatmimic.errors import ChatmimicError, TrainingError
from chatmimic.files import write_atomically
from chatmimic.training.checkpointing import checkpoints

OPTIONS = {"steps": 4, "evaluate_every": 2}
CALLS = ("write", "fsync", "replace")


@contextlib.contextmanager
def fail_at(number, monkeypatch, *, once=False):
    """The disk is full from the `number`-th write, sync or rename on, or only at that one.

    Yields a list that counts them.

    os.write is not all there is: buffered files and safetensors end in an fsync of ours, so that
    a full disk is met there.
    """
    seen = [0]

    def failing(real):
        def call(*given, **options):
            seen[0] += 1
            if seen[0] == number or seen[0] > number and not once:
                raise OSError(errno.ENOSPC, "No space left on device", str(given[0]))
            return real(*given, **options)

        return call

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, failing(getattr(os, name)))
        yield seen


def failure(number, monkeypatch, work):
    """What is raised where the disk fills at a write; None where it never gets that far."""
    with fail_at(number, monkeypatch):
        try:
            work()
        except ChatmimicError as error:
            return error
    return None


def partials(folder):
    return [p for p in folder.rglob("*") if p.name.startswith((".partial-", ".old-"))]


def save(folder, step, value=1.0):
    tensors = {"model": {"w": torch.full((4,), value)}}
    return checkpoints.save(folder, step, tensors, {"step": step, "best_step": step})


def test_a_checkpoint_is_whole_or_not_there_at_whichever_write_the_disk_fills(
    tmp_path, monkeypatch
):
    save(tmp_path / "best", 1)
    first = save(tmp_path / "c", 1)
    fails = 0
    for number in range(1, 100):
        told = failure(number, monkeypatch, lambda: save(tmp_path / "c", 2, 2.0))
        if told is None:
            break
        fails += 1
        assert "No space left on device (it needs about" in told.what
        assert "--resume" in told.hint
        found, passed = checkpoints.latest(tmp_path / "c", tmp_path / "best")
        # The last thing that can fail is to sync the folder: the new one is whole already then.
        assert (found, passed) == (first, []) or "step-000002" in passed[0]
        assert not partials(tmp_path)
    assert fails > 8
    tensors, state = checkpoints.load(tmp_path / "c" / "step-000002")
    assert tensors["model"]["w"].tolist() == [2.0] * 4
    assert state["step"] == 2


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99, 1.0])
def test_a_training_meets_a_full_disk_and_goes_on_when_there_is_room(
    home, tiny_base, monkeypatch, uninterrupted, share
):
    writes, wanted = uninterrupted
    made = fill(home)
    with fail_at(max(1, round(writes * share)), monkeypatch), pytest.raises(ChatmimicError) as told:
        train(made, tiny_base, **OPTIONS)
    assert "No space left on device" in told.value.what
    assert "Free some space" in told.value.hint
    assert not partials(made.path)
    ready = (made.runs / "ada" / "ready.json").exists()
    resume(made) if ready else train(made, tiny_base, **OPTIONS)
    assert (digest(made), log(made)) == wanted
    assert not partials(made.path)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, tiny_base):
    """(how many writes a training does, what it ends with)."""
    home = fill(tmp_path_factory.mktemp("room") / "home")
    with pytest.MonkeyPatch.context() as patch, fail_at(10**9, patch) as seen:
        train(home, tiny_base, **OPTIONS)
    return seen[0], (digest(home), log(home))


def test_an_older_mimic_stays_where_a_newer_one_finds_no_room(
    home, tiny_base, monkeypatch, uninterrupted
):
    made = fill(home)
    train(made, tiny_base, **OPTIONS, seed=7)
    before = digest(made)
    for back in (0, 2, 4, 6, 8):
        with (
            fail_at(uninterrupted[0] - back, monkeypatch, once=True),
            contextlib.suppress(ChatmimicError),
        ):
            train(made, tiny_base, replace=True, **OPTIONS)
        assert digest(made) in (before, uninterrupted[1][0])
        assert not partials(made.path)


def test_a_training_killed_between_two_renames_brings_the_older_mimic_back(home, tiny_base):
    made = fill(home)
    train(made, tiny_base, **OPTIONS, seed=7)
    before = digest(made)
    train(made, tiny_base, replace=True, callbacks=stop_after(2), **OPTIONS)
    os.replace(made.mimics / "ada", made.mimics / ".old-ada")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chatmimic.training.save_mimic.save_model", _no_room)
        with pytest.raises(TrainingError, match="No space left"):
            resume(made)
    assert digest(made) == before
    resume(made)
    assert digest(made) != before
    assert not partials(made.path)


def test_a_new_training_brings_back_a_mimic_that_a_kill_left_aside(home, tiny_base):
    made = fill(home)
    train(made, tiny_base, **OPTIONS, seed=7)
    before = digest(made)
    train(made, tiny_base, replace=True, callbacks=stop_after(2), **OPTIONS)
    os.replace(made.mimics / "ada", made.mimics / ".old-ada")
    train(made, tiny_base, replace=True, callbacks=stop_after(2), **OPTIONS)
    assert digest(made) == before


def _no_room(folder, loop, precision):
    raise OSError(errno.ENOSPC, "No space left on device", str(folder))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "f.json"
    write_atomically(file, "old")
    for number in range(1, 20):
        told = failure(number, monkeypatch, lambda: write_atomically(file, "new" * 1000))
        if told is None:
            break
        assert f"Cannot write {file}: No space left on device." in told.what
        assert file.read_text() in ("old", "new" * 1000)
        assert not partials(tmp_path)
    assert file.read_text() == "new" * 1000
    assert number > 2
