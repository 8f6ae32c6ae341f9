"""How long a training takes: foretold, and shortened where nobody said how much to learn."""

import json
import sys
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretraining_support import fill_corpora, pretrain
from terminal import Terminal
from training_support import SHORT, chatter, digest, fill, resume, stop_after, train, typed

from chatmimic.errors import TrainingError
from chatmimic.mimic import Mimic
from chatmimic.training import TrainSettings
from chatmimic.training.base_run import Callbacks
from chatmimic.training.loop import Loop
from chatmimic.training.plan import Plan
from chatmimic.training.planning import duration, timing
from chatmimic.training.planning import newest_that_fit as newest_module
from chatmimic.training.planning.duration import in_words, seconds_of, windows_tested
from chatmimic.training.planning.newest_that_fit import (
    FEWEST,
    WISHED,
    may_be_shortened,
    newest_that_fit,
)
from chatmimic.training.prepare import MOST_TESTING
from chatmimic.windows import Windows

PLAN = Plan(
    steps=100, batch=4, accumulate=2, learning_rate=1e-3, warmup=5, evaluate_every=10,
    gradient_checkpointing=False, eval_windows=48, final_eval_windows=512,
)  # fmt: skip
OPEN = {"steps": None, "evaluate_every": None, "batch": None, "accumulate": None}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 minute"),
        (89, "1 minute"),
        (299, "5 minutes"),
        (1_200, "20 minutes"),
        (3_569, "59 minutes"),
        (3_570, "1 h"),
        (5_000, "1 h 25 min"),
        (9_600, "2 h 40 min"),
        (35_990, "10 h"),
        (40_000, "11 h"),
        (170_000, "47 h"),
        (259_200, "3 days"),
    ],
)
def test_a_length_of_time_in_words_is_no_more_exact_than_it_is_known(seconds, words):
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("change", "held_out", "windows"),
    [
        ({}, 0, 0),
        # Evaluations: before the first step and ten, each of 30; at both ends, all 30.
        ({}, 30, 11 * 30 + 2 * 30),
        ({}, 1_000, 11 * 48 + 2 * 512),
        ({"eval_windows": 8, "final_eval_windows": 32}, 1_000, 11 * 8 + 2 * 32),
        ({"evaluate_every": 100}, 30, 2 * 30 + 2 * 30),
    ],
)
def test_a_training_takes_its_steps_and_its_evaluations(change, held_out, windows):
    plan = replace(PLAN, **change)
    assert seconds_of(plan, 2.0, held_out) == pytest.approx(200 + windows * 2.0 / 8 / 3)


def test_steps_on_a_corpus_that_come_first_take_their_time_too():
    plan = replace(PLAN, corpus_way="first", corpus_steps=50)
    assert seconds_of(plan, 2.0, 0) == 300


# -- a step that is timed --------------------------------------------------------------------------


@pytest.mark.parametrize("slow", [False, True])
def test_one_batch_stands_for_a_step(home, tiny_base, monkeypatch, slow):
    monkeypatch.setattr("chatmimic.training.planning.timing.SLOW", 0.0 if slow else 1e9)
    batches = []
    real = Loop.forward
    note = lambda loop, *more: batches.append(loop.plan.accumulate) or real(loop, *more)  # noqa: E731
    seen = []

    def timed(loop):
        with monkeypatch.context() as patch:
            patch.setattr(Loop, "forward", note)
            seen.append(time_a_step(loop))
        assert loop.plan.accumulate == 4
        return seen[-1]

    time_a_step = timing.time_a_step
    monkeypatch.setattr(timing, "time_a_step", timed)
    options = {**OPEN, "minutes": 0.001, "batch": 1, "accumulate": 4}
    train(fill(home), tiny_base, callbacks=stop_after(1), **options)
    assert batches == ([1] if slow else [1, 1])
    assert seen[0] > 0


@pytest.mark.parametrize(("seconds", "times"), [(6.0, 2), (20.0, 2), (21.0, 1)])
def test_a_step_is_timed_twice_unless_it_is_very_slow(home, tiny_base, monkeypatch, seconds, times):
    timed = []
    monkeypatch.setattr(timing, "seconds_of", lambda loop, work: timed.append(work) or seconds)
    monkeypatch.setattr(timing, "time_an_evaluation", lambda loop: 0.1)
    train(fill(home), tiny_base, callbacks=stop_after(1), **{**OPEN, "minutes": 1.0})
    assert len(timed) == times


def test_what_an_evaluation_costs_but_once_is_not_timed(monkeypatch):
    clock, costs = [0.0], iter([100.0, 1.5])
    monkeypatch.setattr("chatmimic.training.planning.timing.now", lambda device: clock[0])
    device = SimpleNamespace(type="cpu")
    loop = SimpleNamespace(
        backend=SimpleNamespace(device=device),
        evaluate=lambda most: clock.append(clock.pop() + next(costs)),
    )
    assert timing.time_an_evaluation(loop) == 1.5


@pytest.mark.parametrize("test_seconds", [0.01, 2.0, 10.0])
@pytest.mark.parametrize("messages", [240, 4_000])
def test_evaluations_take_their_share_of_the_minutes_however_few_windows_there_are(
    home, tiny_base, monkeypatch, messages, test_seconds
):
    monkeypatch.setattr(timing, "time_a_step", lambda loop: 0.1)
    monkeypatch.setattr(timing, "time_an_evaluation", lambda loop: test_seconds)
    made = fill(home, chatter(messages))
    train(made, tiny_base, callbacks=stop_after(0), **{**OPEN, "minutes": 5.0})
    plan = Plan.from_dict(json.loads((made.runs / "ada" / "ready.json").read_text("utf-8"))["plan"])
    held_out = len(Windows.open(made.runs / "ada" / "held-out"))
    assert (held_out < 48) is (messages == 240)
    tested, whole = (
        windows_tested(p, held_out)
        for p in (plan, replace(plan, eval_windows=48, final_eval_windows=512))
    )
    may = min(whole, MOST_TESTING * 300 / test_seconds)
    rounded_up = 2 + 1 + plan.steps // plan.evaluate_every  # each evaluation, by less than a window
    assert 0.9 * may - 6 <= tested <= may + rounded_up


# -- what is told before it begins -----------------------------------------------------------------


@contextmanager
def taking(seconds: float, monkeypatch):
    """A machine on which a step takes so long. Yields how often one was timed."""
    times = []
    monkeypatch.setattr(timing, "time_a_step", lambda loop: times.append(loop) or seconds)
    yield times


def said_before(home, base, **options):
    """What is left on the screen before the first step of a training that is stopped there."""
    said = []
    callbacks = replace(stop_after(1), say=said.append)
    train(home, base, callbacks=callbacks, **options)
    return said


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (
            30.0,
            "About 52 minutes on this machine (100 steps of 30 s). --minutes 20 takes less "
            "time, --newest N or --since DATE trains on less, Ctrl-C saves, and --resume "
            "continues.",
        ),
        (3.1, "About 5 minutes on this machine (100 steps of 3.1 s). --minutes 2 takes less"),
        (1_000.0, "About 29 h on this machine (100 steps of 1000 s). --minutes 60 takes less"),
        (0.5, None),
    ],
)
def test_a_long_training_says_so_and_how_to_shorten_it(home, tiny_base, monkeypatch, seconds, told):
    with taking(seconds, monkeypatch):
        said = said_before(fill(home), tiny_base, steps=100, evaluate_every=100)
    assert len(said) == (told is not None)
    for words in said:
        assert words.startswith(told)


@pytest.mark.parametrize("options", [{"steps": 8}, {**OPEN, "minutes": 60.0}], ids=str)
def test_of_few_steps_and_of_minutes_that_were_said_nothing_is_told(
    home, tiny_base, monkeypatch, options
):
    with taking(3_600.0, monkeypatch) as times:
        assert said_before(fill(home), tiny_base, **options) == []
    assert len(times) == (options["steps"] is None)


def test_timing_a_step_changes_nothing_that_is_learnt(home, tiny_base):
    made = fill(home)
    train(made, tiny_base, steps=10)
    plain = digest(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duration, "_FEW", 100)
        train(made, tiny_base, name="b", steps=10)
    assert digest(made, "b") == plain


def test_a_pretraining_says_how_long_it_takes_too(home, monkeypatch):
    made = fill_corpora(home)
    with taking(3_600.0, monkeypatch):
        said = []
        pretrain(made, steps=20, callbacks=replace(stop_after(1), say=said.append))
    assert len(said) == 1
    assert "--hours 8 takes less time, Ctrl-C saves, and --resume continues." in said[0]


SLOW = """
import sys
from chatmimic.training.planning import timing
timing.time_a_step = lambda loop: 60.0
from chatmimic.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_at_a_terminal_it_stays_above_the_panel(home, tiny_base):
    made = fill(home)
    line = ["--home", str(made.path), "--persona", "Ada", "--base", str(tiny_base)]
    for key, value in {**SHORT, "steps": 20}.items():
        line += [f"--{key.replace('_', '-')}", str(value)]
    command = [sys.executable, "-c", SLOW, "train", *line]
    with Terminal(command, columns=70, rows=60) as terminal:
        terminal.wait_for("Chat with it", seconds=120)
        screen = " ".join(" ".join(terminal.lines).split())
    assert screen.startswith("About 35 minutes on this machine ")
    assert "(20 steps of 60 s). --minutes 10 takes less time" in screen


# -- how much is learnt where nobody said so -------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "seconds", "newest"),
    [
        (50_000, WISHED, 50_000),
        (50_000, WISHED + 1, 49_000),
        (50_000, 2 * WISHED, 25_000),
        (133_000, 3.3 * WISHED, 40_000),
        (133_000, 1e9, FEWEST),
        (2_100, 1.001 * WISHED, 2_000),
        (2_100, 1e9, FEWEST),
        (1_500, 1e9, 1_500),
    ],
)
def test_so_many_of_the_newest_fit(messages, seconds, newest):
    assert newest_that_fit(messages, seconds) == newest


@given(st.integers(1, 10**7), st.floats(1, 1e9))
def test_never_more_than_fit_and_never_fewer_than_the_fewest(messages, seconds):
    newest = newest_that_fit(messages, seconds)
    assert min(messages, FEWEST) <= newest <= messages
    if seconds <= WISHED:
        assert newest == messages
    elif newest > FEWEST:
        assert newest * seconds / messages <= WISHED * 1.0001
        assert newest >= 0.9 * messages * WISHED / seconds - 1
    longer = [newest_that_fit(messages, seconds * times) for times in (1, 2, 4)]
    assert all(more >= less for more, less in pairwise(longer))


@pytest.mark.parametrize(
    ("options", "device", "processes", "may"),
    [
        ({}, "cpu", 1, True),
        ({"since": "2019", "thread": ("x",)}, "cpu", 1, True),
        ({"form": "auto", "patience": 3}, "cpu", 1, True),
        ({}, "cuda", 1, False),
        ({}, "mps", 1, False),
        ({}, "cpu", 2, False),
        ({"epochs": 3.0}, "cpu", 1, False),
        ({"steps": 10}, "cpu", 1, False),
        ({"minutes": 10.0}, "cpu", 1, False),
        ({"newest": "all"}, "cpu", 1, False),
        ({"newest": "5000"}, "cpu", 1, False),
        ({"from_mimic": "ada"}, "cpu", 1, False),
    ],
    ids=str,
)
def test_it_is_shortened_only_where_it_is_left_to_us(options, device, processes, may):
    assert may_be_shortened(TrainSettings(**options), device, processes) is may


@pytest.fixture
def on_a_processor(monkeypatch):
    """Whatever the machine has. 100 messages are few enough, so that tests are short."""
    from chatmimic.training import run
    from chatmimic.training.planning.memory_available import Room

    monkeypatch.setattr(run, "find_room", lambda: Room("cpu", 1, 1))
    for module in (run, newest_module):
        monkeypatch.setattr(module, "FEWEST", 100)


@pytest.fixture
def long(home):
    """A home with some 450 messages of Ada's."""
    return fill(home, chatter(900))


def of_ada() -> int:
    return sum(m.sender == "Ada" for m in chatter(900))


def begun(home, base, name="ada", **options):
    """`ready.json` of a training that is stopped after a step, and what was said."""
    said = said_before(home, base, name=name, **{**OPEN, **options})
    return json.loads((home.runs / name / "ready.json").read_text("utf-8")), said


def test_what_takes_too_long_is_cut_to_the_newest_and_told(
    long, tiny_base, on_a_processor, monkeypatch
):
    with taking(60.0, monkeypatch):
        ready, said = begun(long, tiny_base)
    newest = int(ready["settings"]["newest"])
    total = of_ada()
    assert 100 <= newest < total
    assert ready["material"]["chosen"] == {"newest": newest, "of_messages": total}
    assert ready["material"]["messages"] + ready["material"]["held_out_messages"] == newest
    assert said[0].startswith(f"Training on the newest {newest} of Ada's {total} messages, ")
    assert "--newest all uses all of them and takes about " in said[0]
    assert not (long.runs / "ada" / "measured").exists()


def test_it_is_decided_once_and_a_resumed_training_keeps_to_it(
    long, tiny_base, on_a_processor, monkeypatch
):
    with taking(60.0, monkeypatch):
        ready, _ = begun(long, tiny_base)
    newest = ready["settings"]["newest"]
    with taking(1e-9, monkeypatch) as times:  # the machine is fast now
        stopped = resume(long, callbacks=stop_after(2))
    assert (times, stopped.step) == ([], 2)
    again = json.loads((long.runs / "ada" / "ready.json").read_text("utf-8"))
    assert again["settings"]["newest"] == newest
    # The same is had on any machine, if it is asked for.
    requested, _ = begun(long, tiny_base, "requested", newest=newest)
    assert {k: v for k, v in requested["files"].items() if k.startswith(("learnt", "held"))} == {
        k: v for k, v in ready["files"].items() if k.startswith(("learnt", "held"))
    }


def test_nothing_is_cut_where_all_of_it_fits(long, tiny_base, on_a_processor, monkeypatch):
    with taking(1e-3, monkeypatch) as times:
        ready, said = begun(long, tiny_base)
    assert (ready["settings"]["newest"], ready["material"]["chosen"], said) == (None, {}, [])
    assert len(times) == 2
    everything, _ = begun(long, tiny_base, "all", newest="all")
    assert everything["files"] == ready["files"]


@pytest.mark.parametrize(
    "options",
    [{"newest": "all"}, {"newest": "300"}, {"epochs": 3.0}, {"steps": 500}, {"minutes": 60.0}],
    ids=str,
)
def test_who_says_how_much_or_how_long_gets_it(
    long, tiny_base, on_a_processor, monkeypatch, options
):
    with taking(60.0, monkeypatch):
        ready, said = begun(long, tiny_base, **options)
    read = ready["material"]["messages"] + ready["material"]["held_out_messages"]
    assert read == (300 if options.get("newest") == "300" else of_ada())
    assert not [words for words in said if words.startswith("Training on the newest")]


def test_the_fewest_are_learnt_however_slow_it_is(long, tiny_base, on_a_processor, monkeypatch):
    with taking(3_600.0, monkeypatch):
        ready, said = begun(long, tiny_base)
    assert ready["material"]["chosen"]["newest"] == 100
    assert "the minimum, though it takes longer than 20 minutes here. --newest all" in said[0]
    assert said[1].startswith("About ")
    assert "on this machine (" in said[1]


def test_of_the_measuring_nothing_stays(long, tiny_base, on_a_processor, monkeypatch):
    there = []

    def fail(loop):
        there.append((long.runs / "ada" / "measured").is_dir())
        raise TrainingError("It fails.")

    monkeypatch.setattr(timing, "time_a_step", fail)
    with pytest.raises(TrainingError):
        begun(long, tiny_base)
    assert there == [True]
    assert not (long.runs / "ada" / "measured").exists()
    assert typed("train", "--resume", "--home", long.path)[2].endswith(
        "There is no unfinished training run. Start one with --persona NAME.\n"
    )
    # One that was killed then leaves it to the next to clear away.
    (long.runs / "ada" / "measured").mkdir()
    with taking(60.0, monkeypatch):
        begun(long, tiny_base)
    assert not (long.runs / "ada" / "measured").exists()


def test_few_messages_are_not_measured_first(home, tiny_base, on_a_processor, monkeypatch):
    made = fill(home, chatter(180))
    assert sum(m.sender == "Ada" for m in chatter(180)) < 100
    with taking(3_600.0, monkeypatch) as times:
        ready, said = begun(made, tiny_base)
    assert ready["material"]["chosen"] == {}
    assert len(times) == len(said) == 1


@pytest.mark.parametrize("options", [{"persona": ""}, {"form": "auto"}], ids=str)
def test_everybody_and_forms_that_are_tried_are_shortened_too(
    long, tiny_base, on_a_processor, monkeypatch, options
):
    monkeypatch.setattr("chatmimic.training.run.PILOT_STEPS", 1)
    with taking(60.0, monkeypatch):
        ready, said = begun(long, tiny_base, **options)
    assert ready["material"]["chosen"]["newest"] < ready["material"]["chosen"]["of_messages"]
    whose = "all" if "persona" in options else "Ada's"
    assert f" of {whose} {ready['material']['chosen']['of_messages']} messages" in said[0]
    assert ready["settings"]["form"] != "auto"


def test_what_is_chosen_is_cut_and_not_what_is_left_out(
    long, tiny_base, on_a_processor, monkeypatch
):
    times = sorted(m.sent_at for m in chatter(900))
    from datetime import UTC, datetime

    half = datetime.fromtimestamp(times[500] / 1000, UTC).strftime("%Y-%m-%d %H:%MZ")
    with taking(60.0, monkeypatch):
        ready, _ = begun(long, tiny_base, until=half)
    chosen = ready["material"]["chosen"]
    assert chosen["newest"] < chosen["of_messages"] < of_ada() * 0.6
    assert ready["material"]["until"] < times[500] + 60_000


def test_it_is_said_at_the_end_too_and_mimics_show_it(long, tiny_base, on_a_processor, monkeypatch):
    line = ["--home", long.path, "--persona", "Ada", "--base", tiny_base, "--window", "64"]
    monkeypatch.setattr("chatmimic.training.plan.EPOCHS", 0.1)
    with taking(600.0, monkeypatch):
        status, out, err = typed("train", *line)
    assert status == 0, err
    said = [" ".join(text.split()) for text in (out, err)]
    newest = Mimic.open("ada", long).manifest["data"]["chosen"]["newest"]
    for words in said:
        assert f"Training on the newest {newest} of Ada's {of_ada()} messages, " in words
    shown = " ".join(typed("mimics", "show", "ada", "--home", long.path)[1].split())
    assert f"Selection the newest {newest} of {of_ada()} messages" in shown
    # Who gives the number gets the same mimic, to the last bit, on a machine of any speed.
    with taking(1e-9, monkeypatch):
        typed("train", *line, "--newest", newest, "--name", "requested")
    assert digest(long, "requested") == digest(long, "ada")


def test_too_little_is_told_as_it_was_asked_for(home, tiny_base, on_a_processor):
    made = fill(home, chatter(900))
    status, out, err = typed(
        "train", "--persona", "Ada", "--until", "2001", "--base", tiny_base, "--home", made.path
    )
    assert (status, out) == (1, "")
    assert "--until 2001 leaves none; training needs" in err
    assert "--newest" not in err
    assert not Path(made.runs).exists()


def test_a_watcher_need_not_listen():
    Callbacks().say("nobody hears this")
