"""Damage on the disk: passed over by manifest where something whole is left, else told."""

import shutil

import pytest
from training_support import digest, fill, log, resume, stop_after, train, typed

from chatmimic.errors import CheckpointDamaged, TrainingError

OPTIONS = {"steps": 9, "evaluate_every": 3, "dropout": 0.1}
FILES = ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"]


def halve(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


HARMS = {
    "deleted": lambda file: file.unlink(),
    "halved": halve,
    "flipped": flip,
    "emptied": lambda file: file.write_bytes(b""),
}


@pytest.fixture(scope="module")
def reference(tmp_path_factory, tiny_base):
    home = fill(tmp_path_factory.mktemp("whole") / "home")
    train(home, tiny_base, **OPTIONS)
    return digest(home), log(home)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, tiny_base):
    """A home with a training stopped at step 6; its checkpoints are of steps 3 and 6."""
    home = fill(tmp_path_factory.mktemp("stopped") / "home")
    train(home, tiny_base, callbacks=stop_after(6), **OPTIONS)
    return home


@pytest.fixture
def run(home, stopped):
    """The folder of that training, copied into this test's home."""
    shutil.copytree(stopped.path, home)
    return home / "runs" / "ada"


def go_on(home):
    from chatmimic.home import Home

    return resume(Home(home))


def state(home):
    from chatmimic.home import Home

    return digest(Home(home)), log(Home(home))


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_checkpoint_is_passed_over(home, run, reference, file, harm):
    HARMS[harm](run / "checkpoints" / "step-000006" / file)
    outcome = go_on(home)
    fault = f"{file} is missing" if harm == "deleted" else file
    if (file, harm) == ("manifest.json", "flipped"):
        fault = "optimizer.safetensors"  # whose digest lies in the middle
    assert outcome.notes == (f"step-000006 is damaged ({fault}); continuing from step 3",)
    assert state(home) == reference


def test_an_empty_folder_is_no_checkpoint_however_new(home, run, reference):
    (run / "checkpoints" / "step-999999").mkdir()
    (run / "checkpoints" / ".partial-step-000008").mkdir()
    (run / "checkpoints" / "step-of-somebody-else").mkdir()
    outcome = go_on(home)
    (note,) = outcome.notes
    assert note.startswith("step-999999 is damaged (manifest.json is missing); continuing from")
    assert state(home) == reference


def test_best_weights_that_are_damaged_cost_the_checkpoint_that_counts_on_them(
    home, run, reference
):
    HARMS["flipped"](run / "best" / "step-000006" / "model.safetensors")
    (note,) = go_on(home).notes
    assert note == (
        "step-000006 is damaged (its best weights: model.safetensors); continuing from step 3"
    )
    assert state(home) == reference


def test_where_none_is_whole_each_is_named_and_nothing_is_trained(home, run):
    for step in ("step-000003", "step-000006"):
        HARMS["halved"](run / "checkpoints" / step / "optimizer.safetensors")
    status, out, err = typed("train", "--resume", "--home", home)
    assert (status, out) == (1, "")
    assert "step-000006 is damaged (optimizer.safetensors)" in err
    assert "step-000003 is damaged (optimizer.safetensors)" in err
    assert err.splitlines()[-1].endswith("Train again with --replace instead of --resume.")
    assert "Traceback" not in err
    assert not (home / "mimics").exists()


@pytest.mark.parametrize("harm", ["deleted", "halved", "flipped", "emptied"])
@pytest.mark.parametrize(
    "file", ["learnt/ids.npy", "held-out/marks.npy", "base/config.json", "base/tokenizer.json"]
)
def test_damaged_windows_or_tokenisers_are_told_not_trained_on(home, run, file, harm):
    HARMS[harm](run / file)
    with pytest.raises(CheckpointDamaged) as told:
        go_on(home)
    assert str(told.value).startswith(f"{file} in ")
    assert told.value.hint == "Train again with --replace instead of --resume."


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"files": 3}'])
def test_a_damaged_record_of_the_run_is_told(home, run, content):
    (run / "ready.json").write_bytes(content)
    with pytest.raises(CheckpointDamaged, match=r"ready\.json in .* is damaged"):
        go_on(home)


def test_a_damaged_run_can_be_started_anew(home, run, tiny_base, reference):
    from chatmimic.home import Home

    (run / "ready.json").write_bytes(b"")
    train(Home(home), tiny_base, replace=True, **OPTIONS)
    assert state(home) == reference


def test_without_a_training_there_is_nothing_to_go_on_with(home):
    with pytest.raises(TrainingError, match='no unfinished training run called "ada"'):
        go_on(home)
