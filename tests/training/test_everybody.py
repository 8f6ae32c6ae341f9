"""Without --persona everybody is learnt, and whoever talks says who answers."""

import io
import json
import sys

import numpy as np
import pytest
from training_support import SHORT, chatter, fill, log, train, typed

import chatmimic
from chatmimic.archive import Archive
from chatmimic.errors import TooLittleData, TrainingError
from chatmimic.mimic import Mimic
from chatmimic.training import TrainSettings
from chatmimic.training.base_run import Callbacks
from chatmimic.training.data.split import gather
from chatmimic.transcript import Mark

PEOPLE = ("Ada", "Bob", "Cy")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_base):
    """(home, outcome, shape and marks of what was learnt) of a training of everybody."""
    home = fill(tmp_path_factory.mktemp("everybody") / "home", chatter(300, PEOPLE))
    seen = []

    def note(_):
        if not seen:
            folder = home.runs / "everybody" / "learnt"
            seen.extend(np.load(folder / f"{name}.npy") for name in ("ids", "marks"))

    given = {"learning_rate": 3e-3, "callbacks": Callbacks(progress=note), "sample_every": 3}
    outcome = train(home, tiny_base, name="everybody", persona="", **given)
    return home, outcome, seen


def gathered(home, **given):
    with Archive.open(home.archive, create=False) as archive:
        return gather(archive, "", None, 0.1, **given)


# -- what is learnt --------------------------------------------------------------------------------


def test_everybody_is_learnt_and_what_is_held_out_is_later(home):
    material = gathered(fill(home, chatter(300, PEOPLE)))
    assert material.imitated is None
    counts = {name: sum(m.sender == name for m in chatter(300, PEOPLE)) for name in PEOPLE}
    assert material.persona == max(counts, key=counts.get) == material.cast.people[0]
    assert sum(material.messages) == 300
    parts = (material.train, material.held_out)
    times = [[m.sent_at for c in part for m in c.messages] for part in parts]
    assert max(times[0]) < min(times[1])
    assert 30 <= material.messages[1] <= 60


def test_every_message_of_the_windows_is_learnt(trained):
    _, outcome, (ids, marks) = trained
    ends = np.isin(ids, list(outcome.mimic.load().form.ends))
    assert (ends & (marks == Mark.TEXT)).sum() == outcome.material["messages"]
    assert outcome.material["messages"] + outcome.material["held_out_messages"] == 300
    assert outcome.figures.loss < outcome.base.loss - 0.1


def test_a_mimic_of_everybody_says_so(trained):
    home, outcome, _ = trained
    assert outcome.mimic.manifest["everybody"] is True
    assert sorted(outcome.mimic.people) == sorted(PEOPLE)
    requested = {exchange.real.sender for exchange in outcome.exchanges}
    assert len(outcome.exchanges) == 3
    assert requested <= set(PEOPLE)
    lines = (home.runs / "everybody" / "samples.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["who"] for line in lines} == requested


def test_many_who_say_little_are_enough_together(home):
    crowd = [f"p{n}" for n in range(30)]
    made = fill(home, chatter(120, crowd))
    assert sum(gathered(made).messages) == 120


@pytest.mark.parametrize("force", [False, True])
def test_too_little_of_everybody_is_counted(home, force):
    made = fill(home, chatter(40, PEOPLE))
    if force:
        assert sum(gathered(made, force=True).messages) == 40
        return
    with pytest.raises(TooLittleData) as told:
        gathered(made)
    assert "All people together have 40 messages in the archive; training needs" in told.value.what
    assert "--force" in told.value.hint


def test_an_empty_archive_is_one_sentence(home):
    for force in (False, True):
        with pytest.raises(TooLittleData, match="The archive is empty"):
            gathered(fill(home, []), force=force)


# -- what does not go with it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--reverse"], "--reverse and --facts are about one person: add --persona NAME."),
        (["--facts", "x.txt"], "--reverse and --facts are about one person: add --persona NAME."),
        (["--candidates", "3"], "--candidates needs the replies of one person."),
    ],
)
def test_what_is_about_one_person_is_refused(home, tiny_base, given, told):
    made = fill(home)
    line = ["train", "--base", tiny_base, "--home", made.path, *given]
    for key, value in SHORT.items():
        line += ["--" + key.replace("_", "-"), str(value)]
    status, out, err = typed(*line)
    assert (status, out) == (1, "")
    assert told in err.splitlines()[-1]
    assert not list(made.runs.glob("*/ready.json"))


def test_candidates_are_those_of_one_person(home, tiny_base):
    with pytest.raises(TrainingError, match="the replies of one person"):
        train(fill(home), tiny_base, candidates=3, reverse=True)


# -- talking ---------------------------------------------------------------------------------------


def test_whoever_asks_says_who_answers(trained):
    home = trained[0]
    for persona in (*PEOPLE, "bob"):
        line = ["reply", "--json", "--persona", persona, "--max-tokens", "5", "hi"]
        status, out, err = typed(*line, "--home", home.path)
        assert (status, err) == (0, "")
        facts = json.loads(out)
        assert facts["persona"] == persona.capitalize()
        assert facts["as"] != facts["persona"]


def test_a_chat_is_with_whom_was_asked_for(trained, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hi\n")))
    line = ["chat", "everybody", "--persona", "Cy", "--as", "Bob", "--max-tokens", "5"]
    status, out, _ = typed(*line, "--seed", "3", "--home", trained[0].path)
    assert status == 0
    assert out.startswith("Cy: ")


def test_it_is_in_the_list(trained):
    home = trained[0]
    status, out, _ = typed("mimics", "--home", home.path)
    (row,) = [line.split() for line in out.splitlines() if "2.0" in line or "everybody" in line]
    assert status == 0
    assert row[:2] == ["everybody", "everybody"]
    (facts,) = json.loads(typed("mimics", "--json", "--home", home.path)[1])
    assert facts["everybody"] is True
    assert "messages of everybody" in typed("mimics", "show", "everybody", "--home", home.path)[1]


# -- commands and functions ------------------------------------------------------------------------


def test_a_training_as_typed(home, tiny_base):
    made = fill(home)
    line = ["train", "--base", tiny_base, "--home", made.path, "--steps", "2", "--window", "64"]
    status, out, err = typed(*line)
    assert status == 0, err
    assert "Held-out messages of everybody" in out
    assert "Chat with it: chatmimic chat everybody" in out
    requested = TrainSettings(base=str(tiny_base), steps=2, window=64)
    kept = Mimic.open("everybody", made).manifest["settings"]
    assert kept == json.loads(json.dumps({**requested.as_dict(), "train": "all"}))
    assert [line["step"] for line in log(made, "everybody")] == [0, 1, 2]


def test_a_training_by_a_function(home, tiny_base):
    made = fill(home)
    outcome = chatmimic.train(home=made, base=str(tiny_base), name="all of us", **SHORT)
    assert outcome.mimic.name == "all-of-us"
    assert outcome.mimic.manifest["everybody"] is True
