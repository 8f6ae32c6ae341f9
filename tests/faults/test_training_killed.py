"""A training that is killed at any moment and gone on with is the training that was not."""

import json
import os
import random
import signal
import time

import pytest
from training_support import arguments, child, digest, fill, log

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and a fork server")

KILLS = 6
OPTIONS = {"steps": 60, "evaluate_every": 3, "dropout": 0.1}


def finished(process, told):
    process.join(120)
    assert process.exitcode == 0, told.read_text()
    return json.loads(told.read_text())


@pytest.fixture(scope="module")
def reference(tmp_path_factory, tiny_base):
    """An uninterrupted run: (what `--json` says, its home)."""
    place = tmp_path_factory.mktemp("unkilled")
    home = fill(place / "home")
    line = [*arguments(home, tiny_base, **OPTIONS), "--json"]
    return finished(child(line, place / "told"), place / "told"), home


def wait_for(path, process):
    deadline = time.monotonic() + 60
    while not path.exists() and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.002)


def kill(process):
    """Kill it; whether it was still running."""
    process.kill()
    process.join(10)
    return process.exitcode == -signal.SIGKILL


def test_a_training_killed_again_and_again_ends_as_one_that_was_not(
    home, tmp_path, tiny_base, reference
):
    facts, other_home = reference
    made = fill(home)
    run = made.runs / "ada"
    start = [*arguments(made, tiny_base, **OPTIONS), "--json"]
    chance = random.Random(5)
    killed = reached = 0
    for attempt in range(60):
        ready = (run / "ready.json").exists()
        line = ["train", "--resume", "--home", str(made.path), "--json"] if ready else start
        process = child(line, tmp_path / f"told-{attempt}")
        if killed >= KILLS and ready:
            again = finished(process, tmp_path / f"told-{attempt}")
            break
        # Sometimes at once, mostly some steps further than the kill before.
        chance.random() < 0.7 and wait_for(run / "checkpoints" / f"step-{reached:06d}", process)
        time.sleep(chance.uniform(0, 0.15))
        if not kill(process):  # quicker than we were: what it ended as is what counts
            again = finished(process, tmp_path / f"told-{attempt}")
            break
        killed += 1
        saved = [int(p.name[5:]) for p in (run / "checkpoints").glob("step-*")]
        reached = min(51, max(saved, default=0) + 3)
    assert killed >= 1
    assert again["held_out"] == facts["held_out"]
    assert digest(made) == digest(other_home)
    assert log(made) == log(other_home)
    assert not list(made.path.rglob(".partial-*"))


def test_a_kill_before_the_first_checkpoint_is_survived_too(home, tmp_path, plain_base):
    given = {**OPTIONS, "steps": 4, "form": "tokens"}  # rows for new tokens are made again
    whole = fill(tmp_path / "whole")
    line = [*arguments(whole, plain_base, **given), "--json"]
    facts = finished(child(line, tmp_path / "whole-told"), tmp_path / "whole-told")
    made = fill(home)
    process = child([*arguments(made, plain_base, **given), "--json"], tmp_path / "first")
    wait_for(made.runs / "ada" / "ready.json", process)
    assert kill(process)
    for saved in (made.runs / "ada").glob("checkpoints/*"):  # it may have been quicker than we
        (saved / "manifest.json").unlink(missing_ok=True)
        for file in saved.iterdir():
            file.unlink()
        saved.rmdir()
    resume = ["train", "--persona", "Ada", "--resume", "--home", str(made.path), "--json"]
    again = finished(child(resume, tmp_path / "second"), tmp_path / "second")
    assert again["held_out"] == facts["held_out"]
    assert digest(made) == digest(whole)
    assert log(made) == log(whole)


def test_a_kill_before_anything_is_prepared_leaves_nothing_to_go_on_with(home, tmp_path, tiny_base):
    made = fill(home)
    process = child(arguments(made, tiny_base), tmp_path / "told")
    wait_for(made.runs / "ada", process)
    assert kill(process)
    if (made.runs / "ada" / "ready.json").exists():
        pytest.skip("it was quicker than we")
    resume = child(["train", "--resume", "--home", str(made.path)], tmp_path / "again")
    resume.join(60)
    assert resume.exitcode == 1
    told = (tmp_path / "again").read_text()
    assert told == "Error: There is no unfinished training run. Start one with --persona NAME.\n"
    finished(child([*arguments(made, tiny_base), "--json"], tmp_path / "new"), tmp_path / "new")
