"""A pretraining that is killed at any moment and gone on with is the one that was not."""

import json
import os
import random
import re
import shutil
import signal

import pytest
from pretraining_support import (
    base_digest,
    base_facts,
    evaluations,
    fill_corpora,
    go_on,
    hit,
    left,
    pretrain,
    pretrain_line,
    resume_line,
)
from training_support import child, stop_after, typed

from chatmimic.errors import CheckpointDamaged
from chatmimic.home import Home

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and a fork server")
RUN = "pretrainings/ubuntu"
NONE = "Error: There is no unfinished pretraining run. Start one with --corpus NAME.\n"


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """A home with two corpora and nothing else."""
    return fill_corpora(tmp_path_factory.mktemp("corpora") / "home")


@pytest.fixture
def made(home, corpora):
    """The same as this test's own home."""
    shutil.copytree(corpora.path, home)
    return Home(home)


def result(home):
    """What must be the same however a pretraining was interrupted."""
    kept = ("held_out", "corpora", "plan", "windows", "tokens_read", "settings", "form")
    facts = base_facts(home)
    return base_digest(home), evaluations(home), {name: facts[name] for name in kept}


def uninterrupted(place, corpora, **options):
    home = Home(place)
    shutil.copytree(corpora.path, place)
    pretrain(home, **options)
    return result(home)


@pytest.fixture(scope="module")
def reference(tmp_path_factory, corpora):
    return uninterrupted(tmp_path_factory.mktemp("unkilled") / "home", corpora)


def killed(process):
    process.join(60)
    return process.exitcode == -signal.SIGKILL


def finished(process, told):
    process.join(60)
    assert process.exitcode == 0, told.read_text()
    return json.loads(told.read_text())


# -- killed --------------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize(
    "place",
    [
        f"open {RUN}/corpora/ubuntu/00000/marks.npy",  # half of a shard is there
        f"os.rename {RUN}/corpora/ubuntu/shards.json",  # a whole one, in no list
        f"os.mkdir {RUN}/corpora/tea",  # the first corpus and not the second
        f"open {RUN}/held-out/characters.npy",
        f"open {RUN}/base/config.json",
        f"os.rename {RUN}/ready.json",
    ],
)
def test_killed_before_all_is_prepared_it_starts_anew(made, tmp_path, reference, place):
    assert killed(hit(pretrain_line(made), tmp_path / "told", made, place))
    assert typed(*resume_line(made)) == (1, "", NONE)
    assert typed(*resume_line(made), "--name", "ubuntu")[0] == 1
    assert not made.bases.exists()
    assert pretrain(made).notes == ()
    assert result(made) == reference
    assert left(made) == {"whose.json", "lock", "log.jsonl"}


@POSIX
@pytest.mark.parametrize(
    "place",
    [
        f"open {RUN}/log.jsonl",  # nothing was looked at yet
        f"os.rename {RUN}/best/step-000000",
        f"os.rename {RUN}/checkpoints/step-000000",
        f"os.mkdir {RUN}/best/.partial-step-000004",
        f"os.rename {RUN}/best/step-000004",
        f"os.rename {RUN}/checkpoints/.partial-step-000004/manifest.json",
        f"os.rename {RUN}/checkpoints/step-000004",
        f"os.mkdir {RUN}/best/.partial-step-000008",
        f"os.remove {RUN}/checkpoints/step-000000/manifest.json",
        f"os.remove {RUN}/best/step-000000/manifest.json",
        f"open {RUN}/best/step-000012/state.json",  # all steps are taken
        "open bases/.partial-ubuntu/model.safetensors",
        "os.rename bases/.partial-ubuntu/base.json",
        "os.rename bases/ubuntu",
        "open bases",  # the base is there, and so is all it was made from
    ],
)
def test_killed_anywhere_later_it_ends_as_if_it_was_not(made, tmp_path, reference, place):
    assert killed(hit(pretrain_line(made), tmp_path / "told", made, place))
    status, out, err = typed(*resume_line(made), "--json")
    assert status == 0, err
    assert result(made) == reference
    assert json.loads(out)["held_out"] == reference[2]["held_out"]
    assert left(made) == {"whose.json", "lock", "log.jsonl"}
    assert [p.name for p in made.bases.iterdir()] == ["ubuntu"]


@POSIX
def test_killed_while_it_tidies_up_the_base_is_there(made, tmp_path, reference):
    place = f"shutil.rmtree {RUN}/checkpoints"
    assert killed(hit(pretrain_line(made), tmp_path / "told", made, place))
    assert result(made) == reference
    assert typed(*resume_line(made)) == (1, "", NONE)


@POSIX
def test_killed_again_and_again_at_any_file_it_ends_the_same(made, corpora, tmp_path):
    given = {"evaluate_every": 1}
    whole = uninterrupted(tmp_path / "whole", corpora, **given)
    chance = random.Random(5)
    resumed = 0
    for attempt in range(7):
        ready = (made.path / RUN / "ready.json").exists()
        resumed += ready
        line = resume_line(made) if ready else pretrain_line(made, **given)
        told = tmp_path / f"told-{attempt}"
        # Of some seven hundred touches; going on begins with a hundred.
        assert killed(hit(line, told, made, chance.randrange(200))), told.read_text()
    assert resumed >= 3
    last = child([*resume_line(made), "--json"], tmp_path / "last")
    facts = finished(last, tmp_path / "last")
    assert result(made) == whole
    assert facts["held_out"] == whole[2]["held_out"]
    assert not list(made.path.rglob(".partial-step*"))


@POSIX
@pytest.mark.parametrize("place", [f"open {RUN}/log.jsonl", f"os.rename {RUN}/best/step-000000"])
def test_a_warmed_up_base_begins_with_its_own_weights_after_a_kill(
    made, corpora, tmp_path, plain_base, place
):
    given = {"base": plain_base, "form": "tokens", "steps": 2}  # with rows for new tokens
    whole = uninterrupted(tmp_path / "whole", corpora, **{**given, "base": str(plain_base)})
    assert killed(hit(pretrain_line(made, **given), tmp_path / "told", made, place))
    status, _, err = typed(*resume_line(made))
    assert status == 0, err
    assert result(made) == whole


# -- Ctrl-C --------------------------------------------------------------------------------------


@POSIX
def test_ctrl_c_saves_says_how_to_go_on_and_it_does(made, tmp_path, reference):
    told = tmp_path / "told"
    place = f"os.rename {RUN}/checkpoints/step-000000"  # on its way to the first step
    process = hit(pretrain_line(made), told, made, place, by=signal.SIGINT)
    process.join(60)
    assert process.exitcode == 130
    said = told.read_text()
    assert "Stopping after this step; Ctrl-C again stops at once." in said
    assert "Traceback" not in said
    found = re.search(
        r"Stopped and saved at step 1 of 12\. To continue: chatmimic (pretrain .*)\n", said
    )
    assert found, said
    assert (made.path / RUN / "checkpoints" / "step-000001").is_dir()
    assert not made.bases.exists()
    status, _, err = typed(*found[1].split())  # exactly what it said
    assert status == 0, err
    assert result(made) == reference


@POSIX
def test_ctrl_c_before_the_first_step_leaves_nothing_to_go_on_with(made, tmp_path, reference):
    place = f"open {RUN}/corpora/ubuntu/00000/marks.npy"
    process = hit(pretrain_line(made), tmp_path / "told", made, place, by=signal.SIGINT)
    process.join(60)
    assert process.exitcode == 130
    assert "Traceback" not in (tmp_path / "told").read_text()
    assert typed(*resume_line(made)) == (1, "", NONE)
    pretrain(made)
    assert result(made) == reference


# -- damaged -------------------------------------------------------------------------------------


def halve(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flipped_at(where):
    """One bit of one byte, at a share of the file."""

    def flip(file):
        content = bytearray(file.read_bytes())
        content[int(where * (len(content) - 1))] ^= 1
        file.write_bytes(content)

    return flip


HARMS = {
    "missing": lambda file: file.unlink(),
    "halved": halve,
    "first byte": flipped_at(0),
    "a byte in the middle": flipped_at(0.5),
    "last byte": flipped_at(1),
}


@pytest.fixture(scope="module")
def stopped_home(tmp_path_factory, corpora):
    """A home with a pretraining stopped at step 8 of 12, with checkpoints of steps 4 and 8."""
    home = Home(shutil.copytree(corpora.path, tmp_path_factory.mktemp("stopped") / "home"))
    pretrain(home, callbacks=stop_after(8))
    return home


@pytest.fixture
def stopped(home, stopped_home):
    """The same as this test's own home."""
    shutil.copytree(stopped_home.path, home)
    return Home(home)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(home):
    """What `--resume` says when it does nothing; nothing but the lock is changed."""
    folder = home.path / RUN
    (folder / "lock").unlink()
    before = contents(folder)
    status, out, err = typed(*resume_line(home), "--json")
    assert (status, out) == (1, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    (folder / "lock").unlink()
    assert contents(folder) == before
    assert not home.bases.exists()
    return err


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("file", ["ubuntu/00000/ids.npy", "tea/00000/characters.npy"])
def test_a_damaged_shard_is_named_and_nothing_is_learnt(stopped, file, harm):
    path = stopped.path / RUN / "corpora" / file
    HARMS[harm](path)
    told = refused(stopped)
    assert told == (
        f"Error: The shard {path} is damaged or missing; it was not used. "
        "Start again with --replace in place of --resume: the shards are written anew.\n"
    )


def test_after_a_damaged_shard_one_starts_again_as_told(stopped, reference):
    halve(stopped.path / RUN / "corpora" / "tea" / "00000" / "marks.npy")
    assert "Start again with --replace" in refused(stopped)
    status, _, err = typed(*pretrain_line(stopped), "--replace")
    assert status == 0, err
    assert result(stopped) == reference


@pytest.mark.parametrize("harm", ["missing", "halved", "first byte"])
def test_a_damaged_list_of_shards_is_named(stopped, harm):
    path = stopped.path / RUN / "corpora" / "tea" / "shards.json"
    HARMS[harm](path)
    assert f"The shard {path} is damaged or missing;" in refused(stopped)


@pytest.mark.parametrize("harm", ["missing", "halved", "a byte in the middle"])
@pytest.mark.parametrize("file", ["held-out/ids.npy", "base/config.json", "base/model.safetensors"])
def test_other_damage_to_what_was_prepared_is_named_too(stopped, file, harm):
    HARMS[harm](stopped.path / RUN / file)
    assert f"{file} in {stopped.path / RUN} is damaged." in refused(stopped)


@pytest.mark.parametrize("harm", ["missing", "halved", "a byte in the middle"])
@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_passed_over_and_named(stopped, reference, file, harm):
    HARMS[harm](stopped.path / RUN / "checkpoints" / "step-000008" / file)
    fault = f"{file} is missing" if harm == "missing" else file
    note = f"step-000008 is damaged ({fault}); continuing from step 4"
    assert go_on(stopped).notes == (note,)
    assert result(stopped) == reference


def test_where_no_checkpoint_is_whole_each_is_named_and_nothing_is_learnt(stopped):
    for step in ("step-000004", "step-000008"):
        halve(stopped.path / RUN / "checkpoints" / step / "model.safetensors")
    with pytest.raises(CheckpointDamaged) as told:
        go_on(stopped)
    assert "step-000008 is damaged (model.safetensors)" in told.value.what
    assert "step-000004 is damaged (model.safetensors)" in told.value.what
    assert not stopped.bases.exists()
