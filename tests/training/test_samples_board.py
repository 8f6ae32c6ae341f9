"""What can be looked at while it trains: sample replies beside the real ones, and TensorBoard."""

import json
import shutil
import stat
import sys

import pytest
from tests_support import talk
from training_support import arguments, chatter, digest, fill, log, resume, stop_after, train, typed

from chatmimic.errors import TrainingError
from chatmimic.records import Kind, Message
from chatmimic.training.base_run import Callbacks
from chatmimic.training.samples import (
    HISTORY,
    Exchange,
    exchanges,
    read_exchanges,
    write_exchanges,
)

# -- exchanges -------------------------------------------------------------------------------------

BURST = talk("Ada: a", "Ada: b", "Bob: c", "Ada: d", "Ada: e", "Bob: f", "Cy: g", "Ada: h")


@pytest.mark.parametrize(
    ("persona", "answers"), [("Ada", "dh"), ("Bob", "cf"), (None, "cdfgh"), ("Dot", "")]
)
def test_an_answer_is_to_somebody_else(persona, answers):
    found = exchanges([BURST], persona, 9)
    assert "".join(e.real.text for e in found) == answers
    for exchange in found:
        place = BURST.messages.index(exchange.real)
        assert exchange.before == BURST.messages[:place]


@pytest.mark.parametrize(("count", "there"), [(3, 30), (3, 2), (5, 5), (2, 0)])
def test_exchanges_are_spread_over_all_that_there_are(count, there):
    talks = [talk(f"Bob: {n}", f"Ada: {n}", start=n * 10**9) for n in range(1, there + 1)]
    found = exchanges(talks, "Ada", count)
    assert len(found) == min(count, there)
    numbers = [int(exchange.real.text) for exchange in found]
    steps = [b - a for a, b in zip(numbers, numbers[1:], strict=False)]
    assert len(set(steps)) <= 1


def test_so_many_messages_are_shown_and_no_more():
    (long,) = exchanges([talk(*(f"Bob: {n}" for n in range(40)), "Ada: x")], "Ada")
    assert [m.text for m in long.before] == [str(n) for n in range(40 - HISTORY, 40)]


def test_exchanges_are_kept_for_a_resumed_run(tmp_path):
    before = (Message("Zoë", "♥\n", 5, Kind.ACTION), Message("Bob", "<|end|>", None))
    kept = [Exchange(before, Message("Ada", "ok", 7)), Exchange((), Message("Ada", ""))]
    assert read_exchanges(tmp_path) == []
    write_exchanges(tmp_path, kept)
    assert read_exchanges(tmp_path) == kept
    assert stat.S_IMODE((tmp_path / "exchanges.json").stat().st_mode) == 0o600


# -- samples of a run ------------------------------------------------------------------------------


def samples(home, name="ada"):
    text = (home.runs / name / "samples.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory, tiny_base):
    """(a home with a run that showed samples every second step, what a watcher saw of them)."""
    home = fill(tmp_path_factory.mktemp("samples") / "home")
    seen = []
    train(home, tiny_base, sample_every=2, dropout=0.1, callbacks=Callbacks(sample=seen.append))
    return home, seen


def test_real_replies_stand_beside_the_mimic_s(sampled):
    home, seen = sampled
    lines = samples(home)
    assert [line["step"] for line in lines] == [2, 2, 2, 4, 4, 4, 6, 6, 6]
    assert [s.as_dict() for s in seen] == [
        {key: line[key] for key in ("before", "who", "real", "mimic")} for line in lines
    ]
    said = [(m.sender, m.text) for m in chatter()]
    for line in lines:
        assert line["who"] == "Ada"
        *before, answer = [*map(tuple, line["before"]), ("Ada", line["real"])]
        places = [n for n, one in enumerate(said) if one == answer]
        assert any(said[n - len(before) : n] == before for n in places)
        assert before[-1][0] != "Ada"
    assert len({line["mimic"] for line in lines}) > 3


def test_samples_do_not_change_what_is_learnt(sampled, home, tiny_base):
    made = fill(home)
    train(made, tiny_base, dropout=0.1)
    assert digest(made) == digest(sampled[0])
    assert log(made) == log(sampled[0])
    assert not (made.runs / "ada" / "samples.jsonl").exists()


@pytest.mark.parametrize("step", [1, 4])
def test_a_resumed_run_says_what_it_would_have_said(sampled, home, tiny_base, step):
    made = fill(home)
    train(made, tiny_base, sample_every=2, dropout=0.1, callbacks=stop_after(step))
    file = made.runs / "ada" / "samples.jsonl"
    with file.open("a") as more:  # as a run would have that was killed later
        more.write('{"step": 99}\n')
    resume(made)
    assert samples(made) == samples(sampled[0])
    assert digest(made) == digest(sampled[0])


def test_a_new_training_of_the_name_begins_with_nothing(home, tiny_base):
    pytest.importorskip("tensorboard")
    made = fill(home)
    train(made, tiny_base, sample_every=3, tensorboard=True, steps=3)
    assert {p.name for p in (made.runs / "ada").iterdir()} == {
        *("whose.json", "lock", "log.jsonl", "samples.jsonl", "board"),
    }
    train(made, tiny_base, replace=True, steps=1)
    assert {p.name for p in (made.runs / "ada").iterdir()} == {"whose.json", "lock", "log.jsonl"}


def test_samples_are_shown_in_a_pipe_and_not_to_scripts(home, tiny_base):
    made = fill(home)
    line = arguments(made, tiny_base, sample_every=3)
    _, out, err = typed(*line)
    assert err.count("Ada (real): ") == err.count("Ada (mimic): ") == 6
    assert out.count("Ada (mimic): ") == 3
    assert typed(*line, "--json")[2] == ""


# -- tensorboard -----------------------------------------------------------------------------------


def curves(home, name="ada"):
    """Each curve of a run's event files as (step, value), as TensorBoard itself reads them."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reader.EventAccumulator(str(home.runs / name / "board"))
    events.Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def logged(home, key, name="ada"):
    return [(line["step"], pytest.approx(line[key], rel=1e-6)) for line in log(home, name)]


def test_the_curves_are_those_of_the_log(home, tiny_base):
    pytest.importorskip("tensorboard")
    made = fill(home)
    train(made, tiny_base, tensorboard=True)
    found = curves(made)
    assert found["held_out/loss"] == logged(made, "held_out_loss")
    assert found["held_out/bits_per_character"] == logged(made, "held_out_bits_per_character")
    rates = [(step, pytest.approx(3e-4 * (6 - step) / 5)) for step in range(1, 7)]
    assert found["train/rate"][1:] == rates
    assert [step for step, _ in found["train/loss"]] == list(range(1, 7))
    assert dict(found["train/loss"])[6] == pytest.approx(log(made)[-1]["loss"], rel=1e-6)
    assert "held_out/right_replies" not in found
    for file in (made.runs / "ada" / "board").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(("step", "killed"), [(3, False), (4, False), (4, True)])
def test_the_curves_of_a_resumed_run_have_each_step_once(home, tiny_base, step, killed):
    pytest.importorskip("tensorboard")
    made = fill(home)
    train(made, tiny_base, tensorboard=True, callbacks=stop_after(step))
    if killed:  # before that checkpoint was there
        shutil.rmtree(made.runs / "ada" / "checkpoints" / f"step-{step:06d}")
    resume(made)
    found = curves(made)
    assert found["held_out/loss"] == logged(made, "held_out_loss")
    assert [n for n, _ in found["train/loss"]] == list(range(1, 7))


def test_the_share_of_right_replies_is_a_curve(home, tiny_base):
    pytest.importorskip("tensorboard")
    made = fill(home)
    train(made, tiny_base, tensorboard=True, candidates=3, steps=2)
    assert curves(made)["held_out/right_replies"] == logged(made, "held_out_right")


def test_without_tensorboard_its_extra_is_named(home, tiny_base, monkeypatch):
    made = fill(home)
    train(made, tiny_base, callbacks=stop_after(1))
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "tensorboard", None)
        with pytest.raises(TrainingError) as told:
            train(made, tiny_base, tensorboard=True)
    assert told.value.what.startswith("--tensorboard needs the package tensorboard")
    assert told.value.hint == "Install it: pip install 'chatmimic[tensorboard]'."
    assert hasattr(resume(made), "mimic")  # what was unfinished is there


# -- removing --------------------------------------------------------------------------------------


def test_what_a_run_left_goes_with_its_mimic(sampled, home):
    shutil.copytree(sampled[0].path, home)
    assert (home / "runs" / "ada" / "samples.jsonl").stat().st_size > 0
    assert typed("mimics", "remove", "ada", "--yes", "--home", home)[0] == 0
    assert not (home / "runs" / "ada").exists()


def test_an_unfinished_training_of_the_name_goes_only_with_a_word(sampled, home, tiny_base):
    made = type(sampled[0])(home)
    shutil.copytree(sampled[0].path, home)
    train(made, tiny_base, replace=True, callbacks=stop_after(2))
    status, out, _ = typed("mimics", "remove", "ada", "--yes", "--home", home)
    assert (status, "Its unfinished run was removed, too." in " ".join(out.split())) == (0, True)
    assert not (home / "runs" / "ada").exists()


def test_an_unfinished_training_of_the_name_stays_if_asked_for(sampled, home, tiny_base):
    made = type(sampled[0])(home)
    shutil.copytree(sampled[0].path, home)
    train(made, tiny_base, replace=True, callbacks=stop_after(2))
    assert typed("mimics", "remove", "ada", "--keep-run", "--yes", "--home", home)[0] == 0
    assert hasattr(resume(made), "mimic")
