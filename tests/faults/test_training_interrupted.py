"""Ctrl-C, and two trainings of one persona at once."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from training_support import arguments, child, digest, fill, log, resume, train, typed

from chatmimic.errors import TrainingError
from chatmimic.lock import Lock

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and a fork server")
LONG = {"steps": 100_000, "evaluate_every": 10}


def wait_for(path, alive, seconds=120):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert alive(), "it ended before it began"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@POSIX
def test_ctrl_c_saves_says_how_to_go_on_and_it_does(home, tiny_base):
    made = fill(home)
    steps = {"steps": 400, "evaluate_every": 200}
    process = subprocess.Popen(
        [sys.executable, "-m", "chatmimic", *arguments(made, tiny_base, **steps)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CHATMIMIC_HOME": str(made.path.parent / "another")},
    )
    wait_for(made.runs / "ada" / "checkpoints" / "step-000000", lambda: process.poll() is None)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Stopping after this step; Ctrl-C again stops at once." in err
    found = re.search(
        r"Stopped and saved at step (\d+) of 400\. To continue: chatmimic (train .*)\n", err
    )
    assert found, err
    assert 0 < int(found[1]) < 400
    assert (made.runs / "ada" / "checkpoints" / f"step-{int(found[1]):06d}").is_dir()
    assert "Traceback" not in err
    status, out, err = typed(*found[2].split(), "--json")  # exactly what it said
    assert status == 0, err
    facts = json.loads(out)
    whole = fill(made.path.parent / "whole")
    outcome = train(whole, tiny_base, **steps)
    assert facts["held_out"]["mimic"] == outcome.figures.as_dict()
    assert digest(made) == digest(whole)
    assert log(made) == log(whole)


@POSIX
def test_a_second_ctrl_c_stops_at_once(home, tmp_path, tiny_base):
    made = fill(home)
    process = child(arguments(made, tiny_base, **LONG), tmp_path / "told")
    wait_for(made.runs / "ada" / "checkpoints" / "step-000010", process.is_alive)
    os.kill(process.pid, signal.SIGSTOP)  # so that both come before the step is over
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGCONT)
    time.sleep(0.001)
    os.kill(process.pid, signal.SIGINT)
    process.join(30)
    assert process.exitcode == 130
    assert "Traceback" not in (tmp_path / "told").read_text()


@POSIX
def test_a_persona_is_trained_by_one_process_at_a_time(home, tmp_path, tiny_base):
    made = fill(home)
    process = child(arguments(made, tiny_base, **LONG), tmp_path / "told")
    try:
        wait_for(made.runs / "ada" / "ready.json", process.is_alive)
        for line in (arguments(made, tiny_base), ["train", "--resume", "--home", str(made.path)]):
            status, out, err = typed(*line)
            assert (status, out) == (1, "")
            last = err.splitlines()[-1].lower()
            assert last.startswith(f"error: ada is being trained by process {process.pid} since ")
            assert last.endswith("wait for it, or stop it with ctrl-c there.")
        assert process.is_alive()
    finally:
        process.kill()
        process.join()
    train(made, tiny_base, replace=True)  # the lock of a killed process holds nobody back
    assert (made.mimics / "ada").is_dir()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": "x"}', "\0"])
def test_a_lock_that_was_left_behind_is_taken_over_whatever_it_says(tmp_path, content):
    (tmp_path / "lock").write_text(content)
    with Lock(tmp_path / "lock", "Ada"):
        assert json.loads((tmp_path / "lock").read_text()) == {"pid": os.getpid()}
    with Lock(tmp_path / "lock", "Ada"):
        pass


def test_a_lock_holds_and_lets_go(tmp_path):
    with Lock(tmp_path / "lock", "Ada"):
        with pytest.raises(TrainingError, match=rf"trained by process {os.getpid()} since"):
            Lock(tmp_path / "lock", "Ada").__enter__()
        with Lock(tmp_path / "another", "Bob"):
            pass
    with pytest.raises(ZeroDivisionError), Lock(tmp_path / "lock", "Ada"):
        _ = 1 / 0
    with Lock(tmp_path / "lock", "Ada"):
        pass


def test_a_lock_whose_holder_cannot_be_read_still_holds(tmp_path):
    with Lock(tmp_path / "lock", "Ada"):
        (tmp_path / "lock").write_text("")
        with pytest.raises(TrainingError, match="by another process"):
            Lock(tmp_path / "lock", "Ada").__enter__()


def test_two_runs_of_different_names_go_side_by_side(home, tiny_base):
    made = fill(home)
    with lock_of(made, "other"):
        train(made, tiny_base)
    with pytest.raises(TrainingError, match="no unfinished"):
        resume(made)


def lock_of(made, name):
    folder = made.runs / name
    folder.mkdir(parents=True)
    return Lock(folder / "lock", name)
